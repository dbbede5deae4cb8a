"""The text of a decoder: its first token, and its generation if the author gives no text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option

from .inputs import Encoded, continuation
from .packages import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .items import Item
    from .loading import Loaded

GENERATED_TOKENS = 40
"""The most tokens that are generated if the author gives no decoder's text."""


def decoder_start(loaded: Loaded) -> int:
    """The token that begins every decoder's text."""
    model = loaded.model
    for owner in (model.config, getattr(model, "generation_config", None)):
        for name in ("decoder_start_token_id", "bos_token_id"):
            if isinstance(number := getattr(owner, name, None), int):
                return number
    return int(loaded.tokenizer.bos_token_id or loaded.tokenizer.pad_token_id or 0)


def write_target(item: Item, loaded: Loaded, inputs: Mapping[str, Any]) -> tuple[Encoded, str]:
    """The decoder's text that the model generates, with the likeliest token at each step.

    Args:
        item: a request with the text that the encoder reads.
        loaded: an encoder-decoder model.
        inputs: the inputs of a pass over the item.

    Returns:
        The text's tokens as the decoder reads them, and the text.

    Raises:
        AttentionError: the model has no trained head that generates text.
    """
    if not loaded.generates:
        raise AttentionError(
            Problem.MODEL,
            f"{item.request.source.label} has no trained head to generate a text with; give the "
            f"decoder's text in {option('target')}",
        )
    # The decoder reads its start token and all generated tokens, at positions of its own.
    most = GENERATED_TOKENS if loaded.limit is None else min(GENERATED_TOKENS, loaded.limit - 1)
    with require("torch").inference_mode():
        output = loaded.model.generate(
            **inputs,
            max_new_tokens=most,
            do_sample=False,
            num_beams=1,
            # transformers 5.23 sizes T5's cache by the encoder's layers, as other models' before
            # https://github.com/huggingface/transformers/pull/40277. Short texts need no cache.
            use_cache=False,
        )
    ids = [int(i) for i in output[0]]
    names = set(loaded.tokenizer.all_special_ids)
    while len(ids) > 1 and ids[-1] in names:
        ids.pop()
    text = str(loaded.tokenizer.decode(ids, skip_special_tokens=True)).strip()
    return continuation(loaded.tokenizer, ids), text
