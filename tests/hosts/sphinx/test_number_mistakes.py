"""Mistakes in options of views and of derivations, and numbers that are missing."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from bs4 import BeautifulSoup

from tests.conftest import FOX
from tests.hosts.sphinx.number_pages import ROWS, carried, figures, pages, tiny, warnings_of

WRONG = [
    ("   :layers: 0-3,7\n", "there is no layer 3, expected 0 to 2"),
    ("   :heads: 4\n", "there is no head 4, expected 0 to 3"),
    ("   :layer: 3\n", "there is no layer 3, expected 0 to 2"),
    ("   :view: heads\n   :head: 0,4\n", "there is no head 4, expected 0 to 3"),
    ("   :view: steps\n   :layer: 3\n", "there is no layer 3, expected 0 to 2"),
    (
        "   :view: steps\n   :formula: sum\n",
        "invalid value 'sum' for formula: expected multiply, dot, scale, cap, bias, softmax, val",
    ),
    (
        "   :view: matrix\n   :formula: dot\n",
        "the option formula belongs to the view steps, and this figure has the view matrix",
    ),
    ("   :layers: 0-2;3\n", "invalid value '0-2;3' for layers: expected whole numbers from 0 and"),
    ("   :head: 0,1\n", "invalid value '0, 1' for head: the view arcs shows one head"),
    (
        "   :layer: 1\n   :layers: 0,2\n",
        "invalid value 1 for layer: the page carries only 0, 2, which the option layers says",
    ),
    (
        "   :aggregate: mean\n   :head: 1\n",
        "the option head does not go with the value 'mean' of aggregate",
    ),
    ("   :aggregate: middle\n", "invalid value 'middle' for aggregate: expected mean, max, mean"),
    (
        "   :view: steps\n   :merge: words\n",
        "invalid value 'words' for merge: the view steps goes from",
    ),
    (
        f"   :view: steps\n\n{ROWS}",
        "invalid value 'steps' for view: expected arcs, heads, grid or matrix",
    ),
    (f"   :pair: x\n\n{ROWS}", "the option pair needs a model"),
    ("   :alsoo: x | y\n", "unknown option 'alsoo' (did you mean also?)"),
    ("   :link: two words\n", "invalid value 'two words' for link: expected one word"),
    (
        "   :view: steps\n   :focus: fox | quick\n",
        "invalid value 'fox | quick' for focus: the view steps follows one token",
    ),
    ("   :focus: fox | cat\n", "invalid value 'cat' for focus: there is no such token"),
]


@pytest.mark.parametrize(("body", "says"), WRONG)
def test_mistakes_are_reported_with_their_place(project, body: str, says: str) -> None:
    made = pages(project, f".. attention-figure:: {FOX}\n{body}\nThe rest.\n")
    made.build()
    (warning,) = warnings_of(made)
    assert warning.startswith(f"{made.folder / 'index.rst'}:4: WARNING: ")
    assert says in warning
    assert warning.endswith("[attention.option]")
    assert not figures(made)
    page = BeautifulSoup(made.html(), "html.parser")
    assert page.find(class_="attention-placeholder")
    assert "The rest." in page.text


def test_flow_past_its_limit_is_reported_and_spares_the_others(project) -> None:
    long = " ".join(f"w{n}" for n in range(140))
    text = (
        f".. attention:: {long}\n   :aggregate: flow\n\n.. attention:: {FOX}\n   :aggregate: flow\n"
    )
    made = pages(project, text)
    made.build()
    (warning,) = warnings_of(made)
    assert re.search(
        r"index\.rst:4: WARNING: aggregate: flow takes too long on 142 tokens; through 3 layers it "
        r"does up to 138; .* \[attention\.option\]",
        warning,
    )
    (figure,) = figures(made)
    assert carried(figure).header["heads"] == ["flow"]


@pytest.mark.slow
def test_flow_without_scipy_names_the_command_that_installs_it(project) -> None:
    made = pages(project, f".. attention:: {FOX}\n   :aggregate: flow\n")
    code = (
        "import sys\n"
        "sys.modules['scipy'] = None\n"
        "from sphinx.cmd.build import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "-q", str(made.folder), "out"],
        check=True,
        cwd=made.folder,
        capture_output=True,
        text=True,
    )
    assert "pip install 'sphinx-attention[flow]'" in done.stderr
    assert "[attention.install]" in done.stderr


SAID = [
    (
        "t5",
        ":part: cross\n   :target: a dog\n   :aggregate: rollout",
        "rollout follows tokens from",
    ),
    ("gpt2", ":pair: a dog", "no format for a pair of sentences; remove the option pair"),
    (
        "gpt2",
        ":target: a dog",
        "is not an encoder-decoder model and takes no target; remove the option",
    ),
    ("gpt2", ":part: cross", "it has decoder: choose from these in the option part, or remove it"),
    ("gpt2", ":view: steps\n   :layer: 7", "layer 7"),
    ("gpt2", ":view: steps\n   :formula: cap", "are multiply, dot, scale, bias, softmax and val"),
    (
        "gpt2",
        ":focus: the\n   :selection: pin=0,k99",
        "invalid value 'k99' for pin in selection: there is no token 99",
    ),
    (
        "gpt2",
        ":view: grid\n   :selection: heads=1,7",
        "for heads in selection: the page carries only 0, 1, 2, 3",
    ),
    ("gpt2", ":layers: 0-7", "no layer 3; its layers with attention are 0 to 2"),
]


@pytest.mark.models
@pytest.mark.parametrize(("kind", "options", "says"), SAID)
def test_missing_parts_of_a_model_are_reported(project, kind: str, options: str, says: str) -> None:
    page = f".. attention:: the cat sat\n   {options}\n\n.. attention:: the cat sat\n"
    made = tiny(project, kind, page)
    made.build()
    (warning,) = warnings_of(made)
    assert re.search(rf"index\.rst:4: WARNING: .*{says}.*\[attention\.option\]$", warning)
    assert len(figures(made)) == 1
