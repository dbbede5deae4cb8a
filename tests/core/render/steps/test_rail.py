"""The rail of the view steps, and the hues of queries, keys and values."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.errors import InvalidValueError
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.steps.draw import HUES
from sphinx_attention.core.request import ModelSource, Request
from tests.core.render.steps.reading import small

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

ACCENT = "#2f6ac4"
MASK = [[False, True], [False, False]]


def figure_at(formula: str | None, masked: list[list[bool]] | None = None) -> Figure:
    selection = () if formula is None else (("formula", formula),)
    spec = FigureSpec(Request(ModelSource("m"), "a b"), view="steps", layer=0, head=0)
    return resolve(replace(spec, selection=selection), small(masked))


def rail_of(page: str) -> list[tuple[str, bool, str]]:
    """Of each step: its name, whether it is the current one, and its text."""
    found = re.findall(
        r'name="formula" value="(\w+)" aria-current="(\w+)"[^>]*>(.*?)</button>', page
    )
    return [
        (name, current == "step", re.sub(r"<[^>]+>", "", text)) for name, current, text in found
    ]


def test_the_rail_names_the_steps_of_the_model() -> None:
    assert rail_of(render_html(figure_at(None), "f")) == [
        ("multiply", True, "1 multiply"),
        ("dot", False, "2 add up"),
        ("scale", False, "3 scale"),
        ("softmax", False, "4 softmax"),
        ("value", False, "5 weigh"),
        ("all", False, "all"),
    ]
    names = [name for name, _, _ in rail_of(render_html(figure_at(None, MASK), "f"))]
    assert names == ["multiply", "dot", "scale", "bias", "softmax", "value", "all"]


@pytest.mark.parametrize("formula", ["multiply", "scale", "value", "all"])
def test_the_option_names_the_first_step(formula: str) -> None:
    page = render_html(figure_at(formula), "f")
    assert [name for name, current, _ in rail_of(page) if current] == [formula]
    shown = re.findall(r'<li class="attention-now" data-step="(\w+)"', page)
    assert shown == ([] if formula == "all" else [formula])
    assert ("attention-panels--one" in page) == (formula != "all")
    # All panels are in the page, for paper and for readers without scripts.
    assert len(re.findall(r"<li[^>]* data-step=", page)) == 5


def test_a_step_that_the_model_does_not_have_is_refused() -> None:
    says = (
        "invalid value 'cap' for formula: the steps of this model are multiply, dot, scale, softmax "
        "and value; expected one of them, or all"
    )
    with pytest.raises(InvalidValueError, match=re.escape(says)):
        render_html(figure_at("cap"), "f")
    with pytest.raises(InvalidValueError, match="'bias' for formula"):
        render_html(figure_at("bias"), "f")
    render_html(figure_at("bias", MASK), "f")


def test_where_there_are_no_sums_there_is_no_rail() -> None:
    attention = replace(small(), queries=None, keys=None, values=None, logit_terms=None)
    spec = FigureSpec(
        Request(ModelSource("m"), "a b"),
        view="steps",
        layer=0,
        head=0,
        selection=(("formula", "softmax"),),
    )
    page = render_html(resolve(spec, attention), "f")
    assert "attention-missing" in page
    assert not rail_of(page)


# Machado, Oliveira and Fernandes 2009, severity 1: normal, protan, deutan and tritan vision.
VISIONS = np.array(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ]
)


def oklab(linear: np.ndarray) -> np.ndarray:
    """A colour in Oklab, in which equal distances look alike."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    axes = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab: np.ndarray = axes @ np.cbrt(cones @ np.clip(linear, 0, 1))
    return lab


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def test_the_hues_differ_for_every_colour_vision() -> None:
    assert set(HUES) == {"query", "keys", "values"}
    for one, other in itertools.combinations([*HUES.values(), ACCENT], 2):
        for vision in VISIONS:
            apart = np.linalg.norm(oklab(vision @ linear(one)) - oklab(vision @ linear(other)))
            # Colours that are just told apart are 0.02 from one another.
            assert apart >= 0.1, (one, other)


def test_the_hues_are_read_on_white_paper() -> None:
    for hue in HUES.values():
        luminance = np.array([0.2126, 0.7152, 0.0722]) @ linear(hue)
        assert 1.05 / (luminance + 0.05) >= 4.5
