"""Texts as LaTeX code. The PDFs of `tests/print` show that TeX sets them."""

from __future__ import annotations

import pytest

from sphinx_attention.core.render.latex.characters import TexTexts, declared_in


def pdf(text: str) -> str:
    return TexTexts("pdf").text(text)


def unicode(text: str) -> str:
    return TexTexts("unicode").text(text)


@pytest.mark.parametrize("write", [pdf, unicode])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("fox", "fox"),
        ("layer 5, head 11", "layer 5, head 11"),
        (r"\end{document}", r"\textbackslash{}end\textbraceleft{}document\textbraceright{}"),
        ("100%", r"100\%"),
        ("$x_1$", r"\textdollar{}x\textunderscore{}1\textdollar{}"),
        ("a&b#", r"a\&b\#"),
        ("^^M", r"\textasciicircum{}\textasciicircum{}M"),
        # Babel makes these active in some languages.
        ('"a:"', r"\textquotedbl{}a\AttentionSign{58}\textquotedbl{}"),
        # Two hyphens are no dash, and two commas no quotation mark.
        ("--", r"-\AttentionApart{}-"),
        (",,", r",\AttentionApart{},"),
        ("all-MiniLM-L6", "all-MiniLM-L6"),
        # Zero width, direction, and soft hyphens.
        ("a\u200b\u2068b\u2069\u00ad", "ab"),
        ("\ufffd", r"\AttentionMissing{FF}{FD}"),
        ("a\u00a0b", "a~b"),
    ],
)
def test_ascii_is_data_in_every_engine(write, text: str, code: str) -> None:
    assert write(text) == code


@pytest.mark.parametrize(
    ("text", "code", "unset"),
    [
        ("é", "é", []),
        ("e\u0301", "é", []),
        ("α", r"\ensuremath{\alpha}", []),
        ("∅", r"\ensuremath{\emptyset}", []),
        ("\u2581the", r"\AttentionLowBlock{}the", []),
        ("\uff5c", r"\AttentionWide{\textbar{}}", []),
        ("\u240a", r"\AttentionControl{LF}", []),
        ("Ａ", r"\AttentionIfDeclared{Ａ}{A}", ["Ａ"]),
        ("각", r"\AttentionIfDeclared{각}{\AttentionMissing{AC}{01}}", ["각"]),
        ("😀", r"\AttentionIfDeclared{😀}{\AttentionMissing{1F6}{00}}", ["😀"]),
    ],
)
def test_pdftex_gets_what_it_can_set(text: str, code: str, unset: list[str]) -> None:
    texts = TexTexts("pdf")
    assert texts.text(text) == code
    assert list(texts.unset) == unset


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("각", r"\AttentionEast{AC01}{각}{\AttentionMissing{AC}{01}}"),
        # A joiner is part of a word, and no font needs a glyph for it.
        (
            "ب\u200c",
            r"\AttentionRTL{\AttentionRun[Arabic]{0628}{ب\u200c}{\AttentionMissing{06}{28}}}".replace(
                r"\u200c", "\u200c"
            ),
        ),
        ("a\u200db", "ab"),
        ("ж.", r"\AttentionRun{0436}{ж}{\AttentionMissing{04}{36}}."),
        (
            "سلام",
            (
                r"\AttentionRTL{\AttentionRun[Arabic]{0627,0633,0644,0645}{سلام}"
                r"{\AttentionMissing{06}{33}\AttentionMissing{06}{44}"
                r"\AttentionMissing{06}{27}\AttentionMissing{06}{45}}}"
            ),
        ),
    ],
)
def test_other_scripts_look_for_a_font(text: str, code: str) -> None:
    texts = TexTexts("unicode")
    assert texts.text(text) == code
    assert not texts.unset


def test_a_preamble_declares_characters() -> None:
    declared = declared_in(
        r"\usepackage[T2A,T1]{fontenc}", r"\DeclareUnicodeCharacter{2714}{x}\newunicodechar{❦}{y}"
    )
    assert {"ж", "✔", "❦"} <= declared
    texts = TexTexts("pdf", declared)
    assert texts.text("ж✔") == "ж✔"
    assert not texts.unset


def test_any_character_has_code() -> None:
    every = "".join(map(chr, [*range(0x3000), *range(0xA000, 0x11000), 0x1F600, 0x10FFFF]))
    for engine in ("pdf", "unicode", "japanese"):
        code = TexTexts(engine).text(every)
        assert not set(code) & set("\x00\x0b\x0c\x1b\x7f\u2028\u2029\n")
        # Braces are balanced.
        assert code.replace(r"\{", "").count("{") == code.replace(r"\}", "").count("}")
