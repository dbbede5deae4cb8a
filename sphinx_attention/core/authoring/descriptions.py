"""The descriptions of pictures, for readers who cannot see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx_attention.core.figure.spec import FigureSpec, Variant


def undescribed(spec: FigureSpec, variants: Iterable[Variant]) -> list[AttentionError]:
    """A warning for each picture that the author has not described.

    Args:
        spec: of the figure.
        variants: all attentions of the figure.
    """
    described = {
        variant.request.image.path: spec.described(variant)
        for variant in variants
        if variant.request.image is not None
    }
    return [
        AttentionError(
            Problem.PICTURE,
            f"the picture {quoted(path)} has no description for readers who cannot see it: "
            f"say in {option('alt')} what it shows",
        )
        for path, description in described.items()
        if not description
    ]
