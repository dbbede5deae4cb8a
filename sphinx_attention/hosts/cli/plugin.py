"""``sphinx-attention plugin``: the file with which other programs call this package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from ._shared import say

FILES = {"mystmd": "attention.mjs", "quarto": "attention.lua"}
"""The file of each program, in the package of its host."""


@click.command()
@click.argument("program", type=click.Choice(tuple(FILES)))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; by default, its own name in this folder.",
)
def plugin(*, program: str, output: Path | None) -> None:
    """Write the file that a program needs in its project.

    Write it again after an update of this package.
    """
    name = FILES[program]
    source = resources.files(f"sphinx_attention.hosts.{program}").joinpath(name)
    target = output or Path(name)
    target.write_bytes(source.read_bytes())
    say(f"{target}: for {program}")
