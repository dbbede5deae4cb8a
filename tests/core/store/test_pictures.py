"""Entries with a picture: what is kept, and what a forged one may not say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Picture, Token
from sphinx_attention.core.request import ImageFile, ModelSource, Request
from sphinx_attention.core.sources.pictures import patch_tokens
from sphinx_attention.core.store.checks import UnfitError
from sphinx_attention.core.store.entry import DamagedEntryError, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = Request(ModelSource("tiny"), "", image=ImageFile("cat.png", "1" * 64))
PICTURE = Picture(
    np.array([[0, 1, 2], [2, 1, 0]], np.uint8),
    np.array([[0, 0, 0], [9, 8, 7], [255, 254, 253]], np.uint8),
    1,
    3,
)


def seen(picture: Picture | None = PICTURE, tokens: tuple[Token, ...] | None = None) -> Attention:
    own = (Token("[CLS]", special=True), *patch_tokens(1, 3)) if tokens is None else tokens
    count = len(own)
    return Attention(
        query_tokens=own,
        key_tokens=own,
        weights=np.full((1, 1, count, count), 1 / count, np.float32),
        masked=np.zeros((1, count, count), np.bool_),
        label="tiny",
        picture=picture,
    )


def test_a_picture_comes_back_as_it_was() -> None:
    found = unpack(pack(REQUEST, seen()), REQUEST.key)
    assert found.query_tokens == seen().query_tokens
    assert found.picture is not None
    np.testing.assert_array_equal(found.picture.pixels, PICTURE.pixels)
    np.testing.assert_array_equal(found.picture.palette, PICTURE.palette)
    assert (found.picture.rows, found.picture.columns) == (1, 3)


def test_entries_without_a_picture_are_as_before() -> None:
    words = tuple(Token(text) for text in ("the", "fox"))
    data = pack(replace(REQUEST, image=None), seen(None, words))
    assert b"picture" not in data
    header = json.loads(data[44 : 44 + int.from_bytes(data[40:44], "little")])
    assert all(len(token) == 4 for token in header["query_tokens"])


@pytest.mark.parametrize(
    "wrong",
    [
        seen(None),
        seen(PICTURE, tuple(Token(text) for text in "abc")),
        seen(replace(PICTURE, columns=2)),
        seen(replace(PICTURE, rows=3)),
        seen(PICTURE, patch_tokens(1, 3)[::-1]),
        seen(PICTURE, patch_tokens(1, 3)[:2]),
        seen(PICTURE, (*patch_tokens(1, 3), patch_tokens(1, 3)[0])),
        seen(PICTURE, (patch_tokens(1, 3)[0], Token("x"), *patch_tokens(1, 3)[1:])),
        seen(replace(PICTURE, palette=PICTURE.palette[:2])),
        seen(replace(PICTURE, palette=np.zeros((257, 3), np.uint8))),
        seen(replace(PICTURE, palette=np.zeros((3, 4), np.uint8))),
        seen(replace(PICTURE, pixels=np.zeros((1, 5000), np.uint8))),
        seen(replace(PICTURE, pixels=np.zeros((1, 2), np.uint8))),
    ],
)
def test_what_cannot_be_read_is_not_written(wrong: Attention) -> None:
    with pytest.raises(UnfitError):
        pack(REQUEST, wrong)


def forged(change: Callable[[dict[str, Any]], object]) -> bytes:
    data = pack(REQUEST, seen())
    length = int.from_bytes(data[40:44], "little")
    header = json.loads(data[44 : 44 + length])
    change(header)
    text = json.dumps(header).encode()
    body = len(text).to_bytes(4, "little") + text + data[44 + length :]
    return data[:8] + hashlib.blake2b(body, digest_size=32).digest() + body


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.update(picture=None),
        lambda header: header.update(picture=[1, 3]),
        lambda header: header.update(picture={"rows": 1}),
        lambda header: header.update(picture={"rows": True, "columns": 3}),
        lambda header: header.update(picture={"rows": 1, "columns": 1e9}),
        lambda header: header["query_tokens"][1].__setitem__(4, [0, 99]),
        lambda header: header["query_tokens"][1].__setitem__(4, [0]),
        lambda header: header["query_tokens"][1].__setitem__(4, "0,0"),
        lambda header: header["query_tokens"][1].append([0, 0]),
        lambda header: header["arrays"][-1].update(shape=[9, 1]),
        lambda header: header["arrays"][-2].update(shape=[3, 2]),
    ],
)
def test_a_forged_picture_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    # Three rows of two pixels are as sound as two of three, but they hold no grid of 1 × 3.
    with pytest.raises(DamagedEntryError):
        unpack(forged(change), REQUEST.key)
    assert unpack(forged(lambda _: None), REQUEST.key).picture is not None
