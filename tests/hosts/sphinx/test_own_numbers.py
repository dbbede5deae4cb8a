"""Numbers of an author on a page that has a model: they are drawn or refused, never replaced."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.conftest import indent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODEL = 'attention_model = "builtin"\n'


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """A build that hangs fails the test."""
    signal.alarm(120)
    yield
    signal.alarm(0)


def page(syntax: str, bodies: list[str], text: str = "the cat") -> dict[str, str]:
    """A page with one figure for each body."""
    if syntax == "rst":
        figures = [f".. attention-figure:: {text}\n\n{indent(body)}\n" for body in bodies]
        return {"index.rst": "P\n=\n\n" + "\n".join(figures)}
    figures = [f"```{{attention-figure}} {text}\n{body}\n```\n" for body in bodies]
    return {"index.md": "# P\n\n" + "\n".join(figures)}


DRAWN = [
    "0.5 0.5\n0.3 0.7\n\nLayer 5, head 11",
    "[[0.5, 0.5], [0.3, 0.7]]",
    "tensor([[0.5, 0.5],\n        [0.3, 0.7]], grad_fn=<SoftmaxBackward0>)\n\nA caption.",
    "[[0.5 0.5]\n [0.3 0.7]]",
    "50% 50%\n30% 70%",
    "1/2 1/2\n3/10 7/10",
    "| 0.5 | 0.5 |\n| 0.3 | 0.7 |",
    "+-----+-----+\n| 0.5 | 0.5 |\n+-----+-----+\n| 0.3 | 0.7 |\n+-----+-----+",
    "===  ===\n0.5  0.5\n0.3  0.7\n===  ===",
    "the 0.5 0.5\ncat 0.3 0.7",
    "the cat\n0.5 0.5\n0.3 0.7",
    "# a comment\n0.5 0.5\n0.3 0.7",
    "0.5\t0.5\n0.3\t0.7",
]
CAPTIONS = ["Layer 5, head 11", "Head 11", "In 2018", "2 of 72 heads", "60 steps."]
REFUSED = [
    ("0,5 0,5\n0,3 0,7", 0, "write 0.5 with a point"),
    ("0.5 0.5\n0.3 x", 1, "'x' is not a number"),
    ("the 0.5 0.5\ndog 0.3 0.7", 1, "row 1 is labelled 'dog'"),
    ("A caption.\n\n0.5 0.5\n0.3 0.7", 2, "numbers below the caption are not read"),
    ("[[0.5, 0.5],\n [0.3, 0.8]]", 1, "row 1 sums to 1.100"),
    ("1 0\n0 1\n\n0.5 0.5\n\n0.3 0.9", 3, "different numbers of rows"),
]


@pytest.mark.parametrize("syntax", ["rst", "myst"])
def test_matrices_are_drawn_and_captions_are_captions(
    project: Callable[..., Any], syntax: str
) -> None:
    made = project(page(syntax, [*DRAWN, *CAPTIONS]), MODEL)
    made.build(strict=True)
    figures = BeautifulSoup(made.html(), "html.parser").select("figure.attention-figure")
    models = [figure.find(class_="attention-model").text for figure in figures]
    assert models == ["given weights"] * len(DRAWN) + ["builtin"] * len(CAPTIONS)
    captions = [figure.find(class_="caption-text") for figure in figures[len(DRAWN) :]]
    assert [caption.text for caption in captions if caption] == CAPTIONS


@pytest.mark.parametrize("syntax", ["rst", "myst"])
def test_a_refusal_names_the_line(project: Callable[..., Any], syntax: str) -> None:
    files = page(syntax, [body for body, _, _ in REFUSED])
    made = project(files, MODEL)
    made.build()
    ((name, text),) = files.items()
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines, 1) if "attention-figure" in line]
    output = re.findall(rf"{name}:(\d+): WARNING: (.*)", made.warnings)
    assert len(output) == len(REFUSED)
    for start, (place, message), (_, below, says) in zip(starts, output, REFUSED, strict=True):
        first = start + (2 if syntax == "rst" else 1)
        assert int(place) == first + below
        assert says in message
    soup = BeautifulSoup(made.html(), "html.parser")
    assert not soup.select("figure.attention-figure")
    assert len(soup.select(".attention-placeholder")) == len(REFUSED)


def one(option: str) -> dict[str, str]:
    return {"index.rst": f"P\n=\n\n.. attention-figure:: a b\n   {option}\n"}


def test_a_secret_outside_is_shown_nowhere(project: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("hunter2,0.5\n0.5,0.5\n")
    made = project(
        one(":matrix: ../secret.csv")
        | {"b.rst": "B\n=\n\n.. attention-figure:: a b\n   :matrix: link.csv\n"}
    )
    (made.folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    made.build()
    assert "matrix: ../secret.csv lies outside the folder of the sources" in made.warnings
    assert "matrix: link.csv is a link to a file outside the folder" in made.warnings
    everything = made.warnings + made.html() + made.html("b")
    assert "hunter2" not in everything
    assert str(tmp_path / "secret.csv") not in made.html() + made.html("b")


def test_a_setting_allows_a_folder_beside_the_sources(
    project: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "numbers").mkdir()
    (tmp_path / "numbers" / "w.csv").write_text("0.25,0.75\n0,1\n")
    made = project(
        one(":matrix: ../numbers/w.csv\n   :focus: a"), 'attention_file_roots = ["../numbers"]\n'
    )
    made.build(strict=True)
    assert "0.750" in made.html()


@pytest.mark.parametrize("value", ['"numbers"', "3", "[3]", "{}"])
def test_a_wrong_setting(project: Callable[..., Any], value: str) -> None:
    made = project({"index.rst": "P\n=\n"}, f"attention_file_roots = {value}\n")
    made.build()
    assert "attention_file_roots" in made.warnings
    assert "WARNING: conf.py: " in made.warnings


@pytest.mark.posix
@pytest.mark.parametrize(
    ("kind", "what"), [("pipe", "a named pipe"), ("device", "a device"), ("folder", "a folder")]
)
def test_a_build_waits_for_no_pipe_or_device(
    project: Callable[..., Any], kind: str, what: str
) -> None:
    made = project(one(":matrix: w.npy"), 'attention_file_roots = ["/dev"]\n')
    path = made.folder / "w.npy"
    {"pipe": os.mkfifo, "device": lambda at: at.symlink_to("/dev/zero"), "folder": os.mkdir}[kind](
        path
    )
    made.build()
    assert f"index.rst:4: WARNING: matrix: w.npy cannot be read: it is {what}" in made.warnings


FUNCTION = (
    "import os, sys\nsys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\n"
    'attention_models = {"mine": {"function": "own_numbers_fails:f"}}\nattention_model = "mine"\n'
)


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("import sys\ndef f(text):\n    sys.exit(1)\n", "own_numbers_fails.py, line 3"),
        (
            "import argparse\nargparse.ArgumentParser().parse_args(['-q'])\n",
            "own_numbers_fails.py, line 2",
        ),
        ("def f(text):\n    return 1 / 0\n", "ZeroDivisionError: division by zero"),
        (
            "def f(text):\n    return text.split(), [[9, 9], [9, 9]]\n",
            "whole numbers look like counts",
        ),
    ],
)
def test_a_function_never_ends_a_build(
    project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, module: str, says: str
) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "own_numbers_fails", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    files = {
        "index.rst": "P\n=\n\n.. attention:: the cat\n\nThe rest.\n",
        "own_numbers_fails.py": module,
    }
    made = project(files, FUNCTION)
    made.build()
    monkeypatch.delitem(sys.modules, "own_numbers_fails", raising=False)
    assert "index.rst:4: WARNING: " in made.warnings
    assert says in made.warnings
    assert "[attention.function]" in made.warnings
    assert "The rest." in made.html()


def test_the_traceback_of_a_function_is_shown_with_v(
    project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "own_numbers_fails", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    module = "def g():\n    return 1 / 0\n\n\ndef f(text):\n    return g()\n"
    made = project(
        {"index.rst": "P\n=\n\n.. attention:: the cat\n", "own_numbers_fails.py": module}, FUNCTION
    )
    made.build(verbosity=1)
    assert 'own_numbers_fails.py", line 6, in f' in made.warnings + made.status
    assert 'own_numbers_fails.py", line 2, in g' in made.warnings + made.status
