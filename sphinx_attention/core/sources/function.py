"""Attention that a Python function of the author's answers with.

The protocol: a function ``package.module:function`` is called as ``f(text)``, as
``f(text, pair=…)`` where the author gives a second sentence, and with ``target=…`` and ``part=…``
in the same way. It answers with a mapping, or with a tuple of the first two of these in order:

- ``tokens``: the tokens, a sequence of strings; those that attend, if ``key_tokens`` are others.
- ``weights``: shape (layers, heads, queries, keys); missing dimensions in front are added. Each
  row sums to 1 over the keys that are not masked. Anything that numpy reads, or a tensor, or
  several of them, one a layer.
- ``key_tokens`` (optional): the tokens that are attended to; a cross-attention.
- ``masked`` (optional): shape (queries, keys) or (layers, queries, keys), true where a query may
  not see a key; none are if it is left out.
- ``special`` (optional): which tokens the function added itself, one truth value a token, or
  their texts. Without it, tokens of the usual forms, such as ``[CLS]``, are special.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, Request
from sphinx_attention.core.sources.numbers.given import Given
from sphinx_attention.core.sources.numbers.pieces import author_tokens, flags_of
from sphinx_attention.core.sources.numbers.weights import (
    as_layers_and_heads,
    check_weights,
    mask_of,
    truths,
)

from .calling import call, find

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find", "read"]

_KNOWN = ("tokens", "weights", "key_tokens", "masked", "special")
_PAIR_OF_ANSWERS = 2


def read(request: Request) -> Attention:
    """The attention of a request whose source is a function.

    Raises:
        AttentionError: a function that cannot be imported, that raises, or that answers with
            something else than the protocol above.
    """
    source = request.source
    assert isinstance(source, FunctionSource)
    function = find(source.function)
    options = {
        name: value
        for name in ("pair", "target", "part")
        if (value := getattr(request, name)) is not None
    }
    answer = call(source.function, function, request.text, options)
    try:
        # What it answers may raise wherever it is touched.
        with guarded(Problem.FUNCTION, "reading it", exits=True), np.errstate(all="ignore"):
            return _attention(_as_mapping(answer), request)
    except AttentionError as error:
        message = f"{source.function} answered wrongly: {error.message}"
        raise AttentionError(Problem.FUNCTION, message, error.trace) from None


def _as_mapping(answer: Any) -> Mapping[str, Any]:
    if isinstance(answer, tuple) and len(answer) == _PAIR_OF_ANSWERS:
        answer = {"tokens": answer[0], "weights": answer[1]}
        if _is_texts(answer["weights"]) and not _is_texts(answer["tokens"]):
            raise _bad("a tuple of weights and tokens; the tokens come first")
    if not isinstance(answer, Mapping):
        raise _bad(
            f"a {type(answer).__name__}, not a mapping with tokens and weights or a tuple of them"
            f"{_why(answer)}"
        )
    if missing := [name for name in _KNOWN[:2] if name not in answer]:
        hint = ""
        if "attentions" in answer:
            hint = (
                "; this is the output of a model: answer with its tokens, and with "
                "`outputs.attentions` as weights"
            )
        raise _bad(f"no {' and no '.join(missing)}{hint}")
    if unknown := [str(name)[:40] for name in answer if name not in _KNOWN]:
        raise _bad(f"{unknown[0]!r} is not known; the entries are {', '.join(_KNOWN)}")
    return answer


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _why(answer: Any) -> str:
    """What is likely wrong with an answer of another type."""
    if inspect.iscoroutine(answer):
        answer.close()
        return "; an async function cannot be called here, write `def`"
    if inspect.isgenerator(answer):
        return "; write `return` in place of `yield`"
    if answer is None:
        return "; does every way through it end with `return`?"
    return ""


def _bad(message: str) -> AttentionError:
    return AttentionError(Problem.FUNCTION, message)


def _attention(answer: Mapping[str, Any], request: Request) -> Attention:
    array = _array(answer["weights"])
    weights = as_layers_and_heads(array)
    masked = _mask(answer.get("masked"), array, weights)
    crosses = answer.get("key_tokens") is not None
    special = answer.get("special")
    queries = _tokens(answer["tokens"], "tokens", special)
    keys = _tokens(answer["key_tokens"], "key_tokens", None) if crosses else queries
    if weights.shape[2:] != (len(queries), len(keys)):
        raise _bad(
            f"weights of the shape {weights.shape}, (layers, heads, queries, keys), for "
            f"{len(queries)} query tokens and {len(keys)} key tokens"
            f"{_mend(weights.shape, len(queries), len(keys))}"
        )
    check_weights(weights, masked, Problem.FUNCTION)
    return Attention(
        query_tokens=queries,
        key_tokens=keys,
        weights=weights.astype(np.float32),
        masked=masked,
        part=request.part or ("cross" if crosses else "encoder"),
        label=request.source.label,
        provenance={"function": request.source.label},
    )


def _mend(shape: tuple[int, ...], queries: int, keys: int) -> str:
    """What to do about tokens that do not fit."""
    if (queries, keys) == shape[:1:-1]:
        return "; the rows are queries: transpose the last two axes"
    if queries != shape[2] and shape[2] != shape[3]:
        return "; for cross-attention, tokens are the queries and key_tokens the keys"
    if queries == keys and shape[2] == shape[3]:
        return "; name every token that the weights have a row for, the special ones too"
    return ""


def _array(value: Any) -> NDArray[Any]:
    """Anything array-like; a tensor by its own methods, without importing its library."""
    if isinstance(value, list | tuple) and any(hasattr(one, "detach") for one in value):
        # One tensor a layer, as models answer with them.
        parts = [_array(one) for one in value]
        if len({part.shape for part in parts}) > 1:
            shapes = ", ".join(str(part.shape) for part in parts[:4])
            raise _bad(f"its layers have different shapes: {shapes}; make one shape of them")
        return np.stack(parts)
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(getattr(value, "dtype", "")).endswith("bfloat16"):
            # numpy has no such numbers.
            value = value.float()
        value = value.numpy()
    try:
        array = (
            np.ma.asanyarray(value) if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
        )
    except (ValueError, TypeError) as error:
        what = (str(error).splitlines() or [""])[0]
        raise _bad(f"the numbers are no array: {what}{_generated(value)}") from None
    if array.dtype == object and array.ndim > 1 and all(isinstance(n, Real) for n in array.flat):
        return array.astype(np.float64)  # Fractions, and whole numbers of any size.
    return array


def _generated(value: Any) -> str:
    """A hint for the attentions of ``generate()``: one tuple a step, each one of tensors."""
    nested = isinstance(value, tuple) and value and isinstance(value[0], tuple)
    if not nested:
        return ""
    return (
        "; attentions of `generate()` have one entry a step, each with another shape: take one "
        "step, `attentions[0]`"
    )


def _tokens(texts: Any, name: str, special: Any) -> tuple[Token, ...]:
    if isinstance(texts, str) or not isinstance(texts, Sequence | np.ndarray):
        raise _bad(f"{name} is a {type(texts).__name__}, not a list of strings")
    if wrong := [t for t in texts if not isinstance(t, str)]:
        raise _bad(f"{name} holds {_brief(wrong[0])}, which is no string")
    given = [str(t) for t in texts]
    flags = None if special is None else _array(special).tolist()
    return author_tokens(given, flags_of(flags, given))


def _brief(value: Any) -> str:
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= 40 else f"{shown[:40]}…"


def _mask(masked: Any, array: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The mask: as answered, or that of a masked array."""
    if masked is None and isinstance(array, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(array)
    given = None if masked is None else truths(_array(masked))
    return mask_of(Given(array, masked=given), weights)
