"""A figure as HTML: everything inside ``<figure>`` before its caption."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from sphinx_attention.core.display import clean_line
from sphinx_attention.core.payload import encode

from .drawing import templates
from .scores import percent_drawn, score_vector
from .svg import render_svg
from .text import strongest_pairs

if TYPE_CHECKING:
    from sphinx_attention.core.figure import Figure

SideFile = Callable[[str, str], str]
"""Takes a file's name and its JavaScript, and answers with the URL the page will find it at."""

LARGEST_INLINE = 48 * 1024
"""Characters of base64 that a page carries within itself; more goes into a side file."""


def figure_attributes(figure: Figure) -> dict[str, str]:
    """The data attributes of the ``<figure>`` element."""
    return {
        "data-view": figure.spec.view,
        "data-layer": str(figure.layer),
        "data-head": str(figure.head),
        "data-cutoff": f"{figure.cutoff:.6g}",
        "data-rest": figure.spec.rest,
    }


def render_html(figure: Figure, uid: str, side_file: SideFile | None = None) -> str:
    """Write everything inside ``<figure>`` before the caption.

    Args:
        figure: what is shown.
        uid: prefix of the ids within, unique in the page; fit for an HTML id.
        side_file: takes payloads past `LARGEST_INLINE`; None keeps all of them in the page.

    Returns:
        HTML, the same for the same arguments.
    """
    attention = figure.attention
    several = attention.layers * attention.heads > 1
    return (
        templates()
        .get_template("figure.html.jinja")
        .render(
            picture=Markup(render_svg(figure, uid)),  # noqa: S704 - made and escaped by our template
            choices=[
                ("layer", figure.layer, attention.layers),
                ("head", figure.head, attention.heads),
            ]
            if several or attention.label
            else [],
            figure=figure,
            label=clean_line(attention.label),
            vector=score_vector(figure),
            percent=percent_drawn(figure),
            pairs=strongest_pairs(figure),
            payload=_carry(encode(figure), side_file),
        )
    )


@dataclass(frozen=True)
class _Carried:
    """How the page comes by a payload: within itself, or by a key from a script elsewhere."""

    text: str = ""
    key: str = ""
    url: str = ""


def _carry(payload: bytes, side_file: SideFile | None) -> _Carried:
    text = b64encode(payload).decode("ascii")
    if side_file is None or len(text) <= LARGEST_INLINE:
        return _Carried(text=text)
    key = hashlib.sha256(payload).hexdigest()[:16]
    # A classic script: fetch and modules fail on pages that are opened from a disk.
    script = f'(globalThis.attentionPayloads??={{}})["{key}"]="{text}";\n'
    return _Carried(key=key, url=side_file(f"attention-{key}.js", script))
