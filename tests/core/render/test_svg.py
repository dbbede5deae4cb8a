from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sphinx_attention.core.figure.labels import LabelSpec
from sphinx_attention.core.render.common.markup import escape
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.svg import render_svg
from tests.core.render.figures import figure
from tests.core.render.pictures import classed

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "</text><script>alert(1)</script>",
    '" onload="alert(1)',
    "a&b;&amp;",
    "\x00",
    "\x1b[31m",
    "\n",
    "\ud83d",
    "\ufffe",
    "\u202eevil",
    "]]>",
    "<!--",
    "",
    "   ",
    "{{ 7 * 7 }}",
]
SHOWN = [
    *HOSTILE[:4],
    "␀",
    "␛[31m",
    "␊",
    "\ufffd",
    "\ufffd",
    "\ufffdevil",
    "]]>",
    "<!--",
    "∅",
    "␣␣␣",
    "{{ 7 * 7 }}",
]


def hostile(**spec):
    count = len(HOSTILE)
    weights = np.full((count, count), 1 / count)
    return figure(tuple(HOSTILE), weights, label=HOSTILE[0], text=" ".join(HOSTILE), **spec)


def texts(root: ET.Element, name: str) -> list[str | None]:
    return [e.text for e in classed(root, name)]


@pytest.mark.parametrize("standalone", [False, True])
def test_tokens_are_data(standalone):
    svg = render_svg(hostile(focus="0", alt=HOSTILE[1] + "\x00"), "f", standalone=standalone)
    root = ET.fromstring(svg)
    assert texts(root, "attention-word") == SHOWN
    tags = {e.tag.rpartition("}")[2] for e in root.iter()}
    assert tags == {"svg", "title", "desc", "g", "path", "text"}
    names = {name for e in root.iter() for name in e.attrib}
    assert not {name for name in names if name.startswith("on") or name == "style"}
    svg.encode("utf-8")


def test_no_character_is_illegal_in_xml():
    everything = "".join(map(chr, [*range(0x300), *range(0x2000, 0x2070), 0xD800, 0xDFFF, 0xFFFF]))
    svg = render_svg(figure((everything, "b"), np.eye(2)), "f")
    ET.fromstring(svg)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2067\ufffe\uffff]", svg)


def test_ids_come_from_the_uid_alone():
    svg = render_svg(figure("a b", np.eye(2), label="toy"), "attention-7")
    assert re.findall(r' id="([^"]*)"', svg) == [
        f"attention-7-{name}" for name in ("title", "about", "desc")
    ]
    assert 'aria-labelledby="attention-7-title attention-7-about attention-7-desc"' in svg
    assert svg == render_svg(figure("a b", np.eye(2), label="toy"), "attention-7")
    assert svg.replace("attention-7", "x") == render_svg(figure("a b", np.eye(2), label="toy"), "x")


def test_title_and_description():
    shown = figure("a b", [[0.25, 0.75], [0.5, 0.5]], label="toy", alt="What a\nsees")
    root = ET.fromstring(render_svg(shown, "f"))
    assert root[0].text == "What a sees"
    assert root[1].text == "Attention of toy, over: a b."
    assert root[2].text == (
        "Layer 0, head 0. Strongest: a looks at b (0.750), b looks at a (0.500), b looks at itself (0.500)."
    )
    root = ET.fromstring(render_svg(figure("a b", np.eye(2), label="toy"), "f"))
    assert root[0].text == "Attention of toy"


def test_a_file_of_its_own_has_its_font_and_colours():
    shown = figure("[CLS] b", [[0.5, 0.5], [0.6, 0.4]], focus="b")
    assert "font-family" not in render_svg(shown, "f")
    alone = ET.fromstring(render_svg(shown, "f", standalone=True))
    assert "sans-serif" in alone.get("font-family", "")
    strokes = {
        e.get("data-key"): e.get("stroke") for e in alone.iter() if e.get("data-key") is not None
    }
    assert strokes == {"0": "#999", "1": None}


def test_labels_are_data():
    labels = tuple(
        LabelSpec(str(n), "", text) for n, text in enumerate(HOSTILE[:12]) if text.strip()
    )
    made = hostile(focus="0", labels=labels)
    html = str(render_html(made, "f"))
    ET.fromstring(render_svg(made, "f"))
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ET.fromstring(svg)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ufffe\uffff]", html)
    assert "␛[31m" in html


@pytest.mark.parametrize(
    "code", [0, 7, 0x0B, 0x0C, 0x1B, 0x7F, 0x9F, 0xD800, 0xFDD0, 0xFFFE, 0x1FFFF]
)
def test_no_text_that_is_escaped_breaks_a_picture(code: int) -> None:
    ET.fromstring(f"<t a='{escape(chr(code))}'>{escape(chr(code))}</t>")
