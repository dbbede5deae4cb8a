"""``sphinx-attention serve``: the notes in the browser, built again at every change."""

from __future__ import annotations

import errno
import importlib.util
import re
import socket
import sys
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sphinx_attention.core.capture import lifeline
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.hosts.paths import require_conf, shell_word

from ._shared import define_pairs, docs_argument, fail, say
from ._warm import WarmProcess

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

INSTALL = 'pip install "sphinx-attention[serve]"'
HOST = "127.0.0.1"

_BUILDERS = ("html", "dirhtml", "singlehtml")
_FOLDER = click.Path(file_okay=False, path_type=Path)
_WATCHED = click.Path(exists=True, path_type=Path)
_STEP_SECONDS = 0.3

# Changes that are not changes of the notes: in the store of any name, in files that builds and
# imports write, and in files that editors keep while a file is open.
_IGNORED_FILES = r"\.attn$|\.mo$|/[0-9a-f]{2}$|\.tmp$|\.py[co]$|\.sw[a-z]$|~$|/4913$|/\.?#[^/]*$"
_IGNORED_FOLDERS = r"/(_build|_attention|\.failures|__pycache__|\.ipynb_checkpoints)(/|$)"


@click.command()
@docs_argument
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port of the pages on this machine; 0 takes a free port.",
)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    help="The folder of the built pages.  [default: DOCS/_build/serve]",
)
@click.option(
    "-b",
    "--builder",
    type=click.Choice(_BUILDERS),
    default="html",
    show_default=True,
    help="The builder of Sphinx.",
)
@click.option(
    "--watch",
    "watched",
    type=_WATCHED,
    multiple=True,
    help="A file or folder outside of DOCS whose changes also start a build. May be given several "
    "times.",
)
@click.option("--open", "opens", is_flag=True, help="Open the browser after the first build.")
def serve(
    *,
    docs: Path,
    defines: tuple[str, ...],
    port: int,
    output: Path | None,
    builder: str,
    watched: tuple[Path, ...],
    opens: bool,
) -> None:
    """Show the notes in DOCS in the browser, and build them again at every change.

    The page reloads by itself. The model that computes changed sentences is loaded once and stays
    in memory until the command ends. Only this machine can reach the pages. Ctrl-C ends it.
    """
    defined = [f"{name}={value}" for name, value in define_pairs(defines).items()]
    named = shell_word(docs)
    docs = docs.resolve()
    require_conf(docs)
    if importlib.util.find_spec("sphinx_autobuild") is None:
        raise AttentionError(
            Problem.INSTALL, f"serve needs sphinx-autobuild, which is not installed: {INSTALL}"
        )
    port = _free_port(port, named)
    built = _folder_of_builds(output, docs)
    command = [
        *(sys.executable, "-u", "-m", "sphinx_attention.hosts.cli._autobuild"),
        *("-b", builder, "-d", str(built / "doctrees")),
        *(part for define in defined for part in ("-D", define)),
        *("--host", HOST, "--port", str(port)),
        *("--re-ignore", _ignored(docs, watched)),
        *(part for folder in watched for part in ("--watch", str(folder.resolve()))),
        *(str(docs), str(built / "html")),
    ]
    say(f"serving {named} at http://{HOST}:{port} once it is built; Ctrl-C ends it")
    code = 0
    try:
        with WarmProcess() as warm:
            server = lifeline.start(command, warm.environment)
            try:
                code = _wait(server, warm, port if opens else None)
            finally:
                lifeline.stop(server)
    except KeyboardInterrupt:
        say("ended")
        return
    if code:
        fail(f"sphinx-autobuild ended with exit code {code}")


def _wait(server: subprocess.Popen[bytes], warm: WarmProcess, opened: int | None) -> int:
    """Wait until the server ends by itself, and watch the other process meanwhile.

    Args:
        server: the server of the pages.
        warm: the process that keeps models loaded.
        opened: the port whose pages are opened in the browser as soon as they are served.
    """
    while (code := server.poll()) is None:
        warm.watch()
        # sphinx-autobuild has an option for this, too, but opens the page before it is served.
        if opened is not None and _answers(opened):
            webbrowser.open(f"http://{HOST}:{opened}")
            opened = None
        time.sleep(_STEP_SECONDS)
    return code


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((HOST, port)) == 0


def _free_port(port: int, named: str) -> int:
    """The port itself, or a free port for 0.

    Raises:
        AttentionError: another program uses the port, or the port is not allowed.
    """
    with socket.socket() as tried:
        if sys.platform != "win32":
            # The server binds in the same way, so the remains of an ended server do not count.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError as error:
            why = f"cannot be used ({error.strerror or error})"
            if error.errno == errno.EADDRINUSE:
                why = "is taken by another program, perhaps by a serve that still runs"
            raise AttentionError(
                Problem.NETWORK,
                f"port {port} of this machine {why}; choose another one, or let a free one be "
                f"chosen: `sphinx-attention serve {named} --port 0`",
            ) from None
        return int(tried.getsockname()[1])


def _folder_of_builds(output: Path | None, docs: Path) -> Path:
    """The folder for built pages, which is made if it is missing."""
    built = docs / "_build" / "serve" if output is None else output.resolve()
    if not built.exists():
        built.mkdir(parents=True)
        (built / ".gitignore").write_text("*\n", encoding="utf-8", newline="\n")
    return built


def _ignored(docs: Path, watched: Sequence[Path]) -> str:
    """A regular expression for the paths whose changes do not count."""
    roots = "|".join(re.escape(root.resolve().as_posix()) for root in (docs, *watched))
    return rf"{_IGNORED_FILES}|^({roots})(/.*)?{_IGNORED_FOLDERS}"
