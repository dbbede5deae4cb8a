"""The answer of a source to a request: tokens and weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sphinx_attention.core.constants import SHARED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Part = Literal["encoder", "decoder", "cross"]

MEASURE = "measure"
"""The entry of a provenance for numbers that are not weights; see `Attention.written`."""

NOTE = "note"
"""The entry of a provenance with remarks for readers (see `core.remarks`)."""

WARNING = "warning"
"""The entry of a provenance with a warning for authors. The figure is still drawn."""

BIN: str = SHARED["special_bin"]
"""The text of the token that stands for all hidden special tokens together."""

SINK: str = SHARED["sink_bin"]
"""The text of the key for a head's learnt sink, which is not a token (see `LogitTerms`)."""

REST: str = SHARED["rest_bin"]
"""The text of the key that stands for the weight that a row gives to none of the shown tokens."""

BINS = frozenset({BIN, SINK, REST})
"""The texts of keys that stand for no single token. They stand before all tokens."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token as the model sees it.

    Attributes:
        text: the token's own text in a form for display; it is data and never markup.
        special: whether the tokenizer added the token ([CLS], </s>, …), and not the author.
        word: the index of the token's word, by white space; None for special tokens.
        segment: 0 for the first text, 1 for the second of a pair.
        patch: the row and the column of the token's patch in the grid of a picture; None for a
            token that is not a patch.
    """

    text: str
    special: bool = False
    word: int | None = None
    segment: int = 0
    patch: tuple[int, int] | None = None

    @property
    def is_bin(self) -> bool:
        """Whether this is a key that stands for no single token."""
        return self.special and self.text in BINS


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture as a model saw it, and the grid of its patches.

    Attributes:
        pixels: the number of each pixel's colour, shape (height, width).
        palette: the colours, shape (colours, 3), each as red, green and blue.
        rows: the number of rows of patches.
        columns: the number of columns of patches.
    """

    pixels: NDArray[np.uint8]
    palette: NDArray[np.uint8]
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token with which a model may continue.

    Attributes:
        text: the token's own text in a form for display; it is data and never markup.
        probability: the softmax of its logit, from 0 to 1.
    """

    text: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class LogitTerms:
    """How a model computes its weights from queries and keys, layer by layer.

    The logit of query i and key j in layer l and head h is ``scale[l] · q·k``. If ``softcap[l]`` is
    not 0, the logit becomes ``softcap · tanh(logit / softcap)`` (Gemma 2, arXiv 2408.00118). Then
    ``bias`` is added (ALiBi, arXiv 2108.12409; relative positions as in T5, arXiv 1910.10683), and
    masked keys are left out. The softmax runs over the keys and, if there are ``sinks``, over the
    head's learnt logit. The share of that logit is the weight on the key `SINK`, which has no key
    vector, and whose value is 0.

    Attributes:
        scale: shape (layers,), float32.
        softcap: shape (layers,), float32; 0 without a soft cap.
        bias: shape (layers, 1 or heads, queries, keys), float32, 0 where masked; None if no layer
            adds a bias.
        sinks: shape (layers, heads), float32, minus infinity in layers without sinks; None if the
            softmax runs only over keys.
        missing: the remark with the reason why the sums do not end at the model's weights (see
            `core.remarks`); empty if they were checked and do.
    """

    scale: NDArray[np.float32]
    softcap: NDArray[np.float32]
    bias: NDArray[np.float32] | None = None
    sinks: NDArray[np.float32] | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """The numbers that a summary computes from many sentences (see `request.SummarySpec`).

    Attributes:
        kind: the kind of the summary, a name in `analysis.summaries`.
        sentences: the tokens of each sentence.
        arrays: numbers of each head, by name; the first two axes are layers and heads. The types
            are uint8, uint16, int32 and float32.
        common: numbers that do not belong to a head, likewise.
        facts: everything else, as JSON.
    """

    kind: str
    sentences: tuple[tuple[Token, ...], ...]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    common: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """The attention of one model over one text.

    A matrix need not be square: in cross-attention, the queries are the decoder's tokens and the
    keys the encoder's tokens.

    Attributes:
        query_tokens: the tokens that attend, one for each row.
        key_tokens: the tokens to which they attend, one for each column.
        weights: shape (layers, heads, queries, keys), float32; each row sums to 1 over the keys
            that are not masked. The weight that a row gives to no token is the weight on a bin (see
            `BINS`), which is the first key. If queries and keys are the same tokens, the bin is
            also a query, whose row is masked.
        masked: shape (1 or layers, queries, keys), bool; True where a query may not see a key. A
            mask of one layer holds for all layers.
        part: the part of a model's attentions.
        label: the name of the source in figures, such as ``all-MiniLM-L6-v2``; empty for a matrix.
        queries: shape (layers, heads, queries, dim), float32, as they enter the dot product; None
            if the source does not provide them.
        keys: shape (layers, key-value heads, keys, dim); fewer heads than ``queries`` under
            grouped-query attention.
        values: shape (layers, key-value heads, keys, dim).
        norms: shape (layers, heads, keys), float32, the Euclidean length of what each key adds to
            the head's output where its weight is 1, ‖f(x)‖ (`analysis.written`); None if the source
            does not provide it.
        provenance: what the declaration resolved to: commit, library versions, dtype;
            ``generated`` where the decoder's text was generated; ``continued`` where a causal model
            went on from the text, with the text of its own tokens; and `NOTE`, remarks for
            readers about these weights.
        logit_terms: how queries and keys become weights; None if the source does not say.
        layer_names: the names of layers for readers; ``0`` and so on by default.
        head_names: the names of heads for readers.
        candidates: for each token that a causal model added to the text, the likeliest tokens at
            its position, with the chosen one first.
        signed: whether the weights are differences of weights, from -1 to 1 (`difference`). Each
            row then sums to 0.
        summary: of an answer that is made of many sentences, everything but the attention over the
            first of them; None for the answer to one sentence.
        picture: the picture that the model saw; None for a text.
        alphas: where `weights` are shares of what a head writes and the vectors are kept, the
            weights of which the shares are made, in the shape of `weights`; None otherwise.
    """

    query_tokens: tuple[Token, ...]
    key_tokens: tuple[Token, ...]
    weights: NDArray[np.float32]
    masked: NDArray[np.bool_]
    part: Part = "encoder"
    label: str = ""
    queries: NDArray[np.float32] | None = None
    keys: NDArray[np.float32] | None = None
    values: NDArray[np.float32] | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    logit_terms: LogitTerms | None = None
    layer_names: tuple[str, ...] = ()
    head_names: tuple[str, ...] = ()
    candidates: tuple[tuple[Candidate, ...], ...] = ()
    signed: bool = False
    summary: Summary | None = None
    norms: NDArray[np.float32] | None = None
    picture: Picture | None = None
    alphas: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        expected = (len(self.query_tokens), len(self.key_tokens))
        if self.weights.ndim != 4 or self.weights.shape[2:] != expected:
            raise ValueError(f"weights {self.weights.shape} do not fit tokens {expected}")
        if self.masked.ndim != 3 or self.masked.shape[1:] != expected:
            raise ValueError(f"mask {self.masked.shape} does not fit tokens {expected}")
        if self.masked.shape[0] not in (1, self.layers):
            raise ValueError(f"mask {self.masked.shape} does not fit {self.layers} layers")
        for name, count in (("layer_names", self.layers), ("head_names", self.heads)):
            names = getattr(self, name) or tuple(str(n) for n in range(count))
            if len(names) != count:
                raise ValueError(f"{name} {names} do not fit weights {self.weights.shape}")
            object.__setattr__(self, name, names)
        for name, array in (self.summary.arrays if self.summary else {}).items():
            if array.shape[:2] != self.weights.shape[:2]:
                raise ValueError(f"{name} {array.shape} do not fit weights {self.weights.shape}")

    @property
    def layers(self) -> int:
        """Number of layers."""
        return int(self.weights.shape[0])

    @property
    def heads(self) -> int:
        """Number of query heads a layer."""
        return int(self.weights.shape[1])

    @property
    def written(self) -> bool:
        """Whether the numbers are shares of what a head writes, and not weights."""
        return self.provenance.get(MEASURE) == "written"

    @property
    def same_tokens(self) -> bool:
        """Whether queries and keys are the same tokens, so that one row of tokens is enough."""
        return self.query_tokens == self.key_tokens

    @property
    def bins(self) -> int:
        """The number of first keys that stand for no single token."""
        return next(
            (n for n, token in enumerate(self.key_tokens) if not token.is_bin),
            len(self.key_tokens),
        )

    @property
    def sink(self) -> int | None:
        """The index of the sink's key; None without a sink."""
        found = (n for n in range(self.bins) if self.key_tokens[n].text == SINK)
        return next(found, None)

    @property
    def is_pair(self) -> bool:
        """Whether the tokens are those of two sentences."""
        return any(token.segment for token in (*self.query_tokens, *self.key_tokens))

    def mask_of(self, layer: int) -> NDArray[np.bool_]:
        """The mask of one layer, shape (queries, keys)."""
        mask: NDArray[np.bool_] = self.masked[0 if self.masked.shape[0] == 1 else layer]
        return mask

    @property
    def causal(self) -> bool:
        """Whether no query sees a later key, in any layer."""
        queries, keys = self.masked.shape[1:]
        if queries != keys or queries < 2 or not self.masked.any():
            return False
        later = np.triu(np.ones((queries, keys), dtype=np.bool_), 1)
        return bool(self.masked[:, later].all())
