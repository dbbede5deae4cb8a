"""References to the numbers of a figure, and claims about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.authoring.claims import check, parse_claim
from sphinx_attention.core.authoring.locate import locate
from sphinx_attention.core.authoring.numbers import check_reference
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.reference import (
    Reference,
    nearest_figure,
    parse_figure,
    parse_reference,
)
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.variants import resolve_all

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

WORDS = "the bank by the bank"
ROWS = np.array(
    [
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.25, 0.75, 0.0, 0.0, 0.0],
        [0.2, 0.3, 0.5, 0.0, 0.0],
        [0.0, 0.0, 0.6, 0.4, 0.0],
        [0.125, 0.0005, 0.25, 0.3745, 0.25],
    ],
    np.float32,
)
"""The weights of layer 0, head 0, by hand. Head 1 has the same from right to left."""


def attention(text: str, shift: int = 0) -> Attention:
    tokens = tuple(Token(word, word=n) for n, word in enumerate(text.split()))
    weights = np.stack([np.stack([ROWS, ROWS[:, ::-1]])] * 2)
    if shift:
        weights = weights[:, ::-1]
    return Attention(tokens, tokens, weights, np.zeros((1, 5, 5), bool), label="words")


def figure(**options: str) -> Figure:
    settings = Settings(model="words", models={"words": {"function": "m:words"}})
    spec = parse(WORDS, options, None, HostContext(settings, Path(), Path))
    answers = [attention(request.text, n) for n, request in enumerate(spec.requests)]
    return resolve_all(spec, answers, None)


class TestParsing:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("fox", Reference("fox")),
            ("fox 1.3", Reference("fox", (), ("1", "3"))),
            ("fox 1.3 brown", Reference("fox", (), ("1", "3"), "brown")),
            ("fox 1.3 brown -> quick", Reference("fox", (), ("1", "3"), "brown", "quick")),
            ("fox brown → quick", Reference("fox", (), None, "brown", "quick")),
            ("  fox   1.3\n brown  ->  quick ", Reference("fox", (), ("1", "3"), "brown", "quick")),
            ("fox 0.mean bank#2 -> <s>", Reference("fox", (), ("0", "mean"), "bank#2", "<s>")),
            ("fox new york -> city", Reference("fox", (), None, "new york", "city")),
            ("fox x->y -> z", Reference("fox", (), None, "x->y", "z")),
            ("fox 1.3 3.5", Reference("fox", (), ("1", "3"), "3.5")),
            (
                "fox sentence=1 model=small 1.3",
                Reference("fox", (("sentence", "1"), ("model", "small")), ("1", "3")),
            ),
            (
                "fox formula=softmax sentence=1 1.3 a -> b",
                Reference(
                    "fox", (("sentence", "1"),), ("1", "3"), "a", "b", (("formula", "softmax"),)
                ),
            ),
            # No view has an option x.
            ("fox x=1 -> y", Reference("fox", (), None, "x=1", "y")),
        ],
    )
    def test_forms_of_references(self, text: str, expected: Reference) -> None:
        assert parse_reference(text) == expected

    @pytest.mark.parametrize("text", ["", " ", "-> quick"])
    def test_without_a_figure(self, text: str) -> None:
        with pytest.raises(AttentionError, match="no figure is named") as caught:
            parse_reference(text)
        assert caught.value.problem is Problem.REFERENCE

    @pytest.mark.parametrize("text", ["fox brown ->", "fox 1.3 -> quick", "fox a -> b -> c"])
    def test_an_arrow_with_one_token(self, text: str) -> None:
        with pytest.raises(AttentionError, match="needs one token on each side"):
            parse_reference(text)

    def test_a_figure_alone(self) -> None:
        assert parse_figure("fox sentence=1").at == (("sentence", "1"),)
        with pytest.raises(AttentionError, match="expected the name of one figure"):
            parse_figure("fox 1.3")

    def test_the_nearest_figure(self) -> None:
        message = nearest_figure("foxx", ["fox", "dog"]).message
        assert "(did you mean fox?); the named figures are dog, fox" in message
        assert "no figure has a name" in nearest_figure("fox", []).message


class TestLocating:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("f 0.0 bank -> the", "0.250"),
            ("f 0.0 bank#2 -> the#2", "0.375"),
            # A half is rounded up, as in the payload.
            ("f 0.0 bank#2 -> bank", "0.001"),
            ("f 0.1 by -> by", "0.500"),
            ("f 1.1 the -> bank#2", "1.000"),
            ("f 0.0 4 -> 0", "0.125"),
        ],
    )
    def test_the_numbers_are_those_of_the_rows(self, text: str, number: str) -> None:
        assert locate(parse_reference(text), figure()).text == number

    def test_without_a_head_the_figures_first_head_is_used(self) -> None:
        shown = figure(layer="1", head="1")
        assert locate(parse_reference("f the -> bank#2"), shown).text == "1.000"
        assert locate(parse_reference("f"), shown).selection == "layer=1&head=1"

    def test_the_selection_is_that_of_addresses(self) -> None:
        assert locate(parse_reference("f 0.1 by"), figure()).selection == "layer=0&head=1&pin=2"
        pair = locate(parse_reference("f 0.1 by -> bank#2"), figure())
        assert pair.selection == "layer=0&head=1&pin=2.4"

    def test_the_options_of_a_view_are_in_the_selection(self) -> None:
        cells = figure(view="matrix")
        found = locate(parse_reference("f scale=log 0.1 by"), cells)
        assert found.selection == "layer=0&head=1&pin=2&scale=log"

    @pytest.mark.parametrize(
        ("view", "text", "says"),
        [
            (
                "matrix",
                "f formula=softmax 0.0 bank",
                "invalid name 'formula' in a reference to the figure f: expected scale in the view",
            ),
            ("arcs", "f scale=log", "to the figure f: expected no such name in the view arcs"),
            (
                "matrix",
                "f scale=wide",
                "invalid value 'wide' for scale in a reference to the figure f: expected linear",
            ),
            (
                "grid",
                "f heads=0,7",
                "for heads in a reference to the figure f: the page carries only",
            ),
        ],
    )
    def test_options_that_the_view_does_not_have(self, view: str, text: str, says: str) -> None:
        with pytest.raises(AttentionError) as caught:
            locate(parse_reference(text), figure(view=view))
        assert says in caught.value.message
        assert caught.value.problem is Problem.REFERENCE

    def test_an_option_changes_no_number(self) -> None:
        with pytest.raises(AttentionError, match="scale=log in 'f scale=log' changes no number"):
            check_reference("weight", parse_reference("f scale=log"), "f scale=log")
        with pytest.raises(AttentionError, match="expected the name of one figure"):
            parse_figure("f scale=log")

    def test_another_sentence(self) -> None:
        both = figure(also="a bank of the river")
        assert locate(parse_reference("f sentence=1 0.0 bank -> a"), both).weight == 0.0
        assert locate(parse_reference("f sentence=1 0.0 a -> river"), both).text == "1.000"
        found = locate(parse_reference("f sentence=1 0.0 a -> river"), both)
        assert found.selection == "sentence=1&layer=0&head=0&pin=0.4"
        assert locate(parse_reference("f 0.0 the -> the"), both).text == "1.000"

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("f 2.0 bank", "the figure f has no layer 2, expected 0 to 1"),
            ("f 0.12 bank", "the figure f has no head 12, expected 0 to 1"),
            ("f 0.mean bank", "the figure f has no head mean"),
            ("f 0.0 bink", "did you mean bank?"),
            ("f 0.0 bank -> bink", "did you mean bank?"),
            ("f 0.0 bank#3", "there is no such token"),
            ("f sentence=1", "the figure f has one attention"),
        ],
    )
    def test_missing_figures_heads_and_tokens(self, text: str, says: str) -> None:
        with pytest.raises(AttentionError) as caught:
            locate(parse_reference(text), figure())
        assert says in caught.value.message
        assert caught.value.problem is Problem.REFERENCE

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("f sentence=2", "invalid value '2' for sentence: the figure f has 0 or 1"),
            ("f model=small", "the figure f has only sentence"),
        ],
    )
    def test_a_missing_attention(self, text: str, says: str) -> None:
        with pytest.raises(AttentionError) as caught:
            locate(parse_reference(text), figure(also="a bank of the river"))
        assert says in caught.value.message


class TestClaims:
    @pytest.mark.parametrize(
        "text",
        [
            "0.0: bank -> the > 0.2",
            "0.0: bank -> the >= 0.25",
            "0.0: bank -> the <= 0.25",
            "0.0: bank -> the < 0.3",
            "0.0: bank -> the = 0.25",
            "0.0: bank -> the = 0.3",
            "0.0: bank#2 -> the#2 = 0.37",
            "0.0: bank#2 -> the#2 = 0.375",
            "0.0: bank → the ≥ 0.25",
            "0.0: bank -> bank > bank -> the",
            "0.0: by -> by = 0.5",
            # (0.25 + 0.3 + 0.6 + 0.3745) / 4
            "0.0: previous-token > 0.38",
            "0.0: previous token = 0.381",
            "0.0: self = 0.58",
            # (0.25 + 0.2 + 0 + 0.125) / 4
            "0.0: first-token = 0.144",
        ],
    )
    def test_true(self, text: str) -> None:
        assert check(parse_claim(text, Reference("f")), figure()) == ""

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("0.0: bank -> the > 0.25", "in head 0.0, bank -> the is 0.250, not > 0.25"),
            ("0.0: bank -> the < 0.25", "is 0.250, not < 0.25"),
            ("0.0: bank -> the = 0.24", "is 0.250, not = 0.24"),
            (
                "0.0: bank -> the > bank -> bank",
                "is 0.250, not > bank -> bank, which is 0.750",
            ),
            ("0.0: previous-token > 0.6", "the score previous of head 0.0 is 0.381, not > 0.6"),
        ],
    )
    def test_false(self, text: str, says: str) -> None:
        assert says in check(parse_claim(text, Reference("f")), figure())

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("bank", "is not a claim: expected a claim such as"),
            ("0.0: bank -> the => 0.5", "is not a claim"),
            ("0.0: bank -> the > much", "expected a number such as 0.4 or 40 %, or two tokens"),
            ("0.0: previous-tokn > 0.5", "did you mean previous-token?"),
            ("0.0: previous-token > bank -> the", "expected a number"),
            ("a.b: bank -> the > 0.5", "invalid head 'a.b' in a claim"),
            ("0.0: bank > 0.5", "expected two tokens with -> between, or a score of heads"),
            ("0.0: bank -> the > 1e9", "expected a number"),
        ],
    )
    def test_no_claim(self, text: str, says: str) -> None:
        with pytest.raises(AttentionError) as caught:
            parse_claim(text, Reference("f"))
        assert says in caught.value.message
        assert caught.value.problem is Problem.CHECK

    def test_a_score_that_is_not_defined(self) -> None:
        words = "one two three four five"
        settings = Settings(model="words", models={"words": {"function": "m:words"}})
        spec = parse(words, {}, None, HostContext(settings, Path(), Path))
        shown = resolve_all(spec, [attention(words)], None)
        with pytest.raises(AttentionError, match="is not defined for this text"):
            check(parse_claim("0.0: induction > 0.4", Reference("f")), shown)
