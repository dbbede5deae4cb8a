"""Attention that a Python function of the author returns.

The protocol: a function ``package.module:function`` is called as ``f(text)``, as
``f(text, pair=…)`` where the author gives a second sentence, and with ``target=…`` and ``part=…``
in the same way. It returns an `Answer`, a mapping with these entries, or a tuple of the first two:

- ``tokens``: the texts of the query tokens; without ``key_tokens``, also of the key tokens.
- ``weights``: shape (layers, heads, queries, keys); missing leading axes are added. Each row sums
  to 1 over the keys that are not masked. The value may be anything that NumPy reads, a tensor, or a
  sequence with a tensor for each layer.
- ``key_tokens`` (optional): the texts of the key tokens of a cross-attention.
- ``masked`` (optional): shape (queries, keys) or (layers, queries, keys), true where a query may
  not see a key. Without it, no key is masked.
- ``special`` (optional): which tokens the function itself added: one truth value for each token, or
  the texts of these tokens. Without it, tokens in the usual forms, such as ``[CLS]``, are special.
- ``norms`` (optional): shape (layers, heads, keys), the length of what each key adds to a head's
  output where its weight is 1, for figures that show what a head writes.
- ``queries``, ``keys``, ``values`` (optional): shape (layers, heads, tokens, dimensions), for
  figures that show how weights come about; keys and values may have fewer heads.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, Request, Tensor
from sphinx_attention.core.sources.logit_terms import LayerLogitTerms, with_logit_terms
from sphinx_attention.core.sources.numbers.foreign import as_array, as_norms, as_vectors
from sphinx_attention.core.sources.numbers.generated import assemble, is_generated
from sphinx_attention.core.sources.numbers.given import Given
from sphinx_attention.core.sources.numbers.pieces import author_tokens, flags_of
from sphinx_attention.core.sources.numbers.weights import (
    as_layers_and_heads,
    check_weights,
    mask_later,
    mask_of,
    softmax,
    truths,
)

from .answer import Answer
from .calling import call, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sphinx_attention.core.request import Scores

__all__ = ["find", "read", "read_answer", "reader"]

_KNOWN = tuple(field.name for field in fields(Answer))
_PAIR_OF_ANSWERS = 2


def reader() -> Callable[[Request], Attention]:
    """A reader that calls a function once for successive requests with the same arguments.

    A figure of two measures makes two such requests.
    """
    answers: dict[Any, Any] = {}
    return lambda request: read(request, answers)


def read(request: Request, answers: dict[Any, Any] | None = None) -> Attention:
    """The attention of a request whose source is a function.

    Args:
        request: the request.
        answers: the last answer by its call; it is replaced by the answer to this request.

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
    answers = {} if answers is None else answers
    requested = (source.function, request.text, tuple(options.items()))
    if requested not in answers:
        answer = call(source.function, function, request.text, options)
        answers.clear()
        answers[requested] = answer
    answer = answers[requested]
    try:
        # Any access to the answer may raise an exception.
        with guarded(Problem.FUNCTION, "reading it", exits=True), np.errstate(all="ignore"):
            return read_answer(answer, request)
    except AttentionError as error:
        message = f"{source.function} answered wrongly: {error.neutral}"
        raise AttentionError(Problem.FUNCTION, message, error.trace) from None


def read_answer(
    answer: Any,
    request: Request,
    *,
    problem: Problem = Problem.FUNCTION,
    scores: Scores = "weights",
    causal: bool = False,
) -> Attention:
    """The attention in an answer.

    Args:
        answer: an `Answer`, a mapping with its entries, or a tuple of tokens and weights.
        request: the request, with the part, the kept tensors, and the name of the source.
        problem: the kind of the problem in errors.
        scores: whether the numbers are weights, or logits that still need a softmax.
        causal: whether later keys are masked.

    Raises:
        AttentionError: the answer is of another type, or its numbers are not attention weights.
    """
    return _attention(_as_mapping(answer), request, problem, scores, causal=causal)


def _as_mapping(answer: Any) -> Mapping[str, Any]:
    if isinstance(answer, Answer):
        return answer.as_mapping()
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
    """The probable mistake in an answer of another type."""
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


def _attention(
    answer: Mapping[str, Any], request: Request, problem: Problem, scores: Scores, *, causal: bool
) -> Attention:
    given = answer.get("weights")
    steps = assemble(given, problem) if is_generated(given) else None
    causal = causal or (steps is not None and steps.causal)
    array = as_array(given, problem) if steps is None else steps.weights
    weights = as_layers_and_heads(array)
    masked = _mask(answer.get("masked"), array, weights)
    if causal:
        masked = mask_later(masked, weights)
    if scores == "logits":
        weights, masked = softmax(weights, masked)
    crosses = answer.get("key_tokens") is not None
    special = answer.get("special")
    queries = _tokens(answer["tokens"], "tokens", special)
    if steps is not None and len(queries) == weights.shape[2] + 1:
        queries = queries[:-1]  # The model wrote the last token and did not read it.
    keys = _tokens(answer["key_tokens"], "key_tokens", None) if crosses else queries
    if weights.shape[2:] != (len(queries), len(keys)):
        raise _bad(
            f"weights of the shape {weights.shape}, (layers, heads, queries, keys), for "
            f"{len(queries)} query tokens and {len(keys)} key tokens"
            f"{_mend(weights.shape, len(queries), len(keys))}"
        )
    check_weights(weights, masked, problem)
    attention = Attention(
        query_tokens=queries,
        key_tokens=keys,
        weights=weights.astype(np.float32),
        masked=masked,
        part=request.part or ("cross" if crosses else "decoder" if causal else "encoder"),
        label=request.source.label,
        provenance={"function": request.source.label} if request.source.label else {},
    )
    return _with_vectors(attention, answer, request, problem)


def _with_vectors(
    attention: Attention, answer: Mapping[str, Any], request: Request, problem: Problem
) -> Attention:
    """The attention with the queries, keys and values that are requested and given."""
    layers, heads, queries, keys = attention.weights.shape
    given: dict[str, Any] = {
        name: as_vectors(
            answer[name],
            name,
            shape=(layers, heads, queries if name == "queries" else keys),
            problem=problem,
        )
        for name in get_args(Tensor)
        if name != "norms" and answer.get(name) is not None
    }
    if "norms" in request.keep and answer.get("norms") is not None:
        norms = as_norms(answer["norms"], (layers, heads, keys), problem)
        attention = replace(attention, norms=norms)
    kept = {name: array for name, array in given.items() if name in request.keep}
    shared = {array.shape[1] for name, array in kept.items() if name != "queries"}
    if len(shared) > 1 or "keys" not in kept:
        # All other code expects that keys and values have the same number of heads.
        kept = {name: array.repeat(heads // array.shape[1], 1) for name, array in kept.items()}
    if not {"queries", "keys"} <= kept.keys():
        return replace(attention, **kept)
    size, other = kept["queries"].shape[3], kept["keys"].shape[3]
    if size != other:
        raise AttentionError(
            problem, f"queries of {size} dimensions and keys of {other}: expected as many"
        )
    # The scale is the usual one, or 1: queries may be scaled already, and some models have no
    # scale.
    attention = replace(attention, **kept)
    tried = [
        with_logit_terms(attention, [LayerLogitTerms(scale, 0.0, None, None, "")] * layers)
        for scale in (1 / math.sqrt(size), 1.0)
    ]
    return next((one for one in tried if one.logit_terms and not one.logit_terms.missing), tried[0])


def _mend(shape: tuple[int, ...], queries: int, keys: int) -> str:
    """A hint about a number of tokens that does not fit the weights; empty without one."""
    if (queries, keys) == shape[:1:-1]:
        return "; the rows are queries: transpose the last two axes"
    if queries != shape[2] and shape[2] != shape[3]:
        return "; for cross-attention, tokens are the queries and key_tokens the keys"
    if queries == keys and shape[2] == shape[3]:
        return "; name every token that the weights have a row for, the special ones too"
    return ""


def _tokens(texts: Any, name: str, special: Any) -> tuple[Token, ...]:
    if isinstance(texts, str) or not isinstance(texts, Sequence | np.ndarray):
        raise _bad(f"{name} is a {type(texts).__name__}, not a list of strings")
    if wrong := [t for t in texts if not isinstance(t, str)]:
        raise _bad(f"{name} holds {_brief(wrong[0])}, which is not a string")
    given = [str(t) for t in texts]
    flags = None if special is None else as_array(special).tolist()
    return author_tokens(given, flags_of(flags, given))


def _brief(value: Any) -> str:
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= 40 else f"{shown[:40]}…"


def _mask(masked: Any, array: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The mask in the answer, or that of a masked array."""
    if masked is None and isinstance(array, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(array)
    given = None if masked is None else truths(as_array(masked))
    return mask_of(Given(array, masked=given), weights)
