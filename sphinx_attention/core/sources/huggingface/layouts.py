"""Weights of windows and blocks laid out as one weight for each pair of tokens.

Models that attend within windows store no weights for what lies outside. What they return has
another shape than tokens by tokens, and is never cut to that: it is laid out, by the rules of its
model, and taken only where each row keeps its mass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Callable

_LOST = 1e-4
"""How much of a row may be lost by rounding where it is laid out."""


def laid_out(weights: Any, tokens: int) -> tuple[Any, Any] | None:
    """The weights between all pairs of tokens, and what no query sees.

    Args:
        weights: as a model returned them.
        tokens: how many tokens the pass had, with padding.

    Returns:
        Shapes (batch, heads, tokens, tokens) and (batch, tokens, tokens); None where no layout that
        is known here keeps all the mass of each row.
    """
    for layout in _LAYOUTS:
        found = layout(weights, tokens)
        if found is not None:
            full, seen = found
            return full, (~seen).expand(full.shape[0], -1, -1)
    return None


def joined(parts: Any, tokens: int) -> tuple[Any, Any] | None:
    """The weights between the tokens of one block, where a model returns them in parts (PEGASUS-X).

    Each token attends to the global tokens, which are learnt and no part of the text, and to the
    tokens of its own block. What it gives to the global tokens is missing in its row.

    Args:
        parts: ``global``, shape (batch, heads, global tokens, global tokens + padded text), and
            ``local``, shape (batch, heads, blocks, length, global tokens + length).
        tokens: how many tokens the pass had, with padding.

    Returns:
        As `laid_out`; None where these are other parts.
    """
    if set(parts) != {"global", "local"} or getattr(parts["local"], "ndim", 0) != 5:
        return None
    local, count = parts["local"], int(parts["global"].shape[2])
    batch, heads, blocks, length, wide = local.shape
    # Every other layer begins half a block earlier, so that its blocks overlap those of the last.
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

    Shape (batch, blocks, heads, length, 3 · length); a query sees less than one length far. Behind
    these keys may come keys of the whole text, each of which stands for several tokens: what a
    token gives to those is missing in its row.
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
    """Whether behind the keys of blocks come others, which stand for several tokens each."""
    return bool(weights.ndim == 5 and weights.shape[4] > 3 * weights.shape[3])


def _scattered(weights: Any, keys: Any, tokens: int) -> tuple[Any, Any] | None:
    """Weights put where their keys stand; None where anything would be lost outside the text.

    Args:
        weights: shape (batch, heads, tokens, width).
        keys: shape (tokens, width): the key of each weight.
        tokens: how many keys there are.
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
