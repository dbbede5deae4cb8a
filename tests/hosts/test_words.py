"""One mistake, reported by each host in the syntax of its authors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import sphinx_attention
from sphinx_attention.hosts.cli import main
from tests.conftest import FOX, FOX_ROWS, indent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Project


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fox.csv").write_text(FOX_ROWS.replace(" ", ","))


# Options, and their names in messages of Sphinx, the command line and Python.
MISTAKES: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"layer": "-1"},
        "invalid value '-1' for layer: expected a whole number from 0, or auto",
        "invalid value '-1' for -O layer: expected a whole number from 0, or auto",
        "invalid value '-1' for layer: expected a whole number from 0, or auto",
    ),
    (
        {"layr": "1"},
        "unknown option 'layr' (did you mean layer?); the options are model, also",
        "unknown option 'layr' (did you mean layer?); the options are model, also",
        "unknown argument 'layr' (did you mean layer?); the arguments are model, also",
    ),
    (
        {"generate": "3", "merge": "words"},
        "the option merge does not go with the option generate, because",
        "-O merge does not go with -O generate, because",
        "the argument merge does not go with the argument generate, because",
    ),
    (
        {"scores": "logits", "view": "heads"},
        (
            "the option scores needs a matrix, and this figure has none: remove the option scores, or "
            "write the numbers in the body, or name a file of them in the option matrix"
        ),
        (
            "-O scores needs a matrix, and this figure has none: remove -O scores, or name a file of "
            "numbers in --matrix"
        ),
        (
            "the argument scores needs a matrix, and this figure has none: remove the argument scores, "
            "or give the numbers as weights, or name a file of them in the argument matrix"
        ),
    ),
    (
        {"matrix": "gone.csv"},
        "matrix: gone.csv cannot be read",
        "--matrix: gone.csv cannot be read",
        "matrix: gone.csv cannot be read",
    ),
    (
        {"matrix": "fox.csv", "also": "a slow brown fox"},
        "the option also needs a model, and this figure has its own matrix: remove the option also",
        "-O also needs a model, and this figure has its own matrix: remove -O also",
        (
            "the argument also needs a model, and this figure has its own matrix: remove the argument "
            "also"
        ),
    ),
    (
        {"view": "steps", "merge": "words"},
        "have none: remove the option merge",
        "have none: remove -O merge",
        "have none: remove the argument merge",
    ),
    (
        {"layer": "1.2"},
        "write both numbers, in the option layer and the option head",
        "write both numbers, in -O layer and -O head",
        "write both numbers, in the argument layer and the argument head",
    ),
    (
        {"selection": "layer=1"},
        "write it as the option layer",
        "write it as -O layer",
        "write it as the argument layer",
    ),
    (
        {"layer": "9"},
        "invalid value 9 for layer: there is no layer 9, expected 0 to 2",
        "invalid value 9 for -O layer: there is no layer 9, expected 0 to 2",
        "invalid value 9 for layer: there is no layer 9, expected 0 to 2",
    ),
    (
        {"compare": "sentence"},
        "give exactly one further sentence in the option also, or remove the option compare",
        "give exactly one further sentence in -O also, or remove -O compare",
        "give exactly one further sentence in the argument also, or remove the argument compare",
    ),
    (
        {"matrix": "fox.csv", "causal": "yes"},
        "invalid value 'yes' for causal: expected no value: write the option alone, or remove it",
        "invalid value 'yes' for -O causal: expected no value: write its name alone, or remove it",
        "invalid value 'yes' for causal: expected True or False",
    ),
]
IDS = [" ".join(f"{name}={value}" for name, value in options.items()) for options, *_ in MISTAKES]


@pytest.mark.parametrize("mistake", MISTAKES, ids=IDS)
def test_the_command_line_names_its_options(mistake: tuple[dict[str, Any], str, str, str]) -> None:
    options, _, says, _ = mistake
    given = [part for name, value in options.items() for part in ("-O", f"{name}={value}")]
    answer = CliRunner().invoke(main, ["render", FOX, "-o", "fox.svg", *given])
    assert answer.exit_code
    assert says in " ".join(answer.output.split())


@pytest.mark.parametrize("mistake", MISTAKES, ids=IDS)
def test_a_program_gets_the_names_of_its_arguments(
    mistake: tuple[dict[str, Any], str, str, str],
) -> None:
    options, _, _, says = mistake
    with pytest.raises(sphinx_attention.AttentionError, match=re.escape(says)):
        sphinx_attention.figure(FOX, **options)


def test_a_page_names_the_options_of_its_directive(
    project: Callable[..., Project], tmp_path: Path
) -> None:
    """All mistakes stand on one page, and the build has called Python before."""
    blocks = [
        f".. attention-figure:: {FOX}\n"
        + indent("\n".join(f":{name}: {value}" for name, value in options.items()))
        for options, *_ in MISTAKES
    ]
    calls = (
        "import sphinx_attention\n"
        "try:\n    sphinx_attention.figure('a fox', layer=-1)\n"
        "except sphinx_attention.AttentionError:\n    pass\n"
    )
    page = "P\n=\n\n" + "\n\n".join(blocks) + "\n"
    rows = (tmp_path / "fox.csv").read_text()
    made = project({"index.rst": page, "fox.csv": rows}, f'{calls}attention_model = "builtin"\n')
    made.build()
    warnings = re.sub(r"\x1b\[[0-9;]*m", "", made.warnings)
    assert len(warnings.splitlines()) == len(MISTAKES)
    for _, says, _, _ in MISTAKES:
        assert says in warnings
