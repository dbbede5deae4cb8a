"""The phrases of figures: complete in every language, with the same placeholders."""

from __future__ import annotations

import json
import re
from importlib import resources
from string import Formatter

import numpy as np
import pytest
from bs4 import BeautifulSoup
from markupsafe import Markup

from sphinx_attention.core import phrases as module
from sphinx_attention.core.phrases import browser_script, languages, phrases
from sphinx_attention.core.render.common.text_metrics import text_width
from sphinx_attention.core.render.html import figure_attributes, render_html
from tests.core.render.figures import figure

OTHERS = [language for language in languages() if language != "en"]


LABEL = 16
"""Characters up to which an English phrase is a label: a word of a control, an axis or a column."""

WIDEST_LABEL = 100.0
"""Px that a label of another language may take at 13 px, where the English one is short."""

PARTICLES = "은는이가을를과와"
"""Korean particles whose form depends on the sound before them."""


def texts(language: str) -> dict[str, dict[str, str]]:
    file = resources.files(module) / f"{language}.json"
    return json.loads(file.read_text(encoding="utf-8"))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_complete(language: str) -> None:
    english, other = texts("en"), texts(language)
    assert {part: set(words) for part, words in english.items()} == {
        part: set(words) for part, words in other.items()
    }
    for part, words in english.items():
        for name, text in words.items():
            assert placeholders(text) == placeholders(other[part][name]), name
            assert other[part][name].strip()


def phrases_of(language: str) -> dict[str, str]:
    return {name: text for words in texts(language).values() for name, text in words.items()}


def test_the_languages() -> None:
    assert set(languages()) == {"en", "de", "ko", "ar"}


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_not_much_longer_than_english(language: str) -> None:
    """Labels stand in a row, in columns and beside pictures; sentences may wrap."""
    english = phrases_of("en")
    for name, text in phrases_of(language).items():
        widths = [text_width(re.sub(r"\{\w+\}", "0", one), 13) for one in (english[name], text)]
        label = len(english[name]) <= LABEL and not re.search(r"[{.]", english[name])
        most = max(1.6 * widths[0], WIDEST_LABEL) if label else 2.3 * widths[0]
        assert widths[1] <= most, (name, text)


def test_no_korean_particle_depends_on_what_is_put_in() -> None:
    """A particle such as 을 or 를 follows the sound of the word before it, which may be any."""
    for name, text in phrases_of("ko").items():
        assert not re.search(rf"\}}\W*(?:[{PARTICLES}]|으로|로|이나|나|이라|라)(?!\w)", text), name


def test_no_arabic_noun_is_counted() -> None:
    """The form of a counted noun depends on the number: 3 رؤوس, but 11 رأسًا."""
    for name, text in phrases_of("ar").items():
        assert not re.search(r"\{count\}\s+(?!من\b|على الأكثر)\w", text), name


def test_no_name_is_in_two_parts() -> None:
    names = [name for words in texts("en").values() for name in words]
    assert len(names) == len(set(names))


def test_regions_and_unknown_languages() -> None:
    assert phrases("de").language == "de"
    assert phrases("de_AT").language == phrases("de-AT").language == "de"
    assert phrases("tlh").language == phrases("en_GB").language == "en"


def test_values_are_escaped_in_markup_alone() -> None:
    say = phrases("en")
    assert say("title_of", model="<b>") == "Attention of <b>"
    assert say.markup("title_of", model="<b>") == Markup("Attention of &lt;b&gt;")
    assert say.markup("title_of", model=Markup("<b>x</b>")) == Markup("Attention of <b>x</b>")
    assert say("title_of", model="{layer}") == "Attention of {layer}"


def test_the_browser_gets_the_words_of_other_languages() -> None:
    assert browser_script("en") == browser_script("tlh") == ""
    script = browser_script("de")
    found = re.fullmatch(r"globalThis\.attentionPhrases=(\{.*\});\n", script)
    assert found
    spoken = [words for part, words in texts("de").items() if part.startswith("script")]
    assert len(spoken) > 1
    assert json.loads(found[1]) == {name: text for words in spoken for name, text in words.items()}
    assert script.isascii()


@pytest.mark.parametrize("view", ["arcs", "heads", "grid", "matrix"])
def test_a_figure_has_phrases_of_one_language(view: str) -> None:
    rows = np.full((2, 3, 4, 4), 0.25)
    shown = figure("der schnelle braune Fuchs", rows, view=view, language="de", label="toy")
    page = BeautifulSoup(render_html(shown, "f"), "html.parser")
    assert figure_attributes(shown)["lang"] == "de"
    words = " ".join(page.stripped_strings)
    labels = " ".join(
        str(element.get(name, ""))
        for element in page.find_all(True)
        for name in ("aria-label", "title")
    )
    assert "Schicht" in words
    for english in (
        "layer",
        "head",
        "heads",
        "looks",
        "Point",
        "Strongest",
        "query",
        "sorted",
        "weight",
    ):
        assert not re.search(rf"\b{english}\b", words), english
        assert not re.search(rf"\b{english}\b", labels), english


def test_english_words_on_a_page_of_another_language_are_marked() -> None:
    shown = figure("le renard", np.eye(2), language="fr", label="toy")
    page = BeautifulSoup(render_html(shown, "f"), "html.parser")
    assert "lang" not in figure_attributes(shown)
    marked = [element.name for element in page.select('[lang="en"]')]
    assert marked == ["title", "desc", "desc", "div", "details"]
    assert not page.select('[lang="en"] [data-token]')
    plain = figure("the fox", np.eye(2), language="en_GB", label="toy")
    assert "lang=" not in render_html(plain, "f")
