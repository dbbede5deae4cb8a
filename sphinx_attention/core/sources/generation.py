"""The continuation of a text, for every causal model and every way in which it runs."""

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
    """The tokens with which a model continued a text.

    Attributes:
        ids: their numbers.
        steps: for each of these tokens, the numbers and probabilities of the likeliest tokens at
            its position. The first one is the likeliest, and is the chosen one.
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
    """Continue a text with the likeliest token at each step.

    Args:
        logits_after: the logit of each token of the vocabulary after some tokens.
        ids: the tokens of the text.
        count: the most tokens that are added.
        end: the tokens that end a text. No token is added after one of them.

    Raises:
        AttentionError: a logit is not a finite number.
    """
    added: list[int] = []
    steps = []
    while len(added) < count and not (added and added[-1] in end):
        step = likeliest(logits_after([*ids, *added]))
        steps.append(step)
        added.append(step[0][0])
    return Continuation(tuple(added), tuple(steps))


def likeliest(logits: ArrayLike) -> tuple[tuple[int, float], ...]:
    """The likeliest tokens with their probabilities. Equal ones are in the order of their numbers.

    Raises:
        AttentionError: a logit is not a finite number.
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
    """Check that the model has enough positions for the new tokens.

    Args:
        label: what figures call the model.
        tokens: how many tokens the text has.
        count: how many tokens the model is to add.
        limit: the most tokens that the model takes; None without a limit.

    Raises:
        AttentionError: the model has too few positions.
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
    """The error of a model that cannot continue a text.

    Args:
        label: what figures call the model.
        why: what the model is or lacks, to follow its name.
    """
    return AttentionError(
        Problem.OPTION,
        f"{label} {why}; remove {option('generate')}, or choose a model that reads from left to "
        "right and has a head for the next token, such as builtin or gpt2",
    )
