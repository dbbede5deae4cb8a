"""The computation of one attention layer, read from the arguments of its eager function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.remarks import remark

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Mapping

_HIDES = -1e4
"""A smaller addend hides a key. Half precision ends at -65504, and a bias is larger."""

_BIAS = "position_bias"
"""The argument that adds relative positions to the logits, separately from the mask."""


Span = tuple[int, int]
"""The first of some tokens, and the token after the last one."""


@dataclass(frozen=True, slots=True)
class Call:
    """The tensors of one attention layer for one batch.

    Attributes:
        weights: shape (batch, heads, queries, keys).
        masked: shape (batch, queries, keys), True where a query may not see a key; None if
            the backend does not know.
        queries: shape (batch, heads, queries, dim), or None.
        keys: shape (batch, key-value heads, keys, dim), or None.
        values: shape (batch, key-value heads, keys, dim), or None.
        number: the layer's own number within the model, if it has one.
        module: the layer.
        given: the arguments of its eager function by name; empty if the backend does not know.
        blocks: for layers that also attend to blocks of tokens, the tokens of each block. The keys
            of the blocks come after those of the tokens.
        joined: the outputs of all heads side by side, shape (batch, queries, heads, dim); None if
            the backend does not know.
        candidates: the modules that may be the output projection of the layer (`projection`).
    """

    weights: Any
    masked: Any = None
    queries: Any = None
    keys: Any = None
    values: Any = None
    number: int | None = None
    module: Any = None
    given: Mapping[str, Any] = field(default_factory=dict)
    blocks: tuple[Span, ...] = ()
    joined: Any = None
    candidates: tuple[Any, ...] = ()

    @property
    def sinks(self) -> Any:
        """Logits that may take part in the softmax without being keys; None if there are none.

        Some models (Granite) multiply the output by a factor from them instead.
        """
        return _first(self.given.get("s_aux"), getattr(self.module, "sinks", None))

    def blocks_of(self, keys: int) -> tuple[Span, ...]:
        """The blocks of a text with this number of tokens, without the blocks of its padding."""
        return tuple(block for block in self.blocks if block[1] <= keys)

    def columns(self, keys: int) -> slice | list[int]:
        """The keys of a text with this number of tokens, without those of its padding."""
        if not self.blocks:
            return slice(keys)
        tokens = self.weights.shape[-1] - len(self.blocks)
        return [*range(keys), *range(tokens, tokens + len(self.blocks_of(keys)))]


@dataclass(frozen=True, slots=True)
class DeviceTerms:
    """The terms between a layer's dot products of queries and keys and its softmax, on the device.

    Attributes:
        scale: the factor of the dot products.
        softcap: the bound of the logits; 0 if they have none.
        bias: the addend of seen keys, shape (batch or 1, heads or 1, queries, keys), 0 elsewhere;
            None if there is none.
        sinks: shape (heads,), logits that take part in the softmax and are not keys; or None.
        missing: the reason why the terms are not known; empty if they are.
    """

    scale: float
    softcap: float = 0.0
    bias: Any = None
    sinks: Any = None
    missing: str = ""


def describe(module: Any, arguments: Mapping[str, Any], weights: Any, joined: Any = None) -> Call:
    """The description of one call of a layer's eager function, from its arguments.

    Args:
        module: the layer.
        arguments: the arguments of its eager function by name, in order: first the module, then
            queries, keys and values.
        weights: the returned weights, shape (batch, heads, queries, keys).
        joined: the returned outputs of the heads; None if they are not known.
    """
    queries, keys, values = (tuple(arguments.values()) + (None,) * 3)[1:4]
    number = getattr(module, "layer_idx", None)
    return Call(
        weights,
        _masked(_added(arguments), weights),
        *_fitting(weights, queries, keys, values),
        number=number if isinstance(number, int) else None,
        module=module,
        given=arguments,
        blocks=_blocks(module, weights),
        joined=joined,
    )


def terms_of(call: Call) -> DeviceTerms:
    """The logit terms of a layer, as far as its arguments and attributes show them.

    The eager functions of transformers multiply by ``scaling``, bend by ``softcap``, add a
    ``position_bias`` and a mask, and let the layer's ``sinks`` take part in the softmax. Whether
    there are other terms must be checked against the weights.
    """
    scale = _number(_first(call.given.get("scaling"), getattr(call.module, "scaling", None)))
    softcap = _number(call.given.get("softcap") or 0.0)
    if scale is None and call.given.get("scaling") is None:
        scale = float(call.queries.shape[-1]) ** -0.5
    if scale is None or softcap is None:
        return DeviceTerms(1.0, missing=remark("several_scales"))
    sinks = call.sinks
    if sinks is not None and sinks.numel() != call.weights.shape[1]:
        return DeviceTerms(scale, softcap, missing=remark("sinks_differ"))
    return DeviceTerms(scale, softcap, _bias(call), None if sinks is None else sinks.flatten())


def _blocks(module: Any, weights: Any) -> tuple[Span, ...]:
    """The tokens of further keys, in layers that compress earlier tokens (DeepSeek-V4).

    A key stands for ``compress_rate`` tokens. If windows overlap, it also stands for as many tokens
    before these, and its compressor has two vectors for each token.
    """
    compressor = getattr(module, "compressor", None)
    rate = getattr(compressor, "compress_rate", 0)
    queries, keys = weights.shape[-2:]
    if not rate or keys - queries != queries // rate:
        return ()
    size = getattr(getattr(compressor, "position_bias", None), "shape", (0,))[-1]
    reach = rate if size == 2 * getattr(module, "head_dim", 0) else 0
    return tuple((max(0, n * rate - reach), (n + 1) * rate) for n in range(keys - queries))


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _number(value: Any) -> float | None:
    """A number, also from a tensor of one number; None for anything else."""
    if isinstance(value, int | float):
        return float(value)
    return float(value) if getattr(value, "numel", lambda: 0)() == 1 else None


def _added(arguments: Mapping[str, Any]) -> list[Any]:
    """The mask: an addend of the logits, or True where a key is seen."""
    tensors = (arguments.get("attention_mask"), arguments.get(_BIAS))
    return [tensor for tensor in tensors if getattr(tensor, "ndim", 0) == 4]


def _bias(call: Call) -> Any:
    torch = require("torch")
    keys = call.weights.shape[-1]
    bias = None
    for tensor in _added(call.given):
        if tensor.dtype == torch.bool:
            continue
        seen = tensor[..., :keys].float()
        seen = seen.masked_fill(seen <= _HIDES, 0.0)
        if seen.any():
            bias = seen if bias is None else bias + seen
    if bias is None:
        return None
    return bias.expand(-1, -1, call.weights.shape[2], keys).masked_fill(call.masked[:, None], 0.0)


def _masked(added: list[Any], weights: Any) -> Any:
    """Which keys each query may not see, shape (batch, queries, keys).

    Args:
        added: the mask of the layer: an addend, or True where a key is seen; for one head or for
            all, and perhaps wider than the keys.
        weights: shape (batch, heads, queries, keys).
    """
    torch = require("torch")
    batch, _, queries, keys = weights.shape
    zero = weights.amax(dim=1) == 0
    if not added:
        later = torch.ones(queries, keys, dtype=torch.bool, device=weights.device).triu(1)
        causal = queries == keys > 1 and bool(zero[:, later].all())
        return later.expand(batch, -1, -1) if causal else torch.zeros_like(zero)
    hidden = torch.zeros_like(zero)
    for tensor in added:
        seen = tensor if tensor.dtype == torch.bool else tensor > _HIDES
        hidden = hidden | ~seen[..., :keys].any(dim=1)
    # A key that has weight is seen, even if the mask hides it.
    return hidden & zero


def _fitting(weights: Any, queries: Any, keys: Any, values: Any) -> tuple[Any, Any, Any]:
    """Queries, keys and values if they have the usual shapes, otherwise None."""
    batch, heads, rows, columns = weights.shape
    tensors = (queries, keys, values)
    if any(getattr(t, "ndim", 0) != 4 for t in tensors):
        return None, None, None
    fits = (
        tuple(queries.shape[:3]) == (batch, heads, rows)
        and keys.shape[0] == values.shape[0] == batch
        and keys.shape[2] == values.shape[2] == columns
        and keys.shape[1] == values.shape[1]
        and heads % keys.shape[1] == 0
    )
    return tensors if fits else (None, None, None)
