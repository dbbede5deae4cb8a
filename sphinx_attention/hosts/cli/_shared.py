"""Code of several commands: the folder of the notes, messages, and exits."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar, cast

import click

from sphinx_attention.core.capture.library import KEY_SHOWN
from sphinx_attention.core.progress import listening
from sphinx_attention.core.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from sphinx_attention.core.capture.library import Library
    from sphinx_attention.core.request import Request
    from sphinx_attention.core.store.base import Store
    from sphinx_attention.hosts.notes import PageRequests
    from sphinx_attention.hosts.sphinx.collect import Collected

Command = TypeVar("Command", bound=Callable[..., Any])

_TEXT_SHOWN = 40
"""The most characters of a text in a line of output."""

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def docs_argument(command: Command) -> Command:
    """The folder of the notes, and settings that replace those in its conf.py."""
    return click.argument("docs", type=_FOLDER, default=Path())(_define_option(command))


def docs_needed(command: Command) -> Command:
    """Like `docs_argument`, for a command with a further argument."""
    return click.argument("docs", type=_FOLDER)(_define_option(command))


def docs_optional(command: Command) -> Command:
    """Like `docs_argument`, for a command that also works without notes."""
    return click.argument("docs", type=_FOLDER, required=False)(_define_option(command))


def _define_option(command: Command) -> Command:
    return click.option(
        "-D",
        "defines",
        metavar="NAME=VALUE",
        multiple=True,
        help="A setting that replaces the one in conf.py, as for sphinx-build.",
    )(command)


def json_option(command: Command) -> Command:
    """Whether a script reads the answer."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")(
        command
    )


def read_notes(docs: Path, defines: Sequence[str]) -> PageRequests:
    """The requests of the notes.

    A folder with conf.py is read by Sphinx, another one as Markdown. The host is imported here,
    because not every command needs it.
    """
    pairs = define_pairs(defines)
    if (docs / "conf.py").is_file():
        return read_sphinx_notes(docs, defines)
    from sphinx_attention.hosts.markdown.collect import (  # noqa: PLC0415 - likewise
        collect,
        config_of,
        needs_config,
    )

    if config_of(docs) is not None:
        return collect(docs, pairs, say)
    from sphinx_attention.hosts.mystmd import collect as mystmd  # noqa: PLC0415 - likewise

    if (docs / mystmd.CONFIG).is_file():
        return mystmd.collect(docs, pairs, say)
    from sphinx_attention.hosts.quarto import collect as quarto  # noqa: PLC0415 - likewise

    if (docs / quarto.CONFIG).is_file():
        return quarto.collect(docs, pairs, say)
    raise needs_config(docs)


def read_sphinx_notes(docs: Path, defines: Sequence[str]) -> Collected:
    """The requests of a Sphinx project."""
    from sphinx_attention.hosts.sphinx.collect import collect  # noqa: PLC0415 - likewise

    return collect(docs, define_pairs(defines), warnings=cast("TextIO", _StandardError()))


def define_pairs(defines: Sequence[str]) -> dict[str, str]:
    """The settings given by `-D`."""
    overrides = {}
    for define in defines:
        name, equals, value = define.partition("=")
        if not equals:
            raise click.BadParameter(f"{define!r} is not NAME=VALUE", param_hint="-D")
        overrides[name] = value
    return overrides


class _StandardError(io.TextIOBase):
    """The standard error for Sphinx, which colours its warnings whenever Python calls it.

    Colours are only for terminals, if ``NO_COLOR`` is not set.
    """

    encoding = "utf-8"

    def write(self, text: str) -> int:
        click.echo(text, nl=False, err=True, color=False if os.environ.get("NO_COLOR") else None)
        return len(text)

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def documents_by_key(requested: Iterable[tuple[str, Request]]) -> dict[str, list[str]]:
    """The documents of each key, once each, in order."""
    found: dict[str, list[str]] = {}
    for document, request in requested:
        documents = found.setdefault(request.key, [])
        if document not in documents:
            documents.append(document)
    return found


def say(message: str = "") -> None:
    """Print a message for a person, outside of the output for scripts."""
    click.echo(message, err=True)


def reporting_progress() -> AbstractContextManager[None]:
    """During a block, report slow steps to a person: loading models and downloading files."""
    return listening(say, bars=sys.stderr.isatty())


def say_warnings(source: Library | Store) -> None:
    """Report problems of a store that stopped nothing.

    Args:
        source: the store, or the library that reads it.
    """
    for warning in source.drain_warnings():
        say(f"warning: {warning.message} [attention.{warning.problem}]")


def answer(document: Any) -> None:
    """Print the one JSON document of a command."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True))


def fail(message: str, code: int = 1) -> NoReturn:
    """End with an exit code: 1 for a failure, 2 for a wrong command."""
    click.echo(f"sphinx-attention: {message}", err=True)
    sys.exit(code)


def short(key: str) -> str:
    """A key in short form, for people."""
    return key[:KEY_SHOWN]


def model_name(request: Request) -> str:
    """The name of a request's source in a table."""
    return clean_line(request.source.label) or "given weights"


def brief(text: str) -> str:
    """The beginning of a text, fit for one line of a terminal."""
    text = clean_line(text)
    return text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}…"


def size_of(size: int) -> str:
    """A number of bytes in a form for people."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def counted(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun."""
    return f"{number} {noun if number == 1 else nouns or f'{noun}s'}"
