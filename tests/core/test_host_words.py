"""Messages: core writes them without a host's syntax, and the host that shows them adds its own."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

import sphinx_attention.core
from sphinx_attention.core.analysis.difference import NoDifferenceError
from sphinx_attention.core.errors import AttentionError, InvalidValueError, Problem, in_words_of
from sphinx_attention.core.host_words import (
    HostWords,
    expected_of_flag,
    give_numbers,
    in_settings,
    in_words,
    named,
    noun,
    option,
    setting,
    settings_file,
    use_words,
)
from sphinx_attention.core.sources.numbers.line_error import LineError
from sphinx_attention.core.sources.numbers.weights import MaskedWeightError, WeightsError

SHELL = HostWords(
    prefix="SHELL_",
    file="shell.toml",
    option="--{}",
    named="-{}",
    own={"matrix": "<FILE>"},
    noun="flag",
    numbers="pipe numbers",
    flag="expected nothing",
)
ALL = " / ".join(
    (
        *(option("layer"), named("layer"), option("matrix"), named("matrix"), noun()),
        *(setting("model") + in_settings(), settings_file(), give_numbers(), expected_of_flag()),
    )
)


def test_marks_become_the_words_of_the_host() -> None:
    assert in_words(ALL, SHELL) == (
        "--layer / -layer / <FILE> / <FILE> / flag / SHELL_model in shell.toml / shell.toml / "
        "pipe numbers / expected nothing"
    )
    assert in_words(ALL) == (
        "the option layer / layer / the option matrix / matrix / option / the setting model / the "
        "settings / give the numbers themselves, or a file of them with the option matrix / "
        "expected no value: write the option alone, or remove it"
    )


@pytest.mark.parametrize("kind", ["own", "prefix", "format", "option"])
def test_a_text_of_an_author_with_the_characters_of_a_mark_does_no_harm(kind: str) -> None:
    text = f"\ufdd0{kind}:{{0.__class__}}\ufdd1 \ufdd0 \ufdd1"
    assert "{0.__class__}" in in_words(text, SHELL)


ERRORS = [
    AttentionError(Problem.TEXT, f"remove {option('pair')}", "trace", line=3, setting="layer"),
    InvalidValueError("layer", 9, "there is none"),
    LineError(4, f"add {option('causal')}"),
    WeightsError(Problem.MATRIX, f"set {option('scores')}", (0, 1, 2)),
    MaskedWeightError(Problem.MATRIX, f"set {option('scores')}", (0, 1, 2)),
    NoDifferenceError("they have nothing in common"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_of_another_process_has_the_words_of_the_host_that_shows_it(
    error: AttentionError,
) -> None:
    same = pickle.loads(pickle.dumps(error))
    assert type(same) is type(error)
    for name in ("problem", "neutral", "trace", "line", "setting"):
        assert getattr(same, name) == getattr(error, name)
    before = same.message
    use_words(SHELL)
    assert same.message == str(same) == in_words(error.neutral, SHELL) != before


def test_an_error_keeps_the_words_of_the_host_in_which_it_was_raised() -> None:
    use_words(HostWords(option="outer {}"))
    with pytest.raises(AttentionError) as caught, in_words_of(SHELL):
        raise AttentionError(Problem.OPTION, f"remove {option('pair')}")
    assert (
        caught.value.message == pickle.loads(pickle.dumps(caught.value)).message == "remove --pair"
    )
    assert AttentionError(Problem.OPTION, option("pair")).message == "outer pair"


# Words of a host: an option in prose, a field or a role of reStructuredText, files and settings of
# Sphinx, and the place of a directive.
OF_A_HOST = re.compile(
    r"\bthe options? [a-z{]|\bconf\.py\b|\battention_[a-z]|\bdirective\b|:[a-z]+:[` ]"
    r"|\bbody\b|\b(its|a) line of its own\b|\bown line\b|\bnumbers below\b|(?<![\w}])--[a-z]|[a-z]=…"
)
COMMAND = re.compile(r"`sphinx-attention [^`]*`|pip install --?[a-z-]+|install --[a-z-]+")
"""Commands for a shell, which every host may name."""

IN_DOCS = {"options.py", "settings.py", "html.py"}
"""Modules with double backquotes in texts for the reference page, which are no messages."""


def _strings(tree: ast.Module) -> list[tuple[int, str]]:
    """The strings of a module except docstrings. In f-strings, ``{x}`` stands for a value."""
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            texts = [p.value if isinstance(p, ast.Constant) else "{x}" for p in node.values]
            found.append((node.lineno, "".join(map(str, texts))))
        elif isinstance(node, ast.Constant) and id(node) not in documents | parts:
            found.append((node.lineno, str(node.value)))
    return found


def test_no_message_of_core_names_a_hosts_syntax() -> None:
    folder = Path(sphinx_attention.core.__path__[0])
    wrong = [
        f"{path.relative_to(folder)}:{line}: {text}"
        for path in sorted(folder.rglob("*.py"))
        if path.name != "host_words.py"
        for line, text in _strings(ast.parse(path.read_text(encoding="utf-8")))
        if OF_A_HOST.search(COMMAND.sub("", text))
        and " " in text
        and not (path.name in IN_DOCS and "``" in text)
    ]
    assert not wrong, "\n".join(wrong)
