"""What the tests of the map read from a page."""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page

FIELD = ".attention-map-field"


def carried(page: Page, name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A file of the map, read as the page of formats describes it."""
    reported = json.loads(
        page.locator('script[type$="attention-files"]').first.text_content() or ""
    )[name]
    if "text" not in reported:
        page.evaluate(
            "src => new Promise(done => { const s = document.createElement('script'); s.src = src; s.onload = done; document.head.append(s); })",
            reported["src"],
        )
        reported["text"] = page.evaluate("key => attentionPayloads[key]", reported["key"])
    raw = zlib.decompress(b64decode(reported["text"]))
    (length,) = struct.unpack_from("<I", raw)
    header, at, arrays = json.loads(raw[4 : 4 + length]), 4 + length, {}
    for array, kind, count in header["arrays"]:
        planes = (
            np.frombuffer(raw, np.uint8, count * (2 if kind == "u16" else 1), at)
            .reshape(-1, count)
            .astype(int)
        )
        arrays[array] = planes[0] * 256 + planes[1] if kind == "u16" else planes[0]
        at += planes.size
    return header, arrays


def live(page: Page) -> Page:
    """Wait for the first head."""
    page.wait_for_function(
        "() => !document.querySelector('.attention-map-points').childNodes.length"
    )
    return page


def places(page: Page, projection: str = "pca", head: str = "head-0-0") -> np.ndarray:
    """The places of all points as shares of the square."""
    return carried(page, head)[1][projection].reshape(2, -1).T / 65535


def spot(page: Page, place: np.ndarray) -> tuple[float, float]:
    box = page.locator(FIELD).bounding_box()
    assert box
    rim = box["width"] * 8 / 496
    return tuple(box[a] + rim + place[n] * (box["width"] - 2 * rim) for n, a in enumerate("xy"))  # type: ignore[return-value]


def alone(points: np.ndarray, count: int) -> int:
    """The point, among the first ones, that is farthest from all others."""
    apart = np.linalg.norm(points[:count, None] - points[None], axis=-1)
    apart[np.arange(count), np.arange(count)] = 9
    return int(apart.min(axis=1).argmax())


def settle(page: Page) -> None:
    """Wait for what is drawn in the next frame."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def tip(page: Page) -> str:
    settle(page)
    return page.locator(".attention-map-tip text").text_content() or ""


def option(page: Page, name: str, value: str) -> None:
    page.locator(f"select[name={name}]").select_option(value)
    settle(page)
