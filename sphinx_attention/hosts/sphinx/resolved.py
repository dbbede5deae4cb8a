"""The figures of pages that are being written, resolved once for their nodes and their markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec

_MOST_BYTES = 32 * 1024 * 1024
"""The bytes of numbers that are kept: a hundred figures of 72 heads and 32 tokens."""


class ResolvedFigures:
    """Figures by the id of their node.

    A page is processed twice: before references are resolved, and when it is written. Figures that
    do not fit in the memory for this cache are resolved twice.

    Args:
        several_pages: whether Sphinx resolves several pages before it writes the first of them. In
            a parallel build it does so, and the processes that write inherit the figures.
    """

    def __init__(self, *, several_pages: bool = False) -> None:
        self._kept: dict[str, tuple[FigureSpec, Figure]] = {}
        self._last: tuple[str, FigureSpec, Figure] | None = None
        self._bytes = 0
        self._left_by_a_page = _MOST_BYTES // 2 if several_pages else 0

    def begin_page(self) -> None:
        """Forget the figures of earlier pages, except pages that may not be written yet."""
        self._last = None
        while self._kept and self._bytes > self._left_by_a_page:
            self.forget(next(iter(self._kept)))

    def forget(self, uid: str) -> None:
        """Forget the figure of a node."""
        self._last = None
        if uid in self._kept:
            self._bytes -= _size(self._kept.pop(uid)[1])

    def get(self, uid: str, spec: FigureSpec) -> Figure | None:
        """The figure of a node, if it is kept; else None."""
        if self._last is not None and self._last[:2] == (uid, spec):
            return self._last[2]
        kept = self._kept.get(uid)
        return kept[1] if kept is not None and kept[0] == spec else None

    def keep(self, uid: str, spec: FigureSpec, figure: Figure) -> None:
        """Keep a figure while there is room, and the last figure in any case."""
        self.forget(uid)
        self._last = uid, spec, figure
        size = _size(figure)
        if self._bytes + size <= _MOST_BYTES:
            self._kept[uid] = spec, figure
            self._bytes += size


def _size(figure: Figure) -> int:
    attention = figure.attention
    tensors = (attention.queries, attention.keys, attention.values)
    own = attention.weights.nbytes + sum(t.nbytes for t in tensors if t is not None)
    return own + sum(_size(one.figure) for one in figure.beside if one.figure is not None)
