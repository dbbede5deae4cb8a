"""The image view: the picture that a model saw, and where its patches look."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sphinx_attention.core.codes import format_code, format_thousandths
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.render.common import heatmap
from sphinx_attention.core.render.common.constants import constants
from sphinx_attention.core.render.common.edges import num
from sphinx_attention.core.render.drawing import Drawing
from sphinx_attention.core.text import visible

from .flows import best_flows, strong_flows
from .layout import lay_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Attention, Picture
    from sphinx_attention.core.figure.figure import Figure

    from .flows import Flows
    from .layout import Layout

_LISTED: int = constants("image")["listed"]
_NAMED = 3

# A picture whose pixels are this large on the page is shown with its pixels.
_PIXELATED_FROM = 2.5

_CLASS = "[CLS]"
"""The token that a vision transformer reads its answer from."""


@dataclass(frozen=True)
class Strongest:
    """The tokens that the pinned tokens look at most.

    Attributes:
        rows: of each, the number and the text.
        others: how many further tokens there are.
        rest: their weight together.
    """

    rows: tuple[tuple[str, str], ...]
    others: int
    rest: str


@dataclass(frozen=True)
class ImageView:
    """The picture.

    Attributes:
        layout: the layout of the picture.
        href: the picture as a data URL.
        pixelated: whether the picture is shown with its pixels.
        veil: the darkness over the patches.
        chips: the opacity of each chip.
        flows: the lines on the picture.
        pinned: the indices of the pinned tokens.
        rest: the index of the token that is shown while no token is in focus; −1 for the mean of
            all patches.
        tokens: the names of the pinned tokens.
        more: whether there are further pinned tokens.
        other: the token that they look at most; empty if they look at none.
        number: its weight.
        strongest: the list below the picture; None without pins.
        boost: the value of the option ``boost``.
        shown: the value of the option ``flows``.
        count: how many lines are drawn.
        least: the weight of the weakest line.
        whole: how many weights are as strong.
    """

    layout: Layout
    href: str
    pixelated: bool
    veil: tuple[heatmap.Level, ...]
    chips: tuple[str, ...]
    flows: Flows
    pinned: tuple[int, ...]
    rest: int
    tokens: tuple[str, ...]
    more: bool
    other: str
    number: str
    strongest: Strongest | None
    boost: str
    shown: str
    count: int
    least: str
    whole: int

    @property
    def rest_name(self) -> str:
        """The name of the token that is shown at rest."""
        return self.tokens[0] if self.tokens else ""


def draw(figure: Figure) -> Drawing:
    """Draw a figure as the picture that the model saw."""
    attention, picture = figure.attention, figure.attention.picture
    if picture is None or not (attention.same_tokens and _has_patches(attention)):
        raise AttentionError(
            Problem.PICTURE,
            f"what {attention.label} answered has no picture: take another view, or capture it "
            "again",
        )
    codes = figure.codes.values
    tokens = attention.key_tokens
    patches = np.array([token.patch is not None for token in tokens])
    rest = rest_token(attention)
    shown = figure.option("flows")
    places = figure.pinned or ((rest,) if rest >= 0 else ())
    line = codes[list(places)].sum(axis=0) if places else mean_line(codes, patches)
    most = max(1, int(line[patches].max(initial=0)))
    layout = lay_out(tokens, picture, format_thousandths(most))
    boost = figure.option("boost")
    levels = _levels(line, most, boost)
    grid = layout.grid
    dark = heatmap.LEVELS - levels[patches].reshape(grid.rows, grid.columns)
    veiled = shown == "none" or bool(figure.pinned)
    size = (grid.cell, grid.cell)
    flows = _flows(shown, codes, layout, figure.pinned)
    strongest = int(line.argmax())
    some = bool(line[strongest])
    named = [attention.query_tokens[index].text for index in places[:_NAMED]]
    view = ImageView(
        layout=layout,
        href=heatmap.data_uri(png(picture)),
        pixelated=grid.width / picture.pixels.shape[1] >= _PIXELATED_FROM,
        veil=heatmap.level_paths(dark.astype(np.int8), size) if veiled else (),
        chips=tuple(num(levels[chip.index] / (2 * heatmap.LEVELS)) for chip in layout.chips),
        flows=flows,
        pinned=figure.pinned,
        rest=rest,
        tokens=tuple(visible(text) for text in named),
        more=len(places) > _NAMED,
        other=visible(tokens[strongest].text) if some else "",
        number=format_thousandths(int(line[strongest])) if some else "",
        strongest=_strongest(line, attention) if figure.pinned else None,
        boost=boost,
        shown=shown,
        count=flows.count,
        least=format_code(flows.least),
        whole=flows.whole,
    )
    return Drawing(
        width=layout.width,
        height=layout.height,
        right_to_left=False,
        template="image/picture.jinja",
        content=view,
        turns=True,
        controls="image/controls.jinja",
        below="image/below.jinja",
        notes=(figure.say("patch_names"),),
        vector=False,
        smallest=0.8,
    )


def _has_patches(attention: Attention) -> bool:
    return any(token.patch is not None for token in attention.query_tokens)


def rest_token(attention: Attention) -> int:
    """The token that is shown while none is in focus; −1 for the mean of all patches.

    It is the class token; where there is none, the last token of the text that the model reads
    beside the picture.
    """
    texts = [token.text for token in attention.query_tokens]
    if _CLASS in texts:
        return texts.index(_CLASS)
    words = [i for i, t in enumerate(attention.query_tokens) if t.patch is None and not t.special]
    return len(texts) - 1 if words else -1


def mean_line(codes: NDArray[np.integer], patches: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The mean of the rows of all patches, in whole thousandths."""
    rows = codes[patches]
    mean: NDArray[np.int64] = np.floor(rows.sum(axis=0) / len(rows) + 0.5).astype(np.int64)
    return mean


def _levels(line: NDArray[np.integer], most: int, boost: str) -> NDArray[np.int8]:
    """How bright each token is, from 0 to `heatmap.LEVELS`."""
    share = np.clip(line / most, 0, 1)
    bright = np.sqrt(share) if boost == "sqrt" else share
    levels: NDArray[np.int8] = np.floor(heatmap.LEVELS * bright + 0.5).astype(np.int8)
    return levels


def _flows(
    shown: str, codes: NDArray[np.integer], layout: Layout, pinned: tuple[int, ...]
) -> Flows:
    if shown == "best":
        return best_flows(codes, layout.grid, pinned)
    return strong_flows(codes, layout.grid, pinned, draws=shown == "strong")


def _strongest(line: NDArray[np.integer], attention: Attention) -> Strongest:
    """The strongest weights of a line, for the list below the picture."""
    order = [int(i) for i in np.argsort(-line, kind="stable")[:_LISTED] if line[i] > 0]
    left = np.isin(np.arange(len(line)), order, invert=True)
    return Strongest(
        rows=tuple(
            (format_thousandths(int(line[i])), visible(attention.key_tokens[i].text)) for i in order
        ),
        others=int(left.sum()),
        rest=format_thousandths(int(line[left].sum())),
    )


@lru_cache(16)
def png(picture: Picture) -> bytes:
    """The picture that a model saw, as a PNG file."""
    image = Image.fromarray(picture.pixels)
    image.putpalette(picture.palette.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
