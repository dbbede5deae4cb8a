"""The option ``file``: sentences, one a line, with labels behind a tab."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.sources.author_files import locate

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.figure.spec import FigureSpec


def spec_of(folder: Path, data: bytes | str, text: str = "", **options: str) -> FigureSpec:
    (folder / "sentences.txt").write_bytes(data.encode() if isinstance(data, str) else data)
    context = HostContext(
        Settings(model="small", models={"small": {"function": "m:small"}}),
        folder,
        lambda name: locate(name, folder / name, [folder]),
    )
    return parse(text, {"file": "sentences.txt", **options}, None, context)


def texts(spec: FigureSpec) -> list[str]:
    return [variant.request.text for variant in spec.variants]


def test_one_sentence_a_line(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "the cat sleeps\n  a dog barks \r\nit rains\n")
    assert texts(spec) == ["the cat sleeps", "a dog barks", "it rains"]
    assert [variant.at for variant in spec.variants][2] == (("sentence", "2"),)
    assert spec.notices == ()


def test_the_text_of_the_figure_and_the_option_also_come_first(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "a dog barks\nit rains", "the cat sleeps", also="we walk")
    assert texts(spec) == ["the cat sleeps", "we walk", "a dog barks", "it rains"]
    # A figure that opens on a line of the file has that line once.
    assert texts(spec_of(tmp_path, "a dog barks\nit rains", "it rains")) == [
        "it rains",
        "a dog barks",
    ]


def test_a_mark_of_the_byte_order_and_labels(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, b"\xef\xbb\xbfthe cat\tanimals\nit rains\t\nso be it")
    assert texts(spec) == ["the cat", "it rains", "so be it"]


def test_an_empty_line_is_passed_over_and_said(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "the cat\n\n  \nit rains\n\n")
    assert texts(spec) == ["the cat", "it rains"]
    assert spec.notices == ("file: lines 2 and 3 of 'sentences.txt' are empty and passed over",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "'sentences.txt' has no sentence: write one sentence on each line"),
        ("\n \n", "'sentences.txt' has no sentence"),
        ("a cat\n\tanimals", "line 2 of 'sentences.txt' has a label and no sentence"),
        ("a cat\tx\ty", "line 1 of 'sentences.txt' has 2 tabs"),
        ("a cat\nit rains\na cat", "line 3 of 'sentences.txt' repeats line 1, 'a cat'"),
        (b"a cat\na caf\xe9\n", "is not UTF-8: line 2 holds the byte 0xe9; save the file as UTF-8"),
        ("a cat".encode("utf-16"), "is not UTF-8: it is UTF-16"),
        (b"a cat\nit \0 rains", "line 2 holds a null character"),
        ("a cat\t" + "x" * 61, "the label of line 1 of 'sentences.txt' has 61 characters"),
    ],
)
def test_bad_files(tmp_path: Path, data: bytes | str, message: str) -> None:
    with pytest.raises(AttentionError, match=re.escape(message)) as raised:
        spec_of(tmp_path, data)
    assert raised.value.problem == "text"
    assert raised.value.message.startswith("file: ")


def test_a_file_that_is_not_there_or_lies_outside(tmp_path: Path) -> None:
    with pytest.raises(AttentionError, match=r"did you mean sentences\.txt"):
        spec_of(tmp_path, "a", file="sentence.txt")
    with pytest.raises(AttentionError, match="lies outside"):
        spec_of(tmp_path, "a", file="../other.txt")


def test_a_file_of_weights_is_named_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "weights.npy").write_bytes(b"\x93NUMPY\x01\0")
    with pytest.raises(AttentionError, match="a file of weights is named in"):
        spec_of(tmp_path, "a", file="weights.npy")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pair": "b"}, "those of .*file.* would have none"),
        ({"generate": "3"}, "file.* does not go with .*generate"),
        ({"also": "it rains"}, "'it rains' is one of them"),
    ],
)
def test_conflicts(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(AttentionError, match=message):
        spec_of(tmp_path, "a cat\nit rains", "we walk", **options)


def test_too_many_attentions_for_a_selector(tmp_path: Path) -> None:
    with pytest.raises(AttentionError, match="65 sentences"):
        spec_of(tmp_path, "\n".join(f"sentence {n}" for n in range(65)))
