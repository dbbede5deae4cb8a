"""Which head of the teaching model does what: layer and head, counted from 0."""

from __future__ import annotations

PREVIOUS = (0, 0)
"""From each token to the one before."""
INDUCTION = (1, 2)
"""From a token that has stood there before to what came next then."""
FIRST = (1, 3)
"""From each token to the first."""
PRONOUN = (2, 0)
"""From a pronoun to the noun or the name that it means."""
VERB = (2, 1)
"""From a verb to the head noun of its subject."""
