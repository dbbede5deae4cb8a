"""Pieces of markup that Python writes are escaped as a template engine escapes them."""

from __future__ import annotations

import markupsafe
from hypothesis import given
from hypothesis import strategies as st

from sphinx_attention.core.render.common.markup import attribute, direction, escape
from sphinx_attention.core.text import legal


@given(st.text())
def test_texts_are_escaped_as_templates_escape_them(text: str) -> None:
    assert escape(text) == str(markupsafe.escape(legal(text)))


def test_an_attribute_cannot_be_left() -> None:
    assert attribute("title", '"><script>') == ' title="&#34;&gt;&lt;script&gt;"'
    assert attribute("title", "x", given=False) == ""


def test_only_text_from_right_to_left_has_a_direction() -> None:
    assert direction("שלום") == ' dir="rtl"'
    assert direction("fox") == ""
