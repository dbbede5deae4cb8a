"""The command ``sphinx-attention``: the store, single figures, diagnosis, and builds that follow.

Exit codes: 0 for success, 1 if something failed or differs, 2 if the command itself was wrong. With
``--json``, the standard output is one JSON document, and all messages to people go to the standard
error.
"""

from __future__ import annotations

import click

import sphinx_attention

from ._group import Commands
from .cache import cache
from .capture import capture
from .doctor import doctor
from .phrases import phrases
from .plugin import plugin
from .render import render
from .serve import serve


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(sphinx_attention.__version__, prog_name="sphinx-attention")
def main() -> None:
    """Live figures of a transformer's attention, in the pages of your notes."""


main.add_command(capture)
main.add_command(cache)
main.add_command(render)
main.add_command(serve)
main.add_command(phrases)
main.add_command(plugin)
main.add_command(doctor)
