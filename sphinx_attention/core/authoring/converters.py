"""Converters of the options of a figure: from the text of an author to a value.

Each function takes the text of one option. A `ValueError` carries the second half of a message,
such as ``expected a whole number from 0, or auto``; `options.convert` puts the name and the value
before it.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.figure.labels import LabelSpec
from sphinx_attention.core.host_words import expected_of_flag, option
from sphinx_attention.core.text import (
    LARGEST,
    broken_character,
    is_number,
    listed,
    nearest,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx_attention.core.views import Word


def text(value: str) -> str:
    """The text without white space at its ends."""
    if not value.strip():
        raise ValueError("expected some text")
    return value.strip()


def line(value: str) -> str:
    """The text on one line, with single blanks."""
    return " ".join(text(value).split())


def word(value: str) -> str:
    """A text that has to be one word."""
    one = line(value)
    if " " in one:
        raise ValueError("expected one word, without blanks")
    return one


def flag(value: str) -> bool:
    """The value of a flag: the option has no text, and is true where it is given."""
    if value.strip():
        raise ValueError(expected_of_flag())
    return True


@dataclass(frozen=True)
class Choice:
    """A converter to one of several words.

    Attributes:
        allowed: the words.
        synonyms: what authors write instead, and which of the words they mean by it.
    """

    allowed: tuple[str, ...]
    synonyms: Mapping[str, str] | None = None

    def __call__(self, value: str) -> str:
        """The word that an author wrote."""
        chosen = " ".join(value.split())
        if chosen not in self.allowed:
            hint = nearest(chosen, self.allowed, self.synonyms)
            raise ValueError(f"expected {listed(self.allowed)}{hint}")
        return chosen


@dataclass(frozen=True)
class Choices(Choice):
    """A converter to one or several of some words, with commas between; each at most once."""

    def __call__(self, value: str) -> Any:
        """The words that an author wrote."""
        try:
            found = tuple(super(Choices, self).__call__(word) for word in value.split(","))
        except ValueError as error:
            raise ValueError(f"{error}; write commas between several") from None
        if repeated := next((word for word in found if found.count(word) > 1), None):
            raise ValueError(f"expected each value once; {repeated} stands there several times")
        return found


def between_bars(value: str) -> tuple[str, ...]:
    """Texts with a bar between: `` | ``, with white space on both sides."""
    return tuple(one.strip() for one in re.split(r"(?:^|(?<=\s))\|(?=\s|$)", value))


def several(kind: str) -> Callable[[str], tuple[str, ...]]:
    """A converter to texts with a bar between, none of them empty, each once.

    Args:
        kind: what the texts are, such as ``sentence``.
    """

    def convert(value: str) -> tuple[str, ...]:
        found = between_bars(text(value))
        if not all(found):
            raise ValueError(f"expected {kind}s with ' | ' between; one of them is empty")
        if repeated := next((one for one in found if found.count(one) > 1), None):
            raise ValueError(f"expected each {kind} once; {quoted(repeated)} stands there twice")
        return found

    return convert


sentences = several("sentence")
pictures = several("picture")


_MOST_LABELS = 12
"""The most labels of a figure."""

_LONGEST_LABEL = 60
_ARROW = re.compile(r"(?:^|\s)(?:->|→)(?:\s|$)")


def labels(value: str) -> tuple[LabelSpec, ...]:
    """Labels of edges and of tokens: ``fox -> dog | animals; fox | an animal``."""
    found = [_label(part) for part in line(value).split(";") if part.strip()]
    if len(found) > _MOST_LABELS:
        raise ValueError(f"expected at most {_MOST_LABELS} labels; there are {len(found)}")
    return tuple(found)


def _label(part: str) -> LabelSpec:
    where, bar, label = (piece.strip() for piece in part.partition(" | "))
    ends = [end.strip() for end in _ARROW.split(where)]
    if not bar or not label or not all(ends) or len(ends) > 2:
        raise ValueError(
            "expected labels with ; between, each a token or two tokens with -> between, then a "
            f"bar and the text, such as fox -> dog | animals; {quoted(part.strip())} is not one"
        )
    if len(label) > _LONGEST_LABEL:
        raise ValueError(
            f"expected texts of at most {_LONGEST_LABEL} characters; {quoted(label)} has "
            f"{len(label)}"
        )
    return LabelSpec(ends[0], ends[1] if len(ends) > 1 else "", label)


def matching(word: Word) -> Callable[[str], str]:
    """A converter to text that matches the pattern of a word as a whole."""

    def convert(value: str) -> str:
        if not re.fullmatch(word.pattern, value.strip(), re.ASCII):
            raise ValueError(f"expected {word.expected}{word.nearest(value)}")
        return value.strip()

    return convert


def index(value: str) -> int | None:
    """The number of a layer; None for ``auto``."""
    one = value.strip()
    if one == "auto":
        return None
    if both := re.fullmatch(r"(\d{1,4})\.(\d{1,4})", one):
        raise ValueError(
            f"expected a whole number from 0, or auto; head {one} is head {both[2]} of layer "
            f"{both[1]}: write both numbers, in {option('layer')} and {option('head')}"
        )
    if not is_number(one):
        raise ValueError(f"expected a whole number from 0{_up_to(one)}, or auto")
    return int(one)


def count(most: int) -> Callable[[str], int]:
    """A converter to a whole number from 1."""

    def convert(value: str) -> int:
        one = value.strip()
        if not is_number(one) or not 1 <= int(one) <= most:
            raise ValueError(f"expected a whole number from 1 to {most}")
        return int(one)

    return convert


def _up_to(digits: str) -> str:
    return f" to {LARGEST}" if digits.isdecimal() else ""


def numbers(value: str) -> tuple[int, ...]:
    """Numbers and ranges in the order written, each once."""
    found: dict[int, None] = {}
    for part in value.split(","):
        first, dash, last = (one.strip() for one in part.partition("-"))
        both = (first, last) if dash else (first,)
        if not all(is_number(one) for one in both):
            large = all(one.isdecimal() for one in both)
            up_to = f" to {LARGEST}" if large else ""
            raise ValueError(f"expected whole numbers from 0{up_to} and ranges, such as 0-3,7")
        start, stop = int(first), int(last if dash else first)
        if stop < start:
            raise ValueError(f"the range {part.strip()} runs backwards: write {stop}-{start}")
        found.update(dict.fromkeys(range(start, stop + 1)))
    return tuple(found)


def number_set(value: str) -> tuple[int, ...]:
    """Numbers and ranges, in ascending order."""
    return tuple(sorted(numbers(value)))


def heads(value: str) -> tuple[int, ...] | None:
    """The numbers of heads; None for ``auto``."""
    if value.strip() == "auto":
        return None
    try:
        return numbers(value)
    except ValueError as error:
        raise ValueError(f"{error}, or auto") from None


def share(value: str) -> float:
    """A number above 0 and up to 1."""
    try:
        found = float(value)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise ValueError("expected a number above 0 and up to 1, such as 0.95")
    return found


_FORMS = 'expected a JSON list, such as ["New York", "sleeps"], or words separated by blanks'
_CLOSING = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»"}
_GLUED = re.compile(r"[\"“„«][^\s,]")
"""An opening quotation mark before a word, but no apostrophe: words may begin with one."""
_WORD_IN_BRACKETS = re.compile(r"\[[^\[\]\s,'\"]+\](?=\s)")
_BARE = re.compile(r"[^\s,]+(?:,[^\s,]+)*|,+")
_BETWEEN = re.compile(r"\s*(,?)\s*")


def tokens(value: str) -> tuple[str, ...]:
    """The tokens of a matrix: a JSON list, quoted tokens, or words separated by blanks."""
    whole = value.strip()
    if not whole:
        raise ValueError(_FORMS)
    # "[CLS] the cat" begins like a list but is not one.
    if whole.startswith("[") and not _WORD_IN_BRACKETS.match(whole):
        return _token_list(whole)
    quoted = _quoted_tokens(whole)
    if quoted:
        return quoted
    words = whole.split()
    if any(_GLUED.match(one) and not one.endswith(_CLOSING[one[0]]) for one in words):
        raise ValueError(f"{_FORMS}; a quotation mark is opened and not closed")
    before_blanks = words[:-1] or words
    if all(len(one) > 1 and "," in one and not _is_grouped(one) for one in before_blanks):
        raise ValueError(f"{_FORMS}; the commas would become part of the tokens")
    return tuple(words)


def _is_grouped(word: str) -> bool:
    """Whether a comma groups digits, as in 1,000."""
    return re.fullmatch(r"\d{1,3}(,\d{3})+", word) is not None


def _token_list(whole: str) -> tuple[str, ...]:
    items: object
    try:
        items = json.loads(whole)
    except (ValueError, RecursionError):
        items = _python_list(whole)
    if not isinstance(items, list) or not items:
        raise ValueError(f"{_FORMS}; this begins like a list, but is not one")
    if not all(isinstance(one, str) for one in items):
        raise ValueError(f"{_FORMS}; each token of a list stands in quotation marks")
    if half := broken_character("".join(items)):
        raise ValueError(f"expected whole characters; it holds {half}, half of one")
    return tuple(items)


def _python_list(whole: str) -> object:
    """A list in the form in which Python writes it, with single quotes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a backslash that escapes nothing
            return ast.literal_eval(whole)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _quoted_tokens(whole: str) -> tuple[str, ...]:
    """Tokens, some of them in quotation marks. Empty if the marks may be tokens themselves.

    Marks quote a token if blanks stand between them, if all tokens have them, or if commas separate
    all tokens.
    """
    found: list[tuple[str, bool]] = []
    commas: list[bool] = []
    at = 0
    while at < len(whole):
        closing = _CLOSING.get(whole[at])
        inside = closing and re.compile(
            f".(\\S|\\S[^{closing}]*?\\S){closing}(?=[\\s,]|$)", re.DOTALL
        ).match(whole, at)
        one = inside or _BARE.match(whole, at)
        assert one is not None
        found.append((inside[1] if inside else one[0], bool(inside)))
        between = _BETWEEN.match(whole, one.end())
        assert between is not None
        commas.append(bool(between[1]))
        at = between.end()
    quoted = [text for text, marks in found if marks]
    meant = (
        any(" " in text for text in quoted)
        or len(quoted) == len(found)
        or (quoted and all(commas[:-1]))
    )
    return tuple(text for text, _ in found) if meant else ()
