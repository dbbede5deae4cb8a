"""Answers requests for the built-in model, without PyTorch.

Its answers equal those of transformers for the same files: the same tokens, numbers and errors.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.attention import Attention, Part, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.builtin import FOLDER, installed, sees_nothing
from sphinx_attention.core.sources.generation import Continuation, check_room, go_on
from sphinx_attention.core.sources.layers import choose_layers
from sphinx_attention.core.sources.refusals import (
    check_length,
    check_text,
    has_no_part,
    takes_no_pair,
    takes_no_target,
)
from sphinx_attention.core.sources.token_text import byte_alphabet, readable
from sphinx_attention.core.sources.words import words_after, words_at

from .captured import CapturedLayers
from .network import load_network
from .tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.request import Request

    from .network import Network
    from .tokenizer import Piece, Tokenizer

_PART: Part = "decoder"
"""The only attention of the model: it reads from left to right."""


def read(request: Request) -> Attention:
    """The attention of the built-in model over one text.

    Args:
        request: a request for the built-in model.

    Raises:
        AttentionError: the text is empty or too long, or the request needs something that the model
            does not have.
    """
    if request.image is not None:
        raise sees_nothing(request.source.label)
    pieces = _pieces_of(request)
    network = _network()
    shape, label = network.shape, request.source.label
    _check(request, len(pieces), shape.positions)
    tokens = _tokens_of(pieces, request.text)
    heads = dict.fromkeys(range(shape.layers), shape.heads)
    numbers, _ = choose_layers(label, heads, request.layers)
    ids = [piece.id for piece in pieces]
    check_room(label, len(ids), request.generate or 0, shape.positions)
    written = Continuation((), ())
    if request.generate is not None:
        written = go_on(network.reader().logits_after, ids, request.generate, ())
    tokens += _new_tokens(ids, written.ids, tokens)
    ids += written.ids
    computed = list(network.attentions(ids, max(numbers) + 1))
    layers = CapturedLayers(network, numbers, computed, request.keep)
    attention = Attention(
        query_tokens=tokens,
        key_tokens=tokens,
        masked=np.triu(np.ones((1, len(tokens), len(tokens)), dtype=np.bool_), 1),
        part=_PART,
        label=label,
        provenance=_provenance(written),
        candidates=written.candidates(lambda numbers: [_shown(n) for n in numbers]),
        **layers.fields,
    )
    return layers.with_terms(attention, shape.scale)


def _pieces_of(request: Request) -> list[Piece]:
    """The tokens of the request's text.

    Raises:
        AttentionError: there are no tokens, or there is a second sentence.
    """
    check_text(request.text)
    if request.pair is not None:
        raise takes_no_pair()
    try:
        return _tokenizer().encode(request.text)
    except UnicodeEncodeError:
        raise AttentionError(
            Problem.TEXT,
            "the text holds half of a character (a surrogate), which stands for nothing; remove it",
        ) from None


def _check(request: Request, tokens: int, limit: int) -> None:
    """Refuse requests that the model cannot answer.

    Raises:
        AttentionError: the text is too long, or the request has a target or another part.
    """
    label = request.source.label
    check_length(label, tokens, limit)
    if request.target is not None:
        raise takes_no_target(label)
    if request.part not in {None, _PART}:
        raise has_no_part(label, str(request.part), [_PART])


def _tokens_of(pieces: Sequence[Piece], text: str) -> tuple[Token, ...]:
    special = [piece.special for piece in pieces]
    spans = [None if piece.special else (piece.start, piece.end) for piece in pieces]
    words = words_at(spans, special, [0] * len(pieces), (text, ""))
    return tuple(
        Token(
            piece.text if piece.special else readable(piece.text, "bytes"),
            special=piece.special,
            word=word,
        )
        for piece, word in zip(pieces, words, strict=True)
    )


def _new_tokens(
    read: Sequence[int], ids: Sequence[int], tokens: Sequence[Token]
) -> tuple[Token, ...]:
    """The tokens by which the model continues a text."""
    last = max((token.word for token in tokens if token.word is not None), default=0)
    start = _tokenizer().start
    return tuple(
        Token(_shown(number), number == start, None if number == start else word)
        for number, word in zip(ids, words_after(_written, read, ids, last), strict=True)
    )


def _written(ids: Sequence[int]) -> str:
    """The text of tokens, without the token that begins texts."""
    alphabet, start = byte_alphabet(), _tokenizer().start
    pieces = (_tokenizer().piece(number) for number in ids if number != start)
    return bytes(alphabet[one] for piece in pieces for one in piece).decode(errors="replace")


def _shown(number: int) -> str:
    """A token as figures show it."""
    piece = _tokenizer().piece(number)
    return piece if number == _tokenizer().start else readable(piece, "bytes")


def _provenance(written: Continuation) -> dict[str, str]:
    provenance = {"numpy": np.__version__, "dtype": "float32", "capture": "numpy"}
    if written.ids:
        provenance["continued"] = _written(written.ids).strip()
    return provenance


@cache
def _network() -> Network:
    with installed(FOLDER):
        return load_network(FOLDER)


@cache
def _tokenizer() -> Tokenizer:
    with installed(FOLDER):
        return load_tokenizer(FOLDER)
