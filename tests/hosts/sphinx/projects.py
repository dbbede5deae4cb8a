"""Pages and projects of the tests of builds."""

from __future__ import annotations

from bs4 import BeautifulSoup

from tests.conftest import FOX, FOX_ROWS, indent

FIGURE = f".. attention-figure:: {FOX}\n   :name: fox\n   :focus: brown\n\n{indent(FOX_ROWS)}\n   A *caption*.\n"


PAGE = f"Page\n====\n\nSee :numref:`fox` and :ref:`the fox <fox>`.\n\n{FIGURE}\nAfter it.\n"


def figure_tags(html: str) -> list:
    return BeautifulSoup(html, "html.parser").find_all("figure", class_="attention-figure")
