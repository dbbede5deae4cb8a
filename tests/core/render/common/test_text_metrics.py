from __future__ import annotations

import pytest

from sphinx_attention.core.render.common.text_metrics import cut, text_width


@pytest.mark.parametrize(
    ("text", "thousandths"),
    [
        # Adobe's Helvetica.afm: t h e = 278 556 556, f o x = 278 556 500, and so on.
        ("the", 1390),
        ("fox", 1334),
        ("[CLS]", 278 + 722 + 556 + 667 + 278),
        ("Wil@", 944 + 222 + 222 + 1015),
        ("0.467", 4 * 556 + 278),
        ("café", 500 + 556 + 278 + 556),
        ("Äß", 667 + 611),
        ("e\u0301", 556),
        ("注意", 2000),
        ("ｆ", 1000),
        ("가", 1000),
        ("👍", 1250),
        ("👍🏽", 1250),
        ("👩‍👩‍👧", 1250),
        ("❤️", 1250),
        ("🇬🇧", 1250),
        ("🇬🇧🇫🇷", 2500),
        ("\u200b\u2060", 0),
        ("", 0),
    ],
)
def test_widths(text, thousandths):
    assert text_width(text, 1000) == pytest.approx(thousandths)


def test_i_with_and_without_its_dot():
    assert text_width("ï", 1000) == pytest.approx(222, abs=60)


@pytest.mark.parametrize("text", ["שלום", "Привет", "λόγος", "नमस्ते", "สวัสดี", "مرحبا", "▁the", "Ġ"])
def test_other_scripts_have_sensible_widths(text):
    assert 0.25 * len(text) <= text_width(text, 1.0) <= 1.0 * len(text)


def test_cutting_keeps_what_belongs_together():
    family = "👩‍👩‍👧‍👦"
    text = cut(family * 12, 16, 100)
    assert text.endswith("…")
    assert text[:-1] == family * (len(text[:-1]) // len(family))
    assert text_width(text, 16) <= 100
    accents = cut("e\u0301" * 40, 16, 60)
    assert accents[:-1] == "e\u0301" * (len(accents) // 2)
    assert cut("fox", 16, 60) == "fox"
