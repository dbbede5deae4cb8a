"""The request of an author to a source: validated, immutable, hashable, with a key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .attention import Part

SCHEMA = 1
"""The version of a key's meaning. A change makes every stored attention a miss."""

MOST_GENERATED = 64
"""The most tokens with which a model may continue a text."""

canonical_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
"""A function that writes a value as JSON in one fixed form. All calls share its encoder."""

Scores = Literal["weights", "logits"]
Tensor = Literal["queries", "keys", "values", "norms"]
Measure = Literal["weight", "written"]
Merge = Literal["none", "words"]
SpecialTokens = Literal["show", "hide"]
Aggregate = Literal["mean", "max", "mean layers", "max layers", "rollout", "flow"]


@dataclass(frozen=True)
class MatrixSource:
    """Weights that the author gives, in the page or in a file.

    Attributes:
        text: the rows of numbers as written, with a blank line between heads; None with a file.
        path: the file as declared, for messages; None with numbers in the page.
        file: the path of the file on this machine.
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
        """The name of this source in figures."""
        return ""

    def identity(self) -> dict[str, Any]:
        """The identity of this source, as plain data."""
        digest = self.digest or hashlib.sha256((self.text or "").encode()).hexdigest()
        return {"kind": "matrix", "sha256": digest, "scores": self.scores, "causal": self.causal}


@dataclass(frozen=True)
class ModelSource:
    """A Hugging Face model, as declared.

    Attributes:
        name: the name for authors and in figures.
        id: the identifier on the hub.
        path: a folder as declared; with an ``id``, the model is only loaded from this folder.
        folder: the path of that folder on this machine.
        revision: a branch, tag or commit of the hub repository.
        dtype: ``float32`` and so on; ``auto`` takes the type of the stored weights.
        device: ``cpu``, ``cuda``, …; None takes the best device.
        device_map: the value for transformers, for models larger than one device.
        trust_remote_code: whether code that comes with the model may run.
        pickled_weights: whether weights may be loaded from pickled files.
        near: a folder that was perhaps intended, for messages.
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
        """The name of this source in figures."""
        return (self.id or self.path or self.name).rstrip("/").rsplit("/", 1)[-1]

    def identity(self) -> dict[str, Any]:
        """The identity of this source, which does not depend on the device or the folder."""
        return {
            "kind": "model",
            "id": self.id,
            "path": None if self.id else self.path,
            "revision": self.revision,
            "dtype": self.dtype,
        }


@dataclass(frozen=True)
class FunctionSource:
    """A Python function of the author that returns attention.

    Attributes:
        name: the name for authors and in figures.
        function: ``package.module:function``.
        version: the version declared by the author; a new one makes stored attentions a miss.
    """

    name: str
    function: str
    version: str = "1"

    @property
    def label(self) -> str:
        """The name of this source in figures."""
        return self.name

    def identity(self) -> dict[str, Any]:
        """The identity of this source, as plain data."""
        return {"kind": "function", "function": self.function, "version": self.version}


Source = MatrixSource | ModelSource | FunctionSource


@dataclass(frozen=True)
class ImageFile:
    """A picture that the author names.

    Attributes:
        path: the file as declared, for messages.
        digest: sha256 of the file's bytes.
        file: the path of the file on this machine.
    """

    path: str
    digest: str
    file: str = field(default="", compare=False)

    def identity(self) -> dict[str, Any]:
        """The identity of this picture, which does not depend on its name."""
        return {"sha256": self.digest}


@dataclass(frozen=True)
class SummarySpec:
    """One answer that is made of the answers to many sentences.

    The store keeps this answer and not the answers that it is made of.

    Attributes:
        kind: the kind of the summary, a name in `analysis.summaries`.
        texts: the sentences, in order; the first is also the text of the request.
        parameters: everything else that changes the numbers, as names and plain values, by name.
        images: where the summary is one of several pictures, the picture of each text.
    """

    kind: str
    texts: tuple[str, ...]
    parameters: tuple[tuple[str, Any], ...] = ()
    images: tuple[ImageFile, ...] = ()

    def identity(self) -> dict[str, Any]:
        """The identity of this summary, as plain data."""
        made: dict[str, Any] = {
            "kind": self.kind,
            "texts": list(self.texts),
            "parameters": [list(one) for one in self.parameters],
        }
        if self.images:
            made["images"] = [image.identity() for image in self.images]
        return made


@dataclass(frozen=True)
class Request:
    """Everything that changes the numbers, and nothing about the picture.

    Attributes:
        source: the source of the numbers.
        text: the sentence.
        pair: the second sentence of a pair.
        target: the decoder's text; None generates the text greedily.
        part: the attention of an encoder-decoder model; None takes the model's first.
        tokens: tokens for a given matrix, instead of the words of the text.
        keep: the tensors that are kept besides the weights: queries, keys, values, and the norms of
            what each key adds through a head.
        layers: the numbers of the captured layers; None takes all.
        merge: ``words`` joins the pieces of each word to one token.
        special: ``hide`` gathers the weight on special tokens in one bin.
        aggregate: the derivation of all heads or all layers together; None leaves them separate.
        generate: the most tokens with which a causal model continues the text; None only reads the
            text.
        summary: what is made of the answers to many sentences; None for the answer to one.
        measure: ``weight`` is the attention weight; ``written`` is the share of what the head
            writes (see `analysis.written`).
        image: the picture that the model reads, alone or with the text; None for a text alone.
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
    summary: SummarySpec | None = None
    measure: Measure = "weight"
    image: ImageFile | None = None

    @property
    def bases(self) -> tuple[Request, ...]:
        """The requests whose answers a summary is made of; none for other requests."""
        if self.summary is None:
            return ()
        images = self.summary.images or (self.image,) * len(self.summary.texts)
        return tuple(
            replace(self, text=text, image=image, summary=None)
            for text, image in zip(self.summary.texts, images, strict=True)
        )

    @property
    def what(self) -> str:
        """The sentence in messages. A summary has the number of the others too."""
        if self.summary is None or len(self.summary.texts) == 1:
            return f"“{self.subject}”"
        others = "pictures" if self.summary.images else "sentences"
        return f"“{self.subject}” and {len(self.summary.texts) - 1} more {others}"

    @property
    def subject(self) -> str:
        """The input of the model, for messages: the text, or else the name of the picture."""
        return self.text or (self.image.path if self.image else "")

    @property
    def base(self) -> Request:
        """The request to the source: the same request without derivations."""
        return replace(self, merge="none", special="show", aggregate=None, measure="weight")

    @property
    def derived(self) -> bool:
        """Whether the numbers are derived from a source's answer."""
        own = (self.merge, self.special, self.aggregate, self.measure)
        return own != ("none", "show", None, "weight")

    @cached_property
    def key(self) -> str:
        """The sha256 of the request's canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def canonical(self) -> str:
        """Everything that changes the numbers, as JSON in one fixed form."""
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
        # These fields are newer than the first stores. They are left out if they change nothing, so
        # that keys stay the same.
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
        if self.summary is not None:
            decisive["summary"] = self.summary.identity()
        if self.measure != "weight":
            decisive["measure"] = self.measure
        if self.image is not None:
            decisive["image"] = self.image.identity()
        return canonical_json(decisive)
