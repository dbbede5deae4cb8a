"""The figures of a project of mystmd, read without building it."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING

from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem, in_words_of
from sphinx_attention.core.sources.author_files import locate
from sphinx_attention.hosts.body import GIVES_TEXT, rows_of
from sphinx_attention.hosts.elsewhere import Elsewhere, find_elsewhere
from sphinx_attention.hosts.notations import MYST
from sphinx_attention.hosts.notes import Notes, PageRequests
from sphinx_attention.hosts.toml_settings import project_settings

from .words import HOST_OPTIONS, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from sphinx_attention.core.authoring.settings import Settings
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec
    from sphinx_attention.core.request import Request

CONFIG = "myst.yml"

_START = re.compile(r"\s*(?P<fence>`{3,}|~{3,}|:{3,})\{attention-figure\}[ \t]*(?P<text>.*)$")
_OPTION = re.compile(r"\s*:(?P<name>[\w-]+):[ \t]*(?P<value>.*)$")
_YAML = re.compile(r"\s*(?P<name>[\w-]+):[ \t]*(?P<value>.*)$")
_RULE = re.compile(r"\s*---\s*$")
_HIDDEN = re.compile(r"[._]")


@in_words_of(WORDS)
def collect(
    folder: Path, overrides: Mapping[str, str], warn: Callable[[str], None]
) -> PageRequests:
    """Read all pages of a project.

    Args:
        folder: the folder with the configuration.
        overrides: settings that replace those of the project.
        warn: is called with each mistake, and its file and line.
    """
    folder = folder.resolve()
    settings = project_settings(folder, overrides, warn)
    found: dict[str, list[Request]] = {}
    for path in pages_of(folder):
        page = path.relative_to(folder)
        for line, text, options, body in directives(path.read_text(encoding="utf-8-sig")):
            try:
                with guarded(Problem.OPTION, f"reading the directive on line {line}"):
                    spec = read_directive(text, options, body, settings, (folder, path))
            except AttentionError as error:
                warn(f"{path}:{line}: {error.message} [attention.{error.problem}]")
            else:
                found.setdefault(page.as_posix(), []).extend(spec.requests)
    return PageRequests(found, settings, folder)


def pages_of(folder: Path) -> list[Path]:
    """The Markdown files of a project."""

    def is_hidden(path: Path) -> bool:
        parts = path.relative_to(folder).parts
        return any(_HIDDEN.match(part) or part == "node_modules" for part in parts)

    return [path for path in sorted(folder.rglob("*.md")) if not is_hidden(path)]


def name_of(options: Mapping[str, str]) -> str:
    """The name of a figure; empty without one."""
    return str(options.get("name") or options.get("label") or "")


def other_figure(notes: Notes, page: Path, name: str, own: Iterable[str]) -> Figure:
    """The figure of another page by its name.

    Args:
        notes: the numbers of the project.
        page: the page of the reference.
        name: the name of the figure.
        own: the names of the figures of the page, for the error.

    Raises:
        AttentionError: no page has such a figure, several pages have it, or it cannot be drawn.
    """
    figure, _ = find_elsewhere(notes, name, _named(notes, page), own)
    return figure


def _named(notes: Notes, page: Path) -> Iterator[Elsewhere]:
    """The named figures of the other pages."""
    base = notes.base
    for path in pages_of(base):
        if path.resolve() == page:
            continue
        shown, places = path.relative_to(base).as_posix(), (base, path)
        for _, text, options, body in directives(path.read_text(encoding="utf-8-sig")):
            if name := name_of(options):
                read = partial(read_directive, text, options, body, notes.settings, places)
                yield Elsewhere(shown, name, read)


def read_directive(
    text: str,
    options: Mapping[str, str],
    body: list[str],
    settings: Settings,
    places: tuple[Path, Path],
) -> FigureSpec:
    """The figure of a directive.

    Args:
        text: the sentence.
        options: as written.
        body: the lines of the body, or those of the matrix alone.
        settings: of the project.
        places: the folder of the project, and the page.

    Raises:
        AttentionError: the first mistake. Its line is that of the body, where it is known.
    """
    base, file = places
    given = {name: value for name, value in options.items() if name not in HOST_OPTIONS}
    rows = rows_of(body, text, given)

    def find_file(declared: str) -> Path:
        path = base / declared[1:] if declared.startswith("/") else file.parent / declared
        return locate(declared, path, settings.roots(base, base))

    matrix = "\n".join(body[:rows]) if rows else None
    if not (text or matrix or any(name in options for name in GIVES_TEXT)):
        raise AttentionError(
            Problem.TEXT,
            "the text is missing: write the sentence on the directive's own line, after its name",
        )
    return parse(text, given, matrix, HostContext(settings, base, find_file, MYST))


def directives(source: str) -> Iterator[tuple[int, str, dict[str, str], list[str]]]:
    """The figures of a source: line, sentence, options and body."""
    lines = source.splitlines()
    number = 0
    while number < len(lines):
        match = _START.match(lines[number])
        number += 1
        if match is None:
            continue
        start, closing = number, re.compile(rf"\s*{re.escape(match['fence'])}\s*$")
        while number < len(lines) and not closing.match(lines[number]):
            number += 1
        inside = lines[start:number]
        options, body = _options(inside)
        yield start, match["text"].strip(), options, body


def _unquoted(value: str) -> str:
    """A value without its quotation marks, as the plugin reads it."""
    if re.fullmatch(r"'(?:[^']|'')*'", value):
        return value[1:-1].replace("''", "'")
    if not re.fullmatch(r'"(?:[^"\\]|\\.)*"', value):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value[1:-1]


def _options(inside: list[str]) -> tuple[dict[str, str], list[str]]:
    pattern, place = _OPTION, 0
    if inside and _RULE.match(inside[0]):
        pattern, place = _YAML, 1
    options = {}
    while place < len(inside) and (match := pattern.match(inside[place])):
        options[match["name"]] = _unquoted(match["value"].strip())
        place += 1
    if pattern is _YAML:
        place += 1
    return options, inside[place:]
