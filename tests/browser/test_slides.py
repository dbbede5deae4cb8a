"""Figures on slides by sphinx-revealjs, whose text is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DECK = """
P
=

A
-

B
^

.. attention:: the cat sat on the mat
   :model: builtin
   :focus: sat
"""


@pytest.mark.filterwarnings("ignore")  # warnings of the other package
def test_controls_are_as_large_as_the_words_of_the_picture(project, browser: Browser) -> None:
    conf = 'extensions = ["sphinx_attention", "sphinx_revealjs"]\nexclude_patterns = ["_build"]\n'
    made = project({"index.rst": DECK}, conf)
    made.build("revealjs", strict=True)
    page = browser.new_page(viewport={"width": 960, "height": 700})
    page.goto((made.folder / "_build" / "revealjs" / "index.html").as_uri())
    page.wait_for_selector("figure.attention-figure", state="attached")
    size = "name => parseFloat(getComputedStyle(document.querySelector(name)).fontSize)"
    assert page.evaluate(size, ".attention-figure") == 20
    assert page.evaluate(size, ".reveal") > 2 * 16
    page.close()
