"""The files that a figure's menu saves, and how they look."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

SVG = "{http://www.w3.org/2000/svg}"


def save(page: Page, figure: str, what: str) -> tuple[str, bytes]:
    """The name and the bytes of the file that a button of the menu saves."""
    menu = page.locator(f"#{figure} .attention-save")
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    with page.expect_download() as download:
        menu.get_by_text(f"save as {what}").click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def pixels(image: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).astype(int)


def rendered(page: Page, drawing: bytes) -> np.ndarray:
    """A screenshot of a saved drawing, alone on a page, at twice its size."""
    root = ET.fromstring(drawing)
    width, height = int(root.get("width")), int(root.get("height"))
    alone = page.context.new_page()
    alone.set_viewport_size({"width": width, "height": height})
    alone.set_content(drawing.decode(), wait_until="load")
    alone.add_style_tag(content="body { margin: 0 } svg { display: block }")
    image = pixels(alone.locator("svg").first.screenshot())
    alone.close()
    assert image.shape == (2 * height, 2 * width, 3)
    return image
