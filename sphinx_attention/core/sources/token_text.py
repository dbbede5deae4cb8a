"""The text of a vocabulary's pieces: bytes and marks become text, and white space is visible."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SHOWN_SPACE = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"})


def readable(piece: str, kind: str) -> str:
    """A piece of a vocabulary in readable form.

    Args:
        piece: the piece in the form of the vocabulary.
        kind: the form of the vocabulary. ``bytes`` has a character for each byte (GPT-2), ``latin``
            the character with the number of the byte, ``marks`` a ``▁`` for a space
            (SentencePiece), and ``plain`` the text itself.
    """
    if kind == "plain":
        return piece
    if kind == "bytes":
        table = byte_alphabet()
        if all(c in table for c in piece):
            return show(bytes(table[c] for c in piece))
        return show(piece.encode())
    if kind == "latin" and all(ord(c) < 256 for c in piece):
        return show(piece.encode("latin-1"))
    if match := _BYTE_PIECE.fullmatch(piece):
        return show(bytes([int(match[1], 16)]))
    return show(piece.replace("▁", " ").removesuffix("</w>").encode())


def show(data: bytes) -> str:
    """The bytes of one token as text without invisible characters.

    A single space before a word is removed. All other white space is shown as ``␣``, ``⏎`` and
    ``⇥``: indentation, line ends, and tokens of white space alone.
    """
    text = ""
    while data:
        try:
            text += data.decode()
            break
        except UnicodeDecodeError:
            good = _good_prefix(data)
            bad = _bad_length(data[good:])
            text += data[:good].decode() + _marks(data[good : good + bad])
            data = data[good + bad :]
    visible = text.strip()
    if visible and all(unicodedata.category(c) in {"Cc", "Cf", "Mn"} for c in visible):
        return _marks(visible.encode())
    if text[:1] == " " and text[1:2].strip():
        text = text[1:]
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip()) if text.strip() else start
    return "".join(
        # Spaces between the words of a token stay.
        c if start <= n < end and c == " " else c.translate(_SHOWN_SPACE)
        for n, c in enumerate(text)
    )


def _good_prefix(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(data)


def _bad_length(data: bytes) -> int:
    """The number of bytes at the start that are not part of a complete character."""
    length = 0
    while length < len(data) and _good_prefix(data[length:]) == 0:
        length += 1
    return length


def _marks(data: bytes) -> str:
    return f"⟨{data.hex(' ').upper()}⟩"


@cache
def byte_alphabet() -> dict[str, int]:
    """For each character of byte-level vocabularies (GPT-2), the byte that it stands for."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {chr(b): b for b in printable}
    others = (b for b in range(0x100) if b not in set(printable))
    return table | {chr(0x100 + n): b for n, b in enumerate(others)}
