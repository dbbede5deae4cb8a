"""Tokens of authors under `merge` and `special`: the figure applies the option, or refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from collections.abc import Callable

MODULE = """\
import numpy as np

def f(text):
    tokens = {tokens}
    weights = np.arange(1.0, len(tokens) ** 2 + 1).reshape(len(tokens), -1)
    return tokens, weights / weights.sum(axis=1, keepdims=True)
"""


@pytest.fixture
def shown(project: Callable[..., Any], request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Build a page with one figure, from a function or from a matrix."""

    def make(
        option: str,
        *,
        tokens: list[str] | None = None,
        sentence: str = "playing ball",
        body: str = "",
    ) -> Any:
        module = f"own_tokens_{abs(hash(request.node.name))}"
        conf = (
            "import os, sys\nsys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\n"
            f'attention_models = {{"mine": {{"function": "{module}:f"}}}}\n'
        )
        model = "" if body else "   :model: mine\n"
        page = f"P\n=\n\n.. attention-figure:: {sentence}\n{model}   {option}\n\n{body}\n"
        made = project({"index.rst": page, f"{module}.py": MODULE.format(tokens=tokens)}, conf)
        made.build()
        soup = BeautifulSoup(made.html(), "html.parser")
        words = [word.text for word in soup.select("svg .attention-word")]
        footer = soup.find(class_="attention-footer")
        return words, footer.text if footer else "", made.warnings

    return make


PIECES = ["[CLS]", "play", "##ing", "ball", "[SEP]"]


def test_pieces_are_merged(shown: Callable[..., Any]) -> None:
    words, footer, warnings = shown(":merge: words", tokens=PIECES)
    assert words == ["[CLS]", "playing", "ball", "[SEP]"]
    assert "pieces put together as words" in footer
    assert not warnings


def test_special_tokens_are_hidden(shown: Callable[..., Any]) -> None:
    words, _, warnings = shown(":special: hide", tokens=PIECES)
    assert words == ["(special)", "play", "##ing", "ball"]
    assert not warnings


def test_words_that_are_whole_are_not_called_merged(shown: Callable[..., Any]) -> None:
    words, footer, warnings = shown(":merge: words", tokens=["[CLS]", "playing", "ball"])
    assert words == ["[CLS]", "playing", "ball"]
    assert "put together" not in footer
    assert not warnings


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (":merge: words", "index.rst:4: WARNING: merge: no token is known to be a piece of a word"),
        (
            ":special: hide",
            "index.rst:4: WARNING: special: no token is known to be special, so that",
        ),
    ],
)
def test_impossible_options_are_reported(shown: Callable[..., Any], option: str, says: str) -> None:
    words, footer, warnings = shown(option, tokens=["play", "ing", "ball"])
    assert says in warnings
    assert not words
    assert "put together" not in footer
    body = "   0.5 0.5\n   0.3 0.7\n"
    assert says in shown(option, body=body)[2]
