"""The examples of the page on own models and matrices are built, and their numbers are checked."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from numpy.testing import assert_allclose

from sphinx_attention.core.request import FunctionSource, MatrixSource, Request
from sphinx_attention.core.sources import function, matrix
from sphinx_attention.hosts.sphinx.nodes import attention_figure

if TYPE_CHECKING:
    from collections.abc import Callable

NOTES = Path(__file__).parents[2] / "example_docs"
PAGE = (NOTES / "own-models.rst").read_text(encoding="utf-8")
CONF = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent / "models"))
attention_models = {"nano": {"function": "nano_gpt:attention", "version": "1"}}
"""


@pytest.fixture
def nano() -> Any:
    """The module that the page includes."""
    spec = importlib.util.spec_from_file_location("nano", NOTES / "models" / "nano_gpt.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_built_from_its_own_examples(project: Callable[..., Any], nano: Any) -> None:
    made = project({"index.rst": PAGE}, CONF)
    shutil.copytree(NOTES / "models", made.folder / "models", ignore=shutil.ignore_patterns("__*"))
    app = made.build(strict=True)
    soup = BeautifulSoup(made.html(), "html.parser")
    assert len(soup.select("figure.attention-figure")) == 3
    assert not soup.select(".attention-placeholder")
    specs = [node.spec for node in app.env.get_doctree("index").findall(attention_figure)]
    by_hand, crosses, own = (library(app).get(spec.request) for spec in specs)
    assert_allclose(by_hand.weights[0, 0], [[1, 0, 0], [0.6, 0.4, 0], [0.1, 0.7, 0.2]], atol=1e-7)
    assert by_hand.causal
    content = json.loads((NOTES / "models" / "translation.json").read_text(encoding="utf-8"))
    assert crosses.weights.shape == (1, 1, 7, 5)
    assert_allclose(crosses.weights[0, 0], content["weights"], atol=1e-7)
    assert [token.text for token in crosses.query_tokens] == content["query_tokens"]
    assert [token.text for token in crosses.key_tokens] == content["key_tokens"]
    answer = nano.attention("the cat sat on the mat")
    assert own.causal
    # The store rounds weights to this precision.
    assert_allclose(own.weights, answer["weights"], atol=6e-4)
    assert (np.triu(np.ones((6, 6)), 1) == own.masked[0]).all()


def library(app: Any) -> Any:
    """The library of a build, which holds the captured numbers."""
    return app.env.domains["attn"].library


def test_the_nano_gpt_attends_as_its_formula_says(nano: Any) -> None:
    """The first layer's row of the last word is computed again with explicit sums."""
    words = ["the", "cat", "sat"]
    x = [nano.embed(word) + nano.PLACES[n] for n, word in enumerate(words)]
    half = nano.WIDTH // nano.HEADS
    query = (x[2] @ nano.QUERY[0])[:half]
    powers = [np.exp(query @ (one @ nano.KEY[0])[:half] / np.sqrt(half)) for one in x]
    one = function.read(
        Request(FunctionSource("nano", f"{install(nano)}:attention"), "the cat sat")
    )
    assert one.weights.shape == (2, 2, 3, 3)
    assert_allclose(one.weights[0, 0, 2], np.array(powers) / sum(powers), atol=1e-6)
    assert_allclose(one.weights.sum(axis=-1), 1, atol=1e-6)
    assert one.masked[0].tolist() == [[False, True, True], [False, False, True], [False] * 3]


def install(module: Any) -> str:
    """Make a module importable for this process."""
    import sys

    sys.modules["nano_of_the_docs"] = module
    return "nano_of_the_docs"


def test_both_files_of_the_page_are_the_same_matrix() -> None:
    both = []
    for kind in ("json", "csv"):
        path = NOTES / "models" / f"translation.{kind}"
        both.append(matrix.read(Request(MatrixSource(path=path.name, file=str(path)), "")))
    assert_allclose(both[0].weights, both[1].weights, atol=1e-7)
    assert both[0].query_tokens == both[1].query_tokens
    assert both[0].key_tokens == both[1].key_tokens


def test_the_cross_attention_of_the_page() -> None:
    code = re.search(r"   def attention\(text, target=.*?weights\}\n", PAGE, re.DOTALL)
    assert code
    names: dict[str, Any] = {"numpy": np}
    exec("\n".join(line[3:] for line in code[0].splitlines()), names)
    answer = names["attention"]("the cat sat down .")
    assert answer["weights"].shape == (7, 5)


FORMS = {
    "0.5 0.5": "0.5 0.5",
    "0.5, 0.5": "0.5, 0.5",
    "0.5; 0.5": "0.5; 0.5",
    "50% 50%": "50% 50%",
    "1/2 1/2": "1/2 1/2",
    "½ ½": "½ ½",
    "the 0.5 0.5": "cat 0.5 0.5",
    "| the | 0.5 | 0.5 |": "| cat | 0.5 | 0.5 |",
}


@pytest.mark.parametrize(("first", "second"), FORMS.items())
def test_the_forms_that_the_page_names(first: str, second: str) -> None:
    assert f"``{first}``" in PAGE
    one = matrix.read(Request(MatrixSource(text=f"{first}\n{second}"), "the cat"))
    assert_allclose(one.weights[0, 0], 0.5)
