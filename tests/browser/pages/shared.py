"""Pages for the behaviour that all views share: several pins, saving, links, addresses."""

from __future__ import annotations

from tests.conftest import FOX, FOX_ROWS, indent

from . import DOG, heading, words_at_random

FUNCTIONS = words_at_random(layers=2, heads=2)
MODELS = {"words": {"function": "pages_shared:words"}}

REPEATED = "the cat sat on the mat # the 3 | 0"

PAGES = {
    "sums.rst": heading("Sums")
    + f".. attention:: {DOG}\n   :name: sums\n   :layer: 5\n   :head: 11\n\n"
    + f".. attention:: {DOG}\n   :name: summed\n   :layer: 5\n   :head: 11\n   :focus: brown | fox\n",
    "linked.rst": heading("Linked")
    + f".. attention:: {DOG}\n   :name: one\n   :layer: 5\n   :head: 11\n   :link: both\n\n"
    + f".. attention:: {DOG}\n   :name: two\n   :layer: 0\n   :head: 2\n   :link: both\n\n"
    + ".. attention-figure:: a b the\n   :name: few\n   :model: words\n   :layer: 1\n   :head: 1\n"
    + "   :link: both\n\n"
    + f".. attention:: {DOG}\n   :name: apart\n   :layer: 5\n   :head: 11\n",
    "late.rst": heading("Late")
    + f".. attention:: {DOG}\n   :name: early\n   :layer: 5\n   :head: 11\n   :link: both\n\n"
    + "".join(f"Paragraph {n}.\n\n" for n in range(80))
    + f".. attention:: {DOG}\n   :name: late\n   :layer: 0\n   :head: 2\n   :link: both\n",
    "views.rst": heading("Views")
    + "".join(
        f".. attention:: {DOG}\n   :name: every-{view}\n   :view: {view}\n   :layer: 5\n"
        f"   :head: {head}\n   :focus: fox\n\n"
        for view, head in (("heads", "11,0,3"), ("grid", 11), ("matrix", 11), ("steps", 11))
    ),
    "addressed.rst": heading("Addressed")
    + "".join(f"Paragraph {n}.\n\n" for n in range(80))
    + f".. attention:: {DOG}\n   :name: far-away\n   :layer: 5\n   :head: 11\n\n"
    + f".. attention-figure:: {FOX}\n\n{indent(FOX_ROWS)}\n"
    + "".join(f"Paragraph {n}.\n\n" for n in range(40)),
    "copied.rst": heading("Copied")
    + f".. attention-figure:: {REPEATED}\n   :name: repeated\n   :model: words\n   :cutoff: 0.8\n"
    + "   :caption: Not copied.\n\n"
    + f".. attention-figure:: {FOX}\n   :name: rows\n   :causal:\n   :focus: fox\n\n"
    + indent("1 0 0 0\n0.5 0.5 0 0\n0.2 0.3 0.5 0\n0.1 0.2 0.3 0.4\n"),
    "markdown.md": "# Page Markdown\n\n"
    f"```{{attention-figure}} {FOX}\n:name: marked\n:focus: quick\n\n{FOX_ROWS}```\n",
}
