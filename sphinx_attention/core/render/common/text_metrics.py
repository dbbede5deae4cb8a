"""How wide a text is, without asking a font.

The table holds the advance widths of Helvetica (Arial and Liberation Sans share them), which are
near the middle of what pages are set in; `textLength` in the drawing holds other fonts to them.
"""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache

# Thousandths of an em, and the characters that are so wide.
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

# Mean widths of scripts whose letters are not in the table, by the first word of their names.
_SCRIPTS = {
    "GREEK": 0.59,
    "CYRILLIC": 0.62,
    "HEBREW": 0.56,
    "ARABIC": 0.52,
    "DEVANAGARI": 0.6,
    "THAI": 0.56,
}
_DEFAULT = 0.6
_WIDE = 1.0
_EMOJI = 1.25  # as drawn by Noto, Apple and Segoe, give or take a tenth
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


def cut(text: str, size: float, most: float) -> str:
    """A text that is at most ``most`` px wide set at ``size`` px, if need be cut with an ellipsis.

    What belongs to one character stays with it: accents, joiners, skin tones.
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
    """A text that fits in ``most`` px, cut if need be, and its width in whole px."""
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
        # The second half of a flag, a skin tone, or what a joiner ties to the emoji before it.
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
        # Hangul after its first letter, and spacing marks, which lean on their letters.
        return 0.0 if "\u1160" <= character <= "\u11ff" else 0.35
    script = unicodedata.name(character, "").partition(" ")[0]
    return _SCRIPTS.get(script, _DEFAULT)
