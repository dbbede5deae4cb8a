"""What a build has to say about its store or its answers without stopping for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx_attention.core.errors import Problem


@dataclass(frozen=True)
class StoreWarning:
    """Something that is wrong with the store, and does not keep a figure from its page.

    Attributes:
        problem: the subtype of the warning.
        message: what is wrong, and what was done about it.
        key: of the first request that it concerns; None where it concerns none in particular.
    """

    problem: Problem
    message: str
    key: str | None = None
