"""Going on from a text: what all causal models have in common, whichever way they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.attention import Candidate
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import ArrayLike

CANDIDATES = 5
"""The likeliest next tokens that are kept at each step."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """The tokens with which a model went on from a text.

    Attributes:
        ids: their numbers.
        steps: for each of them, the numbers and probabilities of the likeliest tokens at that
            place, the likeliest first, which is the chosen one.
    """

    ids: tuple[int, ...]
    steps: tuple[tuple[tuple[int, float], ...], ...]

    def candidates(
        self, display: Callable[[Sequence[int]], Sequence[str]]
    ) -> tuple[tuple[Candidate, ...], ...]:
        """The likeliest tokens of each step, as readers see them.

        Args:
            display: the texts of tokens, by their numbers.
        """
        return tuple(
            tuple(
                Candidate(text, probability)
                for text, (_, probability) in zip(display([n for n, _ in step]), step, strict=True)
            )
            for step in self.steps
        )


def go_on(
    logits_after: Callable[[Sequence[int]], ArrayLike],
    ids: Sequence[int],
    count: int,
    end: Collection[int],
) -> Continuation:
    """Go on from a text, with the likeliest token each time.

    Args:
        logits_after: the logit of each token of the vocabulary after some tokens.
        ids: the tokens of the text.
        count: how many tokens are added at most.
        end: the tokens that end a text; nothing is added after one of them.

    Raises:
        AttentionError: the logits are no numbers.
    """
    added: list[int] = []
    steps = []
    while len(added) < count and not (added and added[-1] in end):
        step = likeliest(logits_after([*ids, *added]))
        steps.append(step)
        added.append(step[0][0])
    return Continuation(tuple(added), tuple(steps))


def likeliest(logits: ArrayLike) -> tuple[tuple[int, float], ...]:
    """The likeliest tokens with their probabilities; of equal ones, that of the lower number.

    Raises:
        AttentionError: the logits are no numbers.
    """
    numbers = np.asarray(logits, np.float32)
    if not numbers.size or not np.isfinite(numbers.max()):
        raise AttentionError(
            Problem.MODEL,
            "the model computes NaN for the next token; declare it with the dtype float32",
        )
    powers = np.exp(numbers - numbers.max())
    shares = powers / powers.sum()
    order = np.argsort(-numbers, kind="stable")[:CANDIDATES]
    return tuple((int(n), float(shares[n])) for n in order)


def check_room(label: str, tokens: int, count: int, limit: int | None) -> None:
    """Refuse more new tokens than the model has positions for.

    Args:
        label: what figures call the model.
        tokens: how many tokens the text has.
        count: how many are to be added.
        limit: how many the model takes; None where nothing bounds them.

    Raises:
        AttentionError: there is no room for so many.
    """
    if limit is None or tokens + count <= limit:
        return
    room = limit - tokens
    mend = f"generate {room} at most, or shorten the text" if room else "shorten the text"
    raise AttentionError(
        Problem.OPTION,
        f"invalid value {count} for generate: the text has {tokens} tokens, and {label} takes "
        f"{limit}; {mend}",
    )


def does_not_generate(label: str, why: str) -> AttentionError:
    """The error of a model that cannot go on from a text.

    Args:
        label: what figures call the model.
        why: what the model is or lacks, to follow its name.
    """
    return AttentionError(
        Problem.OPTION,
        f"{label} {why}; remove {option('generate')}, or choose a model that reads from left to "
        "right and has a head for the next token, such as builtin or gpt2",
    )
