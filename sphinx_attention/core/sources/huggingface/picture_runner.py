"""Runs a Hugging Face model over pictures. The model is loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.sources.author_files import read_author_file
from sphinx_attention.core.sources.layers import choose_layers
from sphinx_attention.core.sources.pictures import LARGEST_FILE, SMALLER, decode_picture, keep
from sphinx_attention.core.sources.refusals import check_text, has_no_part, sees_alone

from .backends import Backend, choose_backend, gather
from .batch import Batch
from .batch_answers import Answer, answers_in_turn, answers_of, provenance_of
from .grouping import ON_DEVICE, Room, batches
from .inputs import Encoded
from .items import Item
from .loading import Loaded, load, quiet
from .model_inputs import device_of
from .model_once import Guard, ModelOnce
from .packages import require
from .picture_and_text import see_beside_text
from .picture_inputs import Seen, see

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.request import ImageFile, ModelSource, Request

    from .own_output import LayerKey
    from .picture_inputs import Places

_ADVICE = "declare a smaller dtype, a device_map or a smaller model"
"""What to do if a picture needs more memory than there is."""

_AT_ONCE = 32
"""The most requests whose pictures are held in memory together."""

_EXACT, _HALF = 1e-4, 3e-2
"""Differences of weights that count as none, in single and in half precision."""


@dataclass(frozen=True, slots=True)
class _Known:
    """The facts about a model that its first picture shows.

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
        self._numbers: dict[tuple[str, str], int] = {}
        self._seen: dict[int, tuple[Seen, str]] = {}
        self._places: Places = {}

    def close(self) -> None:
        """Free the model's memory. A later request would load it again."""
        self._known = None
        self._places.clear()
        self._once.free()

    @property
    def held(self) -> Loaded | None:
        """The model if it is loaded."""
        return self._once.held

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Answer requests, each with an image. Pictures of one shape run together.

        Yields:
            Each request once, with its attention or an error. No exception of a model is raised.
        """
        for start in range(0, len(requests), _AT_ONCE):
            with quiet():
                groups, errors = self._groups(requests[start : start + _AT_ONCE])
            yield from errors
            yield from answers_in_turn(groups, self._answers)
            self._seen.clear()

    def _groups(
        self, requests: Sequence[Request]
    ) -> tuple[list[list[Item]], list[tuple[Request, Answer]]]:
        """The requests that run together, and the errors of the others."""
        alike: dict[Hashable, list[Item]] = {}
        errors: list[tuple[Request, Answer]] = []
        for request in requests:
            item = self._guard(request).call(self._item, request)
            if isinstance(item, AttentionError):
                errors.append((request, item))
            else:
                seen = self._seen_by(item)
                # A text beside the picture is padded by no rule that all processors follow.
                own = item.reading if len(seen.inputs) > 1 else (seen.rows, seen.columns)
                alike.setdefault(own, []).append(item)
        if self._known is None:
            return [], errors
        heads = max(self._known.heads.values())
        room = Room() if device_of(self._once.get().model).type == "cpu" else ON_DEVICE
        groups = (batches(items, heads=heads, pads=False, room=room) for items in alike.values())
        return [group for some in groups for group in some], errors

    def _guard(self, request: Request) -> Guard:
        name = "" if request.image is None else request.image.path
        return Guard(self._source.label, f"the picture {name}", _ADVICE)

    def _item(self, request: Request) -> Item:
        """A request with the tokens of its picture, which is decoded once for all its requests."""
        image = request.image
        assert image is not None
        label, name = self._source.label, (image.digest, request.text)
        # Equal numbers stand for equal pictures: these share a row of a batch.
        number = self._numbers.setdefault(name, len(self._numbers))
        if number not in self._seen:
            self._seen[number] = self._look(request, image)
        seen, warning = self._seen[number]
        known = self._known_by(seen)
        parts = known.backend.parts
        part = next(iter(parts)) if request.part is None else request.part
        if part not in parts:
            raise has_no_part(label, part, parts)
        heads = {layer: known.heads[part, layer] for layer in parts[part]}
        layers, others = choose_layers(label, heads, request.layers)
        encoded = Encoded({"input_ids": [number] * len(seen.tokens)}, seen.tokens, warning)
        return Item(request, part, encoded, layers=layers, note=others)

    def _seen_by(self, item: Item) -> Seen:
        return self._seen[item.source.ids[0]][0]

    def _look(self, request: Request, image: ImageFile) -> tuple[Seen, str]:
        """The inputs that the model gets for a picture, and a warning for the author."""
        loaded, label = self._once.get(), self._source.label
        data = read_author_file(Path(image.file), image.path, LARGEST_FILE, SMALLER)
        picture, warning = decode_picture(data, image.path)
        if hasattr(loaded.processor, "tokenizer"):
            check_text(request.text)
            seen = see_beside_text(loaded.model, loaded.processor, picture, request.text, label)
        elif request.text.strip():
            raise sees_alone(label)
        else:
            seen = see(loaded.model, loaded.processor, picture, label, self._places)
        return seen, warning

    def _answers(self, group: Sequence[Item]) -> list[tuple[Request, Answer]]:
        return answers_of(group, self._run, self._finish, lambda item: self._guard(item.request))

    def _finish(self, batch: Batch, n: int, item: Item) -> Attention:
        assert self._known is not None
        known, seen = self._known, self._seen_by(item)
        made = provenance_of(self._once.get(), known.backend, item, checked=known.checked)
        return batch.finish(n, made, keep(seen.pixels, seen.rows, seen.columns))

    def _run(self, group: Sequence[Item]) -> Batch:
        assert self._known is not None
        batch = Batch(group)
        rows = [self._seen_by(item).inputs for item in batch.rows]
        inputs = rows[0]
        if len(rows) > 1:
            cat = require("torch").cat
            inputs = {name: cat([row[name] for row in rows]) for name in inputs}
        self._known.backend.run(inputs, batch.receive, batch.wanted)
        return batch

    def _known_by(self, seen: Seen) -> _Known:
        """The way in which the model is captured, which its first picture shows."""
        if self._known is None:
            loaded = self._once.get()
            exact = loaded.provenance["dtype"] in {"float32", "float64"}
            tolerance = _EXACT if exact else _HALF
            backend, checked = choose_backend(loaded.model, seen.inputs, tolerance)
            calls = gather(backend, seen.inputs)
            heads = {layer: int(call.weights.shape[1]) for layer, call in calls.items()}
            self._known = _Known(backend, checked=checked, heads=heads)
        return self._known
