"""The last step of a figure of what heads write, compared with arcs and with the weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.analysis.derive import derive
from sphinx_attention.core.codes import Codes
from sphinx_attention.core.errors import InvalidValueError
from sphinx_attention.core.figure.payload import decode, encode
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.latex.figure import render_latex
from sphinx_attention.core.render.steps.draw import draw
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.store.entry import pack, unpack
from tests.core.render.steps.test_draw import ALL, HALF, number, own_weights, read
from tests.core.sources.runs import FOX, attentions, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.figure.figure import Figure

pytestmark = pytest.mark.models


def captured(folder: Path, keep: tuple[Any, ...]) -> Attention:
    """What a store gives back."""
    request = Request(source_of(folder), FOX, keep=(*keep, "norms"), measure="written")
    (one,) = attentions([request])
    return unpack(pack(request, derive(one, request)), request.key)


def figure_of(attention: Attention, head: int, query: int, **more: Any) -> Figure:
    request = Request(ModelSource("m"), FOX, measure="written")
    return resolve(
        FigureSpec(request, view="steps", layer=1, head=head, focus=str(query), **more), attention
    )


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama", "t5", "gpt_oss"])
def test_the_steps_end_at_the_shares_of_other_views(tiny_model, kind: str) -> None:
    folder = tiny_model(kind)
    attention, arcs = captured(folder, ALL), captured(folder, ())
    assert arcs.alphas is None
    weights = own_weights(folder)
    assert attention.norms is not None
    for head, query in ((1, 5), (3, 2)):
        seen = read(figure_of(attention, head, query))
        assert seen.rows["share"] == Codes.of_head(arcs, 1, head)[query].texts
        row, norms = weights[1, head, query].astype(np.float64), attention.norms[1, head]
        shown = [0 if text == "–" else number(text) for text in seen.rows["weight"]]
        assert shown == pytest.approx(row, abs=HALF)
        assert seen.column("norm") == pytest.approx(norms, abs=HALF)
        assert seen.column("length") == pytest.approx(row * norms, abs=HALF)
        assert seen.panels[-1] == "written"
        p = seen.parts
        assert number(p["alpha"]) * number(p["norm"]) == pytest.approx(
            number(p["length"]), rel=2e-4, abs=2e-6
        )
        assert number(p["lengths"]) == pytest.approx((row * norms).sum(), rel=2e-4)
        assert number(p["length"]) / number(p["lengths"]) == pytest.approx(
            number(p["written"]), abs=HALF
        )
        assert p["verdict"] == p["written"]
        assert p["written"] in seen.rows["share"]


def test_weights_before_the_share_are_those_of_a_figure_of_weights(tiny_model) -> None:
    folder = tiny_model("gpt2")
    (weights,) = attentions([Request(source_of(folder), FOX, keep=ALL)])
    attention = captured(folder, ALL)
    for query in (2, 5):
        seen = read(figure_of(attention, 1, query))
        assert seen.rows["weight"] == Codes.of_head(weights, 1, 1)[query].texts


def test_without_sums_the_rows_still_end_at_the_shares(tiny_model) -> None:
    attention = captured(tiny_model("bert"), ALL)
    assert attention.logit_terms is not None
    without = replace(attention, logit_terms=replace(attention.logit_terms, missing="a reason"))
    whole, seen = (read(figure_of(one, 1, 5)) for one in (attention, without))
    assert list(seen.rows) == ["weight", "norm", "length", "share"]
    assert seen.rows == {name: whole.rows[name] for name in seen.rows}
    assert "a reason" in seen.text
    assert not seen.panels


def test_the_page_carries_weights_and_lengths(tiny_model) -> None:
    figure = figure_of(captured(tiny_model("bert"), ALL), 1, 5)
    carried = decode(encode(figure)).tensors
    assert figure.attention.alphas is not None
    np.testing.assert_array_equal(carried["weights"], figure.attention.alphas)
    np.testing.assert_array_equal(carried["norms"], figure.attention.norms)


def test_the_formula_is_read_aloud_and_printed(tiny_model) -> None:
    figure = figure_of(captured(tiny_model("bert"), ALL), 1, 5)
    p = read(figure).parts
    page = render_html(figure, "f")
    assert (
        f"{p['alpha']} times {p['norm']}, over the sum of these lengths for all keys, "
        f"{p['lengths']}, is {p['written']}"
    ) in page
    latex = render_latex(figure).code
    assert rf"\frac{{{p['alpha']}\cdot {p['norm']}}}{{{p['lengths']}}}" in latex
    assert rf"\AttentionResult{{{p['written']}}}" in latex


def test_a_head_that_writes_nothing_has_no_share_of_zero_by_zero(tiny_model) -> None:
    request = Request(source_of(tiny_model("bert")), FOX, keep=(*ALL, "norms"), measure="written")
    (one,) = attentions([request])
    assert one.norms is not None
    pruned = derive(replace(one, norms=np.zeros_like(one.norms)), request)
    figure = figure_of(pruned, 1, 5)
    assert {read(figure).parts[name] for name in ("length", "lengths")} == {"0.000000"}
    page = render_html(figure, "f")
    assert '<b data-part="written">0, because nothing is written</b>' in page
    assert "for all keys, 0.000000, is 0, because nothing is written" in page
    assert r"\AttentionResult{\text{0, because nothing is written}}" in render_latex(figure).code


def test_the_first_step_can_be_the_last(tiny_model) -> None:
    attention = captured(tiny_model("bert"), ALL)
    first = (("formula", "written"),)
    page = render_html(figure_of(attention, 1, 5, selection=first), "f")
    assert '<li class="attention-now" data-step="written">' in page
    (weights,) = attentions([Request(source_of(tiny_model("bert")), FOX, keep=ALL)])
    with pytest.raises(InvalidValueError, match="softmax and value; expected one of them"):
        render_html(figure_of(weights, 1, 5, selection=first), "f")
    both = {"selection": first, "at": (("measure", "weight"),)}
    assert draw(figure_of(weights, 1, 5, **both)).content.formula == "value"
