"""Runs Hugging Face models over many requests, each model loaded once.

Only this package imports torch and transformers, and only inside functions.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Self

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.sources.generation import Continuation, does_not_generate
from sphinx_attention.core.sources.layers import choose_layers
from sphinx_attention.core.sources.refusals import (
    check_length,
    check_text,
    has_no_part,
    takes_no_target,
)

from .batch import Batch
from .batch_answers import Answer, answers_in_turn, answers_of, provenance_of
from .capabilities import Capabilities, trial_item, try_out
from .continuation import go_on_from, why_not, without_end
from .decoder_text import decoder_start, write_target
from .grouping import ON_DEVICE, Room, batches, with_shared_targets
from .inputs import Encoded, after_start, encode
from .items import Item
from .loading import Loaded, load, quiet
from .model_inputs import device_of, model_inputs
from .model_once import Guard, ModelOnce
from .page_positions import needs_positions, with_positions
from .picture_runner import PictureRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sphinx_attention.core.attention import Attention, Part
    from sphinx_attention.core.request import ModelSource, Request


class ModelRunner:
    """One declared model, which is loaded at the first request and freed at the end of the context.

    Args:
        source: the model's declaration.
        loader: prepares the model; None loads the declared one.
        sees: prepares the model to see pictures; None loads the declared one.
    """

    def __init__(
        self,
        source: ModelSource,
        loader: Callable[[], Loaded] | None = None,
        sees: Callable[[], Loaded] | None = None,
    ) -> None:
        self._source = source
        self._once = ModelOnce(loader or (lambda: load(source, head=self._head)))
        self._guard = Guard(
            source.label,
            "this text",
            "shorten it, or declare a smaller dtype, a device_map or a smaller model",
        )
        self._tried: Capabilities | None = None
        self._needs_positions = False
        self._written: dict[tuple[int, ...], tuple[Encoded, str]] = {}
        self._continued: dict[tuple[tuple[int, ...], int], Continuation] = {}
        self._notes: dict[tuple[Part, str], str] = {}
        self._head = False
        self._pictures = PictureRunner(source, sees)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model's memory. A later request would load it again."""
        self._pictures.close()
        self._tried = None
        self._notes.clear()
        self._once.free()

    @property
    def bytes(self) -> int:
        """How many bytes the loaded model takes; 0 if none is loaded."""
        held = (
            tensor
            for loaded in (self._pictures.held, self._once.held)
            if loaded is not None
            for tensor in (*loaded.model.parameters(), *loaded.model.buffers())
        )
        return sum(tensor.numel() * tensor.element_size() for tensor in held)

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Answer requests, in an order that makes good batches.

        Args:
            requests: requests for this runner's source.

        Yields:
            Each request once, with its attention or an error, as soon as its batch is done. No
            exception of a model is raised.
        """
        pictured = [request for request in requests if request.image is not None]
        if pictured:
            yield from self._pictures.run(pictured)
        requests = [request for request in requests if request.image is None]
        going_on = [request for request in requests if request.generate is not None]
        if going_on:
            # The head for the next token is loaded only if it is needed. The model with its head
            # answers the other requests as well, unless it cannot continue a text.
            self._load_head()
            yield from self._run_all(going_on)
            if not self._goes_on():
                self._drop_head()
        yield from self._run_all([request for request in requests if request.generate is None])

    def _load_head(self) -> None:
        """Have the model loaded with its head for the next token."""
        if not self._head:
            self._replace_model(head=True)

    def _drop_head(self) -> None:
        """Have the model loaded without that head."""
        self._replace_model(head=False)

    def _replace_model(self, *, head: bool) -> None:
        self.close()
        self._once.start_again()
        self._head = head

    def _goes_on(self) -> bool:
        """Whether the model that is loaded reads one text from left to right."""
        tried, loaded = self._tried, self._once.held
        return bool(loaded and tried and not loaded.decodes and tuple(tried.parts) == ("decoder",))

    def _run_all(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        if not requests:
            return
        items: list[Item] = []
        for request, item in self._items(requests):
            if isinstance(item, AttentionError):
                yield request, item
            else:
                items.append(item)
        items = with_shared_targets(items)
        tried = self._tried
        if tried is None:
            return
        if any(item.request.layers is not None for item in items):
            with quiet():
                self._guard.call(tried.learn, self._inputs)
        room = Room() if device_of(self._loaded().model).type == "cpu" else ON_DEVICE
        groups = batches(items, heads=max(tried.heads.values()), pads=tried.pads, room=room)
        yield from answers_in_turn(groups, lambda group: self._answers(group, tried))

    def _items(self, requests: Sequence[Request]) -> list[tuple[Request, Item | AttentionError]]:
        """Split and check all requests, and try the model on the shortest one."""
        try:
            self._loaded()
        except AttentionError as error:
            return [(request, error) for request in requests]
        self._written.clear()
        self._continued.clear()
        with quiet():
            texts = [(request, self._guard.call(self._encode, request)) for request in requests]
            good = [text for _, text in texts if isinstance(text, Encoded)]
            tried = self._guard.call(self._try, min(good, key=len)) if good else None
            items: list[tuple[Request, Item | AttentionError]] = []
            for request, text in texts:
                if isinstance(text, AttentionError):
                    items.append((request, text))
                elif isinstance(tried, Capabilities):
                    items.append((request, self._guard.call(self._item, request, text, tried)))
                elif tried is not None:
                    items.append((request, tried))
            return items

    def _loaded(self) -> Loaded:
        return self._once.get()

    def _encode(self, request: Request) -> Encoded:
        loaded = self._loaded()
        check_text(request.text)
        encoded = encode(loaded.tokenizer, request.text, request.pair)
        if request.generate is not None:
            encoded = without_end(encoded)
        self._check_vocabulary(encoded)
        self._check_length(encoded, "text")
        return encoded

    def _check_vocabulary(self, encoded: Encoded) -> None:
        loaded = self._loaded()
        largest = max(encoded.ids)
        if loaded.vocabulary is not None and largest >= loaded.vocabulary:
            token = encoded.tokens[encoded.ids.index(largest)]
            raise AttentionError(
                Problem.MODEL,
                f"the tokenizer of {self._source.label} has {len(loaded.tokenizer):,} tokens, the "
                f"model {loaded.vocabulary:,}: it has no token {largest:,}, “{token.text}”; the "
                "tokenizer and the weights are not of one model",
            )

    def _check_length(self, encoded: Encoded, what: str) -> None:
        check_length(self._source.label, len(encoded), self._loaded().limit, what)

    def _try(self, shortest: Encoded) -> Capabilities:
        """Find out on one short text what can be captured of this model, and how."""
        if self._tried is None:
            loaded = self._loaded()
            item = trial_item(self._source, loaded, shortest)
            self._needs_positions = needs_positions(loaded.model, self._inputs([item]))
            self._tried = try_out(item, loaded, self._inputs)
        return self._tried

    def _inputs(self, items: Sequence[Item], extra: int = 0) -> dict[str, Any]:
        loaded = self._loaded()
        accepted = list(inspect.signature(loaded.model.forward).parameters)
        inputs = model_inputs(loaded.model, loaded.tokenizer, items, accepted, extra=extra)
        return with_positions(loaded.model, inputs) if self._needs_positions else inputs

    def _check_texts(self, request: Request, parts: Collection[Part]) -> None:
        """Refuse texts that the model does not take."""
        if request.target is not None and not self._loaded().decodes:
            raise takes_no_target(self._source.label)
        if request.pair is not None and tuple(parts) == ("decoder",):
            # Some of these tokenizers begin both texts with a start token, as in no training text.
            raise AttentionError(
                Problem.OPTION,
                f"{self._source.label} reads one text from left to right and takes no pair; "
                f"remove {option('pair')}",
            )

    def _item(self, request: Request, source: Encoded, tried: Capabilities) -> Item:
        loaded = self._loaded()
        parts = tried.parts
        self._check_texts(request, parts)
        part = next(iter(parts)) if request.part is None else request.part
        if part not in parts:
            tried.check_left_out(part)
            raise has_no_part(self._source.label, part, parts)
        if request.generate is not None and not self._goes_on():
            raise does_not_generate(self._source.label, why_not(loaded))
        heads = {number: tried.heads[part, number] for number in parts[part]}
        layers, others = choose_layers(self._source.label, heads, request.layers)
        if (part, others) not in self._notes:
            self._notes[part, others] = tried.note(part, others, loaded.model)
        note = self._notes[part, others]
        if request.generate is not None:
            item = Item(request, part, source, layers=layers, note=note)
            return go_on_from(item, loaded, self._inputs, self._continued)
        if not loaded.decodes:
            return Item(request, part, source, layers=layers, note=note)
        start = decoder_start(loaded)
        if request.target is not None:
            target = encode(loaded.tokenizer, request.target, as_target=True)
            target = after_start(loaded.tokenizer, target, start)
            self._check_vocabulary(target)
            self._check_length(target, "target")
            return Item(request, part, source, target, layers=layers, note=note)
        if part == "encoder":
            # If the decoder runs nevertheless, a single token costs little.
            target = Encoded({"input_ids": [start]}, source.tokens[:1])
            return Item(request, part, source, target, layers=layers, note=note)
        ids = tuple(source.ids)
        if ids not in self._written:
            requested = Item(request, part, source)
            self._written[ids] = write_target(requested, loaded, self._inputs([requested]))
        target, text = self._written[ids]
        return Item(request, part, source, target, text, layers, note)

    def _answers(self, group: Sequence[Item], tried: Capabilities) -> list[tuple[Request, Answer]]:
        def finish(batch: Batch, n: int, item: Item) -> Attention:
            made = provenance_of(self._loaded(), tried.backend, item, checked=tried.checked)
            return batch.finish(n, made)

        return answers_of(group, lambda items: self._run(items, tried), finish, self._guard_of)

    def _guard_of(self, _item: Item) -> Guard:
        return self._guard

    def _run(self, group: Sequence[Item], tried: Capabilities) -> Batch:
        batch = Batch(group)
        tried.backend.run(self._inputs(batch.rows), batch.receive, batch.wanted)
        return batch
