"""Continues a text with a Hugging Face model: token by token, always the likeliest one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Token
from sphinx_attention.core.sources.generation import (
    Continuation,
    check_room,
    does_not_generate,
    go_on,
)
from sphinx_attention.core.sources.words import words_after

from .inputs import Encoded, display
from .own_output import forward

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

    from .items import Item
    from .loading import Loaded


def go_on_from(
    item: Item,
    loaded: Loaded,
    inputs_of: Callable[[Sequence[Item]], dict[str, Any]],
    known: MutableMapping[tuple[tuple[int, ...], int], Continuation],
) -> Item:
    """A request with the tokens by which the model continues its text.

    Each token takes a pass over all tokens before it, without a cache. Short texts need no cache,
    and some architectures have none.

    Args:
        item: the request with the tokens of its text.
        loaded: a model of one stack that reads from left to right.
        inputs_of: makes the inputs of a pass over some items.
        known: the continuations of other texts, by tokens and count; the new one is added.

    Raises:
        AttentionError: the model has no head for the next token, or the text would be too long.
    """
    label, tokenizer = item.request.source.label, loaded.tokenizer
    count = item.request.generate or 0
    if not loaded.generates:
        raise does_not_generate(label, "has no trained head for the next token")
    check_room(label, len(item.source), count, loaded.limit)

    def logits_after(ids: Sequence[int]) -> Any:
        added = ids[len(item.source) :]
        tokens = (*item.source.tokens, *item.source.tokens[-1:] * len(added))
        whole = Encoded(_longer(item.source, added), tokens)
        logits = getattr(
            forward(loaded.model, inputs_of([replace(item, source=whole)])), "logits", None
        )
        if logits is None:
            raise does_not_generate(label, "has no head for the next token")
        return logits[0, -1].float().cpu().numpy()

    key = (tuple(item.source.ids), count)
    if key not in known:
        known[key] = go_on(logits_after, item.source.ids, count, _ends_of(loaded))
    added = known[key]
    return replace(
        item,
        source=extended(tokenizer, item.source, added.ids),
        continued=str(tokenizer.decode(list(added.ids), skip_special_tokens=True)).strip(),
        candidates=added.candidates(lambda ids: display(tokenizer, ids)),
    )


def why_not(loaded: Loaded) -> str:
    """Why a model does not continue a text, as a phrase that follows its name."""
    if loaded.decodes:
        return "is an encoder-decoder model: it answers a text, and does not go on from it"
    return "reads the whole text at once, and not from left to right"


def _ends_of(loaded: Loaded) -> frozenset[int]:
    """The tokens with which a model ends a text."""
    model = loaded.model
    owners = (getattr(model, "generation_config", None), model.config, loaded.tokenizer)
    for owner in owners:
        found = getattr(owner, "eos_token_id", None)
        if isinstance(found, int):
            return frozenset({found})
        if isinstance(found, list | tuple) and found:
            return frozenset(int(one) for one in found)
    return frozenset()


def without_end(encoded: Encoded) -> Encoded:
    """A text without the special tokens at its end, so that a model can continue it."""
    count = len(encoded)
    while count > 1 and encoded.tokens[count - 1].special:
        count -= 1
    inputs = {name: row[:count] for name, row in encoded.inputs.items()}
    return Encoded(inputs, encoded.tokens[:count], encoded.warning)


def extended(tokenizer: Any, encoded: Encoded, ids: Sequence[int]) -> Encoded:
    """A text with the tokens by which a model continues it."""
    names = set(tokenizer.all_special_ids)
    last = max((token.word for token in encoded.tokens if token.word is not None), default=0)
    words = words_after(lambda own: str(tokenizer.decode(own)), encoded.ids, ids, last)
    tokens = list(encoded.tokens)
    for number, text, word in zip(ids, display(tokenizer, ids), words, strict=True):
        special = number in names
        tokens.append(Token(text, special, None if special else word))
    return Encoded(_longer(encoded, ids), tuple(tokens), encoded.warning)


def _longer(encoded: Encoded, ids: Sequence[int]) -> dict[str, list[int]]:
    """The inputs of a text with more tokens after it."""
    ends = {"input_ids": list(ids), "attention_mask": [1] * len(ids)}
    return {
        name: [*row, *ends.get(name, row[-1:] * len(ids))] for name, row in encoded.inputs.items()
    }
