"""Figures from Python: of the built-in model and of weights, shown, saved and refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import types
from typing import TYPE_CHECKING, Any
from xml.dom import minidom

import numpy as np
import pytest
from bs4 import BeautifulSoup

import sphinx_attention
from sphinx_attention import Answer, AttentionError, attention, figure
from sphinx_attention.core.figure.payload import decode, decode_text
from sphinx_attention.core.request import Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.builtin import builtin
from sphinx_attention.hosts.markdown.markup import without_numbers

if TYPE_CHECKING:
    from pathlib import Path

FOX = "the quick brown fox"
TOKENS = FOX.split()
ROWS = np.array(
    [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.1, 0.1, 0.6, 0.2], [0.0, 0.1, 0.3, 0.6]]
)


def carried(html: str) -> Any:
    """The payload of the figure in a piece of HTML."""
    text = BeautifulSoup(html, "html.parser").select_one('[type="application/x-attention"]').text
    return decode(decode_text(json.loads(text)))


def ids(html: str) -> list[str]:
    return [one["id"] for one in BeautifulSoup(html, "html.parser").select("[id]")]


def test_numbers_of_a_text_are_those_of_the_model() -> None:
    with open_source(builtin()) as runner:
        ((_, expected),) = runner.run([Request(builtin(), FOX, keep=("keys", "queries"))])
    made = attention(FOX, keep=("queries", "keys"))
    assert np.array_equal(made.weights, expected.weights)
    assert np.array_equal(made.queries, expected.queries)
    assert attention(FOX).queries is None


def test_python_has_the_options_of_the_directive() -> None:
    whole = attention(FOX)
    some = attention(FOX, layers=[0, 2], aggregate="mean")
    assert some.layer_names == ("0", "2")
    assert np.allclose(some.weights[:, 0], whole.weights[[0, 2]].mean(1), atol=1e-6)
    assert attention(FOX, layers=range(1)).layer_names == ("0",)
    assert attention(FOX, layers="0,2", merge=None).layer_names == ("0", "2")
    html = figure(
        FOX,
        view="heads",
        layer=np.array(1),
        head=[0, 3],
        focus=["fox", "quick"],
        cutoff=0.5,
        selection={"direction": "to"},
    )._repr_html_()
    shown = BeautifulSoup(html, "html.parser").select_one("figure")
    assert shown["data-layer"] == "1"
    assert shown["data-heads"] == "0,3"
    assert shown["data-cutoff"] == "0.5"
    assert shown["data-selection"] == "direction=to"


def test_the_mean_over_sentences() -> None:
    texts = ["the dog sleeps", "the cat eats"]
    made = attention(texts[0], also=texts[1:], aggregate="mean sentences")
    each = [attention(text).weights for text in texts]
    assert np.allclose(made.weights, np.mean(each, axis=0), atol=1e-6)
    assert np.abs(made.weights.sum(-1) - 1).max() < 1e-5
    shown = figure(texts[0], also=texts[1:], aggregate="mean sentences", focus="cat")
    assert repr(shown).endswith("; mean of 2 sentences, word by word>")


@pytest.mark.parametrize(
    "weights",
    [
        ROWS,
        ROWS.tolist(),
        ROWS[None],
        (ROWS[None, None],),
        [ROWS[None, None].astype(np.float32)],
        ROWS[None, None, None],
    ],
    ids=["matrix", "lists", "heads", "tuple", "list", "five axes"],
)
def test_weights_of_every_shape_are_drawn(weights: Any) -> None:
    shown = figure(weights, tokens=TOKENS)
    assert shown.attention.weights.shape == (1, 1, 4, 4)
    assert np.array_equal(carried(shown._repr_html_()).codes[0, 0], np.rint(ROWS * 1000))
    assert repr(shown) == "<LiveFigure: arcs, given weights>"
    assert "Strongest: the looks at itself (0.700)" in str(shown)


def test_the_sentence_of_weights_gives_their_tokens() -> None:
    shown = figure(FOX, weights=ROWS, label="by hand")
    assert [token.text for token in shown.attention.query_tokens] == TOKENS
    assert "by hand" in shown._repr_html_()
    shown = figure(FOX, weights=ROWS, tokens=["t", "q", "b", "f"])
    assert [token.text for token in shown.attention.query_tokens] == ["t", "q", "b", "f"]


def test_masks_logits_and_pieces() -> None:
    logits = np.zeros((4, 4))
    shown = figure(logits, tokens=["[CLS]", "un", "##even", "[SEP]"], causal=True, scores="logits")
    expected = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
    assert np.allclose(shown.attention.weights[0, 0], expected)
    assert shown.attention.causal
    again = figure({"weights": expected}, tokens=TOKENS)
    assert np.allclose(again.attention.weights[0, 0], expected)
    masked = figure(expected, tokens=TOKENS, masked=np.triu(np.ones((4, 4)), 1))
    assert masked.attention.causal
    words = figure(expected, tokens=["[CLS]", "un", "##even", "[SEP]"], merge="words")
    assert [token.text for token in words.attention.query_tokens] == ["[CLS]", "uneven", "[SEP]"]
    # The rows of pieces are averaged, and the columns are added.
    assert np.allclose(words.attention.weights[0, 0, 1], [5 / 12, 7 / 12, 0])


def test_an_attention_can_be_drawn_again() -> None:
    made = attention(FOX)
    shown = figure(made, view="matrix", layer=1, head=2)
    assert np.array_equal(shown.attention.weights, made.weights)
    assert repr(shown) == "<LiveFigure: matrix, builtin, layer 1, head 2>"


def test_steps_of_an_answer() -> None:
    generator = np.random.default_rng(3)
    queries, keys = generator.normal(size=(2, 2, 2, 4, 6))
    values = generator.normal(size=(2, 1, 4, 3))
    logits = queries @ keys.swapaxes(-1, -2) / np.sqrt(6)
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    answer = Answer(TOKENS, weights, queries=queries, keys=keys, values=values)
    shown = figure(answer, view="steps", layer=1, head=1, focus="fox")
    payload = carried(shown._repr_html_())
    assert np.allclose(payload.tensors["keys"][0, 0], keys[1, 1], atol=1e-6)
    assert np.allclose(payload.tensors["scale"], 1 / np.sqrt(6))
    assert "missing" not in payload.header
    # The queries hold the scale already, as `Answer` requires for the dot product.
    scaled = Answer(TOKENS, weights, queries=queries / np.sqrt(6), keys=keys)
    assert carried(figure(scaled, view="steps")._repr_html_()).tensors["scale"] == [1]
    wrong = Answer(TOKENS, weights, queries=queries * 2, keys=keys)
    assert "more_terms" in carried(figure(wrong, view="steps")._repr_html_()).header["missing"]


@pytest.mark.parametrize("attentions", [(), (None, None)])
def test_attentions_that_a_model_did_not_return(attentions: tuple[None, ...]) -> None:
    with pytest.raises(AttentionError, match="load the model with attn_implementation='eager'"):
        figure(attentions, tokens=["a", "b"])


def test_search_of_a_site_passes_over_an_output() -> None:
    html = sphinx_attention.figure("the quick")._repr_html_()
    assert html is not None
    # MkDocs' own search, and that of Material and Zensical.
    assert not without_numbers(html).strip()
    assert '<section class="attention-output" data-search-exclude="">' in html
    # Search of Material for MkDocs passes over what is there to the first end tag of that name.
    assert html.count("</section>") == 1


def test_an_output_carries_the_font_once() -> None:
    """One face stands for upright and italic letters, so that browsers slant none of them again."""
    html = sphinx_attention.figure("the quick", view="steps")._repr_html_()
    faces = re.findall(r"@font-face\{[^}]*\}", html)
    assert len(faces) == html.count("data:font/woff2") == 1
    assert "font-style:oblique 0deg 20deg;" in faces[0]
    assert "unicode-range" not in faces[0]


def test_two_figures_on_a_page_share_no_id() -> None:
    first, second = figure(FOX, view="grid"), figure(FOX, view="heads")
    both = figure(FOX, also=["the lazy dog"], compare="sentence")
    page = "".join(one._repr_html_() for one in (first, second, both, first, both))
    found = ids(page)
    assert len(found) > 6
    assert len(set(found)) == len(found)
    named = [
        n
        for tag in BeautifulSoup(page, "html.parser").select("[aria-labelledby]")
        for n in tag["aria-labelledby"].split()
    ]
    assert set(named) <= set(found)
    assert "http://" not in page.replace("http://www.w3.org/", "")
    pictures = BeautifulSoup(page, "html.parser").select("[src], [data-src], link")
    assert {one["src"].partition(",")[0] for one in pictures} == {"data:image/svg+xml;base64"}


@pytest.mark.parametrize("kind", ["html", "svg", "png", "pdf", "tex"])
def test_files_are_saved(tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"fox.{kind}"
    figure(ROWS, tokens=TOKENS, focus="fox").save(out if kind == "html" else str(out))
    start = {
        "html": b"<!DOCTYPE html>",
        "svg": b"<?xml",
        "png": b"\x89PNG",
        "pdf": b"%PDF-",
        "tex": b"% A figure",
    }[kind]
    assert out.read_bytes().startswith(start)
    if kind == "svg":
        assert minidom.parse(str(out)).documentElement.tagName == "svg"
    if kind == "html":
        assert np.array_equal(carried(out.read_text()).codes[0, 0], np.rint(ROWS * 1000))


def test_files_that_cannot_be_saved(tmp_path: Path) -> None:
    shown = figure(ROWS, tokens=TOKENS)
    with pytest.raises(
        AttentionError, match="its ending has to be one of html, svg, png, pdf, tex"
    ):
        shown.save(tmp_path / "fox.gif")
    assert not (tmp_path / "fox.gif").exists()
    with pytest.raises(AttentionError, match="its ending"):
        shown.save(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"there is no such folder: .*none'"):
        shown.save(tmp_path / "none" / "fox.svg")


def test_show_opens_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    figure(ROWS, tokens=TOKENS).show()
    (address,) = opened
    assert address.startswith("file:")
    assert address.endswith(".html")


def test_show_displays_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    module = types.ModuleType("IPython")
    module.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    display = types.ModuleType("IPython.display")
    display.display = shown.append
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    made = figure(ROWS, tokens=TOKENS)
    made.show()
    assert shown == [made]


def test_show_displays_in_marimo(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    module = types.ModuleType("marimo")
    module.running_in_notebook = lambda: True
    module.output = types.SimpleNamespace(append=shown.append)
    monkeypatch.setitem(sys.modules, "marimo", module)
    made = figure(ROWS, tokens=TOKENS)
    made.show()
    assert shown == [made]


def test_a_store_is_filled_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = attention(FOX, cache=tmp_path / "store")
    assert list((tmp_path / "store").rglob("*.attn"))
    monkeypatch.setattr("sphinx_attention.core.sources.builtin.runner.read", None)
    again = attention(FOX, cache=str(tmp_path / "store"))
    assert np.abs(again.weights - first.weights).max() <= 1 / 8000
    assert figure(FOX, cache=tmp_path / "store").attention.label == "builtin"


def test_one_of_several_models_can_fail(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.warns(UserWarning, match="empty"):
        shown = figure(FOX, model=["builtin", tmp_path / "empty"])
    assert '<select name="model"' in shown._repr_html_()


WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    (r"\(1, 1, 4, 4\).* for 3 query tokens and 3 key tokens", (ROWS,), {"tokens": TOKENS[:3]}),
    (r"tokens is a str, not a list", (ROWS,), {"tokens": FOX}),
    ("tokens are missing", (ROWS,), {}),
    (r"\(2, 3, 1, 4, 4\).*take one of the 3 texts", (np.ones((2, 3, 1, 4, 4)),), {"tokens": TOKENS}),
    ("different shapes", ((ROWS, ROWS[:2]),), {"tokens": TOKENS}),
    ("sums to 2.000", (ROWS * 2,), {"tokens": TOKENS}),
    (r"empty: give outputs\.attentions.*output_attentions=True", ((None, None),), {"tokens": TOKENS}),
    (r"unknown argument 'veiw' \(did you mean view\?\)", (FOX,), {"veiw": "heads"}),
    ("there is no layer 9, expected 0 to 2", (FOX,), {"layer": 9}),
    ("invalid value True for layer", (FOX,), {"layer": True}),
    ("invalid value {} for layer", (FOX,), {"layer": {}}),
    (r"invalid value 'a \| b' for also", (FOX,), {"also": ["a | b"]}),
    ("did you mean 'builtin'", (FOX, "buitlin"), {}),
    ("of type int for model", (FOX, 3), {}),
    ("there are no weights|there are none", (FOX,), {"tokens": TOKENS}),
    ("runs no model", (ROWS, "gpt2"), {"tokens": TOKENS}),
    ("the argument also needs a model", (ROWS,), {"tokens": TOKENS, "also": "a b c d"}),
    ("several values for part", (ROWS,), {"tokens": TOKENS, "part": "encoder, decoder"}),
    ("no token is known to be special", (ROWS,), {"tokens": TOKENS, "special": "hide"}),
    ("only a square matrix", (ROWS[:2],), {"tokens": TOKENS[:2], "key_tokens": TOKENS, "causal": True}),
    ("remove cache", (ROWS,), {"tokens": TOKENS, "cache": "store"}),
    ("tokens are missing", ({"weights": ROWS},), {}),
    ("invalid value 3 for cache", (FOX,), {"cache": 3}),
    ("holds its own", (Answer(TOKENS, ROWS),), {"tokens": TOKENS}),
    ("the text is missing", (), {}),
    ("the text is missing", ("",), {}),
    ("queries of the shape", (Answer(TOKENS, ROWS, queries=ROWS[:2], keys=ROWS),), {}),
    ("queries of 4 dimensions and keys of 2", (Answer(TOKENS, ROWS, queries=ROWS, keys=ROWS[:, :2]),), {"view": "steps"}),
    ("not finite", (Answer(TOKENS, ROWS, values=ROWS * np.nan),), {}),
]  # fmt: skip


@pytest.mark.parametrize(("match", "arguments", "options"), WRONG)
def test_mistakes_are_reported(
    match: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    with pytest.raises(AttentionError, match=match):
        figure(*arguments, **options)


def test_mistakes_of_numbers_alone() -> None:
    for match, arguments, options in (
        ("the argument view is not about numbers", (FOX,), {"view": "heads"}),
        ("unknown argument 'aggregat'", (FOX,), {"aggregat": "mean"}),
        ("of type ndarray for text", (ROWS,), {}),
        ("expected queries, keys, values or norms", (FOX,), {"keep": "querys"}),
        ("one model, one part", (FOX, ["builtin", "gpt2"]), {}),
    ):
        with pytest.raises(AttentionError, match=match):
            attention(*arguments, **options)


def test_the_package_imports_little_and_lists_its_names() -> None:
    code = (
        "import sys, sphinx_attention as s\n"
        "assert {'attention', 'figure', 'Answer', 'LiveFigure', 'set_formats'} <= set(dir(s))\n"
        "assert not {'numpy', 'jinja2', 'sphinx'} & set(sys.modules)\n"
        "s.figure('the quick brown fox')._repr_html_()\n"
        "assert not {'sphinx', 'docutils', 'click', 'torch', 'transformers'} & set(sys.modules)\n"
        "try: s.nothing\n"
        "except AttributeError as error: assert 'nothing' in str(error)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert set(sphinx_attention.__all__) <= set(dir(sphinx_attention))
