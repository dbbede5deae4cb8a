"""The markup of figures in pages of Markdown: ids, scripts, and what search must not index."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from sphinx_attention import assets
from sphinx_attention.core.phrases import browser_script, phrases
from sphinx_attention.core.render.files import script_text, scripts_of, style_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.figure.figure import Figure

BEGIN, END = "<!--attention-->", "<!--/attention-->"
"""Comments around markup that search does not index."""

_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][\w-]*)(?:[^<>\"]|\"[^\"]*\")*?(?P<closed>/?)>")
_VOID = frozenset({"input", "br", "img", "hr", "col", "link", "meta", "wbr", "source"})
_DATA = re.compile(
    r'<script class="nohighlight" (type="application/x-attention[a-z-]*"[^>]*)>(.*?)</script>',
    re.DOTALL,
)
_FOLDER = "assets/attention"


def portable(markup: str) -> str:
    """The inside of a figure for pages whose content a script replaces, and for search.

    Material's instant navigation drops the attributes of scripts, so numbers stand in a hidden
    element. Search of Material and Zensical passes over elements with ``data-search-exclude``.
    """
    markup = _DATA.sub(_hidden, markup)
    return f"{BEGIN}{_excluded(markup)}{END}"


def _hidden(found: re.Match[str]) -> str:
    text = found[2].replace("&", "&amp;").replace("<", "&lt;")
    return f"<div hidden {found[1]}>{text}</div>"


def _excluded(markup: str) -> str:
    """Mark all elements that are not within another one."""
    made, depth, last = [], 0, 0
    for tag in _TAG.finditer(markup):
        if tag["end"]:
            depth -= 1
            continue
        if depth == 0:
            place = tag.start() + 1 + len(tag["name"])
            made += [markup[last:place], ' data-search-exclude=""']
            last = place
        if not tag["closed"] and tag["name"] not in _VOID:
            depth += 1
    return "".join([*made, markup[last:]])


def without_numbers(html: str) -> str:
    """A page without the markup that search must not index."""
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", "", html, flags=re.DOTALL)


def linked(address: str, *, prose: bool, live: bool) -> str:
    """The elements that load our files from the output of the site."""
    version = _digest()[:8]
    folder = quote(address)
    names = [*([assets.CORE] if live else []), *([assets.PROSE] if prose else [])]
    scripts = "".join(f'<script src="{folder}/{name}?{version}" async></script>' for name in names)
    return f'<link rel="stylesheet" href="{folder}/{assets.STYLE}?{version}">{scripts}'


def inlined(figures: Sequence[Figure], language: str, *, prose: bool) -> str:
    """The elements that hold our files themselves, for pages that stand alone."""
    names = [*(scripts_of(figures) if figures else []), *([assets.PROSE] if prose else [])]
    script = browser_script(phrases(language)) + script_text(names)
    return f"<style>{_style()}</style><script>{script}</script>"


def files(language: str) -> dict[str, bytes]:
    """The files for the output of a site, by their paths."""
    found = {f"{_FOLDER}/{file.name}": file.read_bytes() for file in assets.files()}
    core = f"{_FOLDER}/{assets.CORE}"
    found[core] = browser_script(phrases(language)).encode() + found[core]
    return found


def folder() -> str:
    """The path of the folder of our files below the output."""
    return _FOLDER


@cache
def _digest() -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in assets.files())).hexdigest()


_style = cache(style_text)
