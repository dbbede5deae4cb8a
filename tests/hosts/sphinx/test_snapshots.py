"""The HTML of whole figures is committed, so that every change is seen and intended."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from tests.conftest import FOX, FOX_ROWS, indent

PAGES = {
    "at rest": f".. attention-figure:: {FOX}\n   :name: fox\n\n{indent(FOX_ROWS)}\n   A caption.\n",
    "pinned": f".. attention-figure:: {FOX}\n   :focus: brown\n   :align: left\n   :class: wide\n\n"
    + indent(FOX_ROWS),
    "causal, two heads": ".. attention-figure:: one two\n   :causal:\n   :head: 1\n   :focus: one\n\n"
    "   1 0\n   0.5 0.5\n\n   1 0\n   0.25 0.75\n",
    "hostile": '.. attention-figure:: x\n   :tokens: ["<b>&\\"", "שלום"]\n   :alt: <i>\n   :focus: 0\n\n'
    "   0.5 0.5\n   0 1\n",
}


@pytest.mark.parametrize("name", PAGES)
def test_html(project, snapshot, name: str) -> None:
    made = project({"index.rst": f"P\n=\n\n{PAGES[name]}"})
    made.build(strict=True)
    figure = BeautifulSoup(made.html(), "html.parser").find("figure")
    script = figure.find("script", type="application/x-attention")
    script["data-key"] = "…"
    script.string = "…"  # Payloads depend on zlib. Other tests read their content.
    assert str(figure) == snapshot
