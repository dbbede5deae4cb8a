"""The content of the pages of an output, so that a page is written again when that changes.

Sphinx writes a page again when its source has changed. The numbers of a figure come from elsewhere:
an entry may arrive or be replaced, a model may be repaired, or the budget may be raised. So each
output has a record beside the doctrees. For each page, the record holds the entries of its figures,
the missing entries, the parts that the budget left out, and the warnings.

A record is written at the end of a successful build. An interrupted build leaves the old record,
and the next build compares the pages again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sphinx_attention
from sphinx_attention.core.errors import fields_of
from sphinx_attention.core.store.atomic import replace
from sphinx_attention.hosts.paths import relative_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sphinx.application import Sphinx

    from sphinx_attention.core.errors import AttentionError, ErrorFields
    from sphinx_attention.core.figure.figure import Figure

_FORMAT = 3
"""Version of the record's format. A record of another version is not read."""


@dataclass
class Page:
    """The content of one page.

    Attributes:
        entries: by the key of a request, the entry of its figures, or why there is none (see
            `Library.state_of`).
        carried: for each figure, a digest of the layers and heads that the page carries.
        budget: the budget that decided which heads are carried.
        sizes: for each figure, the bytes in the page and the place of the directive.
        warnings: for each warning of the page's figures, the fields of the error (see `fields_of`)
            and the place.
        words: a digest of the project's own phrases; empty where it has none.
        prose: a digest of the results of the page's references (see `Prose.digest`).
    """

    entries: dict[str, str] = field(default_factory=dict)
    carried: list[str] = field(default_factory=list)
    budget: int = 0
    sizes: list[tuple[int, str]] = field(default_factory=list)
    warnings: list[tuple[ErrorFields, str]] = field(default_factory=list)
    prose: str = ""
    words: str = ""


class Pages:
    """The pages of one output: those of earlier builds, and those that this build writes.

    Args:
        file: the file of the record; None keeps no record, for builders that always write all
            pages.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        # Writers may be forked processes, so they append lines to this file.
        self._written = file.with_suffix(".written") if file else None
        self.before: dict[str, Page] = self._load()
        self.written: dict[str, Page] = {}
        if self._written:
            with contextlib.suppress(OSError):
                self._written.unlink()

    @classmethod
    def of(cls, app: Sphinx) -> Pages:
        """The pages of an application's output."""
        # Builders such as LaTeX have no outdated documents: they say so in words.
        if isinstance(app.builder.get_outdated_docs(), str):
            return cls(None)
        output = relative_path(app.outdir, app.doctreedir)
        name = hashlib.sha256(f"{app.builder.name}\n{output}".encode()).hexdigest()[:16]
        return cls(Path(app.doctreedir) / f"attention-{app.builder.name}-{name}.json")

    def _load(self) -> dict[str, Page]:
        if self._file is None:
            return {}
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["format"] != _FORMAT or kept["version"] != sphinx_attention.__version__:
                return {}
            return {name: Page(**page) for name, page in kept["pages"].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            # Without a record, every page with a figure is written again.
            return {}

    @property
    def kept(self) -> bool:
        """Whether there is a record at all."""
        return self._file is not None

    def begin(self, document: str, budget: int, words: str = "") -> None:
        """Note that a page is about to be written."""
        self.written[document] = Page(budget=budget, words=words)

    def note_entries(self, document: str, entries: Mapping[str, str]) -> None:
        """Note what the figures of a page were drawn from."""
        self.written[document].entries = dict(entries)

    def note_prose(self, document: str, digest: str) -> None:
        """Note what the references of a page's prose come to."""
        self.written[document].prose = digest

    def note_figure(self, document: str, figure: Figure) -> None:
        """Note what a figure carries."""
        self.written[document].carried.append(carried(figure))

    def note_warning(
        self, document: str, error: AttentionError, place: str, *, drawn: bool = False
    ) -> None:
        """Note a warning, so that it is repeated while the page is not written again.

        Args:
            document: the page.
            error: the error of the warning.
            place: the file and line of the directive.
            drawn: whether the figure is still drawn.
        """
        self.written[document].warnings.append((fields_of(error), place))
        if not drawn:
            self.written[document].carried.append("")

    def note_written(
        self, document: str, sizes: Iterable[tuple[int, str]], warnings: Iterable[Any]
    ) -> None:
        """Note facts that only the writing of a page shows. A forked process may call this.

        Args:
            document: the page.
            sizes: the sizes of its figures (see `Page`).
            warnings: the warnings of figures that could not be drawn (see `Page`).
        """
        if self._written is None:
            return
        line = json.dumps([document, list(sizes), list(warnings)]).encode() + b"\n"
        with contextlib.suppress(OSError), self._written.open("ab", buffering=0) as file:
            file.write(line)

    def unwritten(self, documents: Iterable[str]) -> dict[str, Page]:
        """The pages of some documents that this build did not write."""
        return {
            name: self.before[name]
            for name in documents
            if name in self.before and name not in self.written
        }

    def save(self, documents: Iterable[str]) -> None:
        """Write the record.

        Args:
            documents: the documents with a figure or a reference to one; others are forgotten.
        """
        if self._file is None:
            return
        for document, sizes, warnings in self._noted_by_writers():
            if document in self.written:
                self.written[document].sizes = sizes
                self.written[document].warnings += warnings
        pages = {**self.before, **self.written}
        kept = {
            "format": _FORMAT,
            "version": sphinx_attention.__version__,
            "pages": {name: vars(pages[name]) for name in sorted(documents) if name in pages},
        }
        text = json.dumps(kept, sort_keys=True)
        # A doctree folder that cannot be written costs no more than pages that are written again.
        with contextlib.suppress(OSError):
            if not self._file.exists() or self._file.read_text(encoding="utf-8") != text:
                temporary = self._file.with_suffix(f".{os.getpid()}.tmp")
                temporary.write_text(text, encoding="utf-8", newline="\n")
                replace(temporary, self._file)

    def _noted_by_writers(self) -> Iterable[tuple[str, Any, Any]]:
        if self._written is None:
            return
        try:
            lines = self._written.read_text(encoding="utf-8").splitlines()
            self._written.unlink()
        except OSError:
            return
        for line in lines:
            with contextlib.suppress(ValueError):
                document, sizes, warnings = json.loads(line)
                yield document, sizes, warnings


def carried(figure: Figure) -> str:
    """A digest of the layers and heads of each attention that a figure carries."""
    shown = [figure, *(one.figure for one in figure.alternatives)]
    return _digest(
        tuple(each and (each.attention.layer_names, each.attention.head_names) for each in shown)
    )


@lru_cache(64)
def _digest(names: tuple[tuple[tuple[str, ...], tuple[str, ...]] | None, ...]) -> str:
    # Most figures of a project carry the same layers and heads.
    written = repr(list(names)).encode("utf-8", "backslashreplace")
    return hashlib.sha256(written).hexdigest()[:12]


def over_budget(sizes: Iterable[tuple[int, str]], budget: int) -> tuple[int, str] | None:
    """The sum of the sizes at the figure that exceeds the budget, and that figure's place.

    Args:
        sizes: of each figure of a page, in order.
        budget: bytes that a page may carry.

    Returns:
        None if the budget is kept.
    """
    total = 0
    for size, place in sizes:
        total += size
        if total > budget:
            return total, place
    return None
