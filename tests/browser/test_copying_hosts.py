"""What a figure's button copies, pasted back into the same host, opens as the figure was left."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import markdown
import pytest

import sphinx_attention
from tests.browser.conftest import Watched, copied
from tests.hosts import test_mystmd, test_quarto

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXTENSION = "sphinx_attention.hosts.markdown"
HARD = "the fox's \"quick\" ' `q` # | > {y} 100 % @ \\ and"
WEIGHTS = [[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.5, 0.25, 0.25]]


class Case(NamedTuple):
    """A figure, and the selection in which the test leaves it."""

    left: str
    text: str
    options: dict[str, str]
    body: str = ""


CASES = {
    "arcs": Case("layer=2&head=1&pin=4,2", HARD, {"alt": "a 'quoted' 50 %t"}),
    "quoted": Case(
        "layer=0&head=3&pin=1", "the quick fox", {"alt": 'a "quoted" word', "head": "0"}
    ),
    "heads": Case("layer=2&head=3&heads=3,0&pin=1", HARD, {"view": "heads"}),
    "matrix": Case(
        "layer=0&head=0&pin=1.0&scale=log",
        "by 'hand' here",
        {"view": "matrix", "causal": ""},
        "1.0 0.0 0.0\n0.25 0.75 0.0\n0.5 0.25 0.25",
    ),
    "steps": Case(
        "layer=1&head=2&pin=5",
        "the sun and the moon and",
        {"view": "steps", "layer": "1", "head": "2"},
    ),
}


def quoted(value: str) -> str:
    return f"'{value}'" if '"' in value else f'"{value}"'


def fence(case: Case, first: str, last: str = "") -> str:
    options = "".join(f" {name}={quoted(value)}" for name, value in case.options.items())
    return f"~~~{first}{options}{last}\n{case.text}\n\n{case.body}\n~~~\n"


def of_markdown(figures: list[str], _folder: Path) -> str:
    return markdown.markdown("\n".join(figures), extensions=[EXTENSION])


def of_quarto(figures: list[str], folder: Path) -> str:
    folder.mkdir()
    (folder / "notes.qmd").write_text("\n".join(figures), encoding="utf-8")
    code, html, message = test_quarto.pandoc(folder, "-t", "html", "--fail-if-warnings")
    assert code == 0, message
    return html


def of_mystmd(figures: list[str], folder: Path) -> str:
    test_mystmd.make(folder, {"index.md": "# Figures\n\n" + "\n".join(figures)})
    code, message = test_mystmd.build(folder, "--site", "--strict")
    assert code == 0, message
    content = folder / "_build" / "site" / "content" / "index.json"
    widgets = test_mystmd.nodes(json.loads(content.read_text())["mdast"], "anywidget")
    script = (folder / "_build" / "site" / "public" / widgets[0]["esm"].lstrip("/")).read_text()
    parts = [
        json.loads(re.search(rf"const {name} = (.*);\n", script)[1]) for name in ("style", "script")
    ]
    html = "".join(one["model"]["html"] for one in widgets)
    return f"<style>{parts[0]}</style>{html}<script>{parts[1]}</script>"


def of_python(figures: list[str], _folder: Path) -> str:
    names = {"sphinx_attention": sphinx_attention, "weights": WEIGHTS}
    return "".join(eval(one, dict(names))._repr_html_() for one in figures)


def as_myst(case: Case) -> str:
    options = "".join(f":{name}: {json.dumps(value)}\n" for name, value in case.options.items())
    return f"~~~{{attention-figure}} {case.text}\n{options}\n{case.body}\n~~~\n"


def as_python(case: Case) -> str:
    given = {name: value or True for name, value in case.options.items()}
    weights = ", weights=weights" if case.body else ""
    return f"sphinx_attention.figure({case.text!r}{weights}, **{given!r})"


class Host(NamedTuple):
    write: Callable[[Case], str]
    build: Callable[[list[str], Path], str]
    button: str
    start: str


HOSTS = {
    "markdown": Host(
        lambda case: fence(case, "attention"), of_markdown, "as Markdown", r"(```|~~~)attention "
    ),
    "quarto": Host(
        lambda case: fence(case, "{.attention", "}"),
        of_quarto,
        "as Markdown",
        r"(```|~~~)\{\.attention ",
    ),
    "mystmd": Host(as_myst, of_mystmd, "as directive", r"(```|~~~)\{attention-figure\} "),
    "python": Host(as_python, of_python, "as Python", r"sphinx_attention\.figure\("),
}


def opened(browser: Browser, html: str) -> Watched:
    watched = Watched(browser.new_context().new_page())
    page = watched.page
    page.add_init_script("navigator.clipboard.writeText = async text => { window.copied = text; }")
    head = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Notes</title>'
    body = f'{head}<link rel="icon" href="data:,"></head><body>{html}</body></html>'
    page.route(
        "http://localhost/", lambda route: route.fulfill(body=body, content_type="text/html")
    )
    page.goto("http://localhost/")
    return watched


def state(page: Page, at: int) -> list[tuple[str, frozenset[str]]]:
    address = re.sub(r"^.*?#[^&]*&", "", copied(page, at, "link"))
    pairs = (part.split("=", 1) for part in address.split("&"))
    return [(name, frozenset(value.split(","))) for name, value in pairs]


@pytest.mark.parametrize("name", HOSTS)
def test_a_copy_opens_as_the_figure_was_left(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    host = HOSTS[name]
    first = opened(
        browser, host.build([host.write(case) for case in CASES.values()], tmp_path / "a")
    )
    figures = first.page.locator("figure.attention-figure")
    copies: list[str] = []
    states: list[Any] = []
    for at, (of, case) in enumerate(CASES.items()):
        figure = figures.nth(at)
        figure.scroll_into_view_if_needed()
        address = f"{figure.get_attribute('id')}&{case.left}"
        first.page.evaluate("hash => { location.hash = hash; }", address)
        states.append(state(first.page, at))
        assert dict(states[-1])["layer"] == {case.left[6]}, of
        copies.append(copied(first.page, at, host.button))
        assert re.match(host.start, copies[-1]), copies[-1]
    assert not first.errors
    second = opened(browser, host.build(copies, tmp_path / "b"))
    for at, of in enumerate(CASES):
        assert state(second.page, at) == states[at], (of, copies[at])
    assert not second.errors
    for watched in (first, second):
        watched.page.context.close()
