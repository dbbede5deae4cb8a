"""Options of views and of derivations, from source text to pages."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention.hosts.notations import MYST, RST
from tests.conftest import FOX, indent
from tests.hosts.sphinx.number_pages import (
    HEADS,
    LAYERS,
    ROWS,
    TOKENS,
    build,
    carried,
    figures,
    pages,
    tiny,
    weights,
)


@pytest.mark.parametrize("view", ["arcs", "heads", "grid", "matrix", "steps"])
def test_every_view_builds_and_carries_the_numbers(project, view: str) -> None:
    figure, payload = build(project, f":view: {view}\n:layer: 1\n:head: 2")
    assert (figure["data-view"], figure["data-layer"], figure["data-head"]) == (view, "1", "2")
    assert figure.select_one("svg.attention-picture")
    expected = weights()
    if view == "steps":
        assert (payload.header["layers"], payload.header["heads"]) == (["1"], ["2"])
        assert "no_vectors" in payload.header["missing"]
        expected = expected[1:2, 2:3]
    np.testing.assert_array_equal(payload.codes, np.floor(expected * 1000 + 0.5))


def test_layers_and_heads_are_what_the_page_carries(project) -> None:
    figure, payload = build(project, ":layers: 0,2\n:heads: 1-3\n:layer: 2\n:head: 3")
    assert (figure["data-layer"], figure["data-head"]) == ("2", "3")
    assert payload.header["layers"] == ["0", "2"]
    assert payload.header["heads"] == ["1", "2", "3"]
    np.testing.assert_array_equal(payload.codes, np.floor(weights()[[0, 2]][:, 1:] * 1000 + 0.5))


def test_a_figure_past_the_budget_carries_less_unless_its_author_names_the_layers(project) -> None:
    conf = "attention_page_budget = 1\n"
    text = f".. attention:: {FOX}\n   :layer: 1\n   :head: 2\n\n"
    made = pages(project, f"{text}.. attention:: {FOX}\n   :layers: 0-2\n   :heads: 0-3\n", conf)
    made.build()
    first, second = figures(made)
    assert carried(first).header["shape"] == [1, 1, TOKENS, TOKENS]
    note = f"this page carries 1 of {LAYERS} layers, 1 of {HEADS} heads"
    assert note in first.select_one(".attention-footer").text
    assert "this page carries" not in second.text
    assert carried(second).header["shape"] == [LAYERS, HEADS, TOKENS, TOKENS]
    assert "[attention.budget]" in made.warnings


def test_heads_draws_several_heads_and_pins_several_tokens(project) -> None:
    figure, payload = build(project, ":view: heads\n:layer: 0\n:head: 3,1\n:focus: fox | quick")
    assert figure["data-head"] == "3"
    assert figure["data-heads"] == "3,1"
    assert payload.header["shape"] == [LAYERS, HEADS, TOKENS, TOKENS]
    pinned = {t["data-token"] for t in figure.select(".attention-token--focus")}
    assert {"4", "2"} <= pinned


def test_aggregates_are_named_and_computed_from_the_models_floats(project) -> None:
    figure, payload = build(project, ":aggregate: mean\n:layer: 2")
    assert payload.header["heads"] == ["mean"]
    assert figure["data-head"] == "mean"
    exact = weights().mean(axis=1, keepdims=True)
    np.testing.assert_array_equal(payload.codes, np.floor(exact * 1000 + 0.5))
    assert "Layer 2, mean of all heads" in figure.find_all("desc")[-1].text


def test_rollout_opens_on_its_last_layer(project) -> None:
    figure, payload = build(project, ":aggregate: rollout")
    assert (figure["data-layer"], figure["data-head"]) == ("2", "rollout")
    held = np.eye(TOKENS)
    for layer in weights():
        held = (layer.mean(axis=0) + np.eye(TOKENS)) / 2 @ held
    np.testing.assert_array_equal(payload.codes[2, 0], np.floor(held * 1000 + 0.5))
    assert "Rollout up to layer 2" in figure.find_all("desc")[-1].text


def test_the_weight_of_hidden_special_tokens_is_kept(project) -> None:
    figure, payload = build(project, ":special: hide\n:layer: 0\n:head: 0")
    assert payload.header["queries"] == ["(special)", *FOX.split()]
    assert payload.header["specialQueries"] == [0]
    exact = weights()[0, 0]
    assert payload.codes[0, 0, 0].tolist() == [1001] * 5
    np.testing.assert_array_equal(
        payload.codes[0, 0, 1:, 0], np.floor((exact[1:5, 0] + exact[1:5, 5]) * 1000 + 0.5)
    )
    np.testing.assert_array_equal(
        payload.codes[0, 0, 1:, 1:], np.floor(exact[1:5, 1:5] * 1000 + 0.5)
    )
    assert "(special)" in figure.find("svg").text


@pytest.mark.parametrize(("option", "dimmed"), [("", True), (":special: show", False)])
def test_a_project_may_dim_special_tokens(project, option: str, dimmed: bool) -> None:
    figure, _ = build(project, option, 'attention_special = "dim"\n')
    assert figure.get("data-special") == ("dim" if dimmed else None)


def test_links_and_addresses(project) -> None:
    text = (
        f".. attention:: {FOX}\n   :link: fox\n\n"
        f".. attention:: {FOX}\n   :name: second\n   :link: fox\n\n"
        f".. attention:: {FOX}\n   :caption: A caption.\n\n"
        ".. _above:\n\n"
        f".. attention:: {FOX}\n   :name: fourth\n   :caption: Numbered.\n\n"
        "See :numref:`fourth` and :ref:`above`.\n"
    )
    made = pages(project, text, "numfig = True\n")
    made.build(strict=True)
    found = figures(made)
    assert [figure.get("data-link") for figure in found] == ["fox", "fox", None, None]
    assert found[0]["id"] == "attention-index-0"
    assert found[1]["id"] == "second"
    assert found[2]["id"] == "attention-index-2"
    assert found[3]["id"] in {"fourth", "above"}
    # A figure without a caption has no number.
    assert "Fig. 1" in found[2].find("figcaption").text
    page = BeautifulSoup(made.html(), "html.parser")
    assert "Fig. 2" in [a.text.strip() for a in page.find_all("a", href="#fourth")]
    ids = re.findall(r'\bid="([^"]+)"', made.html())
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("syntax", ["rst", "myst"])
def test_the_directive_is_carried_as_it_was_written(project, syntax: str) -> None:
    options = ":view: heads\n:focus: fox | quick\n:causal:\n:class: wide\n:align: left\n:name: x\n"
    rows = "1 0 0 0\n0.5 0.5 0 0\n0 0.25 0.75 0\n0 0 0 1\n"
    if syntax == "rst":
        body = indent(f"{options}\n{rows}\nA caption.\n")
        made = pages(project, f".. attention-figure:: {FOX}\n{body}")
    else:
        body = f"```{{attention-figure}} {FOX}\n{options}\n{rows}\nA caption.\n```\n"
        made = pages(project, body, name="index.md")
    made.build(strict=True)
    (figure,) = figures(made)
    (payload,) = figure.find_all("script", type="application/x-attention")
    written = json.loads(payload["data-directive"])
    notation = RST if syntax == "rst" else MYST
    assert written.pop("notation").items() >= {
        ("figure", notation.figure),
        ("option", notation.option),
        ("label", "copy as directive"),
    }
    assert written == {
        "text": FOX,
        "options": {"view": "heads", "focus": "fox | quick", "causal": ""},
        "body": rows.strip(),
    }


def test_doctrees_hold_plain_data_with_every_option(project) -> None:
    options = (
        "   :view: heads\n   :head: 1,2\n   :layers: 0-2\n   :heads: 0-3\n   :merge: words\n"
        "   :special: hide\n   :link: x\n   :focus: fox | quick\n"
    )
    made = pages(project, f".. attention:: {FOX}\n{options}")
    made.build(strict=True)
    raw = (made.folder / "_build" / "doctrees" / "index.doctree").read_bytes()
    assert b"numpy" not in raw
    node = next(n for n in pickle.loads(raw).findall() if type(n).__name__ == "attention_figure")
    assert node.spec.shown_heads == (1, 2)
    assert node.spec.written.options[0] == ("view", "heads")


@pytest.mark.slow
def test_a_full_store_needs_neither_model_nor_scipy(project) -> None:
    text = f".. attention:: {FOX}\n   :aggregate: flow\n\n.. attention-figure:: {FOX}\n   :aggregate: flow\n\n{ROWS}"
    made = pages(project, text)
    made.build(strict=True)
    first = made.html()
    code = (
        "import sys\n"
        "sys.modules['scipy'] = sys.modules['views_model'] = None\n"
        "from sphinx.cmd.build import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    arguments = ["-q", "-W", "-E", "-D", "attention_mode=frozen", str(made.folder), "out"]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, cwd=made.folder)
    again = BeautifulSoup((made.folder / "out" / "index.html").read_text(), "html.parser")
    before = BeautifulSoup(first, "html.parser")
    assert [str(f) for f in again.find_all("figure")] == [str(f) for f in before.find_all("figure")]


@pytest.mark.models
def test_words_of_a_real_model_are_merged_exactly(project, minilm) -> None:
    from transformers import AutoModel, AutoTokenizer

    conf = f'attention_model = "m"\nattention_models = {{"m": {{"path": {str(minilm)!r}}}}}\n'
    text = "unbelievable foxes purred"
    made = project(
        {"index.rst": f"P\n=\n\n.. attention:: {text}\n   :merge: words\n   :layer: 0\n"}, conf
    )
    made.build(strict=True)
    (figure,) = figures(made)
    payload = carried(figure)
    assert payload.header["queries"] == ["[CLS]", *text.split(), "[SEP]"]
    tokenizer = AutoTokenizer.from_pretrained(minilm)
    model = AutoModel.from_pretrained(minilm, attn_implementation="eager")
    batch = tokenizer(text, return_tensors="pt")
    own = model(**batch, output_attentions=True).attentions
    exact = np.concatenate([layer.detach().numpy() for layer in own]).astype(np.float64)
    words = [-1 if w is None else w for w in batch.word_ids()]
    words[-1] = max(words) + 1
    belongs = (np.arange(-1, max(words) + 1)[:, None] == words).astype(float)
    mean = belongs / belongs.sum(axis=1, keepdims=True)
    merged = mean @ exact @ belongs.T
    # Two runs of the model may differ in the last bit of single precision.
    off = np.abs(payload.codes - merged * 1000)
    assert off.max() <= 0.5 + 1e-2
    assert merged.shape == (6, 12, 5, 5)


@pytest.mark.models
@pytest.mark.parametrize("how", ["rollout", "flow"])
def test_rollout_of_a_causal_model_stays_causal(project, how: str) -> None:
    made = tiny(project, "gpt2", f".. attention:: the cat sat on it\n   :aggregate: {how}\n")
    made.build(strict=True)
    (figure,) = figures(made)
    payload = carried(figure)
    size = payload.codes.shape[-1]
    assert payload.codes.shape == (3, 1, size, size)
    assert (figure["data-layer"], figure["data-head"]) == ("2", how)
    later = np.triu(np.ones((size, size), bool), 1)
    assert (payload.codes[:, 0][:, later] == 1001).all()
    assert (payload.codes[:, 0][:, ~later] <= 1000).all()
    sums = np.where(payload.codes > 1000, 0, payload.codes).sum(axis=-1)
    assert np.abs(sums - 1000.0).max() <= size / 2


@pytest.mark.models
def test_steps_of_a_real_head_carry_the_vectors_behind_its_weights(project) -> None:
    page = ".. attention:: the cat sat on it\n   :view: steps\n   :layer: 1\n   :head: 3\n"
    made = tiny(project, "llama", page)
    made.build(strict=True)
    payload = carried(figures(made)[0])
    assert "missing" not in payload.header
    query, key = payload.tensors["queries"][0, 0], payload.tensors["keys"][0, 0]
    logits = payload.tensors["scale"][0] * query.astype(float) @ key.T.astype(float)
    codes = payload.codes[0, 0].astype(float)
    logits[codes > 1000] = -np.inf
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    assert np.abs(shares * 1000 - np.where(codes > 1000, 0, codes)).max() <= 0.51


def test_a_page_in_another_language(project) -> None:
    page = "Seite\n=====\n\n.. attention-figure:: Der Fuchs\n\n   0.7 0.3\n   0.5 0.5\n\n   Text.\n"
    made = project({"index.rst": page}, 'language = "de"\n')
    app = made.build(strict=True)
    html = made.html()
    assert "Zeigen Sie auf ein Wort" in html
    assert "Point at a word" not in html
    assert BeautifulSoup(html, "html.parser").select_one("figure.attention-figure")["lang"] == "de"
    script = (Path(app.outdir) / "_static" / "attention.js").read_text(encoding="utf-8")
    assert script.startswith("globalThis.attentionPhrases={")
    # Back in English, the script is ours alone.
    made.write({"conf.py": (made.folder / "conf.py").read_text().replace('"de"', '"en"')})
    app = made.build()
    script = (Path(app.outdir) / "_static" / "attention.js").read_text(encoding="utf-8")
    assert not script.startswith("globalThis.attentionPhrases")
    assert "Point at a word" in made.html()


def test_equal_numbers_of_a_page_are_carried_once(project) -> None:
    text = "".join(
        f".. attention:: {FOX}\n   :view: {view}\n   :layer: 1\n   :head: 2\n\n"
        for view in ("arcs", "matrix", "heads")
    )
    made = pages(project, text + f".. attention:: {FOX}\n   :merge: words\n   :layers: 0\n")
    made.build(strict=True)
    page = BeautifulSoup(made.html(), "html.parser")
    scripts = page.find_all("script", type="application/x-attention")
    assert [bool(script.text) for script in scripts] == [True, False, False, True]
    keys = [script["data-key"] for script in scripts]
    assert keys[0] == keys[1] == keys[2] != keys[3]
