"""From the weights of a row to the shares of what the head writes (`analysis.written`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.codes import Codes, format_thousandths

from .formulas import fixed, significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.phrases import Phrases


@dataclass(frozen=True, eq=False)
class WrittenRow:
    """The weights of a row, and what each of its keys adds to the output.

    Attributes:
        codes: the weights in thousandths.
        weights: the weights.
        norms: the length of f(x) of each key.
    """

    codes: Codes
    weights: NDArray[np.float64]
    norms: NDArray[np.float64]

    @property
    def lengths(self) -> NDArray[np.float64]:
        """The length of what each key adds: its weight times the length of its f(x)."""
        return self.weights * self.norms

    def numbers(self, before: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """The numbers of each key's row before its share.

        Args:
            before: the numbers of each row before its weight.
        """
        return [
            (*numbers, weight, fixed(norm), fixed(length))
            for numbers, weight, norm, length in zip(
                before, self.codes.texts, self.norms.tolist(), self.lengths.tolist(), strict=True
            )
        ]

    def parts(self, key: int, shares: Codes, say: Phrases) -> dict[str, str]:
        """The numbers of one cell for the formula.

        Where the head writes nothing, the lengths sum to 0 and have no shares. The formula says so.

        Args:
            key: position of the key.
            shares: the shares of the row.
            say: the phrases of the figure's language.
        """
        share = format_thousandths(int(shares.values[key]))
        total = float(np.cumsum(self.lengths)[-1])
        found = {
            "alpha": significant(float(self.weights[key])),
            "norm": significant(float(self.norms[key])),
            "length": significant(float(self.lengths[key])),
            "lengths": significant(total),
            "written": share if total else say("nothing_written"),
        }
        return found if shares.masked[key] else {**found, "verdict": share}


def row_of(figure: Figure, query: int) -> WrittenRow | None:
    """The row of a query; None if the figure shows weights."""
    attention, layer, head = figure.attention, figure.layer, figure.head
    if attention.alphas is None or attention.norms is None:
        return None
    weights = replace(attention, weights=attention.alphas)
    return WrittenRow(
        codes=Codes.of_head(weights, layer, head)[query],
        weights=attention.alphas[layer, head, query].astype(np.float64),
        norms=attention.norms[layer, head].astype(np.float64),
    )
