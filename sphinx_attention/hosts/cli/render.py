"""``sphinx-attention render``: one figure in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sphinx_attention.core.authoring.options import OPTIONS, unknown_option
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import Problem, in_words_of
from sphinx_attention.core.host_words import HostWords
from sphinx_attention.core.render.description import credit
from sphinx_attention.core.render.files import FORMATS, check_file, write_file
from sphinx_attention.core.store import open_store
from sphinx_attention.core.text import clean_line
from sphinx_attention.hosts.alone import read_alone, resolve_alone

from ._shared import answer, brief, fail, json_option, reporting_progress, say, say_warnings

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

WORDS = HostWords(
    option="-O {}",
    named="-O {}",
    own={"model": "--model", "matrix": "--matrix"},
    numbers="name a file of numbers in --matrix",
    flag="expected no value: write its name alone, or remove it",
)
"""The names of options in messages on the command line."""


@click.command()
@click.argument("text")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help=f"The file to write; its extension decides the format: {', '.join(FORMATS)}.",
)
@click.option(
    "--model",
    default="builtin",
    show_default=True,
    help="A Hugging Face id, a folder, or builtin.",
)
@click.option(
    "-O",
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    help="An option of the directive, such as view=matrix or layer=5.",
)
@click.option(
    "--matrix",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of weights, instead of a model.",
)
@click.option(
    "--cache",
    metavar="PLACE",
    help="A store to read and to fill: a folder or a URL. By default, no store is used.",
)
@json_option
@in_words_of(WORDS)
def render(
    *,
    text: str,
    output: Path,
    model: str,
    options: tuple[str, ...],
    matrix: Path | None,
    cache: str | None,
    as_json: bool,
) -> None:
    """Draw the attention over TEXT and write it to a file.

    HTML is one self-contained page with the live figure. SVG, PNG, PDF and TeX hold its picture.
    """
    if output.suffix.lstrip(".").lower() not in FORMATS:
        raise click.BadParameter(
            f"{str(output)!r} has to end in one of {', '.join(f'.{name}' for name in FORMATS)}",
            param_hint="--output",
        )
    chosen = _options(options, matrix)
    _check_text(text, given=not chosen.keys().isdisjoint({"matrix", "tokens", "file", "image"}))
    if not output.parent.is_dir():
        raise click.BadParameter(
            f"{str(output)!r}: there is no folder {str(output.parent)!r}", param_hint="--output"
        )
    try:
        # A model takes long, so the command checks before that the file can be written.
        check_file(output)
        figure = _figure(text, model, chosen, cache)
        write_file(figure, output)
    except OSError as error:
        fail(f"cannot write {output}: {error.strerror or error}")
    if as_json:
        answer(
            {
                "file": str(output),
                "view": figure.spec.view,
                "model": figure.attention.label,
                "layer": figure.layer_name,
                "head": figure.head_name,
            }
        )
    else:
        say(f"{output}: {figure.spec.view}, {credit(figure)}")


def _check_text(text: str, *, given: bool) -> None:
    """Refuse an empty text, unless the tokens come from elsewhere."""
    if not text.strip() and not given:
        raise click.BadParameter("it is empty", param_hint="TEXT")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise click.BadParameter(
            f"{clean_line(text)!r} is not valid UTF-8", param_hint="TEXT"
        ) from None


def _options(given: tuple[str, ...], matrix: Path | None) -> dict[str, str]:
    options = {} if matrix is None else {"matrix": str(matrix)}
    for one in given:
        name, _, value = one.partition("=")
        if name not in OPTIONS:
            raise click.BadParameter(unknown_option(name, OPTIONS).message, param_hint="--option")
        options[name] = value
    return options


def _figure(text: str, model: str, options: dict[str, str], cache: str | None) -> Figure:
    spec = read_alone(text, options, model)
    library = Library(open_store(cache, Path.cwd()), "auto")
    with reporting_progress():
        requests = spec.requests
        for request, name in library.capture(library.missing(requests)):
            say(f"{name}: {brief(request.subject)}")
    say_warnings(library)
    for remark in library.remarks.values():
        say(f"warning: {remark} [attention.{Problem.TEXT}]")
    figure = resolve_alone(spec, library.answers(requests))
    for one in figure.alternatives:
        if one.error is not None:
            say(f"warning: {one.error.message} [attention.{one.error.problem}]")
    for notice in figure.notices:
        say(f"note: {notice}")
    return figure
