"""``sphinx-attention capture``: compute the requests of the notes, without writing a page."""

from __future__ import annotations

import contextlib
import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from sphinx_attention.core.capture.chunks import CHUNK, Destination, chunks, take_in
from sphinx_attention.core.capture.dask import on_cluster
from sphinx_attention.core.capture.failures import FailureRecord
from sphinx_attention.core.capture.library import Library, is_captured
from sphinx_attention.core.capture.processes import in_processes
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource
from sphinx_attention.core.store import open_store
from sphinx_attention.core.store.folder import FolderStore
from sphinx_attention.hosts.paths import shell_word

from ._shared import (
    answer,
    brief,
    docs_argument,
    documents_by_key,
    json_option,
    model_name,
    read_notes,
    reporting_progress,
    say,
    say_warnings,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sphinx_attention.core.request import Request
    from sphinx_attention.hosts.notes import PageRequests

_DTYPES = ("float32", "bfloat16", "float16", "float64", "auto")
_LONG_ENOUGH = 6
"""The least number of digits that count as the beginning of a key."""

_EACH = 4
"""The number of chunks for each process, so that no process waits long for the last one."""


@click.command()
@docs_argument
@click.option(
    "--only",
    metavar="WHAT",
    multiple=True,
    help="Only figures with this beginning of the key (6 digits or more), with this part of the "
    "text, or in this document. May be given several times.",
)
@click.option(
    "--refresh", is_flag=True, help="Compute everything again, also entries that the store has."
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that compute; each loads its model.",
)
@click.option("--device", help="The device of models, such as cpu, cuda or cuda:1.")
@click.option(
    "--dtype",
    type=click.Choice(_DTYPES),
    help="The precision of models. It is part of the request of a figure: a build finds these "
    "entries only if attention_models has the same precision.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Compute on a Dask cluster, such as tcp://10.0.0.1:8786.",
)
@click.option("--dry-run", is_flag=True, help="List what would be computed, and compute nothing.")
@json_option
def capture(
    *,
    docs: Path,
    defines: tuple[str, ...],
    only: tuple[str, ...],
    refresh: bool,
    jobs: int,
    device: str | None,
    dtype: str | None,
    scheduler: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fill the store of the notes in DOCS, without writing pages.

    Entries that the store has are skipped, so an interrupted run continues where it ended.
    Exit code 1 if anything could not be computed or stored.
    """
    notes = read_notes(docs, defines)
    requested = [(doc, _placed(request, device, dtype)) for doc, request in _wanted(notes, only)]
    requested = [(doc, request) for doc, request in requested if is_captured(request)]
    if dtype and any(_placed(r, None, dtype).key != r.key for _, r in notes):
        say(f'note: a build finds these entries only with "dtype": "{dtype}" in attention_models')
    # The command chooses this and not conf.py, because its purpose is to capture.
    store = open_store(notes.settings.cache, notes.base)
    library = Library(
        store,
        "refresh" if refresh else "auto",
        docs=shell_word(docs),
        record=FailureRecord(store.folder),
    )
    missing = library.missing(request for _, request in requested)
    say_warnings(library)
    # These requests failed earlier and would fail again.
    hopeless = list({r.key: r for _, r in requested if r.key in library.failures}.values())
    there = len({r.key for _, r in requested}) - len(missing) - len(hopeless)
    run = _Run(library, missing, hopeless, there, documents_by_key(requested))
    if dry_run:
        run.list_missing(as_json=as_json)
        return
    run.compute(notes, jobs=jobs, scheduler=scheduler)
    say_warnings(library)
    run.report(as_json=as_json)
    sys.exit(1 if library.failures or len(library.not_stored) else 0)


def _wanted(notes: PageRequests, only: Sequence[str]) -> list[tuple[str, Request]]:
    if not only:
        return list(notes)
    chosen = [(doc, request) for doc, request in notes if _is_meant(doc, request, only)]
    if not chosen:
        raise click.BadParameter(
            f"no figure of the notes has a key, a text or a document like {', '.join(only)}",
            param_hint="--only",
        )
    return chosen


def _is_meant(document: str, request: Request, only: Sequence[str]) -> bool:
    return any(
        what == document
        or what in request.subject
        or any(what in base.text for base in request.bases)
        or (re.fullmatch(rf"[0-9a-f]{{{_LONG_ENOUGH},}}", what) and request.key.startswith(what))
        for what in only
    )


def _placed(request: Request, device: str | None, dtype: str | None) -> Request:
    """A request with the device and the precision of the command line."""
    source = request.source
    if not isinstance(source, ModelSource):
        return request
    if device:
        source = replace(source, device=device, device_map=None)
    if dtype:
        source = replace(source, dtype=dtype)
    return replace(request, source=source)


@dataclass
class _Run:
    """One call of the command, after the notes are read.

    Attributes:
        library: the library that gets the entries.
        missing: the requests to compute.
        hopeless: the requests that failed earlier and are not tried again.
        there: the number of entries that the store has already.
        places: the documents of each key.
    """

    library: Library
    missing: list[Request]
    hopeless: list[Request]
    there: int
    places: dict[str, list[str]]

    def compute(self, notes: PageRequests, *, jobs: int, scheduler: str | None) -> None:
        """Compute the missing requests, in any kind of process, with one progress bar."""
        if not self.missing:
            return
        shared = scheduler is not None and not isinstance(self.library.store, FolderStore)
        with contextlib.ExitStack() as stack:
            stack.enter_context(reporting_progress())
            done = self._done(notes, jobs, scheduler)
            stack.callback(done.close)
            progress = stack.enter_context(
                click.progressbar(
                    done,
                    length=len(self.missing),
                    label="capturing",
                    file=sys.stderr,
                    item_show_func=_doing,
                    show_pos=True,
                )
            )
            for _ in progress:
                pass
        if shared:
            # Workers wrote these entries. Reading them keeps them in the folder, too.
            self.library.store.prepare(request.key for request in self.missing)

    def _done(self, notes: PageRequests, jobs: int, scheduler: str | None) -> Any:
        library, missing = self.library, self.missing
        if scheduler is None and jobs == 1:
            return (request for request, _ in library.capture(missing))
        location, refresh = notes.settings.cache, library.mode == "refresh"
        if scheduler is None:
            parts = chunks(missing, max(1, min(CHUNK, -(-len(missing) // (_EACH * jobs)))))
            ran = in_processes(parts, Destination(location, str(notes.base), refresh), jobs)
        else:
            # Workers cannot write to a folder of this machine, so they return entries.
            destination = Destination(location if "://" in location else None, refresh=refresh)
            ran = on_cluster(chunks(missing, CHUNK), destination, scheduler)
        return take_in(library, missing, ran)

    def list_missing(self, *, as_json: bool) -> None:
        """Print what would be computed."""
        if as_json:
            listed = [
                {
                    "key": r.key,
                    "model": model_name(r),
                    "text": r.subject,
                    "documents": self.places[r.key],
                }
                for r in self.missing
            ]
            answer({"missing": listed, "there": self.there})
            return
        for request in self.missing:
            click.echo(f"{short(request.key)}  {model_name(request)}  {brief(request.subject)}")
        say(f"{len(self.missing)} to compute, {self.there} in the store already")

    def report(self, *, as_json: bool) -> None:
        """Print what was computed, and what failed."""
        failures, not_stored = self.library.failures, self.library.not_stored
        failed = [r for r in (*self.missing, *self.hopeless) if r.key in failures]
        lost = [request for request in self.missing if request.key in not_stored]
        captured = len(self.missing) + len(self.hopeless) - len(failed) - len(lost)
        if as_json:
            done = [
                r.key for r in self.missing if r.key not in failures and r.key not in not_stored
            ]
            answer(
                {
                    "captured": done,
                    "there": self.there,
                    "failed": [self._failed(r, failures[r.key]) for r in failed],
                    "not_stored": [request.key for request in lost],
                    **({"warnings": self.library.remarks} if self.library.remarks else {}),
                }
            )
            return
        for request in failed:
            where, error = ", ".join(self.places[request.key]), failures[request.key]
            say(f"{where}: “{brief(request.subject)}”: {error.message} [attention.{error.problem}]")
        for key, remark in self.library.remarks.items():
            say(f"{', '.join(self.places[key])}: warning: {remark} [attention.{Problem.TEXT}]")
        counts = [f"{captured} captured", f"{self.there} in the store already"]
        counts += [f"{len(failed)} failed"] if failed else []
        counts += [f"{len(lost)} not stored"] if lost else []
        say(", ".join(counts))

    def _failed(self, request: Request, error: AttentionError) -> dict[str, Any]:
        return {
            "key": request.key,
            "text": request.subject,
            "documents": self.places[request.key],
            "problem": str(error.problem),
            "message": error.message,
        }


def _doing(request: Request | None) -> str | None:
    return None if request is None else f"{model_name(request)}: {brief(request.subject)}"
