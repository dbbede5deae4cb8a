"""What a documentation folder asks for, read with Sphinx and without writing a page."""

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
from sphinx_attention.hosts.paths import require_conf

from .config import settings_of
from .domain import domain_of
from .uses import uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sphinx_attention.core.authoring.settings import Settings
    from sphinx_attention.core.request import Request

    from .uses import Use


@dataclass(frozen=True)
class Collected:
    """What the documents of a folder ask for.

    Attributes:
        requests: by document, in the order of the page.
        settings: the project's.
        base: the folder of conf.py, which relative paths start from.
        uses: what became of each `attention` directive.
    """

    requests: Mapping[str, Sequence[Request]]
    settings: Settings
    base: Path
    uses: Sequence[Use] = ()

    def __iter__(self) -> Iterator[tuple[str, Request]]:
        for document in sorted(self.requests):
            for request in self.requests[document]:
                yield document, request


def collect(
    docs: Path, overrides: Mapping[str, str], *, warnings: TextIO | None = None
) -> Collected:
    """Read all documents of a folder.

    Args:
        docs: the folder of the sources, with conf.py.
        overrides: settings in place of those in conf.py, as ``sphinx-build -D`` takes them.
        warnings: where Sphinx's own warnings go; None means the standard error.

    Raises:
        AttentionError: the folder is no Sphinx project, or its conf.py leaves the extension out.
    """
    docs = docs.resolve()
    with guarded(Problem.CONFIG, f"reading {docs}", exits=True):
        return _collect(docs, overrides, warnings or sys.stderr)


def _collect(docs: Path, overrides: Mapping[str, str], warnings: TextIO) -> Collected:
    require_conf(docs)
    # A build of its own, so that the doctrees of a real one are neither waited for nor changed.
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
            # The reading alone: nothing is captured, resolved or written.
            app.builder.read()
        except SphinxError as error:
            raise AttentionError(
                Problem.CONFIG,
                f"Sphinx cannot read {docs}: {_in_one_line(error)}",
                "".join(traceback.format_exception(error)),
            ) from error
        requests = {name: tuple(asked) for name, asked in domain_of(app.env).requests.items()}
        kept = uses_of(app.env)
        uses = tuple(use for name in sorted(kept) for use in kept[name])
        return Collected(requests, settings_of(app.config), Path(app.confdir), uses)


def _in_one_line(error: SphinxError) -> str:
    """What Sphinx says of an error, less the traceback that it quotes of conf.py."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    last = "" if len(lines) == 1 else f" {lines[-1]}"
    return clean_line(lines[0] + last)
