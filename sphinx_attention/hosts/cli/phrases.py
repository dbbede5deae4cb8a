"""``sphinx-attention phrases``: the words of figures as a message catalogue, for translators."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sphinx_attention.core.phrases import languages

from ._shared import say


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.  [default: standard output]",
)
@click.option(
    "-l",
    "--language",
    type=click.Choice([language for language in languages() if language != "en"]),
    help="Fill in the texts of a language that figures speak already, so as to change some.",
)
def phrases(output: Path | None, language: str | None) -> None:
    """Write a message catalogue with the words of figures.

    Without --language, it is a template: a .pot file without translations. A translation belongs
    into the folder locale/LANGUAGE/LC_MESSAGES of the notes, as sphinx_attention.po.
    """
    from sphinx_attention.hosts.catalogues import template  # noqa: PLC0415 - few need Babel

    written = template(language or "")
    if output is None:
        sys.stdout.buffer.write(written)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(written)
    say(f"wrote {output}")
