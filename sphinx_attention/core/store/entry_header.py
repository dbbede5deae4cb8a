"""The checks of an entry's header: the type, size and range of every field.

A checksum shows that an entry was not changed by accident. It does not show who wrote the entry:
entries also come from shared stores, archives and pull requests. Therefore every field of a header
is checked here when the entry is read, before any array is unpacked.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from sphinx_attention.core.attention import Candidate, Part
from sphinx_attention.core.request import MOST_GENERATED, canonical_json

from .checks import UnfitError, brief, need, text_of, whole
from .entry_tokens import LONGEST_TOKEN, MOST_TOKENS, read_grid, read_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_attention.core.attention import Token

MOST_NUMBERS = 1 << 31
"""The most numbers of all arrays of an entry together."""

FREE_NUMBERS = 1 << 24
"""The numbers that an entry may always hold, even in very few bytes."""

NUMBERS_A_BYTE = 16
"""The most numbers for each byte beyond that. Real attention has about three numbers a byte."""

_LONGEST_NAME = 200
"""The most characters of a name."""

_LONGEST_WORDS = 100_000
_MOST_ENTRIES = 100
_WIDEST = 1 << 16
_MOST_CANDIDATES = 10
_MOST_SENTENCES = 100_000
_MOST_ARRAYS = 100
_LONGEST_AXIS = 1 << 26
_SUMMARY_ARRAY = re.compile(r"(?:summary|common)\.[A-Za-z][A-Za-z0-9_-]{0,39}")
_SURPLUS = 1e-3
"""How much the sum of probabilities may exceed 1, because half precision rounds."""

_SPARE_TOKENS = 1024
"""The most tokens that a model may add to those of its text: special and generated tokens."""

ENCODINGS = {
    "weights": "steps",
    "masked": "bits",
    "queries": "float32",
    "keys": "float32",
    "values": "float32",
    "norms": "float32",
    "alphas": "float32",
    "scoring.scale": "float32",
    "scoring.softcap": "float32",
    "scoring.bias": "float32",
    "scoring.sinks": "float32",
    "picture.pixels": "uint8",
    "picture.palette": "uint8",
}
"""The arrays that an entry may have, and the encoding of each."""

SUMMARY_ENCODINGS = ("uint8", "uint16", "int32", "float32")
"""The encodings of the arrays of a summary, which are the names of their types."""

OF_HEADS, IN_COMMON = "summary.", "common."
"""The prefixes of the names of a summary's arrays: for arrays of each head, and for others."""

FIELDS = {
    "key": "the key of the request, in hexadecimal",
    "request": "the request as canonical JSON; the key is its SHA-256",
    "query_tokens": "of each token: its text, 1 if it is special, the number of its word or null, "
    "and 0 or 1 for the first or second text of a pair; of a patch of a picture, also its row and "
    "column",
    "key_tokens": "the same for keys; null where they are the query tokens",
    "part": "``encoder``, ``decoder`` or ``cross``",
    "label": "what figures call the source",
    "provenance": "how the numbers were made: resolved revision, versions, and the like; ``note`` "
    "has remarks for readers, by the names of phrases (``core/remarks.py``)",
    "arrays": "of each array in the bytes: ``name``, ``encoding``, ``shape``, and its size, "
    "``bytes``",
    "scoring": "where it is known how queries and keys become weights: ``missing``, the remark why "
    "the sums do not end at the weights, or an empty text",
    "layer_names": "the names of the layers, where they are not 0, 1, 2 and so on",
    "head_names": "the names of the heads, likewise",
    "candidates": "where a model went on from the text: of each new token, the likeliest tokens "
    "with their probabilities",
    "summary": "of an entry that is made of many sentences: its ``kind``, the tokens of all "
    "``sentences``, and ``facts`` of the kind's own",
    "picture": "where the model saw a picture: ``rows`` and ``columns`` of its patches",
}
"""The fields of a header, for the docs. Those after ``arrays`` are there only where needed."""


@dataclass(frozen=True)
class ArrayInfo:
    """An array as the header announces it.

    Attributes:
        name: a key of `ENCODINGS`, or of an array of a summary.
        shape: its shape, which is compared with the tokens and the other arrays.
        bytes: the number of its bytes in the entry.
        encoding: the encoding of the numbers.
    """

    name: str
    shape: tuple[int, ...]
    bytes: int
    encoding: str

    @property
    def count(self) -> int:
        """The number of its numbers."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class SummaryHeader:
    """The summary in a header (see `attention.Summary`)."""

    kind: str
    sentences: tuple[tuple[Token, ...], ...]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Header:
    """A header that has passed all checks."""

    request: Mapping[str, Any]
    query_tokens: tuple[Token, ...]
    key_tokens: tuple[Token, ...]
    part: Part
    label: str
    provenance: Mapping[str, str]
    arrays: tuple[ArrayInfo, ...]
    missing: str | None
    layer_names: tuple[str, ...]
    head_names: tuple[str, ...]
    candidates: tuple[tuple[Candidate, ...], ...]
    summary: SummaryHeader | None = None
    grid: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of the weights."""
        (shape,) = (array.shape for array in self.arrays if array.name == "weights")
        layers, heads, queries, keys = shape
        return layers, heads, queries, keys

    @property
    def rows_sum_to_one(self) -> bool:
        """Whether a row sums to at most 1. The largest weights of several heads may sum to more."""
        return not str(self.request.get("aggregate", "")).startswith("max")


def read_header(raw: Any, key: str, size: int) -> Header:
    """Check a header.

    Args:
        raw: the parsed JSON.
        key: the key of the request that the entry has to answer.
        size: the number of bytes of all arrays.

    Raises:
        UnfitError: a field has a value that `pack` never writes.
    """
    need(isinstance(raw, dict), "the header is not an object")
    request = _request(raw.get("request"), key)
    queries = read_tokens(raw.get("query_tokens"), "query_tokens")
    same_tokens = raw.get("key_tokens") is None
    keys = queries if same_tokens else read_tokens(raw.get("key_tokens"), "key_tokens")
    summary = _summary(raw.get("summary"), request)
    arrays = _arrays(raw.get("arrays"), size, summarised=summary is not None)
    shapes = {a.name: a.shape for a in arrays}
    sides = (queries,) if same_tokens else (queries, keys)
    grid = read_grid(raw.get("picture"), shapes, sides)
    _check_lengths(request, sides, patches=0 if grid is None else grid[0] * grid[1])
    scoring = raw.get("scoring")
    _check_shapes(shapes, len(queries), len(keys), scoring is not None)
    layers, heads = arrays[0].shape[:2]
    need(raw.get("part") in get_args(Part), "part is", raw.get("part"))
    return Header(
        request=request,
        query_tokens=queries,
        key_tokens=keys,
        part=raw["part"],
        label=text_of(raw.get("label"), "label", _LONGEST_NAME),
        provenance=_provenance(raw.get("provenance")),
        arrays=arrays,
        missing=None if scoring is None else _missing(scoring),
        layer_names=_names(raw.get("layer_names"), "layer_names", layers),
        head_names=_names(raw.get("head_names"), "head_names", heads),
        candidates=_candidates(raw.get("candidates"), request, queries, same_tokens=same_tokens),
        summary=summary,
        grid=grid,
    )


def _request(raw: Any, key: str) -> Mapping[str, Any]:
    """The request, whose canonical JSON must have the key as its hash."""
    need(isinstance(raw, dict), "the request is not an object")
    try:
        canonical = canonical_json(raw)
    except (ValueError, RecursionError):
        raise UnfitError("the request cannot be written as JSON") from None
    need(
        hashlib.sha256(canonical.encode()).hexdigest() == key,
        "the request is not the one that the key stands for",
    )
    # The hash is no proof: a forged entry can have any request with its own key.
    need(isinstance(raw.get("source"), dict), "the request has no source")
    need(isinstance(raw.get("text"), str), "the request has no text")
    return dict(raw)


def _check_lengths(
    request: Mapping[str, Any], sides: Sequence[Sequence[Token]], *, patches: int
) -> None:
    """Check that there are not many more tokens than bytes of the text and patches."""
    if request["source"].get("kind") != "model":
        return
    texts = [request.get(name) for name in ("text", "pair", "target")]
    written = "".join(text for text in texts if isinstance(text, str))
    spelt = unicodedata.normalize("NFKD", written).encode("utf-8", "replace")
    most = _SPARE_TOKENS + 2 * max(len(spelt), len(written.encode("utf-8", "replace"))) + patches
    for side in sides:
        need(len(side) <= most, f"it has {len(side):,} tokens for a text of {len(written):,}")


def _arrays(raw: Any, size: int, *, summarised: bool) -> tuple[ArrayInfo, ...]:
    """The arrays, the weights first."""
    if not isinstance(raw, list):
        raise UnfitError(f"arrays is {brief(raw)}, not a list")
    most = len(ENCODINGS) + (_MOST_ARRAYS if summarised else 0)
    need(len(raw) <= most, f"there are {len(raw)} arrays")
    found: list[ArrayInfo] = []
    for number, entry in enumerate(raw):
        what = f"arrays[{number}]"
        need(isinstance(entry, dict), f"{what} is", entry)
        name, shape = entry.get("name"), entry.get("shape")
        of_summary = (
            summarised and isinstance(name, str) and _SUMMARY_ARRAY.fullmatch(name) is not None
        )
        known = of_summary or (isinstance(name, str) and name in ENCODINGS)
        need(known, f"{what} is called", name)
        need(name not in {array.name for array in found}, f"{name} is there twice")
        encodings = SUMMARY_ENCODINGS if of_summary else (ENCODINGS[name],)
        need(entry.get("encoding") in encodings, f"{name} is encoded otherwise")
        need(isinstance(shape, list) and 1 <= len(shape) <= 4, f"{name} is", shape)
        longest = _LONGEST_AXIS if of_summary else MOST_TOKENS
        sizes = tuple(whole(n, f"the shape of {name}", 1, longest) for n in shape)
        bytes_ = whole(entry.get("bytes"), f"the bytes of {name}", 0, size)
        found.append(ArrayInfo(name, sizes, bytes_, entry["encoding"]))
    need({"weights", "masked"} <= {array.name for array in found}, "weights or mask are missing")
    taken = sum(array.bytes for array in found)
    need(taken == size, f"the arrays take {size:,} bytes, and {taken:,} are announced")
    numbers = sum(array.count for array in found if array.name != "masked")
    most = min(MOST_NUMBERS, max(FREE_NUMBERS, NUMBERS_A_BYTE * size))
    need(numbers <= most, f"{size:,} bytes announce {numbers:,} numbers; {most:,} are allowed")
    need(found[0].name == "weights", "the weights are not the first array")
    return tuple(found)


def _check_shapes(
    shapes: Mapping[str, tuple[int, ...]], queries: int, keys: int, scored: bool
) -> None:
    weights = shapes["weights"]
    need(
        len(weights) == 4 and weights[2:] == (queries, keys),
        f"weights of the shape {weights} do not fit {queries} and {keys} tokens",
    )
    layers, heads = weights[:2]
    allowed: dict[str, set[tuple[int, ...]]] = {
        "masked": {(1, queries, keys), (layers, queries, keys)},
        "norms": {(layers, heads, keys)},
        "alphas": {(layers, heads, queries, keys)},
        "scoring.scale": {(layers,)},
        "scoring.softcap": {(layers,)},
        "scoring.bias": {(layers, 1, queries, keys), (layers, heads, queries, keys)},
        "scoring.sinks": {(layers, heads)},
    }
    for name, shape in shapes.items():
        fits = shape in allowed[name] if name in allowed else True
        if name.startswith(OF_HEADS):
            fits = shape[:2] == (layers, heads)
        if name in {"queries", "keys", "values"}:
            rows = queries if name == "queries" else keys
            fits = len(shape) == 4 and (shape[0], shape[2]) == (layers, rows)
            fits = fits and heads % shape[1] == 0 and shape[3] <= _WIDEST
            fits = fits and (name != "queries" or shape[1] == heads)
        need(fits, f"{name} of the shape {shape} do not fit weights of the shape {weights}")
    if {"queries", "keys"} <= shapes.keys():
        need(shapes["queries"][3] == shapes["keys"][3], "queries and keys differ in length")
    named = {name for name in shapes if name.startswith("scoring.")}
    need(
        {"scoring.scale", "scoring.softcap"} <= named if scored else not named,
        "what the logits are made of is incomplete",
    )


def _provenance(raw: Any) -> Mapping[str, str]:
    need(isinstance(raw, dict), "provenance is", raw)
    need(len(raw) <= _MOST_ENTRIES, f"provenance has {len(raw)} entries")
    return {
        text_of(name, "provenance", _LONGEST_NAME): text_of(
            value, f"provenance: {brief(name)}", _LONGEST_WORDS
        )
        for name, value in raw.items()
    }


def _missing(raw: Any) -> str:
    need(isinstance(raw, dict), "scoring is", raw)
    return text_of(raw.get("missing"), "scoring: missing", _LONGEST_WORDS)


def _summary(raw: Any, request: Mapping[str, Any]) -> SummaryHeader | None:
    """The summary, which has the tokens of each sentence of the request."""
    requested = request.get("summary")
    if requested is None:
        need(raw is None, "there is a summary, and none was asked for")
        return None
    texts = requested.get("texts") if isinstance(requested, dict) else None
    if not isinstance(texts, list):
        raise UnfitError(f"the summary of the request is {brief(requested)}")
    need(isinstance(raw, dict), "summary is", raw)
    need(raw.get("kind") == requested.get("kind"), "the summary is of kind", raw.get("kind"))
    kind = text_of(raw.get("kind"), "the kind of the summary", _LONGEST_NAME)
    sentences, facts = raw.get("sentences"), raw.get("facts")
    if not isinstance(sentences, list) or not isinstance(facts, dict):
        raise UnfitError(f"the summary holds {brief(sentences)} and {brief(facts)}")
    need(len(sentences) == len(texts) <= _MOST_SENTENCES, f"it has {len(sentences)} sentences")
    read = tuple(read_tokens(one, f"sentence {number}") for number, one in enumerate(sentences))
    need(sum(map(len, read)) <= MOST_TOKENS * 8, "its sentences have too many tokens")
    return SummaryHeader(kind, read, facts)


def _candidates(
    raw: Any, request: Mapping[str, Any], tokens: Sequence[Token], *, same_tokens: bool
) -> tuple[tuple[Candidate, ...], ...]:
    """The candidates at each token that the model generated. These tokens are the last ones."""
    wanted = request.get("generate")
    if wanted is None:
        need(raw is None, "there are candidates, and nothing was to be generated")
        return ()
    most = whole(wanted, "generate", 1, MOST_GENERATED)
    need(same_tokens, "queries and keys differ, although the model goes on from the text")
    if not isinstance(raw, list) or not 1 <= len(raw) <= min(most, len(tokens) - 1):
        raise UnfitError(f"candidates is {brief(raw)} for {len(tokens)} tokens")
    steps = tuple(_step(step, f"candidates[{number}]") for number, step in enumerate(raw))
    for step, token in zip(steps, tokens[-len(steps) :], strict=True):
        need(step[0].text == token.text, f"{brief(token.text)} is not the first candidate")
    return steps


def _step(raw: Any, what: str) -> tuple[Candidate, ...]:
    """The candidates for one token, the likeliest first."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= _MOST_CANDIDATES:
        raise UnfitError(f"{what} is {brief(raw)}, not a list of 1 to {_MOST_CANDIDATES}")
    found: list[Candidate] = []
    for one in raw:
        need(isinstance(one, list) and len(one) == 2, f"{what} holds", one)
        text, share = one
        need(type(share) in {int, float} and 0 <= share <= 1, f"{what} holds", share)
        need(not found or share <= found[-1].probability, f"{what} is not in order")
        found.append(Candidate(text_of(text, what, LONGEST_TOKEN), float(share)))
    total = sum(one.probability for one in found)
    need(total <= 1 + _SURPLUS, f"{what} sums to {total:.3f}")
    return tuple(found)


def _names(raw: Any, what: str, count: int) -> tuple[str, ...]:
    if raw is None:
        return tuple(str(n) for n in range(count))
    need(isinstance(raw, list) and len(raw) == count, f"{what} is {brief(raw)} for {count}")
    names = tuple(text_of(name, what, _LONGEST_NAME) for name in raw)
    need(len(set(names)) == count, f"{what} holds a name twice")
    return names
