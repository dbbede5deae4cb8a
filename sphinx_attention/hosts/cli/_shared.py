"""What the commands have in common: the folder of the notes, how to say things, how to fail."""

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
    from sphinx_attention.hosts.sphinx.collect import Collected

Command = TypeVar("Command", bound=Callable[..., Any])

_TEXT_SHOWN = 40
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def docs_argument(command: Command) -> Command:
    """The folder of the notes, and settings in place of those in its conf.py."""
    return click.argument("docs", type=_FOLDER, default=Path())(_define_option(command))


def docs_needed(command: Command) -> Command:
    """As `docs_argument`, where another argument follows."""
    return click.argument("docs", type=_FOLDER)(_define_option(command))


def docs_optional(command: Command) -> Command:
    """As `docs_argument`, for a command that does without notes."""
    return click.argument("docs", type=_FOLDER, required=False)(_define_option(command))


def _define_option(command: Command) -> Command:
    return click.option(
        "-D",
        "defines",
        metavar="NAME=VALUE",
        multiple=True,
        help="A setting in place of the one in conf.py, as sphinx-build takes it.",
    )(command)


def json_option(command: Command) -> Command:
    """Whether the answer is for a script."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")(
        command
    )


def read_notes(docs: Path, defines: Sequence[str]) -> Collected:
    """What the notes ask for. Sphinx is imported here, since not every command needs it."""
    from sphinx_attention.hosts.sphinx.collect import collect  # noqa: PLC0415

    return collect(docs, define_pairs(defines), warnings=cast("TextIO", _StandardError()))


def define_pairs(defines: Sequence[str]) -> dict[str, str]:
    """The settings that were given by `-D`."""
    overrides = {}
    for define in defines:
        name, equals, value = define.partition("=")
        if not equals:
            raise click.BadParameter(f"{define!r} is not NAME=VALUE", param_hint="-D")
        overrides[name] = value
    return overrides


class _StandardError(io.TextIOBase):
    """The standard error for Sphinx, which colours its warnings wherever it is called from Python.

    Colours are for terminals, and for those who have not set ``NO_COLOR``.
    """

    encoding = "utf-8"

    def write(self, text: str) -> int:
        click.echo(text, nl=False, err=True, color=False if os.environ.get("NO_COLOR") else None)
        return len(text)

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def documents_by_key(asked: Iterable[tuple[str, Request]]) -> dict[str, list[str]]:
    """The documents that ask for each key, once each, in order."""
    found: dict[str, list[str]] = {}
    for document, request in asked:
        documents = found.setdefault(request.key, [])
        if document not in documents:
            documents.append(document)
    return found


def say(message: str = "") -> None:
    """Tell a person, beside whatever a script reads."""
    click.echo(message, err=True)


def telling() -> AbstractContextManager[None]:
    """While it lasts, tell a person what takes long: models that load, files that come."""
    return listening(say, bars=sys.stderr.isatty())


def say_troubles(library: Library) -> None:
    """Tell what is wrong with the store and kept nothing from being done."""
    for trouble in library.drain_warnings():
        say(f"warning: {trouble.message} [attention.{trouble.problem}]")


def say_store_troubles(store: Store) -> bool:
    """As `say_troubles`, where there is a store alone; whether there was something to tell."""
    drain_warnings = store.drain_warnings()
    for trouble in drain_warnings:
        say(f"warning: {trouble.message} [attention.{trouble.problem}]")
    return bool(drain_warnings)


def answer(document: Any) -> None:
    """The one JSON document of a command."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True))


def fail(message: str, code: int = 1) -> NoReturn:
    """End with an exit code: 1 for what could not be done, 2 for a wrong command."""
    click.echo(f"sphinx-attention: {message}", err=True)
    sys.exit(code)


def short(key: str) -> str:
    """A key as people see it."""
    return key[:KEY_SHOWN]


def model_name(request: Request) -> str:
    """What a table calls a request's source."""
    return clean_line(request.source.label) or "given weights"


def brief(text: str) -> str:
    """The beginning of a text, fit for a line of a terminal."""
    text = clean_line(text)
    return text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}…"


def size_of(size: int) -> str:
    """A number of bytes as people read it."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def counted(number: int, noun: str, nouns: str = "") -> str:
    """A number of things."""
    return f"{number} {noun if number == 1 else nouns or f'{noun}s'}"
