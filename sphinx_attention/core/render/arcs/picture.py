"""The picture of the arcs view as SVG: the edges at rest, those in focus, and the tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.render.common import squares
from sphinx_attention.core.render.common.edges import num
from sphinx_attention.core.render.common.markup import ACCENT, NEGATIVE, NEUTRAL, escape
from sphinx_attention.core.text import right_to_left, visible

from .labels import FONT

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

    from .draw import Arcs, DrawnEdge, DrawnRow, DrawnToken, Layer
    from .labels import DrawnLabel

_TOKENS = (
    '<g class="attention-tokens" fill="currentColor" font-size="18" text-anchor="middle" '
    'pointer-events="all">'
)


def write(figure: Figure, arcs: Arcs, *, standalone: bool) -> str:
    """Write the picture.

    Args:
        figure: the figure.
        arcs: the layout of the picture.
        standalone: whether the picture brings its colours, without the page's style sheet.
    """
    ink = ACCENT if standalone else "currentColor"
    dim = standalone and figure.spec.special == "dim"
    away = " attention-overview--away" if arcs.pinned else ""
    lines = f'fill="none" stroke="{ink}"'
    return "".join(
        (
            f'<g class="attention-overview{away}" {lines}>\n',
            *(_layer(layer, standalone=standalone, dim=dim) for layer in arcs.rest),
            f'</g>\n<g class="attention-edges" {lines}>',
            *(_edge(edge, standalone=standalone, dim=dim) for edge in arcs.focus),
            "</g>\n",
            _labels(arcs, standalone=standalone),
            squares.write(arcs.squares, standalone=standalone),
            f"{_TOKENS}\n",
            *(
                _token(figure, row, token, standalone=standalone, dim=dim)
                for row in arcs.rows
                for token in row.tokens
            ),
            "</g>",
        )
    )


def _labels(arcs: Arcs, *, standalone: bool) -> str:
    """The author's labels with their lines; empty without any."""
    if not arcs.labels:
        return ""
    faint = ' opacity="0.7"' if standalone else ""
    return "".join(
        (
            f'<g class="attention-labels" data-band="{num(arcs.band)}" fill="currentColor"',
            f' font-size="{num(FONT)}" font-style="italic" text-anchor="middle"{faint}>',
            *(_label(one) for one in arcs.labels),
            "</g>\n",
        )
    )


def _label(one: DrawnLabel) -> str:
    key = "" if one.label.key is None else f' data-key="{one.label.key}"'
    reading = ' direction="rtl"' if right_to_left(one.label.text) else ""
    return (
        f'<g class="attention-label" data-query="{one.label.query}"{key}>'
        f'<path d="{one.path}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>'
        f'<text x="{num(one.x)}" y="{num(one.y)}"{reading}>{escape(visible(one.label.text))}</text>'
        "</g>"
    )


def _layer(layer: Layer, *, standalone: bool, dim: bool) -> str:
    classes, colour = _kind("attention-rest", layer, standalone=standalone)
    paths = (f'<path d="{path}" stroke-width="{width}"/>' for width, path in layer.lines)
    ink = f'class="{classes} attention-ink-{layer.strength}"'
    if standalone:
        # Without the page's style sheet, which mixes the ink with the ground.
        opacity = num(layer.opacity * (0.4 if dim and layer.special else 1))
        ink = f'class="{classes}" stroke-opacity="{opacity}"{colour}'
    return f"<g {ink}>{''.join(paths)}</g>\n"


def _edge(edge: DrawnEdge, *, standalone: bool, dim: bool) -> str:
    classes, colour = _kind("attention-edge", edge, standalone=standalone)
    faint = ' stroke-opacity="0.3"' if dim and edge.special else ""
    return (
        f'<path class="{classes}" data-query="{edge.query}" data-key="{edge.key}" '
        f'd="{edge.path}" stroke-width="{edge.width}"{colour}{faint}/>'
    )


def _kind(name: str, drawn: Layer | DrawnEdge, *, standalone: bool) -> tuple[str, str]:
    """The classes of an edge or of a layer of edges, and the attribute of its own colour."""
    classes = name
    if drawn.special:
        classes += f" {name}--special"
    if drawn.less:
        classes += f" {name}--less"
    colour = NEUTRAL if drawn.special else NEGATIVE if drawn.less else ""
    return classes, f' stroke="{colour}"' if standalone and colour else ""


def _token(figure: Figure, row: DrawnRow, token: DrawnToken, *, standalone: bool, dim: bool) -> str:
    slot = token.slot
    x = num(slot.x)
    classes = "attention-token"
    if slot.special:
        classes += " attention-token--special"
    if token.focus:
        classes += " attention-token--focus"
    if figure.wrote(token.index):
        classes += " attention-token--written"
    if token.masked:
        classes += " attention-token--masked"
    side = f' data-side="{row.side}"' if row.side else ""
    faint = f' fill-opacity="{0.3 if dim else 0.6}"' if standalone and slot.special else ""
    style = f' font-size="{slot.font}"' if slot.special else ""
    if slot.right_to_left:
        style += ' direction="rtl"'
    if standalone and token.focus:
        style += f' font-weight="bold" fill="{ACCENT}"'
    return (
        f'<g class="{classes}" data-token="{token.index}"{side}{faint}>'
        f'<text class="attention-word" x="{x}" y="{num(row.word_y)}" '
        f'textLength="{num(slot.text_width)}" lengthAdjust="spacingAndGlyphs"{style}>'
        f"{escape(slot.text)}</text>{_number(row, token, x, standalone=standalone)}</g>\n"
    )


def _number(row: DrawnRow, token: DrawnToken, x: str, *, standalone: bool) -> str:
    """The number over a token, or an empty text."""
    if not token.number:
        return ""
    strong = " attention-weight--strong" if token.strong else ""
    faint = ' fill-opacity="0.6"' if standalone and not token.strong else ""
    return (
        f'<text class="attention-weight{strong}" x="{x}" y="{num(row.number_y)}" '
        f'font-size="11"{faint}>{token.number}</text>'
    )
