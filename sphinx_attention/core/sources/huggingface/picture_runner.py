"""Runs a Hugging Face model over pictures. The model is loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.attention import NOTE, Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.remarks import together
from sphinx_attention.core.sources.author_files import read_author_file
from sphinx_attention.core.sources.layers import choose_layers
from sphinx_attention.core.sources.pictures import LARGEST_FILE, SMALLER, decode_picture, keep
from sphinx_attention.core.sources.refusals import check_text, has_no_part, sees_alone

from .backends import Backend, choose_backend, gather
from .batch import Batch
from .inputs import Encoded
from .items import Item
from .loading import Loaded, load, quiet
from .model_once import Guard, ModelOnce
from .picture_and_text import see_beside_text
from .picture_inputs import Seen, see

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sphinx_attention.core.request import ModelSource, Request

    from .own_output import LayerKey

Answer = Attention | AttentionError

_ADVICE = "declare a smaller dtype, a device_map or a smaller model"
"""What to do if a picture needs more memory than there is."""

_EXACT, _HALF = 1e-4, 3e-2
"""Differences of weights that count as none, in single and in half precision."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the first picture has shown about a model.

    Attributes:
        backend: how the model's attention is captured.
        checked: whether the model's own output was there to check against.
        heads: how many heads each layer has.
    """

    backend: Backend
    checked: bool
    heads: Mapping[LayerKey, int]


class PictureRunner:
    """One declared model that sees, loaded at the first request.

    Args:
        source: the model's declaration.
        loader: prepares the model; None loads the declared one.
    """

    def __init__(self, source: ModelSource, loader: Callable[[], Loaded] | None = None) -> None:
        self._source = source
        self._once = ModelOnce(loader or (lambda: load(source, sees=True)))
        self._known: _Known | None = None

    def close(self) -> None:
        """Free the model's memory. A later request would load it again."""
        self._known = None
        self._once.free()

    @property
    def held(self) -> Loaded | None:
        """The model if it is loaded."""
        return self._once.held

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Answer requests, each with an image.

        Yields:
            Each request once, with its attention or an error. No exception of a model is raised.
        """
        for request in requests:
            with quiet():
                guard = Guard(self._source.label, f"the picture {_name(request)}", _ADVICE)
                answer = guard.call(self._read, request)
            yield request, answer

    def _read(self, request: Request) -> Attention:
        """The attention over one picture."""
        image = request.image
        assert image is not None
        loaded, label = self._once.get(), self._source.label
        data = read_author_file(Path(image.file), image.path, LARGEST_FILE, SMALLER)
        picture, warning = decode_picture(data, image.path)
        if hasattr(loaded.processor, "tokenizer"):
            check_text(request.text)
            seen = see_beside_text(loaded.model, loaded.processor, picture, request.text, label)
        elif request.text.strip():
            raise sees_alone(label)
        else:
            seen = see(loaded.model, loaded.processor, picture, label)
        return self._captured(request, seen, warning)

    def _captured(self, request: Request, seen: Seen, warning: str) -> Attention:
        loaded, label = self._once.get(), self._source.label
        known = self._known_by(seen)
        backend = known.backend
        part = next(iter(backend.parts)) if request.part is None else request.part
        if part not in backend.parts:
            raise has_no_part(label, part, backend.parts)
        heads = {number: known.heads[part, number] for number in backend.parts[part]}
        layers, others = choose_layers(label, heads, request.layers)
        encoded = Encoded({"input_ids": list(range(len(seen.tokens)))}, seen.tokens, warning)
        batch = Batch([Item(request, part, encoded, layers=layers, note=others)])
        backend.run(seen.inputs, batch.receive, batch.wanted)
        provenance = {**loaded.provenance, "capture": backend.name}
        if not known.checked:
            provenance["verified"] = "no: the model returns no attention of its own"
        if note := together((*backend.notes, backend.part_notes.get(part, ""))):
            provenance[NOTE] = note
        return batch.finish(0, provenance, keep(seen.pixels, seen.rows, seen.columns))

    def _known_by(self, seen: Seen) -> _Known:
        """How the model is captured, found out on the first picture."""
        if self._known is None:
            loaded = self._once.get()
            exact = loaded.provenance["dtype"] in {"float32", "float64"}
            tolerance = _EXACT if exact else _HALF
            backend, checked = choose_backend(loaded.model, seen.inputs, tolerance)
            calls = gather(backend, seen.inputs)
            heads = {layer: int(call.weights.shape[1]) for layer, call in calls.items()}
            self._known = _Known(backend, checked=checked, heads=heads)
        return self._known


def _name(request: Request) -> str:
    """The picture of a request, for messages."""
    return "" if request.image is None else request.image.path
