"""The page on Python has the signatures of the code, and its calls beside BertViz work."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import types
from pathlib import Path

import numpy as np
import pytest

import sphinx_attention

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "example_docs" / "from-python.rst").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["figure", "attention"])
def test_signatures_are_those_of_the_code(name: str) -> None:
    (written,) = re.findall(rf"py:function:: sphinx_attention\.{name}\((.*)\)", PAGE)
    parameters = inspect.signature(getattr(sphinx_attention, name)).parameters.values()
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    assert written.replace('"', "'") == str(inspect.Signature(bare))[1:-1]


def test_the_page_names_the_entries_of_an_answer() -> None:
    (written,) = re.findall(r"py:class:: Answer\((.*)\)", PAGE)
    names = [one.partition("=")[0] for one in written.split(", ")]
    assert names == [field.name for field in dataclasses.fields(sphinx_attention.Answer)]
    own_models = (ROOT / "example_docs" / "own-models.rst").read_text(encoding="utf-8")
    assert [name for name in names if f"``{name}``" not in own_models] == []


def test_calls_beside_those_of_bertviz_work() -> None:
    calls = re.findall(r"     - ``(figure\(\w+, tokens=.*)``", PAGE)
    assert len(calls) == 5
    weights = np.full((3, 6, 2, 2), 0.5)
    cross = np.full((1, 2, 2, 3), 1 / 3)
    names = {
        "figure": sphinx_attention.figure,
        "attention": tuple(weights[:, None]),
        "cross": cross,
        "outputs": types.SimpleNamespace(
            encoder_attentions=(np.full((1, 2, 3, 3), 1 / 3),),
            decoder_attentions=(weights[:1, :2, :2],),
            cross_attentions=(cross,),
        ),
        "tokens": ["a", "b"],
        "queries": ["a", "b"],
        "keys": ["c", "d", "e"],
    }
    for call in calls:
        made = eval(call, names)
        assert made._repr_html_()


def test_code_on_the_page_and_in_the_readme_is_python() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"code-block:: python\n\n((?:   .*\n|\n)+)", PAGE)
    blocks += re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) > 6
    for block in blocks:
        ast.parse(inspect.cleandoc(f"\n{block}"))
