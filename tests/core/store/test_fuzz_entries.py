"""Entries with random changes of the header or the numbers: each is refused, or it is drawn."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.render.description import describe, strongest_pairs
from sphinx_attention.core.render.html import figure_attributes, render_html
from sphinx_attention.core.store.entry import (
    DamagedEntryError,
    open_entry,
    unpack,
)
from sphinx_attention.core.views import View
from tests.core.entries import REQUEST
from tests.core.store.forged import HEADER, arrays, sealed, with_array

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention

# Random changes

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 2**70)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["weights", "\ud800", "<script>", "steps", "bits", "encoder"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)


def changed(value: Any, data: Any, depth: int = 0) -> Any:
    """A copy of JSON data in which one value, at any depth, is replaced."""
    if isinstance(value, dict) and value and depth < 5 and data.draw(st.integers(0, 5)):
        name = data.draw(st.sampled_from(sorted(value)))
        if not data.draw(st.integers(0, 9)):
            return {k: v for k, v in value.items() if k != name}
        return {**value, name: changed(value[name], data, depth + 1)}
    if isinstance(value, list) and value and depth < 5 and data.draw(st.integers(0, 5)):
        at = data.draw(st.integers(0, len(value) - 1))
        rest = [] if not data.draw(st.integers(0, 9)) else [changed(value[at], data, depth + 1)]
        return [*value[:at], *rest, *value[at + 1 :]]
    return data.draw(VALUES)


def draw_all(found: Attention) -> None:
    """Draw an attention in all five views, as a page and as a table."""
    for view in get_args(View):
        spec = FigureSpec(request=REQUEST, view=view)
        figure = resolve(spec, found, 4_000_000)
        markup = render_html(figure, "f", lambda name, _: name)
        words = " ".join([markup, describe(figure), str(figure_attributes(figure))])
        words += " ".join(str(pair) for pair in strongest_pairs(figure))
        words.encode()
        without_data = re.sub(r"<script.*?</script>", "", words, flags=re.DOTALL)
        assert not re.search(r"\b(?:nan|inf|infinity)\b", without_data, re.IGNORECASE)


BOUNDED = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@BOUNDED
@given(st.data())
def test_a_forged_header_is_refused_or_drawn(data: Any) -> None:
    forged = HEADER
    for _ in range(data.draw(st.integers(1, 3))):
        forged = changed(forged, data)
    try:
        entry = sealed(forged)
        found = unpack(entry, REQUEST.key)
    except DamagedEntryError:
        return
    open_entry(entry, REQUEST.key)
    draw_all(found)


@pytest.mark.slow
@BOUNDED
@given(st.data())
def test_forged_numbers_are_refused_or_drawn(data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(arrays())))
    raw = bytearray(zlib.decompress(arrays()[name][1]))
    numbers = [0, 1, 0x7F, 0x80, 0xC0, 0xFF]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        if data.draw(st.booleans()):
            special = data.draw(st.sampled_from([1e-45, -1e9, 1e9, 3e38, np.nan, -np.inf, 0.0]))
            raw[at - at % 4 : at - at % 4 + 4] = np.float32(special).tobytes()
        else:
            raw[at] = data.draw(st.sampled_from(numbers))
    try:
        found = unpack(with_array(name, bytes(raw)), REQUEST.key)
    except DamagedEntryError:
        return
    draw_all(found)
