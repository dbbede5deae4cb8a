"""Texts of tokens for display: visible, legal in XML, and without effect on nearby text."""

from __future__ import annotations

import json
import re
import unicodedata
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""A function that writes a value as JSON without spaces. All calls share its encoder."""

_REPLACEMENT = "\ufffd"
_BLANK = "\u2423"  # the open box that stands for a space
_EMPTY = "\u2205"

_KEPT = 4096
"""The number of texts whose properties are remembered, because pages repeat the same words."""

_KEPT_NAMES = 64
"""The number of lists of names that are remembered. A model has one of layers and one of heads."""

# Characters that XML 1.0 forbids or HTML calls an error, beside those of white space.
_ILLEGAL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff" + "".join(
    chr(plane * 0x10000 + last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF)
)
# These are the texts of patterns, because to compile them takes a while and few texts need them.
_NEVER = f"[{_ILLEGAL}]"
# Beside these, line ends, and controls that would reverse nearby text.
_UNFIT = f"[{_ILLEGAL}\t\n\r\u2028\u2029\u202a-\u202e\u2066-\u2069]"
_RIGHT_TO_LEFT = {"R", "AL"}
_STRONG = {"L", *_RIGHT_TO_LEFT}


def clean(text: str) -> str:
    """Replace each character that XML or HTML cannot hold with a visible one.

    C0 controls become their control pictures, and all others U+FFFD. Bidirectional overrides and
    isolates are replaced, too, because a token may not reverse the text beside it.
    """
    return text if _is_plain(text) else re.sub(_UNFIT, _visible, text)


def legal(text: str) -> str:
    """Replace each character that XML or HTML cannot hold with a visible one."""
    return text if _is_plain(text) else re.sub(_NEVER, _visible, text)


def _is_plain(text: str) -> bool:
    """Whether a text has only letters, digits, signs and spaces of ASCII, as most texts have."""
    return text.isascii() and text.isprintable()


def clean_line(text: str) -> str:
    """A sentence on one line: white space is collapsed, and the rest is as in `clean`."""
    return clean(" ".join(text.split()))


@lru_cache(_KEPT_NAMES)
def clean_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of layers or heads, each as in `clean`. All figures of a model have the same."""
    return tuple(clean(name) for name in names)


@lru_cache(_KEPT)
def visible(text: str) -> str:
    """A token's text in every view. It is never empty, blank or illegal."""
    if not text:
        return _EMPTY
    if not text.strip(" \u00a0"):
        return _BLANK * len(text)
    return " ".join(clean(text).split())


@lru_cache(_KEPT)
def right_to_left(text: str) -> bool:
    """Whether a text's first strongly directional character runs from right to left."""
    return _first_strong(text) in _RIGHT_TO_LEFT


@lru_cache(_KEPT)
def _first_strong(text: str) -> str:
    """The direction of the first character that has one: L, R or AL; empty without any."""
    kinds = map(unicodedata.bidirectional, text)
    return next((kind for kind in kinds if kind in _STRONG), "")


def row_right_to_left(texts: Iterable[str]) -> bool:
    """Whether most of the texts with a direction run from right to left."""
    kinds = [_first_strong(text) for text in texts]
    backward = sum(kind in _RIGHT_TO_LEFT for kind in kinds)
    return backward > kinds.count("L")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else _REPLACEMENT


LARGEST = 9999
"""A limit beyond the layers and heads of any model. A typing mistake must not fill the memory."""


_LONGEST_SHOWN = 80
"""The most characters of a value in a message."""


_SURROGATE = re.compile("[\ud800-\udfff]")


def quoted(value: object) -> str:
    """A value as a message quotes it: short, and with every unusual character as an escape."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def beginning(text: str, most: int = 60) -> str:
    """A text on one line, in quotation marks, with no more than its first characters."""
    whole = clean_line(text)
    return f"“{whole}”" if len(whole) <= most else f"“{whole[:most]}…”"


def listed(words: Iterable[str]) -> str:
    """Words as a list in prose: ``arcs, heads or grid``."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def nearest(word: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str:
    """The known word that is nearest to a wrong one, as ``(did you mean arcs?)``."""
    folded = " ".join(word.casefold().split())
    meant = (synonyms or {}).get(folded)
    if meant is None:
        close = get_close_matches(folded, list(known), n=1)
        meant = close[0] if close else None
    return f" (did you mean {meant}?)" if meant else ""


def broken_character(text: str) -> str | None:
    """The escape of a half character (surrogate), which no file can hold; None without one."""
    found = _SURROGATE.search(text)
    return repr(found[0]) if found else None


def is_number(digits: str) -> bool:
    """Whether a text is a whole number that a layer, a head or a token can have."""
    # `isdigit` also accepts ², which `int` refuses, and `int` refuses thousands of digits.
    return digits.isdecimal() and len(digits) <= len(str(LARGEST))


def ranges(numbers: Iterable[int]) -> list[str]:
    """Numbers in order as texts, with a range for consecutive ones: ``0–2``, ``5``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [str(a) if a == b else f"{a}\u2013{b}" for a, b in runs]
