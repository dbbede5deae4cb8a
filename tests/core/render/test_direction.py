"""Figures on pages that are read from right to left."""

from __future__ import annotations

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention.core.phrases import is_right_to_left
from sphinx_attention.core.render.description import describe
from sphinx_attention.core.render.html import figure_attributes, render_html
from tests.core.render.figures import figure


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        *(dict.fromkeys(("ar", "ar_EG", "he", "fa", "fa-IR", "ur", "yi", "uz-Arab"), True).items()),
        *(dict.fromkeys(("en", "de_AT", "ko", "he-Latn", "az", "zh_Hant_TW"), False).items()),
    ],
)
def test_which_languages_are_read_from_right_to_left(language: str, expected: bool) -> None:
    assert is_right_to_left(language) is expected


@pytest.mark.parametrize("language", ["ar", "he", "fa_IR", "ur"])
def test_the_figure_follows_the_page_and_the_picture_its_sentence(language: str) -> None:
    for sentence, reading in (("the quick fox", "ltr"), ("القط نام هنا", "rtl")):
        shown = figure(sentence, np.eye(3), language=language, label="toy")
        page = BeautifulSoup(render_html(shown, "f"), "html.parser")
        assert figure_attributes(shown)["dir"] == "rtl"
        assert page.svg is not None
        assert page.svg["direction"] == reading


def test_a_page_read_from_left_to_right_gets_no_direction() -> None:
    for language in ("en", "de", "ko", "fr"):
        shown = figure("القط نام هنا", np.eye(3), language=language, label="toy")
        page = BeautifulSoup(render_html(shown, "f"), "html.parser")
        assert "dir" not in figure_attributes(shown)
        assert page.svg is not None
        assert page.svg["direction"] == "rtl"


def test_tokens_are_isolated_in_texts_of_the_other_direction() -> None:
    shown = figure("the fox.", np.eye(2), language="ar", label="toy")
    assert "\u2068fox.\u2069" in describe(shown)
    english = figure("the fox.", np.eye(2), label="toy")
    assert "\u2068" not in describe(english)
