"""The option tokens: its forms, and the errors for all other texts."""

from __future__ import annotations

import pytest

from sphinx_attention.core.authoring.options import convert
from sphinx_attention.core.errors import AttentionError


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ("the cat sat", ["the", "cat", "sat"]),
        ('["New York", "sleeps"]', ["New York", "sleeps"]),
        ("['New York', 'sleeps']", ["New York", "sleeps"]),
        ('"New York", sleeps', ["New York", "sleeps"]),
        ('"New York" sleeps', ["New York", "sleeps"]),
        ("'New York', 'sleeps'", ["New York", "sleeps"]),
        ("“New York”, „sehr groß“", ["New York", "sehr groß"]),
        ("'a', 'b'", ["a", "b"]),
        ('"a", b', ["a", "b"]),
        ("[CLS] the cat [SEP]", ["[CLS]", "the", "cat", "[SEP]"]),
        # Marks and commas stay where they are tokens or parts of tokens.
        ("the cat 's hat isn't", ["the", "cat", "'s", "hat", "isn't"]),
        ("rock 'n' roll", ["rock", "'n'", "roll"]),
        ('he said " no "', ["he", "said", '"', "no", '"']),
        ("Hello , world", ["Hello", ",", "world"]),
        ("Hello, dear world", ["Hello,", "dear", "world"]),
        ("1,000 apples", ["1,000", "apples"]),
        (", . ;", [",", ".", ";"]),
    ],
)
def test_forms_of_the_option_tokens(written: str, tokens: list[str]) -> None:
    assert convert("tokens", written) == tuple(tokens)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "a, b, c",
        "a,b,c",
        '"New York, sleeps',
        "“New York, sleeps",
        "[New York, sleeps]",
        '["a", 1]',
        "[]",
        "[" * 100_000,
        "[" * 5000 + "]" * 5000,
        "[(" * 50,
        '["\\ud800"]',
    ],
)
def test_tokens_that_are_not_plain_are_refused_with_what_is_allowed(written: str) -> None:
    with pytest.raises(AttentionError, match="for tokens: expected") as caught:
        convert("tokens", written)
    assert len(caught.value.message) < 400
