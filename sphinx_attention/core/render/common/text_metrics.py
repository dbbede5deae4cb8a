"""The width of a text, without a font.

The table holds the advance widths of Helvetica, which are also those of Arial and Liberation Sans.
They are near the middle of the fonts of pages. `textLength` in the drawing gives texts in other
fonts the same width.
"""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache

# Thousandths of an em, and the characters of that width.
_WIDTHS = (
    (191, "'"),
    (222, "ijl‘’"),
    (260, "|¦"),
    (278, " !,./:;I[\\]ftı·\u00a0"),
    (333, "()-`r¡¨­²³´¸¹“”„"),
    (334, "{}"),
    (350, "•"),
    (355, '"'),
    (365, "º"),
    (370, "ª"),
    (389, "*"),
    (400, "°"),
    (469, "^"),
    (500, "Jcksvxyzł"),
    (537, "¶"),
    (556, "#$0123456789?L_abdeghnopqu¢£¤¥§«»€–đħŁ"),
    (576, "µ"),
    (584, "+<=>~¬×±÷−"),
    (611, "FTZ¿ßøŧŦ"),
    (667, "&ABEKPSVXYÞ"),
    (722, "CDHNRUwÐĐĦ"),
    (737, "©®"),
    (778, "GOQØ"),
    (833, "Mm"),
    (834, "¼½¾"),
    (889, "%æ"),
    (944, "Wœ"),
    (1000, "ÆŒ—…™∅\ufffd"),
    (1015, "@"),
)
_TABLE = {character: width / 1000 for width, row in _WIDTHS for character in row}
_TABLE |= {"þ": 0.556, "ð": 0.556, "␣": 0.6}

# The mean widths of scripts whose letters are not in the table, by the first word of their names.
_SCRIPTS = {
    "GREEK": 0.59,
    "CYRILLIC": 0.62,
    "HEBREW": 0.56,
    "ARABIC": 0.52,
    "DEVANAGARI": 0.6,
    "THAI": 0.56,
}
_DEFAULT = 0.6
_WIDE_FONTS = 1.22  # DejaVu Sans and Verdana, in which pages may be set, as a multiple of the table
_WIDE = 1.0
# Noto, Apple and Segoe draw emoji with this width, within a tenth.
_EMOJI = 1.25
_INVISIBLE = {"Mn", "Me", "Cf"}
_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"


@lru_cache(4096)
def text_width(text: str, size: float) -> float:
    """The width of a text set at ``size`` px, in px.

    Accented letters are as wide as their bases, combining marks and joiners have no width, East
    Asian wide characters take one em, and an emoji sequence counts as one emoji.
    """
    return size * sum(_clusters(unicodedata.normalize("NFD", text)))


def free_width(text: str, size: float) -> float:
    """Room in px for a text that no ``textLength`` holds to a width, enough in wide fonts."""
    return _WIDE_FONTS * text_width(text, size)


def cut(text: str, size: float, most: float) -> str:
    """A text of at most ``most`` px at the size of ``size`` px, cut with an ellipsis if necessary.

    Marks that belong to one character stay with that character: accents, joiners, skin tones.
    """
    if text_width(text, size) <= most:
        return text
    fitting = 0
    for end in range(1, len(text)):
        if _continues(text[end - 1], text[end]):
            continue
        if text_width(f"{text[:end]}…", size) > most:
            break
        fitting = end
    return f"{text[:fitting].rstrip()}…"


def fitted(text: str, size: float, most: float) -> tuple[str, float]:
    """A text that fits in ``most`` px, cut if necessary, and its width in whole px."""
    kept = cut(text, size, most)
    return kept, float(math.ceil(text_width(kept, size)))


def _continues(before: str, character: str) -> bool:
    tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    mark = unicodedata.category(character) in {*_INVISIBLE, "Mc"}
    return tone or mark or before == _JOINER


def _clusters(text: str) -> list[float]:
    widths: list[float] = []
    joined = False
    flag = False
    for character in text:
        if character == _JOINER:
            joined = bool(widths) and widths[-1] == _EMOJI
            continue
        if character == _EMOJI_STYLE and widths:
            widths[-1] = _EMOJI
            continue
        width = _character(character)
        regional = "\U0001f1e6" <= character <= "\U0001f1ff"
        # The second half of a flag, a skin tone, or a character that a joiner ties to an emoji.
        if (regional and flag) or (joined and width > 0) or _is_tone(character, widths):
            joined = flag = False
            continue
        flag = regional
        joined = joined and width == 0
        if width > 0:
            widths.append(width)
    return widths


def _is_tone(character: str, widths: list[float]) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff" and bool(widths) and widths[-1] == _EMOJI


def _character(character: str) -> float:
    known = _TABLE.get(character)
    if known is not None:
        return known
    if unicodedata.category(character) in _INVISIBLE:
        return 0.0
    if "\U0001f000" <= character <= "\U0001faff":
        return _EMOJI
    if unicodedata.east_asian_width(character) in "WF":
        return _WIDE
    if "\u1100" <= character <= "\u11ff" or unicodedata.category(character) == "Mc":
        # Hangul after its first letter, and spacing marks, which belong to the letter before.
        return 0.0 if "\u1160" <= character <= "\u11ff" else 0.35
    script = unicodedata.name(character, "").partition(" ")[0]
    return _SCRIPTS.get(script, _DEFAULT)
