"""Texts as LaTeX: every character is data, and none can end a build.

XeLaTeX and LuaLaTeX set any character for which the machine has a font. pdfLaTeX sets those of its
encodings, and some that are drawn here; in the place of any other stands a box with its code.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from sphinx_attention.core.text import clean, right_to_left

from .symbols import DRAWN_BY_PDFTEX, SETTABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Engine = Literal["pdf", "unicode", "japanese"]
"""The kind of a TeX program: pdfTeX, one that knows Unicode, or pTeX."""

ENGINES: dict[str, Engine] = {
    "pdflatex": "pdf",
    "xelatex": "unicode",
    "lualatex": "unicode",
    "platex": "japanese",
    "uplatex": "japanese",
}

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\textdollar{}",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\textunderscore{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
}
# Characters that a language may have made active.
_SIGNS = frozenset(":;!?=")
# Characters of which two make another sign, as -- does.
_JOINING = re.compile(r"(?<=[-,<>'`])(?=[-,<>'`])")

# These join and part letters of some scripts. Fonts need not have a glyph for them.
_JOINERS = "\u200c\u200d"

_DROPPED = re.compile("[\u00ad\u200b\u200e\u200f\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f]")

# Signs that are drawn in every document, because fonts of text lack them.
_DRAWN = {
    "\u25a0": r"\AttentionSquare{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2009": r"\,",
    "\u200a": r"\kern.1em{}",
    "\u2003": r"\quad{}",
    "\u2002": r"\enspace{}",
    # LuaTeX takes this character for a sign that the file is broken.
    "\ufffd": r"\AttentionMissing{FF}{FD}",
}

_FONTENC = re.compile(r"\\usepackage\s*\[([^\]]*)\]\s*\{fontenc\}")
_DECLARATION = re.compile(
    r"\\DeclareUnicodeCharacter\s*\{\s*([0-9A-Fa-f]+)\s*\}|\\newunicodechar\s*\{?\s*(\S)"
)

_SHAPED = {
    "ARABIC": "Arabic",
    "BENGALI": "Bengali",
    "DEVANAGARI": "Devanagari",
    "GUJARATI": "Gujarati",
    "GURMUKHI": "Gurmukhi",
    "HEBREW": "Hebrew",
    "KANNADA": "Kannada",
    "KHMER": "Khmer",
    "LAO": "Lao",
    "MALAYALAM": "Malayalam",
    "MYANMAR": "Myanmar",
    "SINHALA": "Sinhala",
    "SYRIAC": "Syriac",
    "TAMIL": "Tamil",
    "TELUGU": "Telugu",
    "THAI": "Thai",
    "TIBETAN": "Tibetan",
}
"""Scripts whose letters change their form by their neighbours, by the names of fontspec."""

_EAST = {"HANGUL", "CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH", "BOPOMOFO", "YI"}


@dataclass
class TexTexts:
    """Writes texts for one kind of TeX program, and notes which characters it cannot set.

    Attributes:
        engine: the kind of the program.
        declared: the characters that the author's own preamble declares for pdfTeX.
        unset: the characters so far that are replaced by others, or by a box with their code.
    """

    engine: Engine = "unicode"
    declared: frozenset[str] = frozenset()
    unset: dict[str, None] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """A text as LaTeX."""
        parts = _JOINING.split(clean(_DROPPED.sub("", text)))
        written = r"\AttentionApart{}".join(map(self._part, parts))
        if self.engine == "unicode" and right_to_left(text):
            return rf"\AttentionRTL{{{written}}}"
        return written

    def _part(self, text: str) -> str:
        if self.engine == "unicode":
            return "".join(self._runs(text))
        # A letter and its accent are one character, if there is one.
        return "".join(map(self._character, unicodedata.normalize("NFC", text)))

    def line(self, texts: Iterable[str]) -> str:
        """Several texts, each alone, with blanks between them."""
        return " ".join(self.text(text) for text in texts)

    def _runs(self, text: str) -> Iterator[str]:
        for script, characters in groupby(_with_scripts(text), key=lambda one: one[1]):
            run = "".join(character for character, _ in characters)
            letters = "".join(one for one in run if one not in _JOINERS)
            if letters.isascii() or not script:
                yield "".join(map(_plain, letters))
            else:
                yield _run(run, script)

    def _character(self, character: str) -> str:
        if character in _JOINERS:
            return ""
        if character.isascii() or character in _DRAWN:
            return _plain(character)
        if character in self.declared or character in SETTABLE:
            return character
        if self.engine == "japanese" and unicodedata.east_asian_width(character) in "WF":
            return character
        drawn = DRAWN_BY_PDFTEX.get(character) or _control(character)
        return drawn or self._instead(character)

    def _instead(self, character: str) -> str:
        """The replacement of a character that cannot be set."""
        self.unset[character] = None
        simple = unicodedata.normalize("NFKC", character)
        if simple != character and all(one.isascii() or one in SETTABLE for one in simple):
            return _if_declared(character, "".join(map(_plain, simple)))
        return (
            "" if unicodedata.combining(character) else _if_declared(character, _missing(character))
        )


def declared_in(*sources: str) -> frozenset[str]:
    """The characters that pdfTeX can set because of an author's LaTeX code."""
    found: set[str] = set()
    for source in sources:
        for options in _FONTENC.findall(source):
            encodings = {one.strip() for one in options.split(",")}
            if encodings & {"T2A", "T2B", "T2C", "X2", "OT2"}:
                found.update(map(chr, range(0x400, 0x460)))
            if "LGR" in encodings:
                found.update(one for one in map(chr, range(0x386, 0x3CF)) if one.isalpha())
            if "T5" in encodings:
                found.update(map(chr, range(0x1EA0, 0x1EFA)))
        for code, character in _DECLARATION.findall(source):
            found.add(character or chr(int(code, 16)))
    return frozenset(found)


def _plain(character: str) -> str:
    """An ASCII character, or one that is drawn in every document."""
    if character in _SIGNS:
        return rf"\AttentionSign{{{ord(character)}}}"
    return _SPECIAL.get(character) or _DRAWN.get(character, character)


def _if_declared(character: str, instead: str) -> str:
    """The character if the document's own preamble declares it, which TeX itself finds out."""
    return rf"\AttentionIfDeclared{{{character}}}{{{instead}}}"


def _control(character: str) -> str:
    """A control picture of U+2400 to U+2421 as the letters that it shows."""
    if not "\u2400" <= character <= "\u2421":
        return ""
    name = unicodedata.name(character).removeprefix("SYMBOL FOR ")
    names = {"LINE FEED": "LF", "CARRIAGE RETURN": "CR", "HORIZONTAL TABULATION": "HT"}
    letters = names.get(name) or "".join(word[0] for word in name.split())
    return rf"\AttentionControl{{{letters}}}"


def _missing(character: str) -> str:
    """A box with the code of a character in two rows."""
    code = f"{ord(character):04X}"
    middle = (len(code) + 1) // 2
    return rf"\AttentionMissing{{{code[:middle]}}}{{{code[middle:]}}}"


def _with_scripts(text: str) -> Iterator[tuple[str, str]]:
    """Each character with the script of its run; empty for signs that are written one by one."""
    before = ""
    for character in text:
        if character in _DRAWN or (character.isascii() and not character.isalpha()):
            before = ""
        elif unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf", "Sk"} and before:
            pass
        else:
            before = unicodedata.name(character, "UNKNOWN").partition(" ")[0]
        yield character, before


def _run(run: str, script: str) -> str:
    """Letters of one script, for the first font that has all of them."""
    letters = [one for one in run if one not in _JOINERS]
    codes = ",".join(f"{code:04X}" for code in sorted(set(map(ord, letters))))
    shaped = f"[{name}]" if (name := _SHAPED.get(script)) else ""
    if len(letters) == 1:
        instead = _missing(letters[0])
    elif shaped:
        instead = "".join(map(_missing, letters))
    else:
        # If no font has all, each is looked for alone.
        instead = "".join(one if one.isascii() else _run(one, script) for one in letters)
    kind = "East" if script in _EAST else "Run"
    return rf"\Attention{kind}{shaped}{{{codes}}}{{{run}}}{{{instead}}}"
