"""Checks of the values in an entry's header."""

from __future__ import annotations

from typing import Any


class UnfitError(ValueError):
    """A field or a number that `pack` does not write. The message names it."""


def need(holds: bool, otherwise: str, *found: Any) -> None:
    """Raise an error unless something holds.

    Args:
        holds: whether it holds.
        otherwise: the message.
        found: the value that ends the message, if there is one.
    """
    if not holds:
        raise UnfitError(" ".join([otherwise, *map(brief, found)]))


def brief(value: Any) -> str:
    """A value in a message: short, and harmless in a terminal."""
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def is_whole(value: Any, least: int, most: int) -> bool:
    """Whether a value is a whole number within bounds."""
    # `isinstance` would also accept true and false.
    return type(value) is int and least <= value <= most


def whole(value: Any, what: str, least: int, most: int) -> int:
    """A whole number within bounds."""
    if not is_whole(value, least, most):
        raise UnfitError(f"{what} is {brief(value)}, not a whole number from {least} to {most}")
    return int(value)


def text_of(value: Any, what: str, longest: int) -> str:
    """A text with a limited number of characters, which UTF-8 can hold."""
    if not isinstance(value, str):
        raise UnfitError(f"{what} is {brief(value)}, not a text")
    if len(value) > longest:
        raise UnfitError(f"{what} has {len(value):,} characters; {longest:,} are allowed")
    if not is_encodable(value):
        raise UnfitError(f"{what} holds half of a character: {brief(value)}")
    return value


def is_encodable(text: str) -> bool:
    """Whether UTF-8 can hold a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
