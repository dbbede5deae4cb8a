"""Functions of authors: the protocol, and the errors for every violation of it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
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
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.answer import Answer
from sphinx_attention.core.store.entry import pack, unpack

SOURCE = FunctionSource("mine", "authors_own:attend")
EVEN = np.full((2, 2), 0.5)


@pytest.fixture
def define(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes the author's function return a value, or raise an exception."""
    module = ModuleType("authors_own")
    monkeypatch.setitem(sys.modules, "authors_own", module)

    def make(answer: Any) -> None:
        module.attend = answer if callable(answer) else lambda _text, **_: answer

    return make


def run(request: Request | None = None) -> Attention | AttentionError:
    request = request or Request(SOURCE, "the fox")
    with open_source(request.source) as runner:
        ((same, answer),) = runner.run([request])
    assert same is request
    return answer


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


# Functions that fail, in files of their own: the message names the file and the line.


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Writes modules of an author into a folder on the path, and calls one of them."""
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)

    def make(files: dict[str, str], name: str = "course.models:f", **asked: Any) -> Any:
        for file, text in files.items():
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return run(Request(FunctionSource("mine", name), "the fox", **asked))

    yield make
    for module in set(sys.modules) - known:
        if (getattr(sys.modules[module], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[module]


GOOD = "def f(text):\n    return text.split(), [[0.5, 0.5], [0.3, 0.7]]\n"
FAILING = {
    "an exception": (
        "def g(x):\n    return 1 / x\n\n\ndef f(text):\n    return g(0)\n",
        "course.models:f raised ZeroDivisionError: division by zero (course/models.py, line 2)",
    ),
    "an exception in a library": (
        "import json\n\n\ndef f(text):\n    return json.loads(text)\n",
        "(course/models.py, line 5)",
    ),
    "an exception without words": ("def f(text):\n    raise ValueError\n", "raised ValueError ("),
    "an exception of several lines": (
        "def f(text):\n    raise ValueError('one\\ntwo')\n",
        "raised ValueError: one two (",
    ),
    "an exception without end": (
        "def f(text):\n    raise ValueError('x' * 10_000_000)\n",
        "xxx… (course/models.py, line 2)",
    ),
    "an exception that raises": (
        (
            "class E(Exception):\n    def __str__(self):\n        1 / 0\n\n\n"
            "def f(text):\n    raise E\n"
        ),
        "raised E (course/models.py, line 7)",
    ),
    "sys.exit": (
        "import sys\n\n\ndef f(text):\n    sys.exit('bye')\n",
        (
            "it ended the program (SystemExit: bye) (course/models.py, line 5); a function must not call "
            "sys.exit, or read the command line with argparse"
        ),
    ),
    "argparse": (
        (
            "import argparse\n\n\ndef f(text):\n"
            "    p = argparse.ArgumentParser()\n    p.add_argument('--size', required=True)\n"
            "    return p.parse_args()\n"
        ),
        "it ended the program (SystemExit: 2) (course/models.py, line 7); a function must not call",
    ),
    "sys.exit while it is imported": (
        "import sys\nsys.exit(3)\n",
        (
            "the module of course.models:f cannot be imported: it ended the program (SystemExit: 3) "
            "(course/models.py, line 2); put what runs as a program under `if __name__ =="
        ),
    ),
    "argparse while it is imported": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('x')\np.parse_args(['-q'])\n"
        + GOOD,
        "(SystemExit: 2) (course/models.py, line 4); put what runs as a program under",
    ),
    "an exception while it is imported": (
        "x = {}\nx['a']\n",
        "cannot be imported: KeyError: 'a' (course/models.py, line 2)",
    ),
    "no Python": ("def f(:\n", "SyntaxError: invalid syntax"),
    "no Python, its line": ("\n\ndef f(:\n", "(course/models.py, line 3)"),
    "a library that is missing": (
        "import surely_not_here.at_all\n" + GOOD,
        "(course/models.py, line 1); install it, `pip install surely_not_here`",
    ),
    "another base of exceptions": (
        "class Stop(BaseException): pass\n\n\ndef f(text):\n    raise Stop('now')\n",
        "raised Stop: now (course/models.py, line 5)",
    ),
    "endless recursion": (
        "def f(text):\n    return f(text)\n",
        "failed: it is nested too deeply (course/models.py, line 2)",
    ),
    "no memory": (
        "def f(text):\n    raise MemoryError\n",
        "failed: there is not enough memory (course/models.py, line 2)",
    ),
    "a generator": ("def f(text):\n    yield 1\n", "a generator, not a mapping with tokens"),
    "a coroutine": ("async def f(text):\n    return 1\n", "an async function cannot be called"),
    "nothing": ("def f(text):\n    pass\n", "does every way through it end with `return`?"),
    "another name": ("def attend(text): pass\n\n\ndef ff(text): pass\n", "did you mean ff?"),
    "no function": ("f = 3\n", "has no function 'f'; it is a int"),
    "no argument": ("def f(): pass\n", "is called as f(text), and does not take that: too many"),
    "two arguments": ("def f(text, model): pass\n", "missing a required argument: 'model'"),
    "a model's output": (
        "def f(text):\n    return {'logits': 1, 'attentions': 2}\n",
        "this is the output of a model: answer with its tokens, and with `outputs.attentions`",
    ),
    "the other order": (
        "def f(text):\n    return [[0.5, 0.5], [0.3, 0.7]], text.split()\n",
        "a tuple of weights and tokens; the tokens come first",
    ),
    "logits": (
        "def f(text):\n    return text.split(), [[1.5, -0.5], [0.3, 0.7]]\n",
        "is negative; if these are logits, apply softmax in the function",
    ),
    "too few tokens": (
        "def f(text):\n    return ['the'], [[0.5, 0.5], [0.3, 0.7]]\n",
        (
            "weights of the shape (1, 1, 2, 2), (layers, heads, queries, keys), for 1 query tokens and 1 "
            "key tokens; name every token that the weights have a row for, the special ones too"
        ),
    ),
    "axes in the other order": (
        (
            "def f(text):\n"
            "    return {'tokens': ['a'], 'key_tokens': ['b', 'c'], 'weights': [[1], [1]]}\n"
        ),
        "the rows are queries: transpose the last two axes",
    ),
    "one token a line, as numbers": (
        "def f(text):\n    return [101, 102], [[0.5, 0.5], [0.3, 0.7]]\n",
        "tokens holds 101, which is no string",
    ),
}


@pytest.mark.parametrize(("module", "says"), FAILING.values(), ids=FAILING)
def test_functions_that_fail(
    written: Callable[..., Any], capfd: pytest.CaptureFixture[str], module: str, says: str
) -> None:
    error = written({"course/models.py": module})
    assert isinstance(error, AttentionError)
    assert error.problem is (Problem.MEMORY if "memory" in says else Problem.FUNCTION)
    assert says in error.message
    assert "\n" not in error.message
    assert len(error.message) < 500
    capfd.readouterr()  # The output of argparse goes to the usual streams.


@pytest.mark.parametrize("key", ["an exception", "sys.exit", "sys.exit while it is imported"])
def test_the_whole_traceback_is_kept(written: Callable[..., Any], key: str) -> None:
    error = written({"course/models.py": FAILING[key][0]})
    assert "Traceback (most recent call last)" in error.trace
    assert "models.py" in error.trace


def test_an_interrupt_goes_through(written: Callable[..., Any]) -> None:
    with pytest.raises(KeyboardInterrupt):
        written({"course/models.py": "def f(text):\n    raise KeyboardInterrupt\n"})
    with pytest.raises(KeyboardInterrupt):
        written({"course/stop.py": "raise KeyboardInterrupt\n"}, "course.stop:f")


def test_an_option_that_the_function_does_not_take(written: Callable[..., Any]) -> None:
    error = written({"course/models.py": GOOD}, pair="a cat")
    assert (
        "is called as f(text, pair=…), and does not take that: got an unexpected" in error.message
    )


@pytest.mark.parametrize(
    ("hiding", "hidden"),
    [
        ("transformers", "the library"),
        ("torch", "the library"),
        ("token", "a module of Python's own"),
    ],
)
def test_a_file_that_hides_a_library_is_named(
    written: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, hiding: str, hidden: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == hiding]:
        monkeypatch.delitem(sys.modules, name)
    error = written(
        {
            f"{hiding}.py": "VERSION = 1\n",
            "course/models.py": f"import {hiding}\n\n\ndef f(text):\n    return {hiding}.load(text)\n",
        }
    )
    assert f"{hiding}.py hides {hidden} {hiding}: give it another name" in error.message
    assert "(course/models.py, line 5)" in error.message


def test_a_module_of_pythons_own_in_place_of_the_authors(written: Callable[..., Any]) -> None:
    error = written({}, "json:attend")
    assert "the module json, which is " in error.message
    assert "__init__.py, has no function 'attend'" in error.message


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
    assert np.allclose(sums.output, given["weights"][0, 1, 0] @ values, atol=1e-5)
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
