"""PDFs by pdfLaTeX, XeLaTeX and LuaLaTeX: every token, every view, every place."""

from __future__ import annotations

import json

import pytest

from tests.conftest import indent
from tests.hosts.sphinx.test_other_builders import PLACES

ENGINES = ["pdflatex", "xelatex", "lualatex"]

HOSTILE = [
    r"\end{document}",
    "%",
    "100%",
    "^^M",
    "$x$",
    "#1",
    "a&b",
    "~",
    "{",
    "}",
    "}}",
    "_",
    "\\",
    "\\\\",
    r"\input{x}",
    r"\fi",
    "^",
    '"',
    "'",
    "``",
    "--",
    "---",
    "?`",
    "!`",
    "<<",
    ">>",
    ",,",
    "[",
    "]",
    "|",
    "@",
    "=",
    ":",
    ";",
]
ODD = [
    "\u2581the",
    "<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    "",
    " ",
    "\n",
    "\t",
    "\x00",
    "\u0120a",
    "\u010a",
    "é",
    "e\u0301",
    "ß",
    "α",
    "Ω",
    "√",
    "∑",
    "→",
    "…",
    "“q”",
    "\u00a0",
    "\u200b",
    "\ufffd",
    "\U0010ffff",
    "\u2205",
    "\u2029",
]
SCRIPTS = [
    "각",
    "나무는",
    "語",
    "の",
    "ж",
    "слово",
    "שלום",
    "سلام",
    "नमस्ते",
    "ไทย",
    "😀",
    "👩\u200d💻",
    "👍🏽",
    "ﬀ",
    "Ａ",
    "½",
    "x\u0307\u0323",
]


def figure(tokens: list[str], options: str = "") -> str:
    """A figure over these tokens, each of which looks at the first and at itself."""
    rows = [
        " ".join(
            "0.5" if key in {0, query} and query else "1" if key == query else "0"
            for key in range(len(tokens))
        )
        for query in range(len(tokens))
    ]
    listed = indent(f":tokens: {json.dumps(tokens)}\n{options}".strip())
    return f".. attention-figure:: x\n{listed}\n\n" + indent("\n".join(rows)) + "\n\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_no_token_ends_a_build(pdf, engine: str) -> None:
    page = "P\n=\n\n" + "".join(
        figure(tokens[at : at + 9], ":focus: 3\n")
        for tokens in (HOSTILE, ODD, SCRIPTS)
        for at in range(0, len(tokens), 9)
    )
    made = pdf({"index.rst": page}, engine, strict=False, once=True)
    text = made.text.replace(" ", "")
    for token in HOSTILE:
        assert token in text, token
    assert ("pdflatex cannot set" in made.warnings) is (engine == "pdflatex")


def test_a_figure_is_printed_wherever_it_may_stand(pdf) -> None:
    conf = 'extensions += ["sphinx.ext.todo"]\ntodo_include_todos = True\n'
    page = "\n".join(
        f"{place}\n{'=' * len(place)}\n\n{text}\nThe end of {place}.\n"
        for place, text in PLACES.items()
    )
    made = pdf({"index.rst": f"P\n#\n\n{page}"}, conf=conf)
    assert made.tex.count(r"\begin{AttentionPicture}") == len(PLACES) + 1  # and the list of to-dos
    assert made.text.count("given weights") == len(PLACES) + 1
    assert made.text.count("The end of") == len(PLACES)


REFERRING = """
P
=

.. attention-figure:: a b c
   :name: bare
   :focus: b

   1 0 0
   0.25 0.75 0
   0.2 0.3 0.5

.. attention-figure:: a b c
   :name: captioned
   :align: right

   1 0 0
   0.5 0.5 0
   0.2 0.3 0.5

   The caption, *slanted*.

.. toctree::

   other
"""
OTHER = """
Other
=====

See :numref:`captioned`, :ref:`the bare one <bare>` and :attn:focus:`how b looks <bare b>`, which is
:attn:weight:`0.00 <bare b -> a>`.
"""


def test_references_and_numbers_hold_across_documents(pdf) -> None:
    made = pdf({"index.rst": REFERRING, "other.rst": OTHER}, conf="numfig = True\n")
    assert not made.undefined
    assert "See Fig. 1, the bare one and how b looks, which is 0.25." in made.text
    assert "Fig. 1: The caption, slanted." in made.text
    # The column of the pinned token, and the number under the token.
    assert made.text.count("0.750") == 2


def test_a_figure_without_a_caption_stays_where_it_is_written(pdf) -> None:
    bare = figure(["a", "b"])
    page = f"P\n=\n\nBefore.\n\n{bare}\nBetween.\n\n{bare}   A caption.\n\nAfter.\n"
    made = pdf({"index.rst": page}, once=True)
    first, _, second = made.tex.partition("Between.")
    assert r"\begin{AttentionHere}" in first
    assert r"\begin{figure}" not in first
    assert r"\begin{AttentionHere}" not in second
    assert r"\begin{figure}" in second
    words = made.text
    assert words.index("Before.") < words.index("given weights") < words.index("Between.")
    assert not made.too_wide


LONG = [f"word{number}" for number in range(30)]
VIEWS = f"""
P
=

.. attention:: the cat sat on the mat
   :model: builtin
   :layer: 0
   :head: 0
   :note: cat -> the | a label; mat | another

.. attention:: the cat sat on the mat
   :model: builtin
   :view: heads
   :heads: 0, 1
   :focus: sat

.. attention:: the cat sat on the mat
   :model: builtin
   :view: grid

.. attention:: the cat sat on the mat
   :model: builtin
   :view: matrix
   :focus: mat

.. attention:: the cat sat on the mat
   :model: builtin
   :view: steps
   :focus: sat

.. attention:: the cat sat on the mat
   :also: the dog sat on the log
   :compare: sentence
   :model: builtin
   :view: matrix
   :selection: compare=difference

{figure(LONG, ":focus: 4")}
.. attention:: {"the cat saw the dog and " * 20}
   :model: builtin
   :view: matrix

.. attention:: the cat sat on the mat
   :also: the dog sat on the log
   :compare: sentence
   :model: builtin
   :focus: sat

   Two sentences.
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_every_view_is_printed_within_the_line(pdf, engine: str) -> None:
    made = pdf({"index.rst": VIEWS}, engine, once=engine == "lualatex")
    assert not made.too_wide
    text = made.text
    for part in ("a label", "another", "builtin, layer 0, head 0", "the dog sat on the log"):
        assert part in text, part
    # The long row goes on in other strips, and no word is lost.
    assert set(LONG) <= set(text.split())
    assert r"\begin{AttentionClip}" in made.tex


def test_the_texts_of_placeholders_end_no_build(pdf) -> None:
    page = "P\n=\n\n.. attention:: 나무 \u2581the \uff5c $x$\n   :view: nope\n"
    made = pdf({"index.rst": page}, strict=False, once=True)
    assert "No attention figure here." in made.text
    assert "pdflatex cannot set" not in made.warnings


def test_what_the_preamble_declares_is_set(pdf) -> None:
    page = f"P\n=\n\n{figure(['ж', 'ы'])}"
    conf = r"""
latex_elements = {"preamble": r"\DeclareUnicodeCharacter{0436}{zhe}"}
"""
    made = pdf({"index.rst": page}, conf=conf, strict=False)
    assert "zhe" in made.text
    assert "pdflatex cannot set ы (U+044B);" in made.warnings
