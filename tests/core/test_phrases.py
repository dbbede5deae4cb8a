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
from sphinx_attention.core.render.html import figure_attributes, render_html
from tests.core.render.figures import figure

OTHERS = [language for language in languages() if language != "en"]


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
