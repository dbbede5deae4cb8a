"""Functions of authors: the protocol, and the errors for every violation of it."""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sphinx_attention.core.analysis import written as measures
from sphinx_attention.core.analysis.logits import chain
from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.request import FunctionSource, MatrixSource, Request
from sphinx_attention.core.sources.answer import Answer
from sphinx_attention.core.store.entry import pack, unpack
from tests.core.sources.functions import EVEN, SOURCE, run


@pytest.fixture
def define(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes the author's function return a value, or raise an exception."""
    module = ModuleType("authors_own")
    monkeypatch.setitem(sys.modules, "authors_own", module)

    def make(answer: Any) -> None:
        module.attend = answer if callable(answer) else lambda _text, **_: answer

    return make


def test_a_tuple_of_tokens_and_weights(define: Callable[..., None]) -> None:
    define((["the", "fox"], EVEN))
    one = run()
    assert isinstance(one, Attention)
    assert one.weights.shape == (1, 1, 2, 2)
    assert one.weights.dtype == np.float32
    assert [(t.text, t.word) for t in one.query_tokens] == [("the", 0), ("fox", 1)]
    assert one.label == "mine"
    assert not one.masked.any()
    assert one.masked.shape == (1, 2, 2)


@pytest.mark.parametrize("shape", [(2, 2), (3, 2, 2), (4, 3, 2, 2)])
def test_missing_dimensions_are_added(define: Callable[..., None], shape: tuple[int, ...]) -> None:
    define({"tokens": ("the", "fox"), "weights": np.full(shape, 0.5).tolist()})
    one = run()
    assert isinstance(one, Attention)
    assert one.weights.shape == (1,) * (4 - len(shape)) + shape


def test_all_entries_of_the_protocol(define: Callable[..., None]) -> None:
    define(
        {
            "tokens": ["<s>", "fox"],
            "key_tokens": ["der", "Fuchs", "lief"],
            "weights": [[1, 0, 0], [0.5, 0.5, 0]],
            "masked": [[False, True, True], [False, False, True]],
            "special": [True, False],
        }
    )
    one = run()
    assert isinstance(one, Attention)
    assert [(t.text, t.special, t.word) for t in one.query_tokens] == [
        ("<s>", True, None),
        ("fox", False, 0),
    ]
    assert [t.text for t in one.key_tokens] == ["der", "Fuchs", "lief"]
    assert one.masked.tolist() == [[[False, True, True], [False, False, True]]]
    assert one.part == "cross"


def test_special_tokens_by_their_texts(define: Callable[..., None]) -> None:
    define({"tokens": ["<s>", "fox"], "weights": EVEN, "special": ["<s>"]})
    one = run()
    assert isinstance(one, Attention)
    assert [t.special for t in one.query_tokens] == [True, False]


def test_the_function_gets_the_options_of_the_request(define: Callable[..., None]) -> None:
    calls = []

    def attend(*args: Any, **options: Any) -> Any:
        calls.append((args, options))
        return ["a", "b"], EVEN

    define(attend)
    run()
    run(Request(SOURCE, "a", pair="b", target="c", part="decoder"))
    assert calls == [
        (("the fox",), {}),
        (("a",), {"pair": "b", "target": "c", "part": "decoder"}),
    ]


def test_tensors_are_taken_without_their_library(define: Callable[..., None]) -> None:
    class Tensor:
        dtype = "torch.bfloat16"

        def __init__(self, log: list[str]) -> None:
            self.log = log

        def __getattr__(self, name: str) -> Any:
            if name not in {"detach", "cpu", "float"}:
                raise AttributeError(name)
            self.log.append(name)
            return lambda: self

        def numpy(self) -> Any:
            return EVEN

    log: list[str] = []
    define((["the", "fox"], Tensor(log)))
    assert isinstance(run(), Attention)
    assert [name for name in log if name != "detach"] == ["cpu", "float"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "NoneType"),
        ("text", "str"),
        ({"tokens": ["a", "b"]}, "no weights"),
        ({"tokens": ["a", "b"], "weights": EVEN, "masks": 1}, "'masks' is not known"),
        (("a b", EVEN), "tokens is a str"),
        ((["a", 1], EVEN), "holds 1"),
        ((["a"], EVEN), "1 query tokens"),
        ((["a", "b"], [0.5, 0.5]), "(2,)"),
        ((["a", "b"], [[1], [0.5, 0.5]]), "no array"),
        ((["a", "b"], [["x", "y"], ["z", "x"]]), "not real numbers"),
        ((["a", "b"], [[0.5, 0.5], [float("nan"), 1]]), "row 1, column 0 is not a finite"),
        ((["a", "b"], [[1.5, -0.5], [0, 1]]), "negative"),
        ((["a", "b"], [[1, 0], [0.5, 0.25]]), "row 1 sums to 0.750"),
        ({"tokens": ["a", "b"], "weights": EVEN, "special": [True]}, "special has 1"),
        ({"tokens": ["a", "b"], "weights": EVEN, "special": 3}, "special is a int"),
        ({"tokens": ["a", "b"], "weights": EVEN, "masked": [True]}, "masked has the shape (1,)"),
        (
            {"tokens": ["a", "b"], "weights": EVEN, "masked": [[False, True], [False, False]]},
            "masked and yet not zero",
        ),
    ],
)
def test_wrong_answers(define: Callable[..., None], answer: Any, says: str) -> None:
    define(answer)
    error = run()
    assert isinstance(error, AttentionError)
    assert error.problem is Problem.FUNCTION
    assert says in error.message
    assert error.message.startswith("authors_own:attend")


def test_a_function_that_raises(define: Callable[..., None]) -> None:
    def attend(_: str) -> None:
        raise KeyError("first\nsecond")

    define(attend)
    error = run()
    assert isinstance(error, AttentionError)
    assert error.problem is Problem.FUNCTION
    assert "raised KeyError" in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no_such_module_at_all:f", "cannot be imported"),
        ("authors_own:missing", "no function 'missing'"),
        ("authors_own", "package.module:function"),
        (":f", "package.module:function"),
    ],
)
def test_a_missing_function(define: Callable[..., None], name: str, says: str) -> None:
    define(None)
    error = run(Request(FunctionSource("mine", name), "the fox"))
    assert isinstance(error, AttentionError)
    assert error.problem is Problem.FUNCTION
    assert says in error.message


def test_a_matrix_is_opened_like_a_function() -> None:
    assert isinstance(run(Request(MatrixSource(text="1 0\n0.5 0.5"), "the fox")), Attention)
    error = run(Request(MatrixSource(text="1 0\n0.5 0.6"), "the fox"))
    assert isinstance(error, AttentionError)
    assert error.problem is Problem.MATRIX


def test_a_masked_array_keeps_its_mask(define: Callable[..., None]) -> None:
    weights = np.ma.array([[1, 0], [0.5, 0.5]], mask=[[False, True], [False, False]])
    define((["a", "b"], weights))
    one = run(Request(SOURCE, "a b"))
    assert one.masked[0].tolist() == [[False, True], [False, False]]


@pytest.mark.models
def test_tensors_one_a_layer(define: Callable[..., None]) -> None:
    """The form of `outputs.attentions`: a tuple of (batch, heads, queries, keys), one per layer."""
    import torch

    layers = tuple(torch.softmax(torch.randn(1, 3, 2, 2), -1).requires_grad_() for _ in range(4))
    define((["a", "b"], layers))
    one = run(Request(SOURCE, "a b"))
    assert one.weights.shape == (4, 3, 2, 2)
    np.testing.assert_allclose(one.weights[2, 1], layers[2][0, 1].detach().numpy(), atol=1e-7)


def test_fractions_are_numbers(define: Callable[..., None]) -> None:
    from fractions import Fraction

    third = Fraction(1, 3)
    define((["a", "b"], [[third, 2 * third], [1, 0]]))
    np.testing.assert_allclose(run().weights[0, 0], [[1 / 3, 2 / 3], [1, 0]], atol=1e-7)


@pytest.mark.parametrize(
    ("tokens", "shown", "words", "special"),
    [
        (["[CLS]", "play", "##ing", "[SEP]"], "[CLS] play ##ing [SEP]", [None, 0, 0, None], "1001"),
        (["<s>", "▁the", "▁play", "ing"], "<s> the play ing", [None, 0, 1, 1], "1000"),
        (["the", "Ġplay", "ing", "."], "the play ing .", [0, 1, 1, 1], "0000"),
        (
            ["<|endoftext|>", "cafÃ©", "Ġ", "Ċ"],
            "<|endoftext|> café ␣ ⏎",
            [None, 0, None, None],
            "1000",
        ),
        (["pl", "ay</w>", "it</w>"], "pl ay it", [0, 0, 1], "000"),
        (["pl@@", "ay", "it"], "pl ay it", [0, 0, 1], "000"),
        (["the", " fo", "x", " runs"], "the fo x runs", [0, 1, 1, 2], "0000"),
        (list("to be"), "t o ␣ b e", [0, 0, None, 1, 1], "00000"),
        (["a", "b", "c"], "a b c", [0, 1, 2], "000"),
        (["a", " ", "\n", ""], "a ␣ ⏎ ⟨⟩", [0, None, None, 1], "0000"),
        (["[MASK]", "<unk>", "<mask>"], "[MASK] <unk> <mask>", [0, 1, 2], "000"),
        (
            ["<pad>", "</s>", "<bos>", "<|im_end|>"],
            "<pad> </s> <bos> <|im_end|>",
            [None] * 4,
            "1111",
        ),
    ],
)
def test_pieces_and_special_tokens_are_known_by_their_forms(
    define: Callable[..., None],
    tokens: list[str],
    shown: str,
    words: list[int | None],
    special: str,
) -> None:
    define((tokens, np.full((len(tokens), len(tokens)), 1 / len(tokens))))
    one = run()
    assert " ".join(token.text for token in one.query_tokens) == shown
    assert [token.word for token in one.query_tokens] == words
    assert "".join(str(int(token.special)) for token in one.query_tokens) == special


def test_the_functions_special_tokens_are_kept(define: Callable[..., None]) -> None:
    define({"tokens": ["[CLS]", "a"], "weights": EVEN, "special": [False, True]})
    assert [token.special for token in run().query_tokens] == [False, True]


def vectors(heads: int = 2, shared: int = 1, size: int = 4) -> dict[str, Any]:
    """Queries, keys and values of two tokens, and the weights that follow from them."""
    draw = np.random.default_rng(5).normal
    queries, keys, values = draw(size=(1, heads, 2, size)), *draw(size=(2, 1, shared, 2, size))
    logits = queries @ keys.repeat(heads // shared, 1).swapaxes(-1, -2) / np.sqrt(size)
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return {"weights": weights, "queries": queries, "keys": keys, "values": values}


KEPT = Request(SOURCE, "the fox", keep=("queries", "keys", "values"))


def test_a_typed_answer_is_the_mapping(define: Callable[..., None]) -> None:
    given = {
        "tokens": ["<s>", "fox"],
        "key_tokens": ["der", "Fuchs"],
        "masked": [[False, True], [False, False]],
        "special": [False, False],
        "weights": [[1, 0], [0.5, 0.5]],
    }
    define(given)
    mapping = run()
    define(Answer(**given))
    typed = run()
    assert isinstance(typed, Attention)
    assert isinstance(mapping, Attention)
    assert typed.query_tokens == mapping.query_tokens
    assert typed.key_tokens == mapping.key_tokens
    assert np.array_equal(typed.weights, mapping.weights)
    assert np.array_equal(typed.masked, mapping.masked)
    define(Answer(["the", "fox"], None))
    assert "the weights are None" in str(run())


@pytest.mark.parametrize("shared", [1, 2])
def test_queries_and_keys_explain_the_weights(define: Callable[..., None], shared: int) -> None:
    given = vectors(shared=shared)
    define(Answer(["the", "fox"], **given))
    one = run(KEPT)
    assert isinstance(one, Attention)
    assert one.logit_terms is not None
    assert not one.logit_terms.missing
    sums = chain(one, 0, 1, 0)
    assert np.allclose(sums.weights, given["weights"][0, 1, 0], atol=1e-6)
    values = given["values"][0, -1]
    assert np.allclose(sums.output, given["weights"][0, 1, 0] @ values, atol=2e-5)
    # The precision of the store.
    again = unpack(pack(KEPT, one), KEPT.key)
    assert np.allclose(again.keys, given["keys"], atol=1e-6)
    # The vectors were not requested.
    plain = run()
    assert isinstance(plain, Attention)
    assert plain.queries is None
    assert plain.logit_terms is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"queries": np.zeros((1, 3, 2, 4))}, "queries of the shape (1, 3, 2, 4): expected (1, 2, 2"),
        ({"keys": np.zeros((1, 2, 3, 4))}, "keys of the shape (1, 2, 3, 4)"),
        ({"keys": np.zeros((2, 7))}, "queries of 4 dimensions and keys of 7"),
        ({"values": np.full((1, 1, 2, 4), np.inf)}, "values hold a number that is not finite"),
        ({"values": [["a", "b"], ["c", "d"]]}, "not real numbers"),
        ({"queries": 3}, "queries of the shape"),
    ],
)  # fmt: skip
def test_vectors_that_do_not_fit(
    define: Callable[..., None], changed: dict[str, Any], says: str
) -> None:
    define({"tokens": ["the", "fox"], **vectors(), **changed})
    one = run(KEPT)
    assert isinstance(one, AttentionError)
    assert one.problem is Problem.FUNCTION
    assert says in one.message


WRITTEN = Request(SOURCE, "the fox", keep=("norms",))


def test_a_function_may_tell_what_its_heads_write(define: Callable[..., None]) -> None:
    define(Answer(["the", "fox"], [[0.8, 0.2], [0.5, 0.5]], norms=[1, 4]))
    one = run(WRITTEN)
    assert isinstance(one, Attention)
    assert np.array_equal(one.norms, [[[1, 4]]])
    assert np.allclose(measures.written(one).weights, [[[[0.5, 0.5], [0.2, 0.8]]]])
    plain = run()
    assert isinstance(plain, Attention)
    assert plain.norms is None


@pytest.mark.parametrize(
    ("norms", "says"),
    [
        ([1, 2, 3], "norms of the shape (1, 1, 3): expected (1, 1, 2), (layers, heads, keys)"),
        ([1, -2], "norms hold a number that is not from 0 to 10^9"),
        ([1, np.nan], "norms hold a number"),
        (["a", "b"], "norms are"),
    ],
)
def test_norms_that_do_not_fit(define: Callable[..., None], norms: Any, says: str) -> None:
    define({"tokens": ["the", "fox"], "weights": EVEN, "norms": norms})
    one = run(WRITTEN)
    assert isinstance(one, AttentionError)
    assert says in one.message


def test_sums_that_do_not_end_at_the_weights_are_reported(define: Callable[..., None]) -> None:
    given = vectors()
    define({"tokens": ["the", "fox"], **given, "queries": 3 * given["queries"]})
    one = run(KEPT)
    assert isinstance(one, Attention)
    assert one.logit_terms is not None
    assert "away from the model’s weights" in ENGLISH.remark(one.logit_terms.missing)
