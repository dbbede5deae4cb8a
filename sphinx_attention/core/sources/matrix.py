"""Weights that the author gives: rows of numbers in the page, or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.request import MatrixSource, Request
from sphinx_attention.core.sources.numbers.given import Given, parse_rows
from sphinx_attention.core.sources.numbers.line_error import SHOWN
from sphinx_attention.core.sources.numbers.lines import (
    leading_rows,
    looks_like_rows,
    misplaced_rows,
)
from sphinx_attention.core.sources.numbers.pieces import author_tokens, flags_of, same_text
from sphinx_attention.core.sources.numbers.weights import (
    MaskedWeightError,
    WeightsError,
    as_layers_and_heads,
    axes_of,
    check_weights,
    mask_later,
    mask_of,
    softmax,
)

from .files import read_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Token

__all__ = ["fits", "leading_rows", "looks_like_rows", "misplaced_rows", "parse_rows", "read"]


def read(request: Request) -> Attention:
    """The attention of a request whose source is a matrix.

    Raises:
        AttentionError: a cell is not a number, the numbers are not a matrix or do not fit the
            tokens, a number is negative or not finite, or a row does not sum to 1. The line of the
            error is that of the body.
    """
    source = request.source
    assert isinstance(source, MatrixSource)
    with guarded(Problem.MATRIX, f"reading {source.path or 'the matrix'}", private=True):
        return _read(request, source)


def _read(request: Request, source: MatrixSource) -> Attention:
    if source.text is None:
        given = read_file(source)
        try:
            return _attention(given, request, source)
        except AttentionError as error:
            raise AttentionError(error.problem, f"{source.path}: {error.neutral}") from None
    words = request.tokens or tuple(request.text.split())
    given = parse_rows(source.text, words, causal=source.causal)
    try:
        return _attention(given, request, source)
    except WeightsError as error:
        if error.row is not None and error.line is None:
            _, head, row = error.row
            error.line = given.line_of(head, row)
        raise


def _attention(given: Given, request: Request, source: MatrixSource) -> Attention:
    stacked = as_layers_and_heads(given.numbers)
    queries, keys = _tokens(given, request, source, stacked)
    masked = mask_of(given, stacked)
    if source.causal:
        masked = mask_later(masked, stacked)
    if source.scores == "logits":
        stacked, masked = softmax(stacked, masked)
    try:
        check_weights(stacked, masked)
    except MaskedWeightError as error:
        if not source.causal:
            raise
        message = (
            f"{error.neutral}; {option('causal')} masks later keys: remove it, or set "
            f"{option('scores')} to logits if these are logits"
        )
        raise WeightsError(error.problem, message, error.row) from None
    crosses = keys != queries
    return Attention(
        query_tokens=queries,
        key_tokens=keys,
        weights=np.where(masked[:, None], 0.0, stacked).astype(np.float32),
        masked=masked,
        part="cross" if crosses else "decoder" if source.causal else "encoder",
        label=source.label,
    )


def _tokens(
    given: Given, request: Request, source: MatrixSource, weights: NDArray[np.float64]
) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    """The tokens of both sides: the author's words if they fit, or else those of the matrix."""
    rows = weights.shape[2]
    words: Sequence[str] = request.tokens or tuple(request.text.split())
    own = given.query_tokens
    _check_names(given, weights)
    if source.text is not None and words:
        _check_labels(given, words)
    if own is not None and not words:
        words = own
    elif own and source.text is None and len(words) != rows and request.tokens is None:
        if not same_text(own, request.text):
            raise AttentionError(
                Problem.MATRIX,
                f"it names {len(own)} tokens, which are not those of the sentence; remove the "
                f"sentence, or name the tokens with {option('tokens')}",
            )
        words = own
    if not words:
        raise AttentionError(
            Problem.TEXT,
            f"the matrix has {axes_of(weights)} and no tokens; write the sentence or "
            f"{option('tokens')}, or label the rows",
        )
    keys = given.key_tokens
    if keys is None or (keys == own and len(keys) == len(words)):
        keys = tuple(words)
    _check_counts(weights, words, keys)
    queries = author_tokens(words, flags_of(given.special, words))
    return queries, queries if tuple(keys) == tuple(words) else author_tokens(keys)


def _check_names(given: Given, weights: NDArray[np.float64]) -> None:
    rows, columns = weights.shape[2:]
    for names, count, what in (
        (given.query_tokens, rows, "rows"),
        (given.key_tokens, columns, "columns"),
    ):
        if names is not None and len(names) != count:
            raise AttentionError(
                Problem.MATRIX,
                f"the matrix names {len(names)} tokens for its {what} and has {axes_of(weights)}; "
                "give one name each",
            )


def _check_labels(given: Given, words: Sequence[str]) -> None:
    """Check that labels in a body are the tokens of the sentence."""
    for labels, what in ((given.query_tokens, "row"), (given.key_tokens, "column")):
        if labels is None or len(labels) != len(words):
            continue
        for n, (label, word) in enumerate(zip(labels, words, strict=True)):
            if label.casefold() != word.casefold():
                line = given.line_of(0, n) if what == "row" else None
                raise AttentionError(
                    Problem.MATRIX,
                    f"{what} {n} is labelled {label[:SHOWN]!r}, and token {n} is "
                    f"{word[:SHOWN]!r}; labels have to be the tokens in their order",
                    line=line,
                )


def _check_counts(weights: NDArray[np.float64], words: Sequence[str], keys: Sequence[str]) -> None:
    rows, columns = weights.shape[2:]
    if (rows, columns) == (len(words), len(keys)):
        return
    if tuple(words) != tuple(keys):
        raise AttentionError(
            Problem.MATRIX,
            f"the matrix has {axes_of(weights)}, for {len(words)} query tokens and {len(keys)} key "
            "tokens",
        )
    heads, tokens = weights.shape[1], len(words)
    if rows != columns:
        raise AttentionError(
            Problem.MATRIX,
            f"the matrix is not square: {rows} rows of {columns} numbers; each of the {tokens} "
            f"tokens needs a row and a column{_why_oblong(weights, tokens)}",
        )
    hint = ""
    if rows == 1:
        hint = f"; if the number is a caption, write it in {option('caption')}"
    elif rows == tokens + 2:
        hint = f"; two more may be [CLS] and [SEP]: name all of them with {option('tokens')}"
    elif rows > tokens:
        hint = f"; name all of them with {option('tokens')}"
    more = f" in each of {heads} heads" if heads > 1 else ""
    raise AttentionError(
        Problem.MATRIX,
        f"{tokens} tokens and {rows} rows{more}: each token needs a row and a column{hint}",
    )


def _why_oblong(weights: NDArray[np.float64], tokens: int) -> str:
    layers, heads, rows, columns = weights.shape
    if (layers, heads, rows) == (1, tokens, 1):
        return "; each row stands by itself, as a head: remove the blank lines between the rows"
    if 1 in {rows, columns} and heads == 1:
        return (
            "; one weight a word is one row of the matrix: give a row for each word that looks, or "
            "name the rows and the columns apart (query_tokens and key_tokens of a file)"
        )
    if layers == 1 and (heads, rows) == (tokens, tokens):
        return (
            f"; the axes are (queries, keys, heads), and the heads come first: "
            f"`weights.transpose(2, 0, 1)` has {columns} heads"
        )
    if tokens in {rows, columns}:
        return "; a file names the tokens of both sides apart, with query_tokens and key_tokens"
    return ""


def fits(text: str, tokens: int | Sequence[str]) -> bool:
    """Whether a text consists of rows of numbers, with a row and a column for each token.

    Args:
        text: the body.
        tokens: the tokens, or their number.
    """
    count = tokens if isinstance(tokens, int) else len(tokens)
    names = () if isinstance(tokens, int) else tokens
    try:
        given = parse_rows(text, names)
        if count < 2 and given.query_tokens:
            return False  # "Version" above "version 1" is an admonition.
        shape = as_layers_and_heads(given.numbers).shape[2:]
    except AttentionError:
        return False
    return shape == (count, count)
