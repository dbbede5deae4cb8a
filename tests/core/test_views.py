"""The registry of views. No other module names a view."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from sphinx_attention.core.analysis.head_scores import HEAD_SCORES
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure import selection
from sphinx_attention.core.render import registry
from sphinx_attention.core.views import DEFAULT_VIEW, HEAD_SCORE_NAMES, VIEWS

PACKAGE = Path(selection.__file__).parents[2]
STATIC = PACKAGE.parent / "static"
# `heads` and `matrix` are names of options, too, so other modules may use them.
NAMES = {"arcs", "grid", "steps"}


def elsewhere() -> list[Path]:
    """Every module that may not name a view. (In entries, ``steps`` is an encoding of weights.)"""
    render = PACKAGE / "core" / "render"
    own = [*(render / name for name in VIEWS), PACKAGE / "core" / "store"]
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.jinja")]
    kept = [file for file in files if not any(file.is_relative_to(folder) for folder in own)]
    return [file for file in kept if file != PACKAGE / "core" / "views.py"]


def is_assigned(node: ast.stmt, name: str) -> bool:
    """Whether a statement assigns a value to a name."""
    return isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == [name]


def test_no_other_module_names_a_view() -> None:
    found = []
    for file in elsewhere():
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".py":
            tree = ast.parse(text)
            # Names of options that authors write may equal names of views.
            code = [node for node in tree.body if not is_assigned(node, "_NAMES_MEANT")]
            nodes = [inner for node in code for inner in ast.walk(node)]
            named = {n.value for n in nodes if isinstance(n, ast.Constant)} & NAMES
        else:
            named = set(re.findall(r"'(\w+)'", text)) & NAMES
        found += [f"{file.relative_to(PACKAGE)}: {name}" for name in sorted(named)]
    assert found == []


def test_a_view_names_no_other_in_its_folder() -> None:
    for view in VIEWS:
        for file in (PACKAGE / "core" / "render" / view).iterdir():
            if file.suffix in {".py", ".jinja"}:
                text = file.read_text(encoding="utf-8")
                named = set(re.findall(r"[\"'](\w+)[\"']", text)) & NAMES
                assert named <= {view}, file


def test_no_sentence_and_no_shared_style_names_a_view() -> None:
    phrase = re.compile(rf"\b(?:the|a) view ({'|'.join(VIEWS)})\b", re.IGNORECASE)
    sentences = [
        f"{file.relative_to(PACKAGE)}: {found[0]}"
        for file in elsewhere()
        if file.is_relative_to(PACKAGE / "core")
        for found in phrase.finditer(file.read_text(encoding="utf-8"))
    ]
    assert sentences == []
    # The paths of folders, and the classes that views give to their pictures.
    named = re.compile(rf"views/({'|'.join(VIEWS)})\b|\.attention-({'|'.join(NAMES)})\b")
    shared = [STATIC / "build.mjs", STATIC / "attention.css", *(STATIC / "css").iterdir()]
    shared += [
        file for file in (STATIC / "src").rglob("*.ts") if file.parent.parent.name != "views"
    ]
    for file in shared:
        assert not named.search(file.read_text(encoding="utf-8")), file


def test_a_view_imports_nothing_of_another() -> None:
    render = f"{registry.__package__}."
    for view in VIEWS:
        others = tuple(render + other for other in VIEWS if other != view)
        for file in (PACKAGE / "core" / "render" / view).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom):
                    # One dot is the view's own folder, and two are the folder of all views.
                    name = render + (node.module or "") if node.level == 2 else node.module or ""
                    names = [name, *(f"{name.rstrip('.')}.{one.name}" for one in node.names)]
                    assert not [one for one in names if one.startswith(others)], file


def test_every_view_has_a_folder_that_draws_it() -> None:
    folders = {path.parent.name for path in (PACKAGE / "core" / "render").glob("*/draw.py")}
    assert folders == set(VIEWS)
    assert next(iter(VIEWS)) == DEFAULT_VIEW == "arcs"


def test_an_unknown_view_is_no_module() -> None:
    with pytest.raises(KeyError):
        registry._module("..common")


def test_every_score_has_a_name() -> None:
    assert tuple(HEAD_SCORES) == HEAD_SCORE_NAMES


def test_a_selection_may_hold_only_the_names_of_its_view() -> None:
    assert selection.read("scale=log&pin=k4") == (("scale", "log"), ("pin", "k4"))
    selection.check_view(selection.read("scale=log"), "matrix")
    with pytest.raises(
        AttentionError, match="expected direction, pin or formula in the view steps"
    ):
        selection.check_view(selection.read("scale=log"), "steps")
