"""The numbers that prose prints: their values by hand, their forms, and their errors."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Candidate, LogitTerms, Token
from sphinx_attention.core.authoring.claims import check, parse_claim
from sphinx_attention.core.authoring.numbers import (
    Form,
    check_reference,
    parse_form,
    print_number,
)
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.reference import Reference, parse_reference
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.remarks import remark
from tests.core.authoring.test_reference import attention as of_words
from tests.core.authoring.test_reference import figure as figure_of_words

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

STORY = "once upon a"


def figure(text: str, answer: Attention, **options: str) -> Figure:
    settings = Settings(model="words", models={"words": {"function": "m:words"}})
    spec = parse(text, options, None, HostContext(settings, Path(), Path))
    return resolve_all(spec, [answer] * len(spec.requests), None)


def printed(quantity: str, text: str, shown: Figure, form: str = "") -> str:
    reference = parse_reference(text)
    check_reference(quantity, reference, text)
    return print_number(quantity, reference, shown, parse_form(quantity, form))


def story() -> Figure:
    """A text that a model continues with two tokens, with candidates by hand."""
    words = [*STORY.split(), "time", "there"]
    tokens = tuple(Token(word, word=n) for n, word in enumerate(words))
    weights = np.tril(np.ones((5, 5), np.float32))
    weights /= weights.sum(axis=1, keepdims=True)
    masked = np.triu(np.ones((1, 5, 5), bool), 1)
    candidates = (
        (Candidate(" time", 0.875), Candidate(" day", 0.0625)),
        (Candidate(" there", 0.5), Candidate(",", 0.25)),
    )
    answer = Attention(tokens, tokens, weights[None, None], masked, candidates=candidates)
    return figure(STORY, answer, model="builtin", generate="2")


def stepped() -> Figure:
    """Two tokens with queries and keys by hand, and the softmax of their logits as weights."""
    tokens = tuple(Token(word, word=n) for n, word in enumerate(("no", "yes")))
    queries = np.array([[[[1, 2], [3, 1]]]], np.float32)
    keys = np.array([[[[2, 0], [1, 3]]]], np.float32)
    logits = 0.5 * (queries @ keys.swapaxes(-1, -2))[0, 0]
    logits[0, 1] = -np.inf
    weights = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    terms = LogitTerms(np.array([0.5], np.float32), np.array([0.0], np.float32))
    masked = np.array([[[False, True], [False, False]]])
    answer = Attention(
        tokens, tokens, weights[None, None].astype(np.float32), masked,
        queries=queries, keys=keys, logit_terms=terms,
    )  # fmt: skip
    return figure("no yes", answer, view="steps")


def test_a_reason_that_is_kept_as_data_is_a_sentence_in_the_message() -> None:
    shown = stepped()
    terms = shown.attention.logit_terms
    missing = replace(terms, missing=remark("more_terms", layer="0", difference="0.25"))
    shown = replace(shown, attention=replace(shown.attention, logit_terms=missing))
    with pytest.raises(AttentionError) as caught:
        printed("dot", "f yes -> no", shown)
    assert '[["' not in caught.value.message
    assert "0.25" in caught.value.message


class TestForms:
    @pytest.mark.parametrize(
        ("form", "value", "text"),
        [
            ("0.00", 0.446, "0.45"),
            ("0.0", 0.25, "0.3"),
            ("0", 0.5, "1"),
            ("0 %", 0.446, "45\u00a0%"),
            ("0%", 0.445, "45%"),
            ("0.0 %", 0.4468, "44.7\u00a0%"),
            ("0,00", 0.446, "0,45"),
            ("0.0000", 0.70553, "0.7055"),
            ("0.00", -0.001, "0.00"),
            ("0.00", -0.126, "−0.13"),
            ("0.0", math.inf, "∞"),
            ("0.0", -math.inf, "−∞"),
            # A float32 of 0.35 lies below 0.35, and the author means the half.
            ("0.0", float(np.float32(0.35)), "0.4"),
        ],
    )
    def test_printed(self, form: str, value: float, text: str) -> None:
        found = parse_form("power", form)
        assert found is not None
        assert found.print(value) == text

    def test_the_default_form_has_three_decimals(self) -> None:
        assert parse_form("weight", "") is None
        assert Form().print(0.4445) == "0.445"

    @pytest.mark.parametrize("form", ["0.45", "2", "two", "0.", "00", "almost half", "0.0000000"])
    def test_no_form(self, form: str) -> None:
        with pytest.raises(AttentionError, match=r"expected 0\.00 for two decimals") as caught:
            parse_form("weight", form)
        assert caught.value.problem is Problem.REFERENCE

    @pytest.mark.parametrize("form", ["0.0000", "0.00 %"])
    def test_more_decimals_than_the_store_keeps(self, form: str) -> None:
        with pytest.raises(AttentionError, match="the store keeps three decimals"):
            parse_form("weight", form)
        assert parse_form("logit", form) is not None


class TestWeights:
    @pytest.mark.parametrize(
        ("text", "form", "number"),
        [
            ("f 0.0 bank -> the", "", "0.250"),
            ("f 0.0 bank -> the", "0 %", "25\u00a0%"),
            ("f 0.0 bank -> the + bank", "", "1.000"),
            ("f 0.0 by -> the + bank", "", "0.500"),
            ("f 0.0 by -> the | bank", "", "0.500"),
            ("f 0.0 bank#2 -> the + the#2", "0.00", "0.50"),
            # 0.2 + 0 + 0.25: a column over three rows.
            ("f 0.0 by + the#2 + bank -> the", "", "0.450"),
            # 1 + 0.25 + 0.75 + 0
            ("f 0.0 the + bank -> the + bank", "0", "2"),
            # The sum 0.0005 + 0.3745 is rounded once, although figures print 0.001 and 0.375.
            ("f 0.0 bank#2 -> bank + the#2", "", "0.375"),
        ],
    )
    def test_sums_and_forms(self, text: str, form: str, number: str) -> None:
        assert printed("weight", text, figure_of_words(), form) == number

    def test_a_token_twice(self) -> None:
        with pytest.raises(AttentionError, match="names the token 'the' twice: write the#2"):
            printed("weight", "f 0.0 bank -> the + the", figure_of_words())

    def test_a_token_with_a_plus(self) -> None:
        answer = of_words("one two three four five")
        tokens = (Token("x + y", word=0), *answer.query_tokens[1:])
        answer = replace(answer, query_tokens=tokens, key_tokens=tokens)
        shown = figure("one two three four five", answer)
        assert printed("weight", "f 0.0 two -> x + y", shown) == "0.250"

    def test_masked(self) -> None:
        shown = stepped()
        assert printed("weight", "f no -> yes", shown) == "–"
        assert printed("weight", "f no -> yes", shown, "0.0") == "–"
        assert printed("weight", "f no -> no + yes", shown) == "1.000"

    @pytest.mark.parametrize("text", ["f", "f 0.0", "f 0.0 bank"])
    def test_an_incomplete_reference(self, text: str) -> None:
        with pytest.raises(AttentionError, match="names no weight: a weight needs two tokens"):
            printed("weight", text, figure_of_words())


class TestScores:
    def test_by_hand(self) -> None:
        # (0.25 + 0.3 + 0.6 + 0.3745) / 4
        assert printed("score", "f 0.0 previous-token", figure_of_words()) == "0.381"
        assert printed("score", "f 0.0 previous token", figure_of_words(), "0.0") == "0.4"
        assert printed("score", "f 0.0 self", figure_of_words(), "0 %") == "58\u00a0%"

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("f 0.0", "names no score of a head"),
            ("f 0.0 bank -> the", "names no score of a head"),
            ("f 0.0 previous-tokn", "(did you mean previous-token?)"),
            ("f 7.0 self", "the figure f has no layer 7"),
        ],
    )
    def test_no_score(self, text: str, says: str) -> None:
        with pytest.raises(AttentionError) as caught:
            printed("score", text, figure_of_words())
        assert says in caught.value.message
        assert caught.value.problem is Problem.REFERENCE

    def test_not_defined(self) -> None:
        words = "one two three four five"
        with pytest.raises(AttentionError, match="is not defined for the text of f"):
            printed("score", "f 0.0 induction", figure(words, of_words(words)))


class TestProbabilities:
    def test_of_a_step(self) -> None:
        assert printed("probability", "f step=1 time", story()) == "0.875"
        assert printed("probability", "f step=1 day", story(), "0 %") == "6\u00a0%"
        # Without a step, the number is that of the step with which the figure opens.
        assert printed("probability", "f There", story()) == "0.500"

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("f step=1", "names no next token"),
            ("f step=1 0.0 time", "a probability belongs to no head"),
            ("f step=1 tim", "(did you mean time?); these are time, day"),
            ("f step=3 time", "invalid value '3' for step"),
        ],
    )
    def test_no_probability(self, text: str, says: str) -> None:
        with pytest.raises(AttentionError) as caught:
            printed("probability", text, story())
        assert says in caught.value.message

    def test_a_figure_that_writes_nothing(self) -> None:
        with pytest.raises(AttentionError, match="the figure f chooses no next token"):
            printed("probability", "f bank", figure_of_words())


class TestSteps:
    @pytest.mark.parametrize(
        ("quantity", "text", "number"),
        [
            ("dot", "f yes -> no", "6.000"),
            ("dot", "f yes -> yes", "6.000"),
            ("dot", "f no -> no", "2.000"),
            ("logit", "f yes -> no", "3.000"),
            ("logit", "f no -> yes", "−∞"),
            ("power", "f yes -> no", "20.086"),
            ("power", "f no -> yes", "0.000"),
            ("power", "f yes -> no + yes", "40.171"),
        ],
    )
    def test_by_hand(self, quantity: str, text: str, number: str) -> None:
        assert printed(quantity, text, stepped()) == number

    def test_without_queries(self) -> None:
        with pytest.raises(AttentionError, match="A figure in the view steps keeps queries"):
            printed("dot", "f 0.0 bank -> the", figure_of_words())


class TestClaims:
    @pytest.mark.parametrize(
        "text",
        [
            "0.0: the -> the is largest",
            "0.0: the -> the is the largest of the words",
            "0.0: by -> by is largest",
            "0.0: bank -> by is smallest",
            "0.0: bank -> the + bank = 1",
            "0.0: bank -> the + bank > 0.1: bank -> the + bank",
            "0.0: bank -> the < 0.1: by -> by",
            "0.0: by -> by = 0.1: by -> by",
            # (0.25 + 0.3 + 0.6 + 0.3745) / 4 and (0 + 0 + 0.6 + 0.0005) / 4
            "0.0: previous-token > 0.1: previous-token",
            "0.0: previous-token is largest",
            "0.0: self > previous-token",
            "0.0: bank -> the >20%",
            "0.0: bank -> the = 25 %",
            "0.0: bank -> the < 25.5 %",
            "0.0: bank#2 -> the#2 = 37.5 %",
        ],
    )
    def test_true(self, text: str) -> None:
        assert check(parse_claim(text, Reference("f")), figure_of_words()) == ""

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (
                "0.0: bank -> the is largest",
                "is false: in head 0.0, bank -> the is 0.250, and bank -> bank is 0.750",
            ),
            (
                "0.1: previous-token is largest",
                "of head 0.1 is 0.150, and the score previous of head 0.0 is 0.381",
            ),
            (
                "0.0: bank -> the < 0.1: bank -> by",
                "is 0.250, not < bank -> by in head 0.1, which is 0.000",
            ),
        ],
    )
    def test_false(self, text: str, says: str) -> None:
        assert says in check(parse_claim(text, Reference("f")), figure_of_words())

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("0.0: bank -> the is greatest", "is not a claim: expected a claim such as"),
            ("0.0: self is largest of words", "only a weight can be the largest of the words"),
            ("0.0 bank -> the > 0.1", "write 0.0: bank -> the"),
            ("0.0: bank->the > 0.1", "needs blanks round it"),
            ("0.0: bank -> the > ,1", "expected a number such as 0.4 or 40 %, or two tokens"),
            ("0.0: bank -> the = 25.25 %", "the store keeps three decimals"),
            (
                "0.0: self > bank -> the",
                "expected a number such as 0.4 or 40 %, or the score of another head",
            ),
            (
                "0.0: bank -> the > 0.1: slef",
                "expected a number such as 0.4 or 40 %, or two tokens",
            ),
            ("0.0: bank -> the = 0.2500", "the store keeps three decimals of a weight"),
            ("probability of time > self", "expected a number such as 0.4 or 40 %, or another one"),
        ],
    )
    def test_no_claim(self, text: str, says: str) -> None:
        with pytest.raises(AttentionError) as caught:
            parse_claim(text, Reference("f"))
        assert says in caught.value.message
        assert caught.value.problem is Problem.CHECK

    def test_the_largest_of_a_sum(self) -> None:
        with pytest.raises(AttentionError, match="needs one token on each side of the arrow"):
            check(
                parse_claim("0.0: by -> the + bank is largest", Reference("f")), figure_of_words()
            )

    def test_special_tokens_are_no_words(self) -> None:
        answer = of_words("one two three four five")
        tokens = (Token("[CLS]", special=True), *answer.query_tokens[1:])
        answer = replace(answer, query_tokens=tokens, key_tokens=tokens)
        shown = figure("one two three four five", answer)
        # In head 1, the row of five is 0.25, 0.3745, 0.25, 0.0005, 0.125.
        for claim, true in (
            ("0.1: five -> two is largest", True),
            # In head 0, the whole row of the special token is on itself.
            ("0.0: 0 -> two is largest", False),
            ("0.0: 0 -> two is largest of the words", True),
        ):
            assert (check(parse_claim(claim, Reference("f")), shown) == "") is true

    def test_probabilities(self) -> None:
        first = Reference("f", (("step", "1"),))
        for claim in (
            "probability of time = 0.875",
            "probability time > 0.8",
            "probability of time > probability of day",
            "probability of time is largest",
        ):
            assert check(parse_claim(claim, first), story()) == ""
        wrong = check(parse_claim("probability of day is largest", first), story())
        assert "the probability of day is 0.063, and the probability of time is 0.875" in wrong
