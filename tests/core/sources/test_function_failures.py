"""Functions of authors that fail: the message names the mistake, the file and the line."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, Request
from tests.core.sources.functions import run

# Functions that fail, in files of their own: the message names the file and the line.


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Writes modules of an author into a folder on the path, and calls one of them."""
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)

    def make(files: dict[str, str], name: str = "course.models:f", **requested: Any) -> Any:
        for file, text in files.items():
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return run(Request(FunctionSource("mine", name), "the fox", **requested))

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
        "tokens holds 101, which is not a string",
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
