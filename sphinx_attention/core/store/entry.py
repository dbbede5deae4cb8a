"""An entry of the store: an attention and its request as verified bytes, small enough for git.

An entry is, in this order: a magic of eight bytes that ends in the format's version, a digest
(BLAKE2b, 32 bytes) of everything after it, the length of the header (four bytes, little endian),
the header (JSON, UTF-8), and the arrays. An entry holds no code and no pickle.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Attention, LogitTerms, Picture, Summary

from .checks import UnfitError
from .entry_arrays import (
    LOGIT_TERMS,
    PICTURE,
    TENSORS,
    WEIGHTS,
    arrays_of,
    check_numbers,
    pack_arrays,
    read_arrays,
)
from .entry_header import IN_COMMON, OF_HEADS, Header, read_header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx_attention.core.attention import Token
    from sphinx_attention.core.request import Request

MAGIC = b"attnfig"
VERSION = 1
_DIGEST = 32
_UNREADABLE = (ValueError, LookupError, TypeError, OverflowError, RecursionError, MemoryError)
"""The exceptions of reading JSON that `pack` did not write."""

SUFFIX = ".attn"
"""The suffix of files with an entry."""

MOST_BYTES = 1 << 28
"""The most bytes of an entry. Larger files are not read."""

MOST_HEADER = 1 << 24
"""The most bytes of a header."""

_DECIMALS = 7
"""The decimals of a stored probability."""


class DamagedEntryError(Exception):
    """An entry that cannot be trusted. The message says why.

    Args:
        why: what is wrong with the entry.
        where: the place of the entry; None for the usual place of its key.
    """

    def __init__(self, why: str, where: str | None = None) -> None:
        super().__init__(why)
        self.where = where


class NewerEntryError(DamagedEntryError):
    """An entry in a newer format. This version cannot tell whether it is sound."""


@dataclass(frozen=True)
class EntryInfo:
    """The header of an entry, for listings.

    Attributes:
        key: the key of the request.
        request: the canonical JSON of the request, parsed (see `Request.canonical`).
        label: the name of the source in figures.
        part: the part of the model: encoder, decoder or cross.
        provenance: how the numbers were made: the resolved revision, versions.
        tokens: the texts of the query tokens.
        shape: the shape of the weights: layers, heads, queries, keys.
        layer_names: the names of the layers for readers.
        head_names: the names of the heads for readers.
        bytes: the size of the entry.
    """

    key: str
    request: Mapping[str, Any]
    label: str
    part: str
    provenance: Mapping[str, str]
    tokens: tuple[str, ...]
    shape: tuple[int, int, int, int]
    layer_names: tuple[str, ...]
    head_names: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry whose checksum, key and header are right. Its arrays are not unpacked yet.

    Attributes:
        key: the key of the request.
        data: all bytes of the entry.
        header: the header.
        blobs: the bytes of the arrays.
    """

    key: str
    data: bytes
    header: Header
    blobs: memoryview

    def attention(self) -> Attention:
        """The attention. Every number is checked.

        Raises:
            DamagedEntryError: the numbers cannot be right.
        """
        header = self.header
        try:
            arrays = read_arrays(header, self.blobs)
            tensors: dict[str, Any] = {name: arrays.get(name) for name in TENSORS}
            logit_terms = None
            if header.missing is not None:
                terms: dict[str, Any] = {n: arrays.get(f"scoring.{n}") for n in LOGIT_TERMS}
                logit_terms = LogitTerms(**terms, missing=header.missing)
            picture = None
            if header.grid is not None:
                pixels, palette = (arrays[f"picture.{name}"] for name in PICTURE)
                picture = Picture(pixels, palette, *header.grid)
            return Attention(
                query_tokens=header.query_tokens,
                key_tokens=header.key_tokens,
                weights=WEIGHTS.take(arrays["weights"]),
                masked=arrays["masked"],
                part=header.part,
                label=header.label,
                provenance=header.provenance,
                logit_terms=logit_terms,
                layer_names=header.layer_names,
                head_names=header.head_names,
                candidates=header.candidates,
                summary=_summary(header, arrays),
                picture=picture,
                **tensors,
            )
        except (UnfitError, zlib.error) as error:
            raise DamagedEntryError(f"its contents cannot be right: {error}") from error

    def info(self) -> EntryInfo:
        """The header, for listings."""
        header = self.header
        return EntryInfo(
            key=self.key,
            request=header.request,
            label=header.label,
            part=header.part,
            provenance=header.provenance,
            tokens=tuple(token.text for token in header.query_tokens),
            shape=header.shape,
            layer_names=header.layer_names,
            head_names=header.head_names,
            bytes=len(self.data),
        )


def pack(request: Request, attention: Attention) -> bytes:
    """An entry's bytes; the same request and attention give the same bytes.

    Raises:
        UnfitError: `unpack` would refuse the attention.
    """
    tensors = arrays_of(attention)
    arrays, blobs = pack_arrays(tensors)
    header: dict[str, Any] = {
        "key": request.key,
        "request": json.loads(request.canonical()),
        "query_tokens": [_token_to_list(t) for t in attention.query_tokens],
        "key_tokens": None
        if attention.same_tokens
        else [_token_to_list(t) for t in attention.key_tokens],
        "part": attention.part,
        "label": attention.label,
        "provenance": dict(attention.provenance),
        "arrays": arrays,
    }
    # The first entries have none of these fields. They are written only where they are needed.
    if attention.logit_terms is not None:
        header["scoring"] = {"missing": attention.logit_terms.missing}
    for name, count in (("layer_names", attention.layers), ("head_names", attention.heads)):
        if (names := list(getattr(attention, name))) != [str(n) for n in range(count)]:
            header[name] = names
    if attention.picture is not None:
        header["picture"] = {"rows": attention.picture.rows, "columns": attention.picture.columns}
    if attention.candidates:
        header["candidates"] = [
            [[one.text, round(one.probability, _DECIMALS)] for one in step]
            for step in attention.candidates
        ]
    if (summary := attention.summary) is not None:
        header["summary"] = {
            "kind": summary.kind,
            "sentences": [[_token_to_list(t) for t in one] for one in summary.sentences],
            "facts": dict(summary.facts),
        }
    found = read_header(header, request.key, sum(map(len, blobs)))
    check_numbers(found, tensors)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    body = len(text).to_bytes(4, "little") + text + b"".join(blobs)
    return MAGIC + bytes([VERSION]) + _digest(body) + body


def _summary(header: Header, arrays: Mapping[str, Any]) -> Summary | None:
    """The summary of an entry that has one."""
    if (found := header.summary) is None:
        return None
    parts = (
        {name.removeprefix(mark): a for name, a in arrays.items() if name.startswith(mark)}
        for mark in (OF_HEADS, IN_COMMON)
    )
    of_heads, in_common = parts
    return Summary(found.kind, found.sentences, of_heads, in_common, found.facts)


def verify(data: bytes, key: str) -> None:
    """Check an entry with all of its numbers.

    Raises:
        NewerEntryError: the entry is in a newer format.
        DamagedEntryError: the bytes are not a sound entry for this key.
    """
    unpack(data, key)


def checksum(data: bytes) -> str:
    """The digest of an entry, in hexadecimal. Entries with other numbers have another digest."""
    return data[len(MAGIC) + 1 : len(MAGIC) + 1 + _DIGEST].hex()


def is_newer(start: bytes) -> bool:
    """Whether an entry with these first bytes is in a newer format. Eight bytes are enough."""
    return start.startswith(MAGIC) and len(start) > len(MAGIC) and start[len(MAGIC)] > VERSION


def open_entry(data: bytes, key: str) -> Entry:
    """Check the checksum, the key and the header of an entry.

    Args:
        data: the bytes of the entry.
        key: the key of the request that the entry has to answer.

    Raises:
        NewerEntryError: the entry is in a newer format.
        DamagedEntryError: the bytes are not a sound entry for this key.
    """
    start = len(MAGIC) + 1 + _DIGEST
    if is_newer(data):
        raise NewerEntryError(
            f"it was written by a newer sphinx-attention (format {data[len(MAGIC)]}, this version "
            f"reads format {VERSION}; pip install --upgrade sphinx-attention)"
        )
    if len(data) < start + 4 or not data.startswith(MAGIC):
        if data.startswith(b"version https://git-lfs"):
            raise DamagedEntryError("it is a pointer of Git LFS, not the entry: run `git lfs pull`")
        raise DamagedEntryError("it is cut short or not an entry at all")
    if data[len(MAGIC)] != VERSION:
        raise DamagedEntryError(
            f"it is of format {data[len(MAGIC)]}, this version reads format {VERSION}"
        )
    body = memoryview(data)[start:]
    if _digest(body) != data[len(MAGIC) + 1 : start]:
        raise DamagedEntryError("its checksum is wrong")
    length = int.from_bytes(body[:4], "little")
    if length > MOST_HEADER:
        raise DamagedEntryError(f"its header takes {length:,} bytes; {MOST_HEADER:,} are allowed")
    try:
        header = json.loads(bytes(body[4 : 4 + length]))
        held = str(header["key"])
    except _UNREADABLE as error:
        raise DamagedEntryError("its header cannot be read") from error
    if held != key:
        raise DamagedEntryError(f"it holds another request ({held[:12]!a}…)")
    blobs = body[4 + length :]
    # The checksum is right, so that a wrong header was written by other software.
    try:
        return Entry(key, data, read_header(header, key, len(blobs)), blobs)
    except UnfitError as error:
        raise DamagedEntryError(f"its contents cannot be right: {error}") from error


def unpack(data: bytes, key: str) -> Attention:
    """The attention of an entry. Every text, shape and number is checked.

    Raises:
        NewerEntryError: the entry is in a newer format.
        DamagedEntryError: the bytes are not a sound entry of this version for this key.
    """
    return open_entry(data, key).attention()


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def _token_to_list(token: Token) -> list[Any]:
    fields = [token.text, int(token.special), token.word, token.segment]
    return fields if token.patch is None else [*fields, list(token.patch)]
