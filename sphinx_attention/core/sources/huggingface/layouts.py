"""Converts weights of windows and blocks to one weight for each pair of tokens.

Models that attend within windows store no weights outside of them, so that their tensors have
another shape than tokens by tokens. Such a tensor is converted by the rules of its model, and
accepted only if each row keeps its sum. Cutting it to shape would give wrong numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Callable

_LOST = 1e-4
"""How much of the sum of a row may be lost by rounding."""


def laid_out(weights: Any, tokens: int) -> tuple[Any, Any] | None:
    """The weights between all pairs of tokens, and the mask of pairs without weight.

    Args:
        weights: the weights as the model returned them.
        tokens: how many tokens the pass had, with padding.

    Returns:
        Shapes (batch, heads, tokens, tokens) and (batch, tokens, tokens); None if no known
        layout keeps the sum of each row.
    """
    for layout in _LAYOUTS:
        found = layout(weights, tokens)
        if found is not None:
            full, seen = found
            return full, (~seen).expand(full.shape[0], -1, -1)
    return None


def joined(parts: Any, tokens: int) -> tuple[Any, Any] | None:
    """The weights within blocks, for a model that returns its weights in parts (PEGASUS-X).

    Each token attends to the global tokens, which are learnt and not in the text, and to the tokens
    of its own block. The weight on the global tokens is missing in its row.

    Args:
        parts: ``global``, shape (batch, heads, global tokens, global tokens + padded text), and
            ``local``, shape (batch, heads, blocks, length, global tokens + length).
        tokens: how many tokens the pass had, with padding.

    Returns:
        As `laid_out`; None if these are other parts.
    """
    if set(parts) != {"global", "local"} or getattr(parts["local"], "ndim", 0) != 5:
        return None
    local, count = parts["local"], int(parts["global"].shape[2])
    batch, heads, blocks, length, wide = local.shape
    # Every second layer begins half a block earlier, so that its blocks overlap those before.
    before = length // 2 if (blocks - 1) * length >= tokens else 0
    if wide != count + length or not 0 <= blocks * length - 2 * before - tokens < length:
        return None
    torch = require("torch")
    flat = local[..., count:].reshape(batch, heads, blocks * length, length)
    flat = flat[:, :, before : before + tokens]
    rows = torch.arange(before, before + tokens, device=local.device)[:, None]
    keys = rows // length * length + torch.arange(length, device=local.device) - before
    found = _scattered(flat, keys, tokens)
    if found is None:
        return None
    return found[0], (~found[1]).expand(batch, -1, -1)


def _band(weights: Any, tokens: int) -> tuple[Any, Any] | None:
    """Sliding windows, as Longformer and LED store them: each row is centred on its token.

    Shape (batch, heads, tokens, 2 · reach + 1).
    """
    if weights.ndim != 4 or weights.shape[2] != tokens or weights.shape[3] % 2 == 0:
        return None
    torch = require("torch")
    reach = weights.shape[3] // 2
    rows = torch.arange(tokens, device=weights.device)[:, None]
    keys = rows + torch.arange(-reach, reach + 1, device=weights.device)
    return _scattered(weights, keys, tokens)


def _blocks(weights: Any, tokens: int) -> tuple[Any, Any] | None:
    """Blocks that attend to themselves and to their neighbours, as LongT5 stores them.

    Shape (batch, blocks, heads, length, 3 · length); a query sees less than one length in
    each direction. After these keys there may be keys for the whole text, each of which stands for
    several tokens. The weight on those is missing in the row of a token.
    """
    if weights.ndim != 5 or weights.shape[4] < 3 * weights.shape[3]:
        return None
    torch = require("torch")
    batch, blocks, heads, length, _ = weights.shape
    wide = 3 * length
    if not (blocks - 1) * length < tokens <= blocks * length:
        return None
    flat = weights[..., :wide].transpose(1, 2).reshape(batch, heads, blocks * length, wide)
    rows = torch.arange(tokens, device=weights.device)[:, None]
    keys = (rows // length - 1) * length + torch.arange(wide, device=weights.device)
    found = _scattered(flat[:, :, :tokens], keys, tokens)
    if found is None:
        return None
    return found[0], found[1] & ((rows - rows.T).abs() < length)


def has_keys_of_several_tokens(weights: Any) -> bool:
    """Whether there are keys after those of blocks, which stand for several tokens each."""
    return bool(weights.ndim == 5 and weights.shape[4] > 3 * weights.shape[3])


def _scattered(weights: Any, keys: Any, tokens: int) -> tuple[Any, Any] | None:
    """Weights at the positions of their keys; None if weight outside the text would be lost.

    Args:
        weights: shape (batch, heads, tokens, width).
        keys: shape (tokens, width): the key of each weight.
        tokens: the number of keys.
    """
    torch = require("torch")
    inside = (keys >= 0) & (keys < tokens)
    if float((weights * ~inside).sum(dim=-1).abs().max()) > _LOST:
        return None
    at = keys.clamp(0, tokens - 1).expand(weights.shape)
    full = weights.new_zeros(*weights.shape[:3], tokens)
    full.scatter_add_(-1, at, weights * inside)
    seen = torch.zeros(tokens, tokens, dtype=torch.bool, device=weights.device)
    rows = torch.arange(tokens, device=weights.device)[:, None].expand(keys.shape)
    seen[rows[inside], keys[inside]] = True
    return full, seen


_LAYOUTS: tuple[Callable[[Any, int], tuple[Any, Any] | None], ...] = (_band, _blocks)
