"""Parts of pictures for tests, and the rows of a head that several views draw."""

from __future__ import annotations

from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"

FOX = "[CLS] the quick fox [SEP]"
ROWS = [
    [0.20, 0.20, 0.20, 0.20, 0.20],
    [0.50, 0.30, 0.10, 0.06, 0.04],
    [0.02, 0.60, 0.30, 0.05, 0.03],
    [0.01, 0.04, 0.90, 0.05, 0.00],
    [0.00, 0.00, 0.00, 0.00, 1.00],
]


def parse(svg: str) -> ET.Element:
    """The root of a picture."""
    return ET.fromstring(svg)


def classed(root: ET.Element, name: str) -> list[ET.Element]:
    """The elements of one class, in the order of the document."""
    return [e for e in root.iter() if name in e.get("class", "").split()]
