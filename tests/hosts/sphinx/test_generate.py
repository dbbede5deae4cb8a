"""A text that a model continues, in pages, in other builders and in other languages."""

from __future__ import annotations

import pytest

CONF = """
extensions = ["sphinx_attention", "myst_parser"]
attention_model = "builtin"
attention_models = {"words": {"function": "course_model:attention"}}
"""
FIGURE = ".. attention-figure:: one two three one two\n   :generate: 3\n   :layer: 1\n   :head: 2\n"
FENCE = "```{attention-figure} one two three one two\n:generate: 3\n:layer: 1\n:head: 2\n```\n"


def test_other_builders_have_the_text_and_the_next_tokens(project) -> None:
    made = project({"index.rst": FIGURE}, CONF)
    made.build("text", strict=True)
    text = (made.folder / "_build" / "text" / "index.txt").read_text(encoding="utf-8")
    words = " ".join(text.split())
    assert "one two three one two" in words
    assert "continuation: *three one two*" in words
    assert "Likeliest after “one”: two 0." in words
    assert "from “three” on, the model wrote the text itself" in words


def test_a_page_has_the_slider_and_its_script(project) -> None:
    made = project(
        {"index.rst": FIGURE, "other.md": f"---\norphan: true\n---\n\n# P\n\n{FENCE}"}, CONF
    )
    made.build("html", strict=True)
    for page in ("index", "other"):
        html = made.html(page)
        assert 'max="3" value="3"' in html
        assert "attention-generate.js" in html


def test_other_pages_have_no_such_script(project) -> None:
    plain = project({"index.rst": ".. attention-figure:: one two\n"}, CONF)
    plain.build("html", strict=True)
    assert "attention-generate.js" not in plain.html()


def test_a_german_page_has_german_phrases(project) -> None:
    made = project({"index.rst": FIGURE}, f'{CONF}language = "de"\n')
    made.build("html", strict=True)
    html = made.html()
    assert "neues Token" in html
    assert "3 von 3: two" in html
    assert "ab „three“ hat das Modell den Text selbst geschrieben" in html
    assert "Die wahrscheinlichsten nächsten Tokens" in html


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (":generate: 0", "invalid value '0' for generate: expected a whole number from 1 to 64"),
        (":generate: twelve", "invalid value 'twelve' for generate"),
        (":max_new_tokens: 4", "did you mean generate?"),
        (":generate: 4\n   :pair: a b", "remove the option pair, or the option generate"),
        (":generate: 4\n   :model: words", "words is a function"),
        (":generate: 4\n   :focus: cat", "cat"),
        (":generate: 4\n   :selection: step=9", "expected a whole number from 1 to 4"),
    ],
)
def test_mistakes_are_reported_at_their_line(project, options: str, message: str) -> None:
    made = project({"index.rst": f"P\n=\n\n.. attention-figure:: one two\n   {options}\n"}, CONF)
    made.build("html")
    (warning,) = [line for line in made.warnings.splitlines() if "index.rst" in line]
    assert "index.rst:4: " in warning
    assert message in warning


def test_a_text_of_the_models_full_length_is_reported(project) -> None:
    text = " ".join(["word"] * 508)
    made = project({"index.rst": f".. attention-figure:: {text}\n   :generate: 9\n"}, CONF)
    made.build("html")
    assert "invalid value 9 for generate: the text has 509 tokens, and builtin takes 512" in (
        made.warnings
    )
    assert "generate 3 at most" in made.warnings
