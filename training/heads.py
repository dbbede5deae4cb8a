"""The layer and the head for each behaviour of the teaching model, counted from 0."""

from __future__ import annotations

PREVIOUS = (0, 0)
"""From each token to the token before."""
INDUCTION = (1, 2)
"""From a token that occurred earlier to the token that followed then."""
FIRST = (1, 3)
"""From each token to the first token."""
PRONOUN = (2, 0)
"""From a pronoun to the noun or the name that it means."""
VERB = (2, 1)
"""From a verb to the head noun of its subject."""
