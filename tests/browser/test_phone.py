"""Figures on a phone: sizes for fingers, and the words in sight after a tap."""

from __future__ import annotations

import pytest

from tests.browser.conftest import overflow, pressed, token

pytestmark = pytest.mark.browser

PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 360, "height": 740}}


def test_a_tap_brings_the_answer_into_view(open_page) -> None:
    page = open_page("phone", "wide", **PHONE)
    stage = page.locator("#wide .attention-stage").bounding_box()

    def is_seen(index: int) -> bool:
        box = token(page, "wide", index).locator(".attention-word").bounding_box()
        return box["x"] >= stage["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]

    # This is the last word in sight, which looks at a word out of sight.
    index = next(n for n in range(20) if not is_seen(n + 1))
    assert not is_seen(index + 3)
    token(page, "wide", index).tap()
    # The picture scrolls smoothly until both words are in sight.
    page.wait_for_function(
        """() => {
          const stage = document.querySelector("#wide .attention-stage"), at = stage.scrollLeft;
          const rests = done => setTimeout(() => done(at > 0 && stage.scrollLeft === at), 200);
          return new Promise(rests);
        }"""
    )
    assert pressed(page, "wide") == [index]
    assert is_seen(index)
    assert is_seen(index + 3)


def test_the_heads_stand_in_rows_of_six(open_page) -> None:
    page = open_page("heads-dog", "hone", **PHONE)
    boxes = [box.bounding_box() for box in page.locator("#hone .attention-swatch").all()]
    rows = {round(box["y"]) for box in boxes}
    assert len(boxes) == 12
    assert len(rows) == 2
    assert {sum(round(box["y"]) == row for box in boxes) for row in rows} == {6}
    assert min(box["width"] for box in boxes) >= 40
    assert min(box["height"] for box in boxes) >= 32
    assert overflow(page) <= 0


@pytest.mark.parametrize(
    ("name", "figure"), [("fox", "fox"), ("heads-dog", "hone"), ("matrix-dog", "mdog")]
)
def test_the_menu_follows_the_controls(open_page, name: str, figure: str) -> None:
    page = open_page(name, figure, **PHONE)
    menu = page.locator(f"#{figure} .attention-save summary").bounding_box()
    beside = [
        box.bounding_box()
        for box in page.locator(
            f"#{figure} .attention-footer > :is(.attention-choice, .attention-note)"
        ).all()
        if box.is_visible()
    ]
    middle = menu["y"] + menu["height"] / 2
    same = [b for b in beside if b["y"] <= middle <= b["y"] + b["height"]]
    # The menu stands on the line of the controls, after them, or in the middle of a line of its
    # own.
    gap = menu["x"] - max((b["x"] + b["width"] for b in same), default=menu["x"] - 16)
    assert 0 < gap < 30
