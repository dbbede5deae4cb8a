"""A copied directive opens as the figure was left, in every view and in both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Watched, copied
from tests.browser.pages import heading, words_at_random
from tests.course import BESIDE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.conftest import Project

pytestmark = pytest.mark.browser

FUNCTIONS = words_at_random(layers=3, heads=4)
CONF = (
    'import sys\nsys.path.insert(0, ".")\n'
    f'{BESIDE}attention_models = {{"words": {{"function": "functions:words"}}, '
    '"minilm": {"path": {!r}}}\n'
)
HARD = "the fox's 'tis ' \" # | > - * & 3 the [x] {y} a:b `q` \\n % @"


@dataclass(frozen=True)
class Case:
    """A figure, and the selection in which the test leaves it."""

    left: str
    options: dict[str, str] = field(default_factory=dict)
    text: str = HARD
    model: str = "words"


def hard(pins: str) -> Case:
    return Case(f"layer=1&head=2&pin={pins}")


STEPS = {"view": "steps", "layer": "1", "head": "2"}
CASES = {
    **{f"token {n}": hard(str(n)) for n in range(len(HARD.split()))},
    "several tokens": hard("5,4,13,0"),
    "two of one name": hard("13"),
    "nothing pinned": hard(""),
    "a key": Case("layer=0&head=1&pin=k3"),
    "turned round": Case("layer=0&head=1&direction=to&pin=2,4"),
    "heads": Case("layer=2&head=3&heads=3,0,1&pin=1", {"view": "heads"}),
    "two texts": Case(
        "layer=0&head=1&pin=&filter=ab",
        {"view": "heads", "pair": "a second text"},
        "don't stop",
        "minilm",
    ),
    "sorted": Case(
        "layer=2&head=3&pin=1&order=previous&least=0.2&large=matrix",
        {"view": "grid"},
        "five words are quite enough",
    ),
    "large heads": Case("layer=2&head=3&heads=3,1&pin=1&large=heads", {"view": "grid"}),
    "a cell": Case("layer=1&head=0&pin=3.7&scale=log", {"view": "matrix"}),
    "some layers": Case("layer=2&head=1&pin=", {"layers": "0,2", "heads": "1-2"}),
    "one of each": Case("layer=2&head=1&pin=", {"layers": "2", "heads": "1"}),
    "long options": Case("layer=0&head=1&pin=4", {"alt": "One line\nand: # another", "focus": "3"}),
    "the mean": Case("layer=1&head=mean&pin=4", {"aggregate": "mean", "head": "auto"}),
    "layers as one": Case("layer=max&head=2&pin=", {"aggregate": "max layers", "layer": "auto"}),
    "steps": Case("layer=1&head=2&pin=5", STEPS, "the sun and the moon and", "builtin"),
    "steps, a cell": Case("layer=1&head=2&pin=6.2", STEPS, "the sun and the moon and", "builtin"),
    "steps, a key": Case(
        "layer=1&head=2&pin=k2", {**STEPS, "focus": "4"}, "the sun and the moon and", "builtin"
    ),
    "steps, one head of some": Case(
        "layer=0&head=1&pin=4",
        {"view": "steps", "heads": "0-2"},
        "the sun and the moon and",
        "builtin",
    ),
}
SETS = ("heads", "several tokens")
"""In these figures, the script reads the first selection from the static picture, in its order."""
ADDRESS = re.compile(r"^.*?#[^&]*&")


def as_rst(case: Case, name: str) -> str:
    options = {"model": case.model, **case.options, "name": name}
    lines = [f".. attention-figure:: {case.text}"]
    lines += [f"   :{key}: {value}".replace("\n", "\n      ") for key, value in options.items()]
    return "\n".join(lines) + "\n\n"


def as_myst(case: Case, name: str) -> str:
    options = {"model": case.model, **case.options, "name": name}
    lines = [f"~~~{{attention-figure}} {case.text}", "---"]
    for key, value in options.items():
        one, *more = value.split("\n")
        lines += [f"{key}: |", *(f"  {line}" for line in (one, *more))] if more else []
        lines += [] if more else [f'{key}: "{value}"']
    return "\n".join([*lines, "---", "~~~"]) + "\n\n"


LANGUAGES = {".rst": (heading("Figures"), as_rst), ".md": ("# Figures\n\n", as_myst)}


def opened(browser: Browser, made: Project, suffix: str, figures: list[str]) -> Watched:
    start, _ = LANGUAGES[suffix]
    made.write({f"index{suffix}": start + "\n".join(figures)})
    made.build(strict=True).cleanup()
    made.apps.clear()
    watched = Watched(browser.new_context().new_page())
    page = watched.page
    page.add_init_script("navigator.clipboard.writeText = async text => { window.copied = text; }")
    page.goto((made.folder / "_build" / "html" / "index.html").as_uri())
    return watched


def values(left: str, order: type[list | frozenset]) -> list[tuple[str, Any]]:
    pairs = (part.split("=", 1) for part in left.split("&"))
    return [(name, order(value.split(","))) for name, value in pairs]


@pytest.mark.parametrize("suffix", LANGUAGES)
def test_a_copy_opens_as_the_figure_was_left(
    browser: Browser, project, minilm: Path, suffix: str
) -> None:
    write = LANGUAGES[suffix][1]
    made = project({"functions.py": FUNCTIONS}, CONF.replace("{!r}", repr(str(minilm))))
    figures = [write(case, f"f{n}") for n, case in enumerate(CASES.values())]
    first = opened(browser, made, suffix, figures)
    copies = []
    for n, (name, case) in enumerate(CASES.items()):
        first.page.evaluate("hash => { location.hash = hash; }", f"f{n}&{case.left}")
        assert ADDRESS.sub("", copied(first.page, n, "link")) == case.left, name
        copies.append(copied(first.page, n, "as directive"))
    assert not first.errors
    second = opened(browser, made, suffix, copies)
    for n, (name, case) in enumerate(CASES.items()):
        found = ADDRESS.sub("", copied(second.page, n, "link"))
        order = list if name not in SETS else frozenset
        assert values(found, order) == values(case.left, order), (name, copies[n])
    assert not second.errors
    for watched in (first, second):
        watched.page.context.close()
