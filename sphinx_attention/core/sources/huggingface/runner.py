"""Runs Hugging Face models over many requests, each model loaded once.

With its private neighbours the only importer of torch and transformers, inside functions.
"""

from __future__ import annotations

import gc
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from sphinx_attention.core.attention import Attention, Part
from sphinx_attention.core.boundary import as_attention_error
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources.generation import Continuation, does_not_generate
from sphinx_attention.core.sources.layers import choose_layers
from sphinx_attention.core.sources.refusals import (
    check_length,
    check_text,
    has_no_part,
    takes_no_target,
)

from .backends import Backend, InterfaceBackend, choose_backend, difference, gather
from .batch import (
    ON_DEVICE,
    Batch,
    Item,
    Room,
    batches,
    device_of,
    lengths_of,
    misfit,
    model_inputs,
    with_shared_targets,
)
from .continuation import go_on_from, why_not, without_end
from .inputs import Encoded, after_start, continuation, encode
from .load_errors import is_out_of_memory
from .loading import Loaded, load, quiet
from .packages import require
from .places import NOTE as SAME_PLACE
from .places import needs_places, placed, reads_places
from .trial import without_map

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from .layer_call import Call
    from .own_output import Place

GENERATED_TOKENS = 40
"""How many tokens are generated at most where a decoder's text is not given."""

_EXACT, _HALF = 1e-4, 3e-2
"""Differences of weights that count as none, in single and in half precision."""

_TRIED_TOKENS = 4
"""A text of fewer tokens is repeated when a model is tried: one token has no causal mask."""

_TRIED_PADDING = 3

Answer = Attention | AttentionError
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Tried:
    """What trying a model out has shown.

    Attributes:
        backend: how its attention is had.
        parts: the numbers of the layers of each part that can be shown.
        left_out: why others cannot.
        heads: how many heads each layer has.
        pads: whether padding leaves the weights as they are.
        checked: whether there was a reference to check against.
        item: what it was tried on.
        tolerance: differences that count as none.
    """

    backend: Backend
    parts: Mapping[Part, tuple[int, ...]]
    left_out: Mapping[tuple[Part, int], str]
    heads: Mapping[Place, int]
    pads: bool
    checked: bool
    item: Item
    tolerance: float


class ModelRunner:
    """One declared model: loaded at the first request, dropped on leaving.

    Args:
        source: the model's declaration.
        loader: makes the model ready; None loads what is declared.
    """

    def __init__(self, source: ModelSource, loader: Callable[[], Loaded] | None = None) -> None:
        self._source = source
        self._loader = loader or (lambda: load(source, head=self._head))
        self._state: Loaded | None = None
        self._tried: _Tried | None = None
        self._failure: AttentionError | None = None
        self._needs_places = False
        self._written: dict[tuple[int, ...], tuple[Encoded, str]] = {}
        self._continued: dict[tuple[tuple[int, ...], int], Continuation] = {}
        self._head = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the model's memory. A later request would load it again."""
        if self._state is None:
            return
        on_gpu = device_of(self._state.model).type == "cuda"
        self._state = self._tried = None
        gc.collect()
        if on_gpu:
            require("torch").cuda.empty_cache()

    @property
    def bytes(self) -> int:
        """Memory that the loaded model takes; 0 where none is loaded."""
        if self._state is None:
            return 0
        held = (*self._state.model.parameters(), *self._state.model.buffers())
        return sum(tensor.numel() * tensor.element_size() for tensor in held)

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Answer requests, in an order that makes good batches.

        Args:
            requests: all for this runner's source.

        Yields:
            Each request once, with its attention or with what kept it from having one, as soon as
            its batch is done. Nothing that a model does is raised.
        """
        going_on = [request for request in requests if request.generate is not None]
        if going_on:
            # The head for the next token is loaded where it is needed. Whoever has it may well
            # answer the other requests, unless it turns out to be no model for that.
            self._load_head()
            yield from self._run_all(going_on)
            if not self._goes_on():
                self._drop_head()
        yield from self._run_all([request for request in requests if request.generate is None])

    def _load_head(self) -> None:
        """Have the model loaded with its head for the next token."""
        if not self._head:
            self.close()
            self._failure, self._head = None, True

    def _drop_head(self) -> None:
        """Have the model loaded without that head."""
        self.close()
        self._failure, self._head = None, False

    def _goes_on(self) -> bool:
        """Whether the model that is loaded reads one text from left to right."""
        tried, loaded = self._tried, self._state
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
                self._guarded(self._learn, tried)
        room = Room() if device_of(self._loaded().model).type == "cpu" else ON_DEVICE
        for group in batches(items, heads=max(tried.heads.values()), pads=tried.pads, room=room):
            with quiet():
                answers = self._answers(group, tried)
            while answers:
                # Popped, so that what a caller has stored is free before the next batch.
                yield answers.pop()

    def _items(self, requests: Sequence[Request]) -> list[tuple[Request, Item | AttentionError]]:
        """Split and check all requests; try the model out on the shortest."""
        try:
            self._loaded()
        except AttentionError as error:
            return [(request, error) for request in requests]
        self._written.clear()
        self._continued.clear()
        with quiet():
            texts = [(request, self._guarded(self._encode, request)) for request in requests]
            good = [text for _, text in texts if isinstance(text, Encoded)]
            tried = self._guarded(self._try, min(good, key=len)) if good else None
            items: list[tuple[Request, Item | AttentionError]] = []
            for request, text in texts:
                if isinstance(text, AttentionError):
                    items.append((request, text))
                elif isinstance(tried, _Tried):
                    items.append((request, self._guarded(self._item, request, text, tried)))
                elif tried is not None:
                    items.append((request, tried))
            return items

    def _guarded(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T | AttentionError:
        """Call a function and turn whatever it raises into a message."""
        try:
            return function(*args, **kwargs)
        except AttentionError as error:
            return error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also a panic of Rust, and SystemExit
            if is_out_of_memory(error):
                return AttentionError(
                    Problem.MEMORY,
                    f"{self._source.label} runs out of memory on this text; shorten it, or declare "
                    "a smaller dtype, a device_map or a smaller model",
                )
            return as_attention_error(
                error, Problem.MODEL, f"running {self._source.label} on this text"
            )

    def _loaded(self) -> Loaded:
        """The model, loaded once; a failure is kept, for it would only be repeated."""
        if self._failure is not None:
            raise self._failure
        if self._state is None:
            try:
                self._state = self._loader()
            except AttentionError as error:
                self._failure = error.with_traceback(None)
                raise
        return self._state

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

    def _try(self, shortest: Encoded) -> _Tried:
        """Find out, on one short text, how this model is captured and whether it may be padded."""
        if self._tried is not None:
            return self._tried
        loaded = self._loaded()
        times = -(-_TRIED_TOKENS // len(shortest))
        source = Encoded(
            {name: row * times for name, row in shortest.inputs.items()}, shortest.tokens * times
        )
        target = None
        if _has_decoder(loaded):
            ids = [_start(loaded), *range(3, 3 + _TRIED_TOKENS - 1)]
            target = Encoded({"input_ids": ids}, source.tokens[:_TRIED_TOKENS])
        item = Item(Request(self._source, ""), "encoder", source, target)
        exact = loaded.provenance["dtype"] in {"float32", "float64"}
        tolerance = _EXACT if exact else _HALF
        self._needs_places = needs_places(loaded.model, self._inputs([item]))
        inputs = self._inputs([item])
        backend, checked = choose_backend(loaded.model, inputs, tolerance)
        plain = gather(backend, inputs)
        parts, unfit = self._fitting(plain, item)
        left_out = {**backend.left_out, **unfit}
        shown = {place: call for place, call in plain.items() if place not in unfit}
        self._tried = _Tried(
            backend=backend,
            parts=parts,
            left_out=left_out,
            heads={place: int(call.weights.shape[1]) for place, call in plain.items()},
            pads=self._pads(backend, item, shown, tolerance),
            checked=checked,
            item=item,
            tolerance=tolerance,
        )
        return self._tried

    def _fitting(
        self, calls: Mapping[tuple[Part, int], Call], item: Item
    ) -> tuple[dict[Part, tuple[int, ...]], dict[tuple[Part, int], str]]:
        """Which layers have a weight for each pair of tokens, by part; and why others have not.

        Raises:
            AttentionError: none has.
        """
        lengths = lengths_of(*item.lengths)
        left_out = {
            place: unfit
            for place, call in calls.items()
            if (unfit := misfit(call, lengths[place[0]]))
        }
        parts: dict[Part, tuple[int, ...]] = {}
        for part, number in calls:
            if (part, number) not in left_out:
                parts[part] = (*parts.get(part, ()), number)
        if not parts:
            (_, number), unfit = next(iter(left_out.items()))
            raise AttentionError(
                Problem.MODEL,
                f"{self._source.label} has no attention between single tokens that could be shown: "
                f"of a text of {lengths['encoder'][0]} tokens, layer {number}: {unfit}",
            )
        return parts, left_out

    def _learn(self, tried: _Tried) -> None:
        """Find out which layers may compute fast what nobody looks at."""
        if isinstance(tried.backend, InterfaceBackend):
            paddings = (0, _TRIED_PADDING) if tried.pads else (0,)
            tries = [self._inputs([tried.item], extra=extra) for extra in paddings]
            tried.backend.learn(tries, tried.tolerance)

    def _pads(
        self, backend: Backend, item: Item, plain: Mapping[tuple[Part, int], Call], tolerance: float
    ) -> bool:
        """Whether the weights stay the same with padding after the text."""
        try:
            padded = gather(backend, self._inputs([item], extra=_TRIED_PADDING))
        except Exception:  # noqa: BLE001 - a model that cannot be padded runs without
            return False
        return all(
            place in padded and _same_within(call, padded[place], tolerance)
            for place, call in plain.items()
        )

    def _inputs(self, items: Sequence[Item], extra: int = 0) -> dict[str, Any]:
        loaded = self._loaded()
        accepted = list(inspect.signature(loaded.model.forward).parameters)
        inputs = model_inputs(loaded.model, loaded.tokenizer, items, accepted, extra=extra)
        return placed(loaded.model, inputs) if self._needs_places else inputs

    def _check_texts(self, request: Request, parts: Mapping[Part, Any]) -> None:
        """Refuse texts that the model has no use for."""
        if request.target is not None and not _has_decoder(self._loaded()):
            raise takes_no_target(self._source.label)
        if request.pair is not None and tuple(parts) == ("decoder",):
            # Some of their tokenizers begin both texts anew, which no model has learned from.
            raise AttentionError(
                Problem.OPTION,
                f"{self._source.label} reads one text from left to right and takes no pair; "
                "remove the option pair",
            )

    def _item(self, request: Request, source: Encoded, tried: _Tried) -> Item:
        loaded = self._loaded()
        parts = tried.parts
        self._check_texts(request, parts)
        part = next(iter(parts)) if request.part is None else request.part
        if part not in parts:
            self._check_left_out(part, tried)
            raise has_no_part(self._source.label, part, parts)
        if request.generate is not None and not self._goes_on():
            raise does_not_generate(self._source.label, why_not(loaded))
        heads = {number: tried.heads[part, number] for number in parts[part]}
        layers, others = choose_layers(self._source.label, heads, request.layers)
        note = self._note(part, tried, others)
        if request.generate is not None:
            item = Item(request, part, source, layers=layers, note=note)
            return go_on_from(item, loaded, self._inputs, self._continued)
        if not _has_decoder(loaded):
            return Item(request, part, source, layers=layers, note=note)
        start = _start(loaded)
        if request.target is not None:
            target = encode(loaded.tokenizer, request.target, as_target=True)
            target = after_start(loaded.tokenizer, target, start)
            self._check_vocabulary(target)
            self._check_length(target, "target")
            return Item(request, part, source, target, layers=layers, note=note)
        if part == "encoder":
            # Should the decoder run all the same, a single token costs it nothing.
            target = Encoded({"input_ids": [start]}, source.tokens[:1])
            return Item(request, part, source, target, layers=layers, note=note)
        ids = tuple(source.ids)
        if ids not in self._written:
            self._written[ids] = self._generate(request, part, source)
        target, text = self._written[ids]
        return Item(request, part, source, target, text, layers, note)

    def _note(self, part: Part, tried: _Tried, others: str) -> str:
        """What readers have to know of a part of a model's attention, or nothing.

        Args:
            part: which is shown.
            tried: what is known of the model.
            others: which of its layers are left out because their heads are other ones.
        """
        model = self._loaded().model
        left_out = [number for other, number in tried.left_out if other == part]
        missing = without_map(tried.parts[part], left_out, model)
        place = SAME_PLACE if reads_places(model) else ""
        return "; ".join(filter(None, (others, missing, place)))

    def _check_left_out(self, part: Part, tried: _Tried) -> None:
        """Say why a part cannot be shown that the model has."""
        for (other, number), why in tried.left_out.items():
            if other == part:
                raise AttentionError(
                    Problem.MODEL,
                    f"the {part} attention of {self._source.label} cannot be shown; layer "
                    f"{number}: {why}",
                )

    def _generate(self, request: Request, part: Part, source: Encoded) -> tuple[Encoded, str]:
        """The decoder's text as the model continues it, the likeliest token each time."""
        loaded = self._loaded()
        if not loaded.generates:
            raise AttentionError(
                Problem.MODEL,
                f"{self._source.label} has no trained head to generate a text with; give the "
                "decoder's text in the option target",
            )
        inputs = self._inputs([Item(request, part, source)])
        with require("torch").inference_mode():
            output = loaded.model.generate(
                **inputs,
                max_new_tokens=GENERATED_TOKENS,
                do_sample=False,
                num_beams=1,
                # transformers 5.23 sizes T5's cache by the encoder's layers. Short texts need none.
                use_cache=False,
            )
        ids = [int(i) for i in output[0]]
        names = set(loaded.tokenizer.all_special_ids)
        while len(ids) > 1 and ids[-1] in names:
            ids.pop()
        text = str(loaded.tokenizer.decode(ids, skip_special_tokens=True)).strip()
        return continuation(loaded.tokenizer, ids), text

    def _answers(self, group: Sequence[Item], tried: _Tried) -> list[tuple[Request, Answer]]:
        """Run one batch; where it fails, each of its items alone."""
        ran = self._guarded(self._run, group, tried)
        if not isinstance(ran, AttentionError):
            provenance = {**self._loaded().provenance, "capture": tried.backend.name}
            if not tried.checked:
                provenance["verified"] = "no: the model returns no attention of its own"
            answers = []
            for n, item in enumerate(group):
                notes = (*tried.backend.notes, tried.backend.part_notes.get(item.part, ""))
                note = {"note": text} if (text := "; ".join(filter(None, notes))) else {}
                answers.append((item.request, self._guarded(ran.finish, n, provenance | note)))
            return answers
        if len(group) == 1:
            return [(group[0].request, ran)]
        gc.collect()
        return [answer for item in group for answer in self._answers([item], tried)]

    def _run(self, group: Sequence[Item], tried: _Tried) -> Batch:
        batch = Batch(group)
        tried.backend.run(self._inputs(batch.rows), batch.receive, batch.wanted)
        return batch


def _same_within(plain: Call, padded: Call, tolerance: float) -> bool:
    """Whether padding has left the weights of a text as they are."""
    queries, keys = plain.weights.shape[2:]
    own = padded.weights[:, :, :queries, padded.columns(keys - len(plain.blocks))]
    return difference(plain.weights, own) <= tolerance


def _has_decoder(loaded: Loaded) -> bool:
    return loaded.decodes


def _start(loaded: Loaded) -> int:
    """The token that begins every decoder's text."""
    model = loaded.model
    for owner in (model.config, getattr(model, "generation_config", None)):
        for name in ("decoder_start_token_id", "bos_token_id"):
            if isinstance(number := getattr(owner, name, None), int):
                return number
    return int(loaded.tokenizer.bos_token_id or loaded.tokenizer.pad_token_id or 0)
