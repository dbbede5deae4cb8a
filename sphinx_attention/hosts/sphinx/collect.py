"""The requests of a documentation folder, read with Sphinx and without writing a page."""

from __future__ import annotations

import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import clean_line
from sphinx_attention.hosts.notes import PageRequests
from sphinx_attention.hosts.paths import require_conf

from .config import settings_of
from .domain import domain_of
from .uses import uses_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .uses import Use


@dataclass(frozen=True)
class Collected(PageRequests):
    """The requests of the documents in a Sphinx project.

    Attributes:
        uses: whether each `attention` directive is a figure, with the reason.
    """

    uses: Sequence[Use] = ()


def collect(
    docs: Path, overrides: Mapping[str, str], *, warnings: TextIO | None = None
) -> Collected:
    """Read all documents of a folder.

    Args:
        docs: the folder of the sources, with conf.py.
        overrides: settings that replace those in conf.py, as ``sphinx-build -D`` takes them.
        warnings: the stream for Sphinx's own warnings; None means the standard error.

    Raises:
        AttentionError: the folder is not a Sphinx project, or conf.py does not load the extension.
    """
    docs = docs.resolve()
    with guarded(Problem.CONFIG, f"reading {docs}", exits=True):
        return _collect(docs, overrides, warnings or sys.stderr)


def _collect(docs: Path, overrides: Mapping[str, str], warnings: TextIO) -> Collected:
    require_conf(docs)
    # This is a build of its own, so that it neither waits for the doctrees of a real build nor
    # changes them.
    with tempfile.TemporaryDirectory() as folder, patch_docutils(docs), docutils_namespace():
        try:
            app = Sphinx(
                srcdir=docs,
                confdir=docs,
                outdir=Path(folder) / "out",
                doctreedir=Path(folder) / "doctrees",
                buildername="dummy",
                confoverrides=dict(overrides),
                status=None,
                warning=warnings,
            )
            if "sphinx_attention" not in app.extensions:
                raise AttentionError(
                    Problem.CONFIG,
                    f'{docs / "conf.py"} does not have "sphinx_attention" in extensions',
                )
            # This only reads: nothing is captured, resolved or written.
            app.builder.read()
        except SphinxError as error:
            raise AttentionError(
                Problem.CONFIG,
                f"Sphinx cannot read {docs}: {_in_one_line(error)}",
                "".join(traceback.format_exception(error)),
            ) from error
        requests = {
            name: tuple(requested) for name, requested in domain_of(app.env).requests.items()
        }
        kept = uses_of(app.env)
        uses = tuple(use for name in sorted(kept) for use in kept[name])
        return Collected(requests, settings_of(app.config), Path(app.confdir), uses)


def _in_one_line(error: SphinxError) -> str:
    """The text of a Sphinx error without the traceback of conf.py that it quotes."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    last = "" if len(lines) == 1 else f" {lines[-1]}"
    return clean_line(lines[0] + last)
