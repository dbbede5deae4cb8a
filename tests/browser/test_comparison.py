"""Two attentions side by side: their places, their one selection, and their own numbers."""

from __future__ import annotations

import pytest

from tests.browser.conftest import away, expected, model_attentions
from tests.browser.pages.comparison import VIEWS
from tests.browser.pages.variants import BANK, ROBBED

pytestmark = pytest.mark.browser


def pane(page, name: str, which: int):
    return page.locator(f"#{name} .attention-pane").nth(which)


def opened(open_page, name: str, **options):
    page = open_page("compared", **options)
    page.locator(f"#{name}").scroll_into_view_if_needed()
    page.wait_for_function(
        "(id) => document.querySelectorAll(`#${id} .attention-pane .attention-live`).length === 2",
        arg=name,
    )
    return page


def token(page, name: str, which: int, index: int):
    found = pane(page, name, which).locator(f"[data-token='{index}']:not([data-side=key])")
    return found.first


def pressed(page, name: str, which: int) -> list[str]:
    return pane(page, name, which).evaluate(
        "one => [...one.querySelectorAll('[aria-pressed=true][data-token]:not([data-side=key])')]"
        ".map((token) => token.querySelector('.attention-word').textContent)"
    )


def drawn(page, name: str, which: int) -> dict[int, float]:
    return pane(page, name, which).evaluate(
        "one => Object.fromEntries([...one.querySelectorAll('.attention-edges path')]"
        ".map((edge) => [edge.dataset.key, Number(edge.getAttribute('stroke-width'))]))"
    )


@pytest.mark.parametrize(("width", "beside"), [(1280, True), (360, False)])
def test_side_by_side_or_one_under_the_other(open_page, width: int, beside: bool) -> None:
    page = opened(open_page, "arcs-compared", viewport={"width": width, "height": 900})
    first, second = (pane(page, "arcs-compared", which).bounding_box() for which in (0, 1))
    if beside:
        assert second["x"] >= first["x"] + first["width"]
        assert second["y"] == pytest.approx(first["y"], abs=1)
        # The words of both stand at one height, and so do the footers.
        for part in (".attention-stage", ".attention-footer"):
            ends = [
                pane(page, "arcs-compared", which).locator(part).first.bounding_box()
                for which in (0, 1)
            ]
            edge = [box["y"] + (box["height"] if part.endswith("stage") else 0) for box in ends]
            assert edge[0] == pytest.approx(edge[1], abs=1)
    else:
        assert second["y"] >= first["y"] + first["height"]
        assert second["x"] == pytest.approx(first["x"], abs=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("view", VIEWS)
def test_a_word_is_pinned_in_both(open_page, view: str) -> None:
    name = f"{view}-compared"
    page = opened(open_page, name, viewport={"width": 1280, "height": 1400})
    if view != "grid":
        assert [pressed(page, name, which) for which in (0, 1)] == [["bank"], ["bank"]]
    token(page, name, 1, 3).click()
    away(page)
    # The first "the" of both. The word of the second pane is its token 3, that of the first token 1.
    assert [pressed(page, name, which) for which in (0, 1)] == [["the"], ["the"]]


def test_the_numbers_are_the_models_own(open_page, minilm) -> None:
    page = opened(open_page, "arcs-compared")
    away(page)
    for which, (text, at) in enumerate(((BANK, 2), (ROBBED, 4))):
        own = model_attentions(minilm, text)[5, 11]
        found = {
            (at, int(key)): width for key, width in drawn(page, "arcs-compared", which).items()
        }
        assert found == pytest.approx(expected(own, at, 0.95), abs=0.011)


def test_pointing_in_one_points_in_the_other(open_page) -> None:
    page = opened(open_page, "arcs-compared")
    token(page, "arcs-compared", 0, 4).hover()  # the second "the", which the other has not
    page.wait_for_timeout(100)
    focus = ".attention-token--focus .attention-word"
    assert pane(page, "arcs-compared", 0).locator(focus).all_text_contents() == ["the"]
    assert pane(page, "arcs-compared", 1).locator(focus).all_text_contents() == ["bank"]
    token(page, "arcs-compared", 0, 1).hover()
    page.wait_for_timeout(100)
    assert pane(page, "arcs-compared", 1).locator(focus).all_text_contents() == ["the"]


def test_layer_and_head_are_one_selection(open_page) -> None:
    page = opened(open_page, "heads-compared")
    pane(page, "heads-compared", 1).locator("select[name=layer]").select_option("2")
    pane(page, "heads-compared", 0).locator(".attention-swatch[data-head='3']").click()
    for which in (0, 1):
        one = pane(page, "heads-compared", which)
        assert one.get_attribute("data-layer") == "2"
        on = one.locator(".attention-swatch[aria-pressed=true]").evaluate_all(
            "all => all.map((swatch) => swatch.dataset.head)"
        )
        assert on == ["3", "11"]


def test_a_model_without_the_head_shows_its_own(open_page) -> None:
    page = opened(open_page, "models-compared")
    assert pane(page, "models-compared", 0).get_attribute("data-head") == "11"
    assert pane(page, "models-compared", 1).get_attribute("data-head") in {"0", "1"}
    names = page.locator("#models-compared .attention-pane-name").all_text_contents()
    assert names == ["minilm", "words"]


def test_an_address_opens_both(open_page, site) -> None:
    page = open_page("compared")
    page.goto(site.url("compared") + "#arcs-compared&layer=0&head=2&pin=1")
    page.reload()
    page.wait_for_timeout(600)
    for which in (0, 1):
        one = pane(page, "arcs-compared", which)
        assert (one.get_attribute("data-layer"), one.get_attribute("data-head")) == ("0", "2")
        assert pressed(page, "arcs-compared", which) == ["the"]


def test_without_scripts_both_stand(open_page) -> None:
    page = open_page("compared", java_script_enabled=False)
    words = [
        pane(page, "arcs-compared", which).locator(".attention-word").all_text_contents()
        for which in (0, 1)
    ]
    assert words == [["[CLS]", *BANK.split(), "[SEP]"], ["[CLS]", *ROBBED.split(), "[SEP]"]]
    assert page.locator("#arcs-compared > figcaption").count() == 1
