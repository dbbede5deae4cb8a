"""Ids of figures: equal in every build, and unique in a whole project."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docutils import nodes

_PARTS = (
    "title",
    "desc",
    "about",
    "headline",
    "ramp",
    "hatch",
    "heads",
    "mask1",
    "mask2",
    "large-title",
    "large-desc",
)
"""The endings of the ids of a figure's parts."""


def slug_of(document: str, documents: Iterable[str]) -> str:
    """The beginning of the ids of a document's figures, after ``attention-``.

    It consists of the letters and digits of the document's name. If another document gives the
    same, as ``week-1`` and ``week/1`` do, or ``第一章`` and ``第二章``, a digest distinguishes
    them. A document whose name equals the beginning has no digest.
    """
    slug, known = _plain(document), frozenset(documents)
    if document == slug or _slugs(known)[slug] == (document in known):
        return slug
    return f"{slug}-{hashlib.sha256(document.encode()).hexdigest()[:6]}"


@lru_cache(1)
def _slugs(documents: frozenset[str]) -> Counter[str]:
    """How many documents of a project have each slug. Every figure of the project asks."""
    return Counter(map(_plain, documents))


def _plain(document: str) -> str:
    return re.sub(r"[^0-9A-Za-z]+", "-", document).strip("-") or "page"


def new_uid(env: Any, document: nodes.document) -> str:
    """An id for the next figure of a document, which is unique in the document."""
    slug = slug_of(env.docname, env.found_docs)
    while True:
        uid = f"attention-{slug}-{env.new_serialno('attention')}"
        taken = document.ids
        if uid not in taken and not any(f"{uid}-{part}" in taken for part in _PARTS):
            return uid
