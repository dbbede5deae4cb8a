"""Runs a Hugging Face model over pictures. The model is loaded once."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import NOTE, Attention
from sphinx_attention.core.boundary import as_attention_error
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.remarks import together
from sphinx_attention.core.sources.author_files import read_author_file
from sphinx_attention.core.sources.layers import choose_layers
from sphinx_attention.core.sources.pictures import LARGEST_FILE, SMALLER, decode_picture, keep
from sphinx_attention.core.sources.refusals import check_text, has_no_part, sees_alone

from .backends import Backend, choose_backend, gather
from .batch import Batch
from .inputs import Encoded
from .items import Item
from .load_errors import is_out_of_memory
from .loading import Loaded, load, quiet
from .model_inputs import device_of
from .packages import require
from .picture_and_text import see_beside_text
from .picture_inputs import Seen, see

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sphinx_attention.core.request import ModelSource, Request

    from .own_output import LayerKey

Answer = Attention | AttentionError

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
        self._loader = loader or (lambda: load(source, sees=True))
        self._state: Loaded | None = None
        self._failure: AttentionError | None = None
        self._known: _Known | None = None

    def close(self) -> None:
        """Free the model's memory. A later request would load it again."""
        if self._state is None:
            return
        on_gpu = device_of(self._state.model).type == "cuda"
        self._state = self._known = None
        gc.collect()
        if on_gpu:
            require("torch").cuda.empty_cache()

    @property
    def model(self) -> Any:
        """The loaded model; None if none is loaded."""
        return None if self._state is None else self._state.model

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Answer requests, each with an image.

        Yields:
            Each request once, with its attention or an error. No exception of a model is raised.
        """
        for request in requests:
            with quiet():
                answer = self._answer(request)
            yield request, answer

    def _answer(self, request: Request) -> Answer:
        label = self._source.label
        try:
            return self._read(request)
        except AttentionError as error:
            return error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also a panic of Rust, and SystemExit
            if is_out_of_memory(error):
                return AttentionError(
                    Problem.MEMORY,
                    f"{label} runs out of memory on this picture; declare a smaller dtype, a "
                    "device_map or a smaller model",
                )
            return as_attention_error(
                error,
                Problem.MODEL,
                f"running {label} on the picture {_name(request)}",
            )

    def _loaded(self) -> Loaded:
        if self._failure is not None:
            raise self._failure
        if self._state is None:
            try:
                self._state = self._loader()
            except AttentionError as error:
                self._failure = error.with_traceback(None)
                raise
        return self._state

    def _read(self, request: Request) -> Attention:
        """The attention over one picture."""
        image = request.image
        assert image is not None
        loaded, label = self._loaded(), self._source.label
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
        loaded, label = self._loaded(), self._source.label
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
            loaded = self._loaded()
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
