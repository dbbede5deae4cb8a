"""The errors of requests that a model does not accept, equal for every kind of runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_text(text: str) -> None:
    """Refuse a text of white space alone.

    Raises:
        AttentionError: the text has only white space, or is empty.
    """
    if not text.strip():
        raise AttentionError(Problem.TEXT, "the text is empty")


def check_length(label: str, tokens: int, limit: int | None, what: str = "text") -> None:
    """Refuse a text that is longer than the model takes.

    Args:
        label: what figures call the model.
        tokens: how many tokens the text has.
        limit: the most tokens that the model takes; None without a limit.
        what: the name of the text in the message.

    Raises:
        AttentionError: the text is too long.
    """
    if limit is not None and tokens > limit:
        raise AttentionError(
            Problem.TEXT,
            f"the {what} has {tokens} tokens, {label} takes {limit}; "
            f"leave out at least {tokens - limit}",
        )


def sees_alone(label: str) -> AttentionError:
    """The error of a text that is given to a model which reads pictures alone."""
    return AttentionError(
        Problem.TEXT, f"{label} reads a picture alone, and the figure has a text: remove the text"
    )


def takes_no_target(label: str) -> AttentionError:
    """The error of a decoder's text that is given to a model without a decoder of its own."""
    return AttentionError(
        Problem.OPTION,
        f"{label} is not an encoder-decoder model and takes no target; remove {option('target')}",
    )


def takes_no_pair() -> AttentionError:
    """The error of a second sentence for a tokenizer that takes only one."""
    return AttentionError(
        Problem.OPTION,
        f"this model's tokenizer has no format for a pair of sentences; remove {option('pair')}",
    )


def has_no_part(label: str, part: str, parts: Iterable[str]) -> AttentionError:
    """The error of an attention that the model does not have."""
    return AttentionError(
        Problem.OPTION,
        f"{label} has no {part} attention; it has {', '.join(parts)}: choose from these in "
        f"{option('part')}, or remove it",
    )
