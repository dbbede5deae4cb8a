"""Weights that an author writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import MatrixSource, Request
from sphinx_attention.core.sources.matrix import fits, leading_rows, read

if TYPE_CHECKING:
    from pathlib import Path


def inline(rows: str, text: str = "a b", **kind: object) -> Request:
    return Request(source=MatrixSource(text=rows, **kind), text=text)  # type: ignore[arg-type]


def test_one_head() -> None:
    attention = read(inline("0.9 0.1\n0.25, 0.75"))
    assert attention.weights.shape == (1, 1, 2, 2)
    assert_allclose(attention.weights[0, 0], [[0.9, 0.1], [0.25, 0.75]])
    assert not attention.masked.any()
    assert [t.text for t in attention.query_tokens] == ["a", "b"]


def test_a_blank_line_starts_the_next_head() -> None:
    attention = read(inline("1 0\n0 1\n\n\n0.5 0.5\n0.5 0.5\n"))
    assert attention.weights.shape == (1, 2, 2, 2)
    assert_allclose(attention.weights[0, 1], 0.5)


def test_logits_get_a_softmax() -> None:
    attention = read(inline("0 1.0986123\n0 0", scores="logits"))
    assert_allclose(attention.weights[0, 0], [[0.25, 0.75], [0.5, 0.5]], atol=1e-7)


def test_large_logits_do_not_overflow() -> None:
    attention = read(inline("1000 1001.0986123\n-1000 -1000", scores="logits"))
    assert_allclose(attention.weights[0, 0, 0], [0.25, 0.75], atol=1e-6)


def test_causal_masks_before_the_softmax() -> None:
    attention = read(inline("5 9 9\n0 1.0986123 9\n0 0 0", "a b c", scores="logits", causal=True))
    assert_allclose(
        attention.weights[0, 0], [[1, 0, 0], [0.25, 0.75, 0], [1 / 3, 1 / 3, 1 / 3]], atol=1e-6
    )
    assert attention.masked[0].tolist() == [
        [False, True, True],
        [False, False, True],
        [False, False, False],
    ]
    assert attention.causal


def test_minus_infinity_masks() -> None:
    attention = read(inline("0 -inf\n0 0", scores="logits"))
    assert attention.masked[0].tolist() == [[False, True], [False, False]]
    assert_allclose(attention.weights[0, 0, 0], [1, 0])


def test_thirds_written_with_two_digits_pass() -> None:
    read(inline("0.33 0.33 0.33\n" * 3, "a b c"))


@pytest.mark.parametrize(
    ("rows", "text", "says"),
    [
        ("0.9 0.1\n0.5 0.6", "a b", "row 1 sums to 1.100, not to 1 (+0.100)"),
        ("0.9 0.1\n0.5 0.4", "a b", "row 1 sums to 0.900, not to 1 (-0.100)"),
        ("0.9 0.1\n0.5 x", "a b", "line 2 of the matrix: 'x' is not a number"),
        ("0.9 0.1\nnan 1", "a b", "row 1, column 0 is not a finite number"),
        ("1.1 -0.1\n0.5 0.5", "a b", "row 0, column 1 is negative"),
        ("0.9 0.1\n1", "a b", "row 1 has 1 numbers, row 0 has 2"),
        ("0.9 0.1\n0.5 0.5", "a b c", "3 tokens and 2 rows"),
        ("0.9 0.1\n0.5 0.5\n0.5 0.5", "a b c", "not square: 3 rows of 2 numbers"),
        ("1 0\n0 1\n\n1 0", "a b", "different numbers of rows: 2, 1"),
        ("1 0\n0 1\n\n1 0\n1 1", "a b", "head 1, row 1 sums to 2.000"),
        ("0,9 0,1\n0,5 0,5", "a b", "write 0.5 with a point"),
        ("", "a b", "the matrix is empty"),
        ("1", "", "no tokens"),
    ],
)
def test_wrong_rows_are_reported(rows: str, text: str, says: str) -> None:
    with pytest.raises(AttentionError) as caught:
        read(inline(rows, text))
    assert says in caught.value.message


def test_a_weight_above_the_causal_diagonal_is_wrong() -> None:
    with pytest.raises(AttentionError, match="row 0, column 1 is masked and yet not zero"):
        read(inline("0.9 0.1\n0.5 0.5", causal=True))


def test_the_message_names_the_option_that_masks_a_weight() -> None:
    with pytest.raises(AttentionError, match="the option causal masks later keys: remove it, or"):
        read(inline("0.9 0.1\n0.5 0.5", causal=True))


def test_more_weights_than_memory_holds(tmp_path: Path) -> None:
    """A file of 160 MB would take 640 MB in double precision."""
    array = np.lib.format.open_memmap(tmp_path / "w.npy", "w+", np.float16, (80, 2**10, 2**10))
    array.flush()
    source = MatrixSource(path="w.npy", file=str(tmp_path / "w.npy"))
    with pytest.raises(
        AttentionError, match="are 83,886,080 numbers, and 67,108,864 are read at most"
    ):
        read(Request(source, ""))


def test_a_row_without_keys_is_wrong() -> None:
    with pytest.raises(AttentionError, match="row 1 has no key left"):
        read(inline("0 0\n-inf -inf", scores="logits"))


def test_fits() -> None:
    assert fits("1 2\n3, 4", 2)
    assert fits("1 2\n3 4\n\n\n1 2\n3 4\n", 2)
    assert fits("1\n\n2", 1)
    assert not fits("1 2\n\n3, 4", 2)
    assert not fits("1 2\n3 4", 3)
    assert not fits("1 2\nthree 4", 2)
    assert not fits("1 2\n3", 2)
    assert not fits("  \n", 1)


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (["1 0", "0 1", "", "A caption."], 2),
        (["", "1 0", "0 1", "", "1 0", "0 1", "", "Words.", "", "1 0"], 6),
        (["1 0", "0 x"], 2),  # a mistake in a matrix does not make it a caption
        (["A caption", "with 1 0"], 0),
        ([], 0),
    ],
)
def test_a_body_is_rows_and_then_a_caption(lines: list[str], rows: int) -> None:
    assert leading_rows(lines) == rows


WEIGHTS = np.array([[[0.5, 0.5], [0.1, 0.9]], [[1.0, 0.0], [0.2, 0.8]]])


def save(folder: Path, name: str) -> Path:
    path = folder / name
    if name.endswith(".npy"):
        np.save(path, WEIGHTS)
    elif name.endswith(".npz"):
        np.savez(path, weights=WEIGHTS, tokens=np.array(["x", "y"]))
    elif name.endswith(".json"):
        path.write_text(json.dumps({"tokens": ["x", "y"], "weights": WEIGHTS.tolist()}))
    elif name.endswith(".csv"):
        path.write_text("\ufeff0.5,0.5\n0.1,0.9\n", encoding="utf-8")
    else:
        from safetensors.numpy import save_file

        save_file({"weights": WEIGHTS}, path)
    return path


@pytest.mark.parametrize("name", ["w.npy", "w.npz", "w.json", "w.csv", "w.safetensors"])
def test_files(tmp_path: Path, name: str) -> None:
    path = save(tmp_path, name)
    request = Request(source=MatrixSource(path=name, file=str(path), digest="0"), text="a b")
    attention = read(request)
    expected = WEIGHTS[None, :1] if name == "w.csv" else WEIGHTS[None]
    assert_allclose(attention.weights, expected, atol=1e-7)
    assert attention.query_tokens[0].text == "a"


@pytest.mark.parametrize("name", ["w.npz", "w.json"])
def test_tokens_may_come_from_the_file(tmp_path: Path, name: str) -> None:
    path = save(tmp_path, name)
    request = Request(source=MatrixSource(path=name, file=str(path), digest="0"), text="")
    assert [t.text for t in read(request).key_tokens] == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("w.npy", b"nonsense", "cannot be read"),
        ("w.json", b"{", "cannot be read"),
        ("w.json", b'{"rows": 1}', 'has no entry "weights"'),
        ("w.json", b"[[1, 0], [1]]", "cannot be read"),
        ("w.txt", b"1", "unknown kind of file"),
        ("gone.npy", None, "there is no such file"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    source = MatrixSource(path=name, file=str(tmp_path / name), digest="0")
    with pytest.raises(AttentionError) as caught:
        read(Request(source=source, text="a b"))
    assert caught.value.problem is Problem.MATRIX
    assert caught.value.message.startswith(name)
    assert says in caught.value.message


def test_a_pickled_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(AttentionError, match="cannot be read"):
        read(Request(source=MatrixSource(path="w.npy", file=str(path), digest="0"), text="a"))


@pytest.mark.parametrize(
    ("body", "text", "figure"),
    [
        ("version 1", "Version", False),
        ("-", "Note", False),
        ("- -\n- -", "Well noted", False),
        ("1", "Note", True),
        ("1 0\n0 1", "Well noted", True),
        ("1 0 0\n0 1 0\n0 0 1", "Well noted", False),
        ("Layer 5, head 11", "Well noted", False),
        ("well 1 0\nnoted 0 1", "Well noted", True),
        ("1 0\n0 1\n\nA caption.", "Well noted", False),
    ],
)
def test_an_admonition_is_a_figure_only_by_a_matrix_that_fits(
    body: str, text: str, figure: bool
) -> None:
    assert fits(body, text.split()) is figure
