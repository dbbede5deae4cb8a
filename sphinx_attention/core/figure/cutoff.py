"""Which weights of a row are drawn as edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sphinx_attention.core.codes import Codes


def drawn_weights(rows: Codes, cutoff: float) -> NDArray[np.bool_]:
    """Which weights of each row or column are drawn as edges.

    The heaviest weights whose sum reaches the cut-off are drawn, and all weights that equal the
    last of them, so that the choice does not depend on the order of equal weights. Masked weights
    and zeros are never drawn. Differences count by their size.

    Args:
        rows: codes, shape (…, tokens).
        cutoff: the share of each row's weight that edges must reach, in (0, 1].

    Returns:
        The shape of ``rows``.
    """
    mass = rows.sizes
    falling = np.sort(mass, axis=-1)[..., ::-1]
    before = np.cumsum(falling, axis=-1) - falling
    taken = before < cutoff * mass.sum(axis=-1, keepdims=True)
    none = np.iinfo(mass.dtype).max
    lightest = falling.min(axis=-1, keepdims=True, where=taken, initial=none)
    chosen: NDArray[np.bool_] = mass >= np.maximum(lightest, 1)
    return chosen
