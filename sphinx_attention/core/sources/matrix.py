"""Weights that the author gives: rows of numbers in the page, or a file."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import MatrixSource, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

ROW_SUM_TOLERANCE = 0.01
"""How far a row may be from 1. Three thirds written as 0.33 sum to 0.99."""


def read(request: Request) -> Attention:
    """The attention of a request whose source is a matrix.

    Raises:
        AttentionError: numbers that are none, not a matrix, do not fit the tokens, are negative
            or not finite, or rows that do not sum to 1.
    """
    source = request.source
    assert isinstance(source, MatrixSource)
    texts: Sequence[str] | None = request.tokens or request.text.split() or None
    if source.text is not None:
        numbers = parse_rows(source.text)
    else:
        numbers, own_tokens = _read_file(source)
        texts = texts or own_tokens
    if not texts:
        raise AttentionError(
            Problem.TEXT, "the matrix has no tokens; write the sentence or the option tokens"
        )
    stacked = as_layers_and_heads(numbers)
    _check_counts(stacked, len(texts), source.text or "")
    masked = np.zeros((1, *stacked.shape[2:]), dtype=np.bool_)
    if source.causal:
        masked |= np.triu(np.ones(stacked.shape[2:], dtype=np.bool_), 1)
    if source.scores == "logits":
        stacked, masked = softmax(stacked, masked)
    check_weights(stacked, masked)
    tokens = tuple(Token(text, word=i) for i, text in enumerate(texts))
    return Attention(
        query_tokens=tokens,
        key_tokens=tokens,
        weights=np.where(masked, 0.0, stacked).astype(np.float32),
        masked=masked,
        part="decoder" if source.causal else "encoder",
        label=source.label,
    )


def fits(text: str, tokens: int) -> bool:
    """Whether a text is nothing but rows of numbers, as many as there are tokens, and as long."""
    try:
        return parse_rows(text).shape[1:] == (tokens, tokens)
    except AttentionError:
        return False


def looks_like_rows(lines: Sequence[str]) -> bool:
    """Whether lines are meant as a matrix, mistakes included: half the first line are numbers."""
    words = lines[0].replace(",", " ").split() if lines else []
    return bool(words) and sum(_is_number(word) for word in words) * 2 >= len(words)


def leading_rows(lines: Sequence[str]) -> int:
    """How many lines at the head of a body are meant as a matrix; the rest is its caption."""
    end = start = 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        stop = start
        while stop < len(lines) and lines[stop].strip():
            stop += 1
        if not looks_like_rows(lines[start:stop]):
            break
        start = end = stop
    return end


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def parse_rows(text: str) -> NDArray[np.float64]:
    """Rows of numbers, a blank line between heads.

    Args:
        text: numbers separated by white space or commas.

    Returns:
        Shape (heads, queries, keys).

    Raises:
        AttentionError: something that is not a number, or rows of different lengths.
    """
    heads: list[list[list[float]]] = [[]]
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            if heads[-1]:
                heads.append([])
            continue
        try:
            heads[-1].append(_row(line))
        except ValueError as error:
            raise AttentionError(
                Problem.MATRIX, f"line {number} of the matrix: {error} is not a number"
            ) from None
    heads = [head for head in heads if head]
    shapes = {(len(head), len(row)) for head in heads for row in head}
    if not heads:
        raise AttentionError(Problem.MATRIX, "the matrix is empty")
    if len(shapes) > 1:
        raise AttentionError(Problem.MATRIX, _ragged(heads))
    return np.array(heads, dtype=np.float64)


def _row(line: str) -> list[float]:
    """The numbers of one line; a ValueError carries the first word that is none."""
    row = []
    for word in line.replace(",", " ").split():
        try:
            row.append(float(word))
        except ValueError:
            raise ValueError(repr(word)) from None
    return row


def _ragged(heads: list[list[list[float]]]) -> str:
    first = heads[0]
    for h, head in enumerate(heads):
        for i, row in enumerate(head):
            if len(row) != len(first[0]):
                where = f"row {i} of head {h}" if len(heads) > 1 else f"row {i}"
                return f"{where} has {len(row)} numbers, row 0 has {len(first[0])}"
    rows = ", ".join(str(len(head)) for head in heads)
    return f"the heads have different numbers of rows: {rows}"


def as_layers_and_heads(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Bring weights to the shape (layers, heads, queries, keys).

    Args:
        numbers: two dimensions (queries, keys), three (heads, queries, keys) or four.

    Raises:
        AttentionError: another count of dimensions, an empty matrix, or no numbers.
    """
    if not np.issubdtype(numbers.dtype, np.number) or np.iscomplexobj(numbers):
        raise AttentionError(Problem.MATRIX, f"the weights are {numbers.dtype}, not real numbers")
    if not 2 <= numbers.ndim <= 4 or 0 in numbers.shape:
        raise AttentionError(
            Problem.MATRIX,
            f"the weights have the shape {numbers.shape}; they need (queries, keys), "
            "(heads, queries, keys) or (layers, heads, queries, keys)",
        )
    missing = (1,) * (4 - numbers.ndim)
    return numbers.astype(np.float64).reshape(missing + numbers.shape)


def _check_counts(weights: NDArray[np.float64], tokens: int, written: str) -> None:
    rows, columns = weights.shape[2:]
    hint = ""
    if re.search(r"\d,\d", written) and "." not in written:
        hint = "; commas separate numbers, write 0.5 with a point"
    if rows != columns:
        raise AttentionError(
            Problem.MATRIX,
            f"the matrix is not square: {rows} rows of {columns} numbers; each of the {tokens} "
            f"tokens needs a row and a column{hint}",
        )
    if rows != tokens:
        raise AttentionError(
            Problem.MATRIX,
            f"{tokens} tokens and {rows} rows: each token needs a row and a column{hint}",
        )


def softmax(
    logits: NDArray[np.float64], masked: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Softmax over the keys that are not masked.

    Args:
        logits: shape (layers, heads, queries, keys); minus infinity masks as well.
        masked: shape (1, queries, keys).

    Returns:
        The weights, and the mask with those keys added that are minus infinity in every head.

    Raises:
        AttentionError: NaN, plus infinity, or a row without any key left.
    """
    bad = np.isnan(logits) | np.isposinf(logits)
    if bad.any():
        raise AttentionError(Problem.MATRIX, f"{_where(bad)} is not a finite number")
    nowhere: NDArray[np.bool_] = np.isneginf(logits)
    masked = masked | np.logical_and.reduce(nowhere, axis=(0, 1))[None]
    logits = np.where(masked, -np.inf, logits)
    largest = logits.max(axis=-1, keepdims=True)
    if np.isneginf(largest).any():
        empty = np.isneginf(largest)
        raise AttentionError(Problem.MATRIX, f"{_where(empty, column=False)} has no key left")
    weights = np.exp(logits - largest)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights, masked


def check_weights(
    weights: NDArray[np.floating[Any]],
    masked: NDArray[np.bool_],
    problem: Problem = Problem.MATRIX,
) -> None:
    """Check that weights are weights.

    Args:
        weights: shape (layers, heads, queries, keys).
        masked: shape (1 or layers, queries, keys).
        problem: what a failure is filed under.

    Raises:
        AttentionError: the first entry that is not finite, negative or masked and yet not zero,
            or the row whose sum is farthest from 1.
    """
    hidden = np.broadcast_to(masked[:, None], weights.shape)
    for bad, what in (
        (~np.isfinite(weights), "is not a finite number"),
        (weights < 0, "is negative; if these are logits, say `:scores: logits`"),
        (hidden & (weights != 0), "is masked and yet not zero"),
    ):
        if bad.any():
            raise AttentionError(problem, f"{_where(bad)} {what}")
    off = np.abs(weights.sum(axis=-1) - 1.0)
    if off.max() > ROW_SUM_TOLERANCE + 1e-6:
        worst = off == off.max()
        total = float(weights.sum(axis=-1)[worst][0])
        hint = "; if these are logits, say `:scores: logits`" if off.max() > 0.5 else ""
        raise AttentionError(
            problem,
            f"{_where(worst[..., None], column=False)} sums to {total:.3f}, not to 1 "
            f"({total - 1:+.3f}){hint}",
        )


def _where(bad: NDArray[np.bool_], *, column: bool = True) -> str:
    """The first true entry of (layers, heads, queries, keys), in words."""
    layer, head, row, key = (int(n) for n in np.argwhere(bad)[0])
    place = f"row {row}, column {key}" if column else f"row {row}"
    if bad.shape[0] > 1:
        return f"layer {layer}, head {head}, {place}"
    return f"head {head}, {place}" if bad.shape[1] > 1 else place


def _read_file(source: MatrixSource) -> tuple[NDArray[Any], list[str] | None]:
    """The numbers of a file, and its tokens where it holds some."""
    path = Path(source.file or source.path or "")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise AttentionError(
            Problem.MATRIX,
            f"{source.path}: unknown kind of file; use one of {' '.join(sorted(_READERS))}",
        )
    try:
        return reader(path.read_bytes())
    except AttentionError as error:
        raise AttentionError(error.problem, f"{source.path}: {error.message}") from None
    except FileNotFoundError:
        raise AttentionError(Problem.MATRIX, f"{source.path}: there is no such file") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise AttentionError(Problem.MATRIX, f"{source.path}: cannot be read: {first}") from None


def _read_npy(data: bytes) -> tuple[NDArray[Any], list[str] | None]:
    return np.load(io.BytesIO(data), allow_pickle=False), None


def _read_npz(data: bytes) -> tuple[NDArray[Any], list[str] | None]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        tokens = [str(t) for t in archive["tokens"]] if "tokens" in archive else None
        return _named({name: archive[name] for name in archive.files}), tokens


def _read_json(data: bytes) -> tuple[NDArray[Any], list[str] | None]:
    content = json.loads(data)
    tokens = None
    if isinstance(content, dict):
        tokens = [str(t) for t in content["tokens"]] if "tokens" in content else None
        if "weights" not in content:
            raise AttentionError(Problem.MATRIX, 'has no entry "weights"')
        content = content["weights"]
    return np.asarray(content, dtype=np.float64), tokens


def _read_csv(data: bytes) -> tuple[NDArray[Any], list[str] | None]:
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    return parse_rows("\n".join(" ".join(row) for row in rows)), None


def _read_safetensors(data: bytes) -> tuple[NDArray[Any], list[str] | None]:
    try:
        from safetensors.numpy import load  # noqa: PLC0415 - an optional package
    except ImportError:
        raise AttentionError(
            Problem.INSTALL, "reading .safetensors needs `pip install safetensors`"
        ) from None
    return _named(load(data)), None


def _named(arrays: dict[str, NDArray[Any]]) -> NDArray[Any]:
    numeric = {name: array for name, array in arrays.items() if name != "tokens"}
    if "weights" in numeric:
        return numeric["weights"]
    if len(numeric) == 1:
        return next(iter(numeric.values()))
    names = ", ".join(sorted(numeric)) or "none"
    raise AttentionError(
        Problem.MATRIX, f'holds no array "weights" (its arrays: {names}) to take the numbers from'
    )


_READERS: dict[str, Callable[[bytes], tuple[NDArray[Any], list[str] | None]]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".json": _read_json,
    ".csv": _read_csv,
    ".safetensors": _read_safetensors,
}
