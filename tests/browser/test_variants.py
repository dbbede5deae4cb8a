"""Figures of several models and sentences: choosing, carrying over, addresses and copies."""

from __future__ import annotations

from urllib.parse import unquote

import numpy as np
import pytest

from tests.browser.conftest import (
    CLIPBOARD,
    away,
    copy,
    edges,
    expected,
    model_attentions,
    numbers,
    pin,
    pressed,
    ready,
)
from tests.browser.pages.variants import BANK, ROBBED, SLOW

pytestmark = pytest.mark.browser

VIEWS = ("arcs", "heads", "matrix", "grid", "steps")


def choose(page, figure: str, value: str, axis: str = "sentence") -> None:
    page.select_option(f"#{figure} select[name={axis}]", value)
    page.wait_for_function(
        "([id, axis, value]) => { const f = document.getElementById(id);"
        " return f.classList.contains('attention-figure--live')"
        " && f.querySelector('.attention-live')"
        " && f.querySelector(`select[name=${axis}]`).value === value }",
        arg=[figure, axis, value],
    )
    page.wait_for_timeout(150)


def words(page, figure: str) -> list[str]:
    return (
        page.locator(f"#{figure} .attention-picture")
        .first.locator(".attention-word")
        .all_text_contents()
    )


def test_the_numbers_of_another_sentence_are_the_models_own(open_page, minilm) -> None:
    page = open_page("sentences", "arcs-sentences")
    choose(page, "arcs-sentences", "1")
    assert words(page, "arcs-sentences") == ["[CLS]", *ROBBED.split(), "[SEP]"]
    own = model_attentions(minilm, ROBBED)[5, 11]
    # "bank" is token 2 of the first sentence, where it was pinned. It is token 4 of this sentence.
    assert pressed(page, "arcs-sentences") == [4]
    away(page)
    assert edges(page, "arcs-sentences") == pytest.approx(expected(own, 4, 0.95), abs=0.011)
    pin(page, "arcs-sentences", 2)
    away(page)
    assert edges(page, "arcs-sentences") == pytest.approx(expected(own, 2, 0.95), abs=0.011)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_shows_another_sentence_and_the_first_again(open_page, view: str) -> None:
    name = f"{view}-sentences"
    page = open_page("sentences", name)
    first = page.locator(f"#{name} .attention-picture").first.text_content()
    choose(page, name, "1")
    assert "robbed" in page.locator(f"#{name} .attention-picture").first.text_content()
    assert page.locator(f"#{name} figcaption").count() == 1
    choose(page, name, "0")
    assert page.locator(f"#{name} .attention-picture").first.text_content() == first
    assert page.locator(f"#{name}").count() == 1
    assert page.locator(f"#{name} .attention-save").count() == 1


def test_files_are_fetched_only_when_they_are_chosen(open_page) -> None:
    fetched: list[str] = []
    page = open_page("sentences", "arcs-sentences")
    page.on("request", lambda request: fetched.append(request.url))
    choose(page, "arcs-sentences", "2")
    choose(page, "arcs-sentences", "0")
    choose(page, "arcs-sentences", "2")
    assert len([url for url in fetched if "/_static/attention/" in url]) == 1


def test_without_scripts_the_first_is_shown_and_the_others_are_named(open_page) -> None:
    page = open_page("sentences", java_script_enabled=False)
    assert words(page, "arcs-sentences") == ["[CLS]", *BANK.split(), "[SEP]"]
    reported = page.locator("#arcs-sentences desc").first.text_content()
    assert ROBBED in reported
    assert SLOW in reported


def test_layers_and_heads_are_carried_over_by_name(open_page) -> None:
    page = open_page("models", "same-heads")
    choose(page, "same-heads", "many", "model")
    figure = page.locator("#same-heads")
    assert (figure.get_attribute("data-layer"), figure.get_attribute("data-head")) == ("5", "11")
    # "fox" is token 3 of the first sequence and token 5 of the other, which has three pieces of one
    # word before it.
    assert pressed(page, "same-heads") == [5]
    status = page.locator("#same-heads [role=status]").text_content()
    assert "model many" in status
    assert "no head" not in status


def test_a_missing_head_is_replaced_by_the_figures_choice_with_a_note(open_page) -> None:
    page = open_page("models", "both-models")
    choose(page, "both-models", "words", "model")
    figure = page.locator("#both-models")
    assert figure.get_attribute("data-layer") in {"0", "1"}
    assert "It has no head 5.11" in page.locator("#both-models [role=status]").text_content()
    assert pressed(page, "both-models") == [2]
    assert numbers(page, "both-models")


def test_an_address_names_the_sentence_and_its_own_tokens(open_page, site) -> None:
    page = open_page("sentences")
    page.goto(site.url("sentences") + "#arcs-sentences&layer=0&head=2&sentence=2&pin=3")
    page.reload()
    ready(page, "arcs-sentences")
    page.wait_for_timeout(400)
    assert words(page, "arcs-sentences") == ["[CLS]", *SLOW.split(), "[SEP]"]
    assert pressed(page, "arcs-sentences") == [3]
    assert page.locator("#arcs-sentences").get_attribute("data-head") == "2"


def test_links_and_directives_name_the_sentence(open_page) -> None:
    page = open_page("sentences", "arcs-sentences", **CLIPBOARD)
    choose(page, "arcs-sentences", "2")
    pin(page, "arcs-sentences", 3)
    written = copy(page, "arcs-sentences", "as directive")
    assert f":also: {ROBBED} | {SLOW}" in written
    assert ":selection: sentence=2" in written
    assert ":focus: dog" in written


def test_a_copied_address_names_the_sentence(open_page) -> None:
    page = open_page("sentences", "arcs-sentences", **CLIPBOARD)
    choose(page, "arcs-sentences", "2")
    assert "sentence=2" in unquote(copy(page, "arcs-sentences", "link"))


def test_a_directive_opens_on_the_sentence_that_it_names(open_page) -> None:
    page = open_page("opened", "opens-on")
    assert words(page, "opens-on") == ["[CLS]", *SLOW.split(), "[SEP]"]
    assert pressed(page, "opens-on") == [3]
    choose(page, "opens-on", "0")
    assert words(page, "opens-on") == ["[CLS]", *BANK.split(), "[SEP]"]


def test_linked_figures_change_the_model_together(open_page) -> None:
    page = open_page("models", "linked-model")
    ready(page, "linked-too")
    choose(page, "linked-model", "words", "model")
    page.wait_for_function(
        "() => document.querySelector('#linked-too select[name=model]').value === 'words'"
    )
    page.wait_for_timeout(300)
    assert words(page, "linked-too") == ["a", "quick", "fox"]


def test_the_keyboard_stays_where_it_was(open_page) -> None:
    page = open_page("sentences", "arcs-sentences")
    page.locator("#arcs-sentences select[name=sentence]").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "() => document.querySelector('#arcs-sentences svg').textContent.includes('robbed')"
    )
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.name") == "sentence"
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "() => document.querySelector('#arcs-sentences svg').textContent.includes('slow')"
    )


def test_the_figure_stays_when_a_file_cannot_be_loaded(open_page) -> None:
    page = open_page("sentences", "arcs-sentences")
    page.route(
        "**/_static/attention/*.js",
        lambda route: route.fulfill(body="", content_type="text/javascript"),
    )
    page.select_option("#arcs-sentences select[name=sentence]", "1")
    page.wait_for_function(
        "() => document.querySelector('#arcs-sentences select[name=sentence]').value === '0'"
    )
    assert words(page, "arcs-sentences") == ["[CLS]", *BANK.split(), "[SEP]"]
    assert "cannot be shown" in page.locator("#arcs-sentences [role=status]").text_content()


def written_by(folder, text: str):
    """‖α·f(x)‖ of all heads as shares of the rows, from the linear layers of MiniLM."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    inputs = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    shares = []
    with torch.no_grad():
        output = model(**inputs, output_attentions=True, output_hidden_states=True)
        for number, layer in enumerate(model.encoder.layer):
            values = layer.attention.self.value(output.hidden_states[number])[0].view(-1, 12, 32)
            rows = layer.attention.output.dense.weight.T.view(12, 32, -1)
            lengths = torch.einsum("khd,hdo->hko", values, rows).norm(dim=-1)
            added = output.attentions[number][0] * lengths[:, None]
            shares.append(added / added.sum(-1, keepdim=True))
    return torch.stack(shares).numpy()


def test_what_a_head_writes_is_chosen_as_another_attention(open_page, minilm) -> None:
    page = open_page("measures", "arcs-measures", **CLIPBOARD)
    text = "the quick brown fox jumps over the lazy dog"
    away(page)
    assert edges(page, "arcs-measures") == pytest.approx(
        expected(model_attentions(minilm, text)[2, 7], 4, 0.95), abs=0.011
    )
    choose(page, "arcs-measures", "written", "measure")
    figure = page.locator("#arcs-measures")
    assert figure.get_attribute("data-measure") == "written"
    assert "shares of what the head writes" in figure.locator(".attention-footer").inner_text()
    assert pressed(page, "arcs-measures") == [4]
    away(page)
    own = written_by(minilm, text)[2, 7]
    assert edges(page, "arcs-measures") == pytest.approx(expected(own, 4, 0.95), abs=0.011)
    letter = page.evaluate(
        "() => getComputedStyle(document.querySelector('#arcs-measures .attention-name i'),"
        " '::before').content"
    )
    assert letter == '"‖"'
    assert figure.locator(".attention-direction").inner_text().startswith("writes from")
    page.locator('#arcs-measures [data-token="2"]').focus()
    message = page.locator("#arcs-measures .attention-live")
    page.wait_for_function(
        "() => /^written at quick, from /.test("
        "document.querySelector('#arcs-measures .attention-live').textContent)"
    )
    page.keyboard.press("Enter")
    table = figure.locator("table.attention-vector").last
    assert table.get_attribute("aria-label") == "Written at quick"
    assert "written at " in figure.locator('desc[id$="-desc"]').first.text_content()
    assert "looks" not in figure.inner_text() + message.inner_text()
    link = copy(page, "arcs-measures", "link")
    assert "measure=written" in unquote(link)
    choose(page, "arcs-measures", "weight", "measure")
    assert page.locator("#arcs-measures").get_attribute("data-measure") is None


@pytest.mark.parametrize("view", ["heads", "matrix", "grid"])
def test_every_view_of_weights_shows_what_a_head_writes(open_page, view: str) -> None:
    page = open_page("measures", f"{view}-measures")
    choose(page, f"{view}-measures", "written", "measure")
    figure = page.locator(f"#{view}-measures")
    assert figure.get_attribute("data-measure") == "written"
    assert figure.locator("figcaption").count() == 0
    assert "‖α·f(x)‖" in figure.locator(".attention-footer").first.inner_text()


def test_steps_go_on_to_what_the_head_writes(open_page, minilm) -> None:
    name = "steps-measures"
    page = open_page("measures", name)
    figure = page.locator(f"#{name}")
    assert figure.locator("[data-step=written]").count() == 0
    choose(page, name, "written", "measure")
    text = "the quick brown fox jumps over the lazy dog"
    weights, shares = model_attentions(minilm, text)[2, 7], written_by(minilm, text)[2, 7]
    figure.locator(".attention-rail [value=written]").click()
    for query in (4, 7):
        figure.locator(f'.attention-words [data-token="{query}"]').click()
        away(page)
        rows = page.eval_on_selector_all(
            f"#{name} .attention-rows > g",
            "all => all.map(row => [...row.querySelectorAll('.attention-number')]"
            ".slice(-4).map(e => Number(e.textContent)))",
        )
        found = np.array(rows)
        assert found[:, 0] == pytest.approx(weights[query], abs=6e-4)
        assert found[:, 3] == pytest.approx(shares[query], abs=6e-4)
        assert found[:, 2] / found[:, 2].sum() == pytest.approx(shares[query], abs=6e-3)
        parts = dict(
            page.eval_on_selector_all(
                f"#{name} [data-step=written] [data-part]",
                "all => all.map(e => [e.dataset.part, Number(e.textContent)])",
            )
        )
        assert parts["alpha"] * parts["norm"] == pytest.approx(parts["length"], rel=2e-4)
        assert parts["length"] / parts["lengths"] == pytest.approx(parts["written"], abs=6e-4)
        assert parts["written"] in found[:, 3]
    step = figure.locator("[data-step=written]")
    assert step.is_visible()
    label = step.locator(".attention-formula").get_attribute("aria-label")
    assert label.endswith(f"is {parts['written']:.3f}")
    choose(page, name, "weight", "measure")
    assert figure.locator("[data-step=written]").count() == 0


def test_a_long_name_in_a_selector_stays_inside_the_figure(open_page) -> None:
    page = open_page("sentences", "arcs-sentences", viewport={"width": 320, "height": 640})
    page.evaluate(
        "() => { const option = document.querySelector('#arcs-sentences select[name=sentence]"
        " option:checked'); option.label = 'a sentence of many words, '.repeat(4) }"
    )
    right, least, most = page.evaluate(
        "() => { const figure = document.querySelector('#arcs-sentences');"
        " const box = figure.querySelector('label:has(select[name=sentence])')"
        ".getBoundingClientRect(), whole = figure.getBoundingClientRect();"
        " return [box.right - whole.right, box.left - whole.left, box.width - whole.width] }"
    )
    assert right <= 0.5
    assert least >= -0.5
    assert most <= 0.5
