"""Ids of figures in pages of Markdown: equal in every build, and different on every page."""

from __future__ import annotations

import hashlib
import re


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
