"""Mistakes that a teacher makes: each message names the place, the mistake and the remedy.

All mistakes stand in one project, each on a page of its own, and are built once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sphinx.testing.util import SphinxTestApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AB = "0.7 0.3\n0.5 0.5"
BELOW = "directly below the directive's first line"

# The text behind the directive's name and on the lines below; the kind of the warning; the line of
# the mistake, counted from the directive; and a part of the warning.
Mistake = tuple[str, str, int, tuple[str, ...]]

OPTION_LINES: list[Mistake] = [
    ("a b\nlayer=0\n\nAB", "option", 1, ("'layer=0'", "the option layer", "':layer: 0'", BELOW)),
    ("a b\nlayer = 0\n\nAB", "option", 1, ("'layer = 0'", "':layer: 0'")),
    ("a b\n- layer: 0\n\nAB", "option", 1, ("'- layer: 0'", "':layer: 0'")),
    ("a b\n* layer: 0\n\nAB", "option", 1, ("'* layer: 0'", "':layer: 0'")),
    ("a b\nlayer: 0\n\nAB", "option", 1, ("'layer: 0'", "':layer: 0'")),
    ("a b\nview: matrix\n\nAB", "option", 1, ("'view: matrix'", "':view: matrix'")),
    ("a b\nfocus: a\n\nAB", "option", 1, ("'focus: a'", "':focus: a'")),
    ("a b\n--layer=0\n\nAB", "option", 1, ("'--layer=0'", "':layer: 0'")),
    ('a b\n"layer": 0\n\nAB', "option", 1, ("the option layer", "':layer: 0'")),
    ("a b\n{layer: 0}\n\nAB", "option", 1, ("'{layer: 0}'", "':layer: 0'")),
    ("a b\n\n:layer: 0\n\nAB", "option", 2, ("become part of the caption", BELOW)),
    ("a b\n\nAB\n\n:layer: 0", "option", 5, ("become part of the caption", BELOW)),
    ("a b\n\nAB\n\nA caption.\n\n:layer: 0", "option", 7, ("':layer: 0'", BELOW)),
    ("a b\n\nlayer=0, head=0\n\nAB", "option", 2, ("become part of the caption", "':layer: 0'")),
    ("a b\n\nlayer: 0\n\nAB", "option", 2, ("become part of the caption", "':layer: 0'")),
    ("a b :layer: 0\n\nAB", "option", 0, ("stay in the sentence", "':layer: 0'")),
    ("a b layer=0\n\nAB", "option", 0, ("stay in the sentence", "':layer: 0'")),
    ("a b\n:layer:0\n\nAB", "option", 1, ("':layer:0'", "write ':layer: 0'", BELOW)),
    ("a b\n:layer 0\n\nAB", "option", 1, ("':layer 0'", "write ':layer: 0'")),
    ("a b\n:layr:0\n\nAB", "option", 1, ("':layr:0'", "write ':layer: 0'")),
    ("a b\n:view:matrix\n\nAB", "option", 1, ("':view:matrix'", "write ':view: matrix'")),
]

ONLY_RST: list[Mistake] = [
    ("a b\n:layer : 0\n\nAB", "option", 1, ("':layer : 0'", "write ':layer: 0'")),
    ("a b\n  :layer: 0\n:head: 0\n\nAB", "option", 1, ("join the sentence", "indented as")),
    ("a b\n:layer: 0\n  :head: 0\n\nAB", "option", 2, ("join the value of the option layer",)),
    ("a b\n:layer: 0\nhead=0\n\nAB", "option", 2, ("'head=0'", "write ':head: 0'")),
    ("a b\n:layer: 0\n:layer: 0\n\nAB", "option", 2, ("layer is given twice", "remove one")),
    ("a b\n:layer: 0\nand so on\n\nAB", "option", 2, ("'and so on' stands among the options",)),
    ("a b\nhead 0\n\nAB", "option", 1, ("'head 0'", "':head: 0'")),
    ("a b\n:layer 0:\n\nAB", "option", 1, ("':layer 0:'", "write ':layer: 0'")),
    ("a b\n:layer: 0\nAB", "option", 2, ("'0.7 0.3' stands among the options", "a blank line")),
    (".. layer: 0\n\nAB", "option", 0, ("':layer: 0'",)),
    ("\n   the quick fox", "text", 0, ("the text is missing", "the text below is the caption")),
    ("\nthe quick fox", "text", 0, ("the text is missing", "the directive's own line")),
]

ONLY_MYST: list[Mistake] = [
    ("a b\n---\nlayer: 0\nhead=0\n---\nAB", "option", 3, ("'head=0'", "write ':head: 0'")),
    ('a b\n:focus: "a" b\n\nAB', "option", 1, ("MyST dropped all options", ":focus: '\"a\" b'")),
    ('a b\n:tokens: "New York", b\n\nAB', "option", 1, ("not YAML", ':tokens: ["New York", "b"]')),
    ("a b\n:layer:\t0\n\nAB", "option", 1, ("not YAML", "write :layer: 0")),
    ("a b\n:Layer: 0\n\nAB", "option", 0, ("unknown option 'Layer'", "did you mean layer?")),
    ("a b\n---\nlayer: 0\n\nAB", "option", 1, ("no second '---' ends them",)),
    ("a b\n---\n:layer: 0\n---\nAB", "option", 2, ("write 'layer: 0', without a first",)),
    ("a b\n\n---\nlayer: 0\n---\nAB", "option", 3, ("'layer: 0'", "before any blank line")),
    ("a b\n:layer: 0\n:layer: 1\n\nAB", "option", 1, ("layer is given twice", "remove one")),
    ('a b\n:link: "\\ud800"\n\nAB', "option", 0, ("for link", "whole characters")),
    ('a b\n:name: "\\ud800"\n\nAB', "option", 0, ("for name", "whole characters")),
    ('a b\n:caption: "\\ud800"\n\nAB', "option", 0, ("for caption", "whole characters")),
]

VALUES: list[Mistake] = [
    ("a b\n:layer: 0 :head: 0\n\nAB", "option", 1, ("join the value", "write ':head: 0'")),
    ("a b\n:layer: 0, head: 0\n\nAB", "option", 1, ("join the value", "write ':head: 0'")),
    ("a b\n:focus: [a]\n\nAB", "option", 0, ("'[a]' for focus", "without quotation marks: a")),
    ("a b\n:focus: a, b\n\nAB", "option", 0, ("'a, b' for focus", "between them: a | b")),
    ("a b\n:layer: -1\n\nAB", "option", 0, ("invalid value '-1' for layer: expected a whole",)),
    ("a b\n:layer: first\n\nAB", "option", 0, ("'first' for layer", "from 0, or auto")),
    ("a b\n:layer: 1.5\n\nAB", "option", 0, ("head 1.5 is head 5 of layer 1",)),
    ("a b\n:layer: 1\n\nAB", "option", 0, ("layers count from 0", "the last of 1 is 0")),
    ("a b\n:layer: ²\n\nAB", "option", 0, ("invalid value '²' for layer",)),
    ("a b\n:head: 0,1\n\nAB", "option", 0, ("'0, 1' for head", "the view heads")),
    ("a b\n:head: one\n\nAB", "option", 0, ("invalid value 'one' for head", "such as 0-3,7")),
    ("a b\n:heads: 3-0\n\nAB", "option", 0, ("runs backwards: write 0-3",)),
    ("a b\n:layers: all\n\nAB", "option", 0, ("invalid value 'all' for layers", "0-3,7")),
    ("a b\n:view: heatmap\n\nAB", "option", 0, ("'heatmap' for view", "did you mean matrix?")),
    ("a b\n:view: Arcs\n\nAB", "option", 0, ("expected arcs, heads", "did you mean arcs?")),
    ("a b\n:view: steps\n\nAB", "option", 0, ("'steps' for view", "weights alone")),
    ("a b\n:aggregate: average\n\nAB", "option", 0, ("for aggregate", "did you mean mean?")),
    ("a b\n:special: hidden\n\nAB", "option", 0, ("expected show, dim or hide", "mean hide?")),
    ("a b\n:rest: all\n\nAB", "option", 0, ("ghost, none or overview", "did you mean overview?")),
    ("a b\n:cutoff: 95%\n\nAB", "option", 0, ("'95%' for cutoff", "such as 0.95")),
    ("a b\n:cutoff: 0\n\nAB", "option", 0, ("above 0 and up to 1",)),
    ("a b\n:causal: yes\n\nAB", "option", 0, ("'yes' for causal", "expected no value")),
    ("a b\n:link: my figures\n\nAB", "option", 0, ("'my figures' for link", "one word")),
    ("a b\n:class: 1 2\n\nAB", "option", 0, ("'1 2' for class", "has a letter")),
    ("a b\n:class:\n\nAB", "option", 0, ("'' for class", "names with spaces between")),
    ("a b\n:score: previos", "option", 0, ("for score", "did you mean previous?")),
    ("a b\n:projection: pca, tsnee", "option", 0, ("for projection", "did you mean tsne?")),
    ("a b\n:selection: scale=lgo\n\nAB", "option", 0, ("'lgo'", "did you mean log?")),
    ("a b\n:selection: directon=to\n\nAB", "option", 0, ("did you mean direction?",)),
    ("a b\n:scale: log\n\nAB", "option", 0, ("mean the option selection with scale=…?",)),
    ("a b\n:align: middle\n\nAB", "option", 0, ("expected left, center or right",)),
    ("a b\n:focus: c\n\nAB", "option", 0, ("'c' for focus", "the tokens are a b")),
    ("a b\n:focus: ²\n\nAB", "option", 0, ("'²' for focus", "its number from 0 to 1")),
    ("a b\n:focus: a#3\n\nAB", "option", 0, ("'a#3' for focus", "#2 for the second")),
    ("a b\n:layr: 0\n\nAB", "option", 0, ("unknown option 'layr' (did you mean layer?)",)),
    ("a b\n:title: x\n\nAB", "option", 0, ("unknown option 'title' (did you mean caption?)",)),
    ("a b\n:tokens: a, b\n\nAB", "option", 0, ("for tokens: expected a JSON list", "commas")),
    (
        "a b\n:tokens: [a, b]\n\nAB",
        "option",
        0,
        ("for tokens", "begins like a list, but is not one"),
    ),
    ("a b\n:tokens: [[[[1]]]]\n\nAB", "option", 0, ("for tokens", "in quotation marks")),
    ("a b\n:pair: c\n\nAB", "option", 0, ("the option pair needs a model", "remove")),
    ("a b\n:scores: logits", "option", 0, ("the option scores needs a matrix", "remove")),
    ("a b\n:model: minilmm", "model", 0, ("unknown model 'minilmm'", "did you mean 'minilm'?")),
    ("a b\n:model: buitlin", "model", 0, ("did you mean 'builtin'?",)),
    ("a b\n:selection: up\n\nAB", "option", 0, ("for selection", "direction=to&pin=k4")),
    ("a b c\n\nAB", "matrix", 0, ("3 tokens and 2 rows",)),
]

EVERYWHERE = [*OPTION_LINES, *VALUES]
ALL = [
    *(("rst", one) for one in [*EVERYWHERE, *ONLY_RST]),
    *(("myst", one) for one in [*EVERYWHERE, *ONLY_MYST]),
]

FINE = [
    "He said head: 5 is it\n\nABCDEF",
    "the cat slept\nand its head: the best part",
    "the cat slept on\nview of the sea",
    "the cat slept on\nmodel trains",
    "a b\n\nAB\n\nLayer 5, head 11: a caption.",
    "a b\n\nAB\n\nHead: the best part of it.",
    "a b\n\nAB\n\nA caption about\nhead: 5 of them.",
    "a b\n\nAB\n\n:math:`x` is a caption.",
    "a b\n:caption: layer: 0\n\nAB",
    "a b\n\nAB\n\nA caption.\n\n::\n\n   :layer: 0",
]


def page(syntax: str, source: str) -> str:
    """A page whose sixth line is the line of the directive."""
    source = source.replace("ABCDEF", "\n".join(["1 0 0 0 0 0"] * 6))
    source = source.replace("AB", AB)
    if syntax == "myst":
        return f"# P\n\nText.\n\n\n```{{attention-figure}} {source}\n```\n\nThe rest.\n"
    own, *lines = source.split("\n")
    indented = "\n".join(f"   {line}" if line else "" for line in lines)
    return f"P\n=\n\nText.\n\n.. attention-figure:: {own}\n{indented}\n\nThe rest.\n"


COMMENTS = [".. attention-figure: a b", ".. attention-figure a b", ".. attention-figure::a b"]


@pytest.mark.parametrize("line", COMMENTS)
def test_a_comment_that_was_meant_as_a_figure(project, line: str) -> None:
    made = project({"index.rst": f"P\n=\n\nText.\n\n{line}\n   :layer: 0\n\nThe rest.\n"})
    made.build()
    (warning,) = made.warnings.splitlines()
    assert "index.rst:6: WARNING: " in warning
    assert "is a comment and no figure: write '.. attention-figure::'" in warning
    assert "attention-placeholder" in made.html()


FENCES = {
    "```{attention-figure} the `quick` fox\n:layer: 0\n```": "has a backtick: fence the directive with '~~~'",
    ":::{attention-figure} the quick fox\n:layer: 0\n:::": "add 'colon_fence' to myst_enable_extensions",
}


@pytest.mark.parametrize("fence", FENCES)
def test_a_fence_that_is_read_as_text(project, fence: str) -> None:
    made = project({"index.md": f"# P\n\nText.\n\n\n{fence}\n"}, "myst_enable_extensions = []")
    made.build()
    (warning,) = made.warnings.splitlines()
    assert "index.md:6: WARNING: this fence is read as text and is no figure" in warning
    assert FENCES[fence] in warning
    assert "attention-placeholder" in made.html()


def test_a_wrong_class_of_an_attention_directive_that_is_a_figure(project) -> None:
    made = project(
        {
            "index.rst": "P\n=\n\n.. attention:: a b\n   :view: matrix\n   :class: 1\n\n   1 0\n   0 1\n"
        }
    )
    made.build()
    (warning,) = [line for line in made.warnings.splitlines() if "[attention.option]" in line]
    assert "index.rst:6: WARNING: invalid value '1' for class: expected names" in warning
    assert "attention-placeholder" in made.html()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "conf.py").write_text(
        'extensions = ["sphinx_attention", "myst_parser"]\n'
        'attention_models = {"minilm": {"path": "nowhere"}}\nattention_mode = "frozen"\n'
    )
    (folder / "index.rst").write_text("Mistakes\n========\n\n.. toctree::\n   :glob:\n\n   *\n")
    for number, (syntax, (source, *_)) in enumerate(ALL):
        suffix = {"rst": "rst", "myst": "md"}[syntax]
        (folder / f"p{number}.{suffix}").write_text(page(syntax, source), encoding="utf-8")
    for number, source in enumerate(FINE):
        (folder / f"fine{number}.rst").write_text(page("rst", source), encoding="utf-8")
    app = SphinxTestApp("html", srcdir=folder)
    app.build()
    yield folder, re.sub(r"\x1b\[[0-9;]*m", "", app.warning.getvalue())
    app.cleanup()


@pytest.mark.parametrize("number", range(len(ALL)), ids=lambda n: f"{ALL[n][0]}-{ALL[n][1][0]!r}")
def test_a_message_has_the_place_and_the_remedy(built: tuple[Path, str], number: int) -> None:
    folder, warnings = built
    syntax, (_, subtype, below, fragments) = ALL[number]
    name = f"p{number}.{'rst' if syntax == 'rst' else 'md'}"
    own = [
        line
        for line in warnings.splitlines()
        if line.startswith(f"{folder / name}:") and f"[attention.{subtype}]" in line
    ]
    assert len(own) == 1
    place, _, message = own[0].partition(": WARNING: ")
    assert place == f"{folder / name}:{6 + below}"
    for fragment in fragments:
        assert fragment in message
    html = (folder / "_build" / "html" / f"p{number}.html").read_text(encoding="utf-8")
    assert "attention-placeholder" in html
    assert '<figure class="attention-figure' not in html
    assert "The rest." in html


@pytest.mark.parametrize("number", range(len(FINE)), ids=lambda n: repr(FINE[n]))
def test_a_sentence_or_a_caption_may_talk_of_options(built: tuple[Path, str], number: int) -> None:
    _folder, warnings = built
    own = [line for line in warnings.splitlines() if f"fine{number}.rst" in line]
    assert not [line for line in own if "[attention.option]" in line]
