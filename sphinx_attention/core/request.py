"""What an author asks a source for: validated, immutable, hashable, with a key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .attention import Part

SCHEMA = 1
"""Version of what a key stands for. A change makes every stored attention a miss."""

MOST_GENERATED = 64
"""Tokens that a model may go on from a text with."""

Scores = Literal["weights", "logits"]
Tensor = Literal["queries", "keys", "values"]
Merge = Literal["none", "words"]
SpecialTokens = Literal["show", "hide"]
Aggregate = Literal["mean", "max", "mean layers", "max layers", "rollout", "flow"]


@dataclass(frozen=True)
class MatrixSource:
    """Weights that the author gives, in the page or in a file.

    Attributes:
        text: the rows of numbers as written, a blank line between heads; None with a file.
        path: the file as declared, for messages; None with numbers in the page.
        file: where the file lies on this machine.
        digest: sha256 of the file's bytes.
        scores: whether the numbers are weights, or logits that still need a softmax.
        causal: whether keys after the query are masked.
    """

    text: str | None = None
    path: str | None = None
    file: str | None = None
    digest: str | None = None
    scores: Scores = "weights"
    causal: bool = False

    @property
    def label(self) -> str:
        """What a figure calls this source."""
        return ""

    def identity(self) -> dict[str, Any]:
        """What tells this source from others, as plain data."""
        digest = self.digest or hashlib.sha256((self.text or "").encode()).hexdigest()
        return {"kind": "matrix", "sha256": digest, "scores": self.scores, "causal": self.causal}


@dataclass(frozen=True)
class ModelSource:
    """A Hugging Face model, as declared.

    Attributes:
        name: what authors call it, and what the figure shows.
        id: its identifier on the hub.
        path: a folder as declared; with an ``id`` too, the folder is only where it is loaded from.
        folder: where that folder lies on this machine.
        revision: a branch, tag or commit of the hub repository.
        dtype: ``float32`` and so on; ``auto`` takes what the weights are stored in.
        device: ``cpu``, ``cuda``, …; None takes the best that is there.
        device_map: handed to transformers, for models larger than one device.
        trust_remote_code: whether code that comes with the model may run.
        pickled_weights: whether weights may be loaded from pickled files.
        near: a folder that was perhaps meant instead, for messages.
    """

    name: str
    id: str | None = None
    path: str | None = None
    folder: str | None = None
    revision: str | None = None
    dtype: str = "float32"
    device: str | None = None
    device_map: str | None = None
    trust_remote_code: bool = False
    pickled_weights: bool = False
    near: str = field(default="", compare=False, repr=False)

    @property
    def label(self) -> str:
        """What a figure calls this source."""
        return (self.id or self.path or self.name).rstrip("/").rsplit("/", 1)[-1]

    def identity(self) -> dict[str, Any]:
        """What tells this source from others: never where it runs or lies."""
        return {
            "kind": "model",
            "id": self.id,
            "path": None if self.id else self.path,
            "revision": self.revision,
            "dtype": self.dtype,
        }


@dataclass(frozen=True)
class FunctionSource:
    """A Python function of the author's that answers with attention.

    Attributes:
        name: what authors call it, and what the figure shows.
        function: ``package.module:function``.
        version: declared by the author; a new one makes stored attentions a miss.
    """

    name: str
    function: str
    version: str = "1"

    @property
    def label(self) -> str:
        """What a figure calls this source."""
        return self.name

    def identity(self) -> dict[str, Any]:
        """What tells this source from others, as plain data."""
        return {"kind": "function", "function": self.function, "version": self.version}


Source = MatrixSource | ModelSource | FunctionSource


@dataclass(frozen=True)
class Request:
    """All that decides which numbers come back. Nothing of how they are shown.

    Attributes:
        source: where the numbers come from.
        text: the sentence.
        pair: the second sentence of a pair.
        target: the decoder's text; None has it generated greedily.
        part: which attention of an encoder-decoder model; None takes the model's first.
        tokens: tokens instead of splitting at white space, for a given matrix.
        keep: which of queries, keys and values are kept beside the weights.
        layers: which layers are captured, by number; None takes all.
        merge: ``words`` makes one token of the pieces of each word.
        special: ``hide`` gathers the weight on special tokens in one bin.
        aggregate: what is made of all heads, or all layers, together; None leaves them apart.
        generate: how many tokens a causal model goes on from the text with, at most; None has it
            read the text alone.
    """

    source: Source
    text: str
    pair: str | None = None
    target: str | None = None
    part: Part | None = None
    tokens: tuple[str, ...] | None = None
    keep: tuple[Tensor, ...] = ()
    layers: tuple[int, ...] | None = None
    merge: Merge = "none"
    special: SpecialTokens = "show"
    aggregate: Aggregate | None = None
    generate: int | None = None

    @property
    def base(self) -> Request:
        """What a source is asked: the same, before anything is derived from its answer."""
        return replace(self, merge="none", special="show", aggregate=None)

    @property
    def derived(self) -> bool:
        """Whether the numbers are made from a source's answer, rather than being that answer."""
        return (self.merge, self.special, self.aggregate) != ("none", "show", None)

    @cached_property
    def key(self) -> str:
        """The sha256 of the request's canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def canonical(self) -> str:
        """Everything that decides the numbers, as JSON in one fixed form."""
        decisive: dict[str, Any] = {
            "schema": SCHEMA,
            "source": self.source.identity(),
            "text": self.text,
            "pair": self.pair,
            "target": self.target,
            "part": self.part,
            "tokens": self.tokens,
            "keep": sorted(self.keep),
        }
        # Younger than the first stores: left out where they change nothing, so that keys stay.
        if self.layers is not None:
            decisive["layers"] = list(self.layers)
        if self.merge != "none":
            decisive["merge"] = self.merge
        if self.special != "show":
            decisive["special"] = self.special
        if self.aggregate is not None:
            decisive["aggregate"] = self.aggregate
        if self.generate is not None:
            decisive["generate"] = self.generate
        return json.dumps(decisive, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
