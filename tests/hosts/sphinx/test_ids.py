"""Ids of figures are stable, unique in a project, and different from ids of sections."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from sphinx_attention.hosts.sphinx.ids import slug_of
from tests.conftest import indent

FIGURE = ".. attention-figure:: a b\n\n" + indent("0.7 0.3\n0.5 0.5\n") + "\n"


def heading(title: str) -> str:
    return f"{title}\n{'=' * 2 * len(title)}\n\n"


def ids(html: str) -> list[str]:
    return [tag["id"] for tag in BeautifulSoup(html, "html.parser").find_all(id=True)]


@pytest.mark.parametrize(
    ("document", "others", "slug"),
    [
        ("index", [], "index"),
        ("views/arcs", ["index", "views/index"], "views-arcs"),
        ("week-1", ["week/1", "week_1"], "week-1"),
        ("第一章", [], "page"),
    ],
)
def test_ordinary_names_keep_their_ids(document: str, others: list[str], slug: str) -> None:
    assert slug_of(document, [document, *others]) == slug


def test_names_that_differ_in_punctuation_alone_are_told_apart() -> None:
    names = ["week-1", "week/1", "week_1", "week.1", "第一章", "第二章", "page", "päge", "p/ge"]
    slugs = [slug_of(name, names) for name in names]
    assert len(set(slugs)) == len(names)
    assert all(re.fullmatch(r"[0-9A-Za-z-]+", slug) for slug in slugs)
    assert (slugs[0], slugs[6]) == ("week-1", "page")


def test_no_id_stands_twice_on_the_page_of_a_whole_project(project) -> None:
    names = ["第一章", "第二章", "week-1", "week/1"]
    files = {f"{name}.rst": heading(name) + FIGURE * 2 for name in names}
    tree = "".join(f"   {name}\n" for name in names)
    made = project({"index.rst": f"T\n=\n\n.. toctree::\n\n{tree}", **files})
    made.build("singlehtml")
    found = [one for one in ids(made.html(builder="singlehtml")) if one.startswith("attention-")]
    assert len(found) == len(set(found))
    assert {"attention-week-1-0", "attention-week-1-1"} <= set(found)


def test_a_new_document_does_not_take_an_id_that_is_there(project) -> None:
    made = project({"index.rst": "T\n=\n\n.. toctree::\n   :glob:\n\n   *\n   */*\n"})
    made.write({"week/1.rst": heading("one") + FIGURE})
    made.build()
    assert "attention-week-1-0" in ids(made.html("week/1"))
    made.write({"week-1.rst": heading("two") + FIGURE})
    made.build()
    first, second = ids(made.html("week-1")), ids(made.html("week/1"))
    assert "attention-week-1-0" in first
    assert not {one for one in first if one.startswith("attention-")} & set(second)


@pytest.mark.parametrize("before", [True, False])
def test_a_section_may_have_the_name_of_a_figures_id(project, before: bool) -> None:
    sections = "".join(
        f"{title}\n{'-' * len(title)}\n\nText.\n\n"
        for title in ("Attention index 0", "Attention index 0 title", "Attention index 1 desc")
    )
    parts = [sections, FIGURE * 2] if before else [FIGURE * 2, sections]
    made = project({"index.rst": heading("P") + "".join(parts)})
    made.build(strict=True)
    found = ids(made.html())
    assert len(found) == len(set(found))
    assert len([one for one in found if re.fullmatch(r"attention-index-\d+", one)]) >= 2
