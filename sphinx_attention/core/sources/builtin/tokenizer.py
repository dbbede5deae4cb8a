"""The tokenizer of the built-in model: byte-level byte-pair encoding, as its file declares it.

It does the steps of the ``tokenizers`` package that the file ``tokenizer.json`` of the built-in
model names, and refuses a file that names others. Tests compare its tokens and offsets with those
of transformers for random texts.
"""

from __future__ import annotations

import heapq
import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.sources.token_text import byte_alphabet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DECLARED: dict[str, Any] = {
    "truncation": None,
    "padding": None,
    "normalizer": {"type": "Prepend", "prepend": " "},
    "pre_tokenizer": {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    },
}
_DECLARED_MODEL: dict[str, Any] = {
    "type": "BPE",
    "dropout": None,
    "unk_token": None,
    "continuing_subword_prefix": None,
    "end_of_word_suffix": None,
    "byte_fallback": False,
    "ignore_merges": True,
}
"""The required contents of a ``tokenizer.json``, because no other steps are done here."""

_CHARACTERS = Path(__file__).with_name("characters.json")

_CONTRACTED = frozenset("delmrstv")
"""The letters of which English contractions consist: ``'s``, ``'re`` and so on."""

_PIECE = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[Ldelmrstv]+| ?N+| ?[.']+|[ \t]+(?![^ \t])|[ \t]+")
r"""GPT-2's pattern for the kinds of characters instead of the characters.

The original is ``'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+``, and
Python's regular expressions have no ``\p``. `_kind_of` defines the kinds.
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """One token of a text.

    Attributes:
        id: its number in the vocabulary.
        text: its text in the vocabulary.
        start: its first character in the text. If a character is split into several tokens, each
            of them has the whole character.
        end: the character after its last one.
        special: whether it was added to the text.
    """

    id: int
    text: str
    start: int
    end: int
    special: bool = False


class Tokenizer:
    """Splits texts into the tokens of a vocabulary.

    Args:
        declared: the contents of ``tokenizer.json``.

    Raises:
        ValueError: it names an unknown step.
    """

    def __init__(self, declared: Mapping[str, Any]) -> None:
        model = declared["model"]
        _check(declared, _DECLARED)
        _check(model, _DECLARED_MODEL)
        self._vocabulary: dict[str, int] = model["vocab"]
        self._merges = {(left, right): n for n, (left, right) in enumerate(model["merges"])}
        self._start = _start_of(declared["post_processor"])

    def encode(self, text: str) -> list[Piece]:
        """The tokens of a text, with the special token at its beginning.

        No part of the text becomes a special token.

        Args:
            text: any text that can be written as UTF-8.
        """
        pieces = [Piece(self._vocabulary[self._start], self._start, 0, 0, special=True)]
        # By the file, a space is put before every text that is not empty, so that a word has the
        # same tokens at the beginning as later. The space has the position of the first character.
        spaced = f" {text}" if text else ""
        for match in _PIECE.finditer(_kinds(spaced)):
            pieces += self._pieces(spaced[match.start() : match.end()], match.start() - 1)
        return pieces

    def piece(self, number: int) -> str:
        """The text of a token in the vocabulary."""
        return self._written[number]

    @property
    def start(self) -> int:
        """The number of the special token at the beginning of every text."""
        return self._vocabulary[self._start]

    @cached_property
    def _written(self) -> dict[int, str]:
        return {number: piece for piece, number in self._vocabulary.items()}

    def _pieces(self, word: str, offset: int) -> list[Piece]:
        """The tokens of one word.

        Args:
            word: the word with the space before it.
            offset: its first character in the text; −1 for the space that is put before the text.
        """
        alphabet = _written_bytes()
        whole = "".join(alphabet[byte] for byte in word.encode())
        parts = [whole] if whole in self._vocabulary else merge(whole, self._merges)
        # The first byte of each character of the word.
        begins, size = [], 0
        for character in word:
            begins.append(size)
            size += len(character.encode())
        found, at = [], 0
        for part in parts:
            first = bisect_right(begins, at) - 1
            at += len(part)
            last = bisect_right(begins, at - 1) - 1
            start, end = max(offset + first, 0), max(offset + last + 1, 1)
            found.append(Piece(self._vocabulary[part], part, start, end))
        return found


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder that transformers wrote.

    Raises:
        ValueError: its ``tokenizer.json`` names an unknown step.
    """
    return Tokenizer(json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")))


def merge(word: str, merges: Mapping[tuple[str, str], int]) -> list[str]:
    """Byte-pair encoding (arXiv 1508.07909): merge neighbours, by the earliest rule first.

    Equal neighbours are merged from the left. A heap keeps long words fast.

    Args:
        word: a word of any length.
        merges: the position of each rule, by the two parts that it merges.
    """
    parts: list[str | None] = list(word)
    after = [*range(1, len(parts)), -1]
    before = list(range(-1, len(parts) - 1))
    waiting = [(merges[pair], index) for index, pair in enumerate(pairwise(word)) if pair in merges]
    heapq.heapify(waiting)
    while waiting:
        rule, index = heapq.heappop(waiting)
        left, following = parts[index], after[index]
        if left is None or following < 0:
            continue
        right = parts[following]
        # One of the two may have been merged since.
        if right is None or merges.get((left, right)) != rule:
            continue
        parts[index], parts[following] = left + right, None
        after[index] = after[following]
        if after[following] >= 0:
            before[after[following]] = index
        for one in (before[index], index):
            two = after[one] if one >= 0 else -1
            if two >= 0 and (new := merges.get((str(parts[one]), str(parts[two])))) is not None:
                heapq.heappush(waiting, (new, one))
    return [part for part in parts if part is not None]


def _kinds(text: str) -> str:
    return "".join(_kind_of(character) for character in text)


@cache
def _kind_of(character: str) -> str:
    """The kind of a character, as one letter.

    Spaces, apostrophes and the letters of contractions are their own kinds. ``L`` stands for all
    other letters, ``N`` for numbers, a tab for other white space, and a full stop for the rest.
    """
    if character in {" ", "'"} or character in _CONTRACTED:
        return character
    for kind, starts, ends in _ranges():
        index = bisect_right(starts, ord(character)) - 1
        if index >= 0 and ord(character) <= ends[index]:
            return kind
    return "."


@cache
def _ranges() -> list[tuple[str, Sequence[int], Sequence[int]]]:
    """The kinds of characters that have a letter of their own: where their ranges start and end.

    Python's ``unicodedata`` is not used, because it differs from version to version, and a text
    must have the same tokens everywhere.
    """
    known = json.loads(_CHARACTERS.read_text(encoding="utf-8"))
    kinds = {"L": "letters", "N": "numbers", "\t": "spaces"}
    return [
        (kind, [start for start, _ in known[name]], [end for _, end in known[name]])
        for kind, name in kinds.items()
    ]


@cache
def _written_bytes() -> dict[int, str]:
    return {byte: character for character, byte in byte_alphabet().items()}


def _start_of(processor: Mapping[str, Any]) -> str:
    """The special token at the beginning of every text.

    Raises:
        ValueError: the processor does something else than putting one token before a text.
    """
    steps = processor.get("single") if processor.get("type") == "TemplateProcessing" else None
    match steps:
        case [{"SpecialToken": {"id": str(name)}}, {"Sequence": {"id": "A"}}]:
            return name
    raise ValueError(
        f"invalid post_processor in tokenizer.json: {str(processor)[:200]}; expected a "
        "TemplateProcessing of one special token and the text"
    )


def _check(declared: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    for name, value in expected.items():
        if declared.get(name) != value:
            raise ValueError(
                f"invalid value {str(declared.get(name))[:200]} for {name} in tokenizer.json: "
                f"expected {value}; nothing else is known here"
            )
