"""A view with a tensor that is kept and an option of its own, from the directive to the page.

The tests give such an option and a tensor to the view ``matrix``, which has neither. The
contributors' page adds a view with an option, and `tests/browser/test_adding_a_view.py` follows
that page.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention.core.analysis.parts import select
from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.authoring.options import OPTIONS, own_options
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.payload import decode, encode, encode_text, estimate
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render.html import figure_attributes, render_html
from sphinx_attention.core.views import VIEWS, ViewKind, Word
from sphinx_attention.hosts.notations import RST

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec

BY = Word("weight|norm", "weight or norm", "what a bar shows", default="weight")


@pytest.fixture(autouse=True)
def view_with_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = replace(VIEWS["matrix"], keeps=("values",), options={"by": BY})
    monkeypatch.setitem(VIEWS, "matrix", kind)  # type: ignore[arg-type]
    for name, option in own_options([kind]).items():
        monkeypatch.setitem(OPTIONS, name, option)


def spec(tmp_path: Path, text: str = "a b c", **options: str) -> FigureSpec:
    settings = Settings(models={"own": {"function": "m:f"}, "other": {"function": "m:g"}})
    context = HostContext(settings, tmp_path, lambda name: tmp_path / name, notation=RST)
    return parse(text, {"model": "own", "view": "matrix", **options}, None, context)


def attention(heads: int = 2, value_heads: int = 2, tokens: int = 3, size: int = 4) -> Attention:
    rng = np.random.default_rng(0)
    words = tuple(Token(f"t{n}") for n in range(tokens))
    return Attention(
        query_tokens=words,
        key_tokens=words,
        weights=rng.dirichlet(np.ones(tokens), (1, heads, tokens)).astype(np.float32),
        masked=np.zeros((1, tokens, tokens), np.bool_),
        values=rng.normal(size=(1, value_heads, tokens, size)).astype(np.float32),
    )


def drawn(figure: Figure) -> tuple[dict[str, str], Any]:
    """The attributes of a figure, and the directive that its page carries."""
    page = BeautifulSoup(render_html(figure, "u"), "html.parser")
    found = page.select_one("script[data-directive]")
    return figure_attributes(figure), found and json.loads(str(found["data-directive"]))


def test_the_value_is_part_of_the_selection(tmp_path: Path) -> None:
    made = spec(tmp_path, by="norm", selection="pin=k1&scale=log")
    assert made.selection == (("by", "norm"), ("pin", "k1"), ("scale", "log"))
    assert made.own_options == (("by", "norm"),)
    figure = resolve(made, attention())
    assert figure.option("by") == "norm"
    assert drawn(figure)[0]["data-selection"] == "by=norm&pin=k1&scale=log"


def test_the_default_holds_where_none_is_named(tmp_path: Path) -> None:
    made = spec(tmp_path)
    assert made.selection == ()
    assert resolve(made, attention()).option("by") == "weight"


def test_other_values_are_refused(tmp_path: Path) -> None:
    for value in ("length", "", "Norm", "norm|weight"):
        with pytest.raises(AttentionError, match=f"invalid value '{value.replace('|', '.')}'") as e:
            spec(tmp_path, by=value)
        assert e.value.problem is Problem.OPTION
        assert e.value.message.partition(" (did")[0].endswith("for by: expected weight or norm")


def test_other_views_refuse_the_option(tmp_path: Path) -> None:
    with pytest.raises(AttentionError) as error:
        spec(tmp_path, view="grid", by="norm")
    assert error.value.message == (
        "the option by belongs to the view matrix, and this figure has the view grid: remove the "
        "option by, or take that view"
    )
    with pytest.raises(AttentionError, match="invalid name 'by' in selection"):
        spec(tmp_path, view="grid", selection="by=norm")


def test_two_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AttentionError, match="'weight' for by in selection: the option by says"):
        spec(tmp_path, by="norm", selection="by=weight")
    assert spec(tmp_path, by="norm", selection="by=norm").selection == (("by", "norm"),)
    assert spec(tmp_path, selection="by=norm").own_options == (("by", "norm"),)


@pytest.mark.parametrize("name", ["layer", "sentence", "pin"])
def test_an_option_name_that_is_taken_is_refused_at_import(name: str) -> None:
    with pytest.raises(ValueError, match=f"the view bars has an option '{name}'"):
        own_options([ViewKind(name="bars", options={name: BY})])


def test_two_views_may_share_an_option_with_equal_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(OPTIONS, "by")
    kinds = [ViewKind(name="bars", options={"by": BY}), ViewKind(name="rows", options={"by": BY})]
    assert own_options(kinds)["by"].help == "in the view ``bars`` or ``rows``: what a bar shows"
    other = ViewKind(name="rows", options={"by": replace(BY, pattern="norm")})
    with pytest.raises(ValueError, match="the view rows has an option 'by'"):
        own_options([kinds[0], other])


def test_every_variant_has_the_authors_value(tmp_path: Path) -> None:
    made = spec(tmp_path, by="norm", also="c b a", selection="pin=k1")
    whole = resolve_all(made, [attention(), attention()])
    (other,) = whole.alternatives
    assert other.figure is not None
    assert other.figure.spec.selection == (("by", "norm"),)
    assert other.figure.option("by") == "norm"
    beside = resolve_all(
        spec(tmp_path, by="norm", also="c b a", compare="sentence"), [attention()] * 2
    )
    assert [one.figure and one.figure.option("by") for one in beside.alternatives] == ["norm"]


def test_the_kept_tensor_is_asked_for_and_carried(tmp_path: Path) -> None:
    made = spec(tmp_path)
    assert made.request.keep == ("values",)
    figure = resolve(made, attention())
    payload = decode(encode(figure))
    assert list(payload.tensors) == ["values"]
    assert np.array_equal(payload.tensors["values"], attention().values)
    # Only views that show the sums explain why the sums are missing.
    assert "missing" not in payload.header


def test_a_source_without_the_tensor_is_still_drawn(tmp_path: Path) -> None:
    payload = decode(encode(resolve(spec(tmp_path), replace(attention(), values=None))))
    assert payload.tensors == {}
    assert payload.header["tensors"] == []


def test_heads_that_share_values_are_selected_without_keys() -> None:
    whole = attention(heads=4, value_heads=2)
    assert whole.values is not None
    one = select(whole, [0], [3])
    assert one.values is not None
    assert np.array_equal(one.values, whole.values[:, [1]])
    both = select(whole, [0], [1, 2])
    assert both.values is not None
    assert np.array_equal(both.values, whole.values)


def test_a_page_has_room_for_the_tensors_too(tmp_path: Path) -> None:
    whole = attention(heads=6, value_heads=6, tokens=8, size=64)
    carried = len(encode_text(encode(resolve(spec(tmp_path), whole))))
    assert carried == pytest.approx(estimate(whole, with_tensors=True), rel=0.15)
    assert carried > 4 * estimate(whole)
    few = resolve(spec(tmp_path), whole, carried // 2)
    assert few.attention.heads == 1
    assert few.left_out == ("1 of 6 heads",)


def test_a_copied_directive_knows_which_options_are_the_views_own(tmp_path: Path) -> None:
    for view, own in (("matrix", ["by"]), ("arcs", None)):
        _, directive = drawn(resolve(spec(tmp_path, view=view), attention()))
        assert directive["options"] == {"model": "own", "view": view}
        assert directive.get("own") == own
