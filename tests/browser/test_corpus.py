"""The corpus view in a browser: heads, scores and sentences, with the model's own numbers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np
import pytest

from tests.browser.conftest import (
    CLIPBOARD,
    accessible,
    away,
    copy,
    edges,
    expected,
    model_attentions,
    ready,
)
from tests.browser.pages.corpus import SENTENCES
from tests.browser.test_variants import choose, written_by

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

FIGURE = "#corpus"


@cache
def own(folder: Path) -> list[np.ndarray]:
    return [model_attentions(folder, text) for text in SENTENCES]


def to_self(folder: Path, layer: int, head: int) -> list[int]:
    """The sentences by the weight of each token on itself, from the strongest."""
    means = [np.diagonal(one[layer, head]).mean() for one in own(folder)]
    return sorted(range(len(means)), key=lambda n: -round(float(means[n]), 3))


def words(page) -> str:
    texts = page.locator(f"{FIGURE} .attention-large .attention-word").all_text_contents()
    return "".join(text for text in texts if not text.startswith("["))


def shows(page, text: str) -> None:
    wanted = text.replace(" ", "")
    page.wait_for_function(
        "([figure, wanted]) => [...document.querySelectorAll(`${figure} .attention-large"
        " .attention-word`)].map((word) => word.textContent).filter((word) => word[0] !== '[')"
        ".join('') === wanted",
        arg=[FIGURE, wanted],
    )


def list_of(page) -> list[str]:
    found = page.locator(f"{FIGURE} .attention-corpus-text").all_text_contents()
    return [text for text in found if text]


def test_a_score_puts_the_sentences_in_order(open_page, minilm) -> None:
    page = open_page("corpus", "corpus")
    page.locator(f"{FIGURE} [data-score=self]").first.click()
    order = to_self(minilm, 2, 11)
    shows(page, SENTENCES[order[0]])
    assert list_of(page)[0] == SENTENCES[order[0]]
    assert list_of(page)[-1] == SENTENCES[order[-1]]
    assert page.locator(f"{FIGURE} select[name=score]").input_value() == "self"


def test_a_dot_opens_its_head_with_its_own_weights(open_page, minilm) -> None:
    page = open_page("corpus", "corpus")
    page.locator(f"{FIGURE} [data-score=self]").first.click()
    page.locator(f'{FIGURE} [data-dot="{5 * 12 + 8}"]').dispatch_event("click")
    order = to_self(minilm, 5, 8)
    shows(page, SENTENCES[order[0]])
    figure = page.locator(FIGURE)
    assert (figure.get_attribute("data-layer"), figure.get_attribute("data-head")) == ("5", "8")
    mean = np.mean([np.diagonal(one[5, 8]).mean() for one in own(minilm)])
    number = page.locator(f"{FIGURE} [data-score=self] .attention-corpus-number").text_content()
    assert float(number) == pytest.approx(mean, abs=0.0051)
    page.locator(f'{FIGURE} .attention-large [data-token="2"]').click()
    away(page)
    weights = own(minilm)[order[0]][5, 8]
    assert edges(page, "corpus") == pytest.approx(expected(weights, 2, 0.95), abs=0.011)
    assert page.locator(f"{FIGURE} .attention-name").inner_text().startswith("α")


def test_another_sentence_is_another_picture_without_old_pins(open_page, minilm) -> None:
    page = open_page("corpus", "corpus")
    page.locator(f'{FIGURE} .attention-large [data-token="1"]').click()
    page.select_option(f"{FIGURE} select[name=score]", "self")
    page.select_option(f"{FIGURE} select[name=example]", "0")
    order = to_self(minilm, 2, 11)
    shows(page, SENTENCES[order[-1]])
    assert page.locator(f'{FIGURE} [data-token][aria-pressed="true"]').count() == 0
    weights = own(minilm)[order[-1]][2, 11]
    page.locator(f'{FIGURE} .attention-large [data-token="1"]').hover()
    assert edges(page, "corpus") == pytest.approx(expected(weights, 1, 0.95), abs=0.011)
    line = page.locator(f"{FIGURE} .attention-corpus-example--chosen")
    assert line.get_attribute("data-example") == "0"


def test_the_keyboard_reaches_every_head(open_page) -> None:
    page = open_page("corpus", "corpus")
    dots = page.locator(f"{FIGURE} .attention-corpus-dot")
    assert page.locator(f'{FIGURE} .attention-corpus-dot[tabindex="0"]').count() == 1
    dots.nth(2 * 12 + 11).focus()
    before = page.evaluate("() => document.activeElement.dataset.dot")
    page.keyboard.press("ArrowLeft")
    after = page.evaluate("() => document.activeElement.dataset.dot")
    assert after != before
    label = page.evaluate("() => document.activeElement.getAttribute('aria-label')")
    layer, head = divmod(int(after), 12)
    assert label.startswith(f"{layer}.{head}: previous token ")
    page.keyboard.press("Enter")
    assert page.locator(FIGURE).get_attribute("data-head") == str(head)


def test_an_address_opens_a_head_a_score_and_a_sentence(open_page, minilm, site, browser) -> None:
    page = open_page("corpus", "corpus", **CLIPBOARD)
    page.select_option(f"{FIGURE} select[name=score]", "self")
    page.select_option(f"{FIGURE} select[name=layer]", "4")
    page.select_option(f"{FIGURE} select[name=example]", "50")
    order = to_self(minilm, 4, 11)
    middle = SENTENCES[order[round((len(order) - 1) / 2)]]
    shows(page, middle)
    link = unquote(copy(page, "corpus", "link"))
    assert "score=self" in link
    assert "example=50" in link
    other = browser.new_page()
    other.goto(link)
    ready(other, "corpus")
    shows(other, middle)
    other.close()
    assert ":score: self" in copy(page, "corpus", "as directive")


def test_heads_are_loaded_when_they_are_chosen(open_page) -> None:
    fetched: list[str] = []
    page = open_page("corpus", "corpus")
    page.on("request", lambda request: fetched.append(request.url))
    with page.expect_response(lambda response: "attention-later-" in response.url):
        page.select_option(f"{FIGURE} select[name=head]", "3")
    page.wait_for_function(f"() => document.querySelector('{FIGURE}').dataset.head === '3'")
    loaded = [url for url in fetched if "attention-later-" in url]
    assert len(loaded) == 1


def box_of(page, part: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(f"{FIGURE} > .attention-stage {part}").first.evaluate(
        "(one) => (({left, top, right, bottom}) => ({left, top, right, bottom}))("
        "one.getBoundingClientRect())"
    )
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("width", [320, 360, 500])
def test_a_narrow_page_shows_the_parts_one_below_the_other(
    browser, site, open_page, width: int, scripts: bool
) -> None:
    size = {"width": width, "height": 800}
    if scripts:
        page = open_page("corpus", "corpus", viewport=size)
    else:
        page = browser.new_context(java_script_enabled=False, viewport=size).new_page()
        page.goto(site.url("corpus"))
    stage = page.locator(f"{FIGURE} > .attention-stage")
    whole = stage.bounding_box()
    rows = box_of(page, ".attention-corpus-row:nth-of-type(6)")
    dots, lines = (box_of(page, f".attention-corpus-{name}") for name in ("plot", "list"))
    assert rows["bottom"] <= dots["top"] + 1
    assert dots["bottom"] <= lines["top"]
    assert lines["bottom"] <= whole["y"] + whole["height"]
    for part in (rows, dots):
        assert part["left"] >= whole["x"] - 1
        assert part["right"] <= whole["x"] + whole["width"] + 1
    for text in page.locator(f"{FIGURE} .attention-corpus-list text:visible").all():
        place = text.bounding_box()
        assert place["x"] + place["width"] <= whole["x"] + whole["width"] + 1
    assert stage.evaluate("(box) => box.scrollLeft") == 0
    assert page.locator(f"{FIGURE} .attention-corpus-short:visible").count() == len(SENTENCES)
    if not scripts:
        page.context.close()


def test_a_box_that_is_somewhat_narrow_makes_the_picture_smaller(open_page) -> None:
    page = open_page("corpus", "corpus", viewport={"width": 700, "height": 800})
    page.evaluate("() => { document.querySelector('#corpus').style.width = '580px'; }")
    page.wait_for_function(
        "() => document.querySelector('#corpus .attention-picture').clientWidth <= 580"
    )
    rows, dots = (box_of(page, f".attention-corpus-{name}") for name in ("row", "plot"))
    assert dots["left"] > rows["right"]
    stage = page.locator(f"{FIGURE} > .attention-stage").bounding_box()
    assert dots["right"] <= stage["x"] + stage["width"] + 1
    assert page.locator(f"{FIGURE} .attention-corpus-short:visible").count() == 0


def test_the_list_of_a_narrow_page_opens_sentences(open_page, minilm) -> None:
    page = open_page("corpus", "corpus", viewport={"width": 360, "height": 700})
    page.select_option(f"{FIGURE} select[name=score]", "self")
    order = to_self(minilm, 2, 11)
    shows(page, SENTENCES[order[0]])
    page.locator(f"{FIGURE} .attention-corpus-short").last.click()
    shows(page, SENTENCES[order[-1]])
    page.locator(f"{FIGURE} .attention-corpus-dot").nth(40).click(force=True)
    layer, head = divmod(40, 12)
    page.wait_for_function(
        "([layer, head]) => { const { dataset } = document.querySelector('#corpus');"
        " return dataset.layer === layer && dataset.head === head; }",
        arg=[str(layer), str(head)],
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, scheme: str) -> None:
    page = open_page("corpus", "corpus", color_scheme=scheme, bypass_csp=True)
    accessible(page, "corpus", "at rest")
    page.select_option(f"{FIGURE} select[name=score]", "self")
    page.locator(f'{FIGURE} .attention-large [data-token="2"]').click()
    accessible(page, "corpus", "pinned")


def test_the_first_picture_of_the_script_is_the_static_one(browser, site, open_page) -> None:
    def texts(page) -> list[str]:
        return page.locator(f"{FIGURE} .attention-picture text").all_text_contents()

    still = browser.new_context(java_script_enabled=False).new_page()
    still.goto(site.url("corpus"))
    live = open_page("corpus", "corpus")
    assert texts(still) == texts(live)
    for name, attribute in (("dot", "cx"), ("bars", "d"), ("median", "d")):
        places = [
            [
                one.get_attribute(attribute)
                for one in page.locator(f"{FIGURE} .attention-corpus-{name}").all()
            ]
            for page in (still, live)
        ]
        assert places[0] == places[1]
    still.context.close()


def test_the_scores_of_what_a_head_writes_are_chosen(open_page, minilm) -> None:
    page = open_page("corpus-measures", "corpus-measures")
    figure = page.locator("#corpus-measures")
    choose(page, "corpus-measures", "written", "measure")
    assert figure.get_attribute("data-measure") == "written"
    own = [np.diagonal(written_by(minilm, text)[2, 11]).mean() for text in SENTENCES]
    number = figure.locator("[data-score=self] .attention-corpus-number").text_content()
    assert float(number) == pytest.approx(np.mean(own), abs=0.0051)
    best = SENTENCES[int(np.argmax(np.round(own, 3)))]
    assert figure.locator(".attention-corpus-text").first.text_content() == best
    assert figure.locator(".attention-direction").inner_text().startswith("writes from")
    # Another head comes from the files of this measure.
    page.locator('#corpus-measures [data-dot="30"]').dispatch_event("click")
    mean = np.mean([np.diagonal(written_by(minilm, text)[2, 6]).mean() for text in SENTENCES])
    page.wait_for_function(
        "(mean) => Math.abs(Number(document.querySelector('#corpus-measures [data-score=self]"
        " .attention-corpus-number').textContent) - mean) < 0.0051",
        arg=float(mean),
    )
