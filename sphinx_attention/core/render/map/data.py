"""The data of a map in a page, beside the attention over its first sentence.

There is a file for what all heads share, one for the overview of all heads, and one for each head,
which is loaded when a reader chooses the head. Each file is a zlib stream, as text in base 64, of

1. the length of the header, an unsigned 32-bit little-endian number,
2. the header, UTF-8 JSON, whose ``arrays`` are the names, types and lengths of the arrays,
3. the arrays: ``u8`` as bytes; ``u16`` as all high bytes and then all low bytes.

Points are numbered: the queries of all tokens, sentence after sentence, and then the keys.
"""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.analysis.mean import count_words, template
from sphinx_attention.core.analysis.words import words_of
from sphinx_attention.core.text import visible

from .colours import PALETTE, PATCHES, colouring, colours_of, patches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sphinx_attention.core.attention import Summary
    from sphinx_attention.core.figure.figure import Figure

SAMPLE = 600
"""The most points of each head in the overview."""

COMMON = "common"
OVERVIEW = "overview"


def head_file(layer: int, head: int) -> str:
    """The name of the file of a head, by its position."""
    return f"head-{layer}-{head}"


def files(figure: Figure) -> dict[str, str]:
    """The files of a map by name, as texts."""
    summary = figure.attention.summary
    assert summary is not None
    layers, heads = figure.attention.layers, figure.attention.heads
    made = {COMMON: _common(figure, summary)}
    if layers * heads > 1:
        made[OVERVIEW] = _overview(summary)
    for layer in range(layers):
        for head in range(heads):
            made[head_file(layer, head)] = _head(summary, layer, head)
    return made


def _common(figure: Figure, summary: Summary) -> str:
    tokens = [token for sentence in summary.sentences for token in sentence]
    header: dict[str, Any] = {
        "tokens": [visible(token.text) for token in tokens],
        "sizes": [len(sentence) for sentence in summary.sentences],
        "special": [number for number, token in enumerate(tokens) if token.special],
        "long": summary.facts["long"],
        "projections": summary.facts["projections"],
        "causal": figure.attention.causal,
    }
    if figure.focus is not None:
        header["point"] = f"q{figure.focus}"
    header["words"], slots = _words(figure, summary)
    arrays = {"slots": slots} if header["words"].get("labels") else {}
    legends: dict[str, Any] = {}
    for by in colours_of(figure):
        # Lengths of vectors differ from head to head, and queries and keys need no array.
        if by in {"kind", "norm"}:
            continue
        if by in PATCHES:
            # No picture has more than 255 rows or columns.
            arrays[f"patch-{by}"] = patches(summary, by).astype(np.uint8)
        found = colouring(figure, by)
        arrays[by] = found.of[: len(tokens)].astype(np.uint8)
        named = [one.text for one in found.legend if one.colour in PALETTE]
        legends[by] = {"ends": found.ends} if found.ends else {"names": named}
    header["legends"] = legends
    return pack(header, arrays)


def _words(figure: Figure, summary: Summary) -> tuple[dict[str, Any], NDArray[np.uint16]]:
    """The words that the sentences with weights share, or their number, and each token's word."""
    long = set(summary.facts["long"])
    kept = [n for n in range(len(summary.sentences)) if n not in long]
    bases = figure.spec.request.bases
    sentences = [summary.sentences[n] for n in kept]
    words = [words_of(bases[n], figure.attention).queries for n in kept]
    found = template(sentences, words) if kept else None
    slots = [np.zeros(len(sentence), np.uint16) for sentence in summary.sentences]
    if found is None:
        counts = [count_words(sentence) for sentence in sentences] or [0]
        return {"low": min(counts), "high": max(counts)}, np.concatenate(slots)
    for n, of in zip(kept, found.slots, strict=True):
        slots[n] = np.array(of, np.uint16)
    return {"labels": [visible(label) for label in found.labels]}, np.concatenate(slots)


def _overview(summary: Summary) -> str:
    """A thinned sample of the points of all heads: for each head x and then y of each point."""
    sample = sampled(summary)
    arrays = {}
    for method in summary.facts["projections"]:
        places = summary.arrays[method][:, :, sample]
        arrays[method] = (places >> 8).astype(np.uint8).swapaxes(-1, -2).ravel()
    return pack({"points": sample.tolist()}, arrays)


def sampled(summary: Summary) -> NDArray[np.intp]:
    """The points of the overview, evenly spread over all."""
    tokens = sum(map(len, summary.sentences))
    some = np.arange(0, tokens, max(1, -(-tokens * 2 // SAMPLE)))
    return np.concatenate([some, some + tokens])


def _head(summary: Summary, layer: int, head: int) -> str:
    def of(name: str) -> NDArray[Any]:
        found: NDArray[Any] = summary.arrays[name][layer, head]
        return found

    methods = summary.facts["projections"]
    header = {
        "tops": [round(float(top), 4) for top in of("tops")],
        "fidelity": {m: [round(float(n), 4) for n in of(f"fidelity-{m}")] for m in methods},
    }
    # x and then y.
    arrays = {method: of(method).T.ravel() for method in methods}
    arrays["weights"] = of("weights")
    arrays["norms"] = (of("norms") >> 8).astype(np.uint8)
    if "values" in summary.arrays:
        arrays["values"] = (of("values") >> 8).astype(np.uint8)
    return pack(header, arrays)


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """A file as text."""
    listed = [[name, _TYPES[array.dtype.itemsize], array.size] for name, array in arrays.items()]
    written = json.dumps({**header, "arrays": listed}, ensure_ascii=False, separators=(",", ":"))
    raw = written.encode()
    blobs = [struct.pack("<I", len(raw)), raw]
    for array in arrays.values():
        if array.dtype.itemsize == 2:
            blobs += [
                (array >> 8).astype(np.uint8).tobytes(),
                (array & 255).astype(np.uint8).tobytes(),
            ]
        else:
            blobs.append(array.tobytes())
    return b64encode(zlib.compress(b"".join(blobs), 9)).decode("ascii")


_TYPES = {1: "u8", 2: "u16"}
