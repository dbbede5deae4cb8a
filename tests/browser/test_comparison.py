"""Two attentions side by side: their layout, their common selection, and their own numbers."""

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
        # The words of both panes stand at one height, and so do the footers.
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
    # The first "the" is pinned in both panes. It is token 3 of the second and token 1 of the first.
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


def in_focus(page, word: str) -> None:
    """Wait until a word of the second pane is in focus."""
    page.wait_for_function(
        "word => document.querySelectorAll('#arcs-compared .attention-pane')[1]"
        ".querySelector('.attention-token--focus .attention-word')?.textContent === word",
        arg=word,
    )


def test_pointing_in_one_points_in_the_other(open_page) -> None:
    page = opened(open_page, "arcs-compared")
    # This is the second "the", which the other sentence lacks.
    token(page, "arcs-compared", 0, 4).hover()
    in_focus(page, "bank")
    focus = ".attention-token--focus .attention-word"
    assert pane(page, "arcs-compared", 0).locator(focus).all_text_contents() == ["the"]
    assert pane(page, "arcs-compared", 1).locator(focus).all_text_contents() == ["bank"]
    token(page, "arcs-compared", 0, 1).hover()
    in_focus(page, "the")
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
    page.wait_for_function(
        "() => document.querySelectorAll('#arcs-compared [aria-pressed=true]').length >= 2"
    )
    for which in (0, 1):
        one = pane(page, "arcs-compared", which)
        assert (one.get_attribute("data-layer"), one.get_attribute("data-head")) == ("0", "2")
        assert pressed(page, "arcs-compared", which) == ["the"]


def test_without_scripts_both_panes_are_shown(open_page) -> None:
    page = open_page("compared", java_script_enabled=False)
    words = [
        pane(page, "arcs-compared", which).locator(".attention-word").all_text_contents()
        for which in (0, 1)
    ]
    assert words == [["[CLS]", *BANK.split(), "[SEP]"], ["[CLS]", *ROBBED.split(), "[SEP]"]]
    assert page.locator("#arcs-compared > figcaption").count() == 1


# The difference


def show(page, name: str, what: str) -> None:
    page.locator(f"#{name} select[name=compare]").select_option(what)
    page.wait_for_function(
        "([id, what]) => { const one = document.querySelector(`#${id} .attention-pane`);"
        " return one.classList.contains('attention-figure--live')"
        " && one.querySelector('.attention-live')"
        " && (one.dataset.compare ?? 'sides') === what }",
        arg=[name, what],
    )
    page.wait_for_timeout(150)


def numbers_of(page, name: str) -> dict[str, str]:
    rows = (
        pane(page, name, 0)
        .locator(".attention-vector tr")
        .evaluate_all(
            "rows => rows.map((row) => [row.lastElementChild.textContent,"
            " row.querySelector('td').textContent])"
        )
    )
    # Of two equal words, the first is aligned. The second "the" of one sentence has no partner.
    return dict(reversed(rows))


def difference_of(minilm) -> dict[str, float]:
    """The difference of what *bank* gives to words of both sentences, by the model's own output."""
    one, other = (model_attentions(minilm, text)[5, 11] for text in (BANK, ROBBED))
    first, second = ["[CLS]", *BANK.split(), "[SEP]"], ["[CLS]", *ROBBED.split(), "[SEP]"]
    return {
        word: float(other[4, second.index(word)] - one[2, first.index(word)])
        for word in ("[CLS]", "the", "bank", "[SEP]")
    }


def signed(value: float) -> str:
    text = f"{abs(value):.3f}"
    return text if text == "0.000" else ("+" if value > 0 else "−") + text


@pytest.mark.parametrize("view", ["arcs", "heads", "matrix"])
def test_the_difference_is_that_of_the_models_own_numbers(open_page, minilm, view: str) -> None:
    name = f"{view}-compared"
    page = opened(open_page, name)
    show(page, name, "difference")
    away(page)
    found = numbers_of(page, name)
    for word, value in difference_of(minilm).items():
        assert found[word] == signed(value), word
    assert (found["she"], found["river"]) == ("–", "–")
    assert not pane(page, name, 1).is_visible()
    show(page, name, "sides")
    assert pane(page, name, 1).is_visible()
    assert pressed(page, name, 0) == ["bank"]


def test_edges_have_the_hue_of_their_sign(open_page, minilm) -> None:
    page = opened(open_page, "arcs-compared")
    show(page, "arcs-compared", "difference")
    away(page)
    drawn_edges = pane(page, "arcs-compared", 0).locator(".attention-edges path")
    hues = drawn_edges.evaluate_all(
        "all => all.map((edge) => [edge.dataset.key, edge.getAttribute('stroke-width'),"
        " getComputedStyle(edge).stroke])"
    )
    own = difference_of(minilm)
    keys = {"[CLS]": "1", "bank": "5", "[SEP]": "11"}
    by_key = {key: (float(width), hue) for key, width, hue in hues}
    for word, key in keys.items():
        assert by_key[key][0] == pytest.approx(10 * abs(own[word]), abs=0.011)
    assert by_key["1"][1] == by_key["5"][1] != by_key["11"][1]
    # The remainder is negative: "she" and "robbed" get less than "river" and the like.
    assert by_key["0"][1] == by_key["11"][1]


def test_lines_of_several_heads_have_the_hue_of_their_sign(open_page, minilm) -> None:
    page = opened(open_page, "heads-compared")
    show(page, "heads-compared", "difference")
    one = pane(page, "heads-compared", 0)
    one.locator(".attention-swatch[data-head='3']").click()
    away(page)
    lines = one.locator(".attention-edges path").evaluate_all(
        "all => all.map((line) => [line.dataset.head, line.dataset.key, line.getAttribute('class')])"
    )
    assert {head for head, *_ in lines} == {"3", "11"}
    own = difference_of(minilm)
    # The keys are (rest), [CLS], she, robbed, the, bank, …, [SEP].
    signs = {key: "less" in classes for head, key, classes in lines if head == "11"}
    for word, key in (("[CLS]", "1"), ("bank", "5"), ("[SEP]", "11")):
        assert signs[key] == (own[word] < 0)
    assert all(("hue-less" in classes) != ("hue-more" in classes) for *_, classes in lines)


def test_selection_goes_from_the_sides_to_the_difference_and_back(open_page) -> None:
    page = opened(open_page, "matrix-compared", viewport={"width": 1280, "height": 1400})
    token(page, "matrix-compared", 1, 3).click()
    show(page, "matrix-compared", "difference")
    assert pressed(page, "matrix-compared", 0) == ["the"]
    one = pane(page, "matrix-compared", 0)
    one.locator("select[name=layer]").select_option("1")
    ticks = one.locator(".attention-ticks text").all_text_contents()
    assert [tick[0] for tick in ticks] == ["−", "0", "+"]
    show(page, "matrix-compared", "sides")
    for which in (0, 1):
        assert pane(page, "matrix-compared", which).get_attribute("data-layer") == "1"
        assert pressed(page, "matrix-compared", which) == ["the"]


def test_screen_readers_hear_the_sign(open_page) -> None:
    page = opened(open_page, "arcs-compared")
    show(page, "arcs-compared", "difference")
    one = pane(page, "arcs-compared", 0)
    token(page, "arcs-compared", 0, 3).click()
    token(page, "arcs-compared", 0, 5).click()
    message = one.locator("[role=status]").text_content()
    assert message.startswith("bank, difference in attention to (rest) −0.1")
    assert "bank +0.109" in message


def test_an_address_opens_the_difference(open_page, site) -> None:
    page = open_page("compared")
    page.goto(site.url("compared") + "#arcs-compared&compare=difference")
    page.reload()
    page.wait_for_function(
        "() => document.querySelector('#arcs-compared .attention-pane').dataset.compare"
    )
    assert not pane(page, "arcs-compared", 1).is_visible()


def test_an_impossible_difference_gives_its_reason(open_page) -> None:
    page = opened(open_page, "grid-compared")
    option = page.locator("#grid-compared option[value=difference]")
    assert option.get_attribute("disabled") is not None
    notes = pane(page, "grid-compared", 0).locator(".attention-note").all_text_contents()
    assert any("sorts heads by scores" in note for note in notes)
