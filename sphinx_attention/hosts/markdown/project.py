"""The project of a page: its settings and its numbers, kept for all pages of a process."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sphinx_attention.core.authoring.options import OPTIONS, unknown_option
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import HostWords
from sphinx_attention.core.sources.author_files import locate
from sphinx_attention.core.text import listed, nearest, quoted
from sphinx_attention.hosts.body import GIVES_TEXT, rows_of, split_text
from sphinx_attention.hosts.notations import MARKDOWN
from sphinx_attention.hosts.notes import Notes, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sphinx_attention.core.authoring.settings import Settings
    from sphinx_attention.core.figure.spec import FigureSpec, Notation

NAME = "sphinx_attention.hosts.markdown"
"""The name of the extension."""

WORDS = HostWords(
    file="the options of the Markdown extension",
    numbers="write the numbers below the sentence, or name a file of them in the option matrix",
    flag='expected no value: write the option alone, as in causal or causal="causal", or remove it',
)
"""The names of options and settings in messages about a page of Markdown."""

HOST_OPTIONS = ("caption", "name", "class", "align")
"""The options of a fence that are about the page."""

_ALIGNMENTS = ("left", "center", "right")
_OWN_SETTINGS = ("assets",)


class Where(NamedTuple):
    """The place of a page.

    Attributes:
        base: the folder from which relative paths of models start.
        sources: the folder of the pages.
        page: the path of the page below it.
        language: the code of the language of the page.
        notation: the language that figures are written in.
    """

    base: Path
    sources: Path
    page: str
    language: str = "en"
    notation: Notation = MARKDOWN


class Written(NamedTuple):
    """A figure as it was read.

    Attributes:
        spec: the specification.
        caption: the caption, in Markdown.
        name: the name to which the prose refers; empty without one.
        classes: further classes of the figure.
    """

    spec: FigureSpec
    caption: str
    name: str
    classes: str


class Project:
    """The settings of a site and its numbers.

    Args:
        given: the options of the extension.
        base: the folder from which relative paths start.

    Attributes:
        notes: the numbers.
        problems: the mistakes in the settings, until they are reported.
        assets: the place of our files: ``files`` beside the pages, or ``inline`` in each page.
    """

    def __init__(self, given: Mapping[str, Any], base: Path) -> None:
        values = dict(given)
        self.assets = str(values.pop("assets", "auto"))
        settings, self.problems = read_settings(values)
        if self.assets not in {"auto", "files", "inline"}:
            self.problems.append(
                AttentionError(
                    Problem.CONFIG,
                    f"invalid value {quoted(self.assets)} for the setting assets: expected auto, "
                    "files or inline",
                    setting="assets",
                )
            )
            self.assets = "auto"
        self.notes = Notes(settings, base, docs=".")

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.notes.settings


@lru_cache(maxsize=8)
def _project(given: str, base: Path) -> Project:
    return Project(json.loads(given), base)


def project_of(given: Mapping[str, Any], base: Path) -> Project:
    """The project with these settings in this folder. All pages of a process share it."""
    return _project(json.dumps(given, sort_keys=True, default=str), base)


def read_figure(
    options: Mapping[str, str],
    body: Sequence[str],
    settings: Settings,
    where: Where,
) -> Written:
    """The figure of a fence.

    Args:
        options: the options as the author wrote them.
        body: the lines within the fence.
        settings: the settings of the project.
        where: the place of the page.

    Raises:
        AttentionError: the first mistake. Its line is that of the body, if it is known.
    """
    base, sources = where.base, where.sources
    given = dict(options)
    own = {name: given.pop(name, "") for name in HOST_OPTIONS}
    if own["align"] not in {"", *_ALIGNMENTS}:
        raise AttentionError(
            Problem.OPTION,
            f"invalid value {quoted(own['align'])} for align: expected {listed(_ALIGNMENTS)}"
            f"{nearest(own['align'], _ALIGNMENTS)}",
        )
    for unknown in sorted(set(given) - set(OPTIONS)):
        raise unknown_option(unknown, [*OPTIONS, *HOST_OPTIONS])
    # An option without a value has its own name as its value in pymdownx.superfences.
    for name in ("causal",):
        if given.get(name) == name:
            given[name] = ""
    text, start = split_text(body, given)
    rest = list(body[start:])
    try:
        rows = rows_of(rest, text, given)
    except AttentionError as error:
        raise _moved(error, start) from error
    matrix = "\n".join(rest[:rows]) if rows else None
    if not (text or matrix or not given.keys().isdisjoint(GIVES_TEXT)):
        raise AttentionError(
            Problem.TEXT,
            "the text is missing: write the sentence on the first line within the fence",
        )
    roots = settings.roots(base, sources)

    folder = (sources / where.page).parent if where.page else sources

    def find_file(declared: str) -> Path:
        path = sources / declared[1:] if declared.startswith("/") else folder / declared
        return locate(declared, path, roots)

    context = HostContext(settings, base, find_file, where.notation, where.language)
    spec = parse(text, given, matrix, context)
    if matrix is not None:
        from sphinx_attention.core.sources.matrix import read  # noqa: PLC0415 - few have one

        try:
            # A mistake in the body can name its own line.
            read(spec.request.base)
        except AttentionError as error:
            raise _moved(error, start) from error
    caption = own["caption"] or "\n".join(rest[rows:]).strip()
    classes = " ".join(filter(None, (own["class"], own["align"] and f"align-{own['align']}")))
    return Written(spec, caption, own["name"], classes)


def _moved(error: AttentionError, by: int) -> AttentionError:
    """An error with its line counted from the beginning of the fence's body."""
    if error.line is None:
        return error
    return AttentionError(error.problem, error.neutral, error.trace, line=error.line + by)
