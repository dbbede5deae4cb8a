"""The answers to the requests of a program, and its warnings."""

from __future__ import annotations

import sys
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.attention import WARNING, Attention
from sphinx_attention.core.authoring.options import invalid
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.progress import listening
from sphinx_attention.core.store import open_store

if TYPE_CHECKING:
    from .figure_request import FigureRequest

Found = Attention | AttentionError


def compute(
    requested: FigureRequest, cache: str | PathLike[str] | None
) -> tuple[list[Found], list[str]]:
    """An answer for each request, and warnings.

    Without a store, the numbers are those of the model. A store keeps them in steps of 1/8000.

    Args:
        requested: the request of the program.
        cache: a folder or a URL of a store; None keeps nothing.

    Raises:
        AttentionError: a store is named for numbers that no store can keep.
    """
    if cache is not None and requested.is_live:
        raise AttentionError(
            Problem.OPTION,
            "cache keeps the numbers of named models, and a live model or given weights have no "
            "name: remove cache",
        )
    if not isinstance(cache, str | PathLike | None):
        raise invalid("cache", cache, "expected a folder, or the URL of a store")
    place = None if cache is None else fspath(cache)
    library = Library(open_store(place, Path.cwd()), "auto", opener=requested.opener)
    requests = requested.spec.requests
    with listening(_say, bars=sys.stderr.isatty()):
        if place is None:
            by_key = {request.key: answer for request, answer in library.compute(requests)}
            answers: list[Found] = [by_key[request.key] for request in requests]
        else:
            for _ in library.capture(library.missing(requests)):
                pass
            answers = library.answers(requests)
    warnings = [warning.message for warning in library.drain_warnings()]
    got = (answer.provenance for answer in answers if isinstance(answer, Attention))
    warnings += [remark for provenance in got if (remark := provenance.get(WARNING))]
    return answers, warnings


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - for whoever waits
