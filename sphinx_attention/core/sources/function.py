"""Attention that a Python function of the author's answers with.

The protocol: a function ``package.module:function`` is called as ``f(text)``, as
``f(text, pair=…)`` where the author gives a second sentence, and with ``target=…`` and ``part=…``
in the same way. It answers with a mapping, or with a tuple of the first two of these in order:

- ``tokens``: the tokens, a sequence of strings; those that attend, if ``key_tokens`` are others.
- ``weights``: shape (layers, heads, queries, keys); missing dimensions in front are added. Each
  row sums to 1 over the keys that are not masked. Anything that numpy reads, or a tensor.
- ``key_tokens`` (optional): the tokens that are attended to; a cross-attention.
- ``masked`` (optional): shape (queries, keys) or (layers, queries, keys), true where a query may
  not see a key; none are if it is left out.
- ``special`` (optional): which tokens the function added itself, one truth value a token, or
  their texts.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, Request

from ._weights import as_layers_and_heads, check_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    try:
        answer = function(request.text, **options)
    except AttentionError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        raise _wrong(source, f"raised {type(error).__name__}: {lines[0]}") from error
    try:
        return _attention(_as_mapping(answer), request)
    except AttentionError as error:
        raise _wrong(source, f"answered wrongly: {error.message}") from None


def find(name: str) -> Callable[..., Any]:
    """Import ``package.module:function``.

    Raises:
        AttentionError: there is no such module or function, or importing it fails.
    """
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise AttentionError(
            Problem.FUNCTION, f"{name!r} is no function; write package.module:function"
        )
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        raise AttentionError(
            Problem.FUNCTION,
            f"the module of {name} cannot be imported: {type(error).__name__}: {lines[0]}; it has "
            "to be installed, or its folder on sys.path",
        ) from error
    for attribute in path.split("."):
        found = getattr(found, attribute, None)
    if not callable(found):
        raise AttentionError(Problem.FUNCTION, f"the module {module_name} has no function {path!r}")
    function: Callable[..., Any] = found
    return function


def _wrong(source: FunctionSource, what: str) -> AttentionError:
    return AttentionError(Problem.FUNCTION, f"{source.function} {what}")


def _as_mapping(answer: Any) -> Mapping[str, Any]:
    if isinstance(answer, tuple) and len(answer) == _PAIR_OF_ANSWERS:
        answer = {"tokens": answer[0], "weights": answer[1]}
    if not isinstance(answer, Mapping):
        raise _bad(
            f"a {type(answer).__name__}, not a mapping with tokens and weights or a tuple of them"
        )
    if missing := [name for name in _KNOWN[:2] if name not in answer]:
        raise _bad(f"no {' and no '.join(missing)}")
    if unknown := [str(name) for name in answer if name not in _KNOWN]:
        raise _bad(f"{unknown[0]!r} is not known; the entries are {', '.join(_KNOWN)}")
    return answer


def _bad(message: str) -> AttentionError:
    return AttentionError(Problem.FUNCTION, message)


def _attention(answer: Mapping[str, Any], request: Request) -> Attention:
    try:
        weights = as_layers_and_heads(_array(answer["weights"]))
    except AttentionError as error:
        raise _bad(error.message) from None
    crosses = answer.get("key_tokens") is not None
    special = answer.get("special")
    queries = _tokens(answer["tokens"], "tokens", special)
    keys = _tokens(answer["key_tokens"], "key_tokens", None) if crosses else queries
    if weights.shape[2:] != (len(queries), len(keys)):
        raise _bad(
            f"weights of the shape {weights.shape} for {len(queries)} query tokens and "
            f"{len(keys)} key tokens"
        )
    masked = _mask(answer.get("masked"), weights.shape)
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


def _array(value: Any) -> NDArray[Any]:
    """Anything array-like; a tensor by its own methods, without importing its library."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(getattr(value, "dtype", "")).endswith("bfloat16"):
            # numpy has no such numbers.
            value = value.float()
        value = value.numpy()
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise _bad(f"the numbers are no array: {str(error).splitlines()[0]}") from None


def _tokens(texts: Any, name: str, special: Any) -> tuple[Token, ...]:
    if isinstance(texts, str) or not isinstance(texts, Sequence | np.ndarray):
        raise _bad(f"{name} is a {type(texts).__name__}, not a list of strings")
    if wrong := [t for t in texts if not isinstance(t, str)]:
        raise _bad(f"{name} holds {wrong[0]!r}, which is no string")
    flags = _flags(special, [str(t) for t in texts])
    words = iter(range(len(texts)))
    return tuple(
        Token(str(t), special=flag, word=None if flag else next(words))
        for t, flag in zip(texts, flags, strict=True)
    )


def _flags(special: Any, texts: Sequence[str]) -> list[bool]:
    if special is None:
        return [False] * len(texts)
    given = _array(special).tolist()
    if not isinstance(given, list):
        raise _bad(f"special is a {type(special).__name__}, not a list")
    if all(isinstance(one, str) for one in given):
        return [text in given for text in texts]
    if len(given) != len(texts):
        raise _bad(f"special has {len(given)} entries for {len(texts)} tokens")
    return [bool(one) for one in given]


def _mask(masked: Any, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    layers, _, queries, keys = shape
    if masked is None:
        return np.zeros((1, queries, keys), dtype=np.bool_)
    array = _array(masked).astype(np.bool_)
    if array.ndim == 2:
        array = array[None]
    if array.shape not in ((1, queries, keys), (layers, queries, keys)):
        raise _bad(f"masked has the shape {array.shape}; it needs {(queries, keys)}")
    return array
