"""Ids of figures in pages of Markdown: equal in every build, and different on every page."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable


def page_slug(page: str) -> str:
    """The beginning of the ids of a page's figures, which differs between pages of a site."""
    stem = re.sub(r"\.\w+$", "", page)
    slug = re.sub(r"[^0-9A-Za-z]+", "-", stem).strip("-")
    if slug and slug == stem:
        return slug
    return "-".join(filter(None, (slug, hashlib.sha256(stem.encode()).hexdigest()[:6])))


def element_id(name: str) -> str:
    """The id of a figure's element from the name that its author gave."""
    return re.sub(r"[^\w-]+", "-", name.strip().lower()).strip("-") or "attention"


def ambiguous_name(name: str, pages: Iterable[str]) -> AttentionError:
    """The error for a name that figures of several pages have."""
    both = " and ".join(pages)
    return AttentionError(
        Problem.REFERENCE,
        f"the name {quoted(name)} is ambiguous: figures of {both} have it; rename all but one",
    )
