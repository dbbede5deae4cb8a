"""The model that a name stands for, and the messages for names that stand for none."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from sphinx_attention.core.authoring.declarations import find_source
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import FunctionSource, ModelSource

MODELS = {
    "minilm": {"id": "sentence-transformers/all-MiniLM-L6-v2"},
    "mine": {"path": "checkpoints/mine"},
    "lab/bert-small": {"id": "lab/bert"},
    "toy": {"function": "course:attention"},
}


def refused(name: Any, base: Path, models: Any = MODELS) -> AttentionError:
    with pytest.raises(AttentionError) as caught:
        find_source(name, models, base)
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "lab/bert-smal",
        "lab/bert",
        "sentence-transformers/all-MiniLM-L12-v2",
        "mine/mine",
        "org/yolo.pt",
        "gpt2",
        "t5-small",
        "bert-base-uncased",
        "roberta-base",
        "some-model-of-a-mirror",
    ],
)
def test_a_correct_id_is_accepted_though_it_resembles_a_declared_name(
    tmp_path: Path, name: str
) -> None:
    near = {"gpt": {"id": "a/b"}, "t5-smal": {"id": "a/b"}, "bert-base-cased": {"id": "a/b"}}
    assert find_source(name, {**MODELS, **near}, tmp_path) == ModelSource(name=name, id=name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("minlm", "minilm"),
        ("MiniLM", "minilm"),
        ("mien", "mine"),
        ("toys", "toy"),
        ("buitlin", "builtin"),
        ("Builtin", "builtin"),
        ("built-in", "builtin"),
        ("build-in", "builtin"),
    ],
)
def test_the_nearest_name(tmp_path: Path, name: str, meant: str) -> None:
    error = refused(name, tmp_path)
    assert error.problem is Problem.MODEL
    assert f"did you mean {meant!r}?" in error.message


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("https://huggingface.co/org/model", "is an address; write the id alone: 'org/model'"),
        ("huggingface.co/org/model/tree/main", "write the id alone: 'org/model'"),
        ("https://example.org/model", "is not an id of the hub"),
        ("org/model@v2", '{"id": "org/model", "revision": "v2"}'),
        ("gpt 2", "is not an id of the hub"),
        ("gpt2 minilm", "which has no blank; for several models, write commas between"),
        ("llama3:8b", "is not an id of the hub"),
        ("minilm, mine", "is not an id of the hub"),
        ("", "is not an id of the hub"),
        ("x" * 5000, "is not an id of the hub"),
        ("x\0y", "is not an id of the hub"),
        ("./a\0b", "cannot be the path of a model's folder"),
        ("~nobody-of-this-name/model", "cannot be the path of a model's folder"),
        ("llama.Q4_K_M.gguf", "is the name of a file"),
        ("model.safetensors", "is the name of a file"),
    ],
)
def test_what_is_no_model(tmp_path: Path, name: str, says: str) -> None:
    error = refused(name, tmp_path)
    assert error.problem is Problem.MODEL
    assert says in error.message
    assert len(error.message) < 400


@pytest.mark.parametrize("name", ["./there", "there", "a/b/c", "/root/x", "~/x", "..\\x", "x.gguf"])
def test_a_folder_or_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "x.gguf").touch()
    found = find_source(name, MODELS, tmp_path)
    assert isinstance(found, ModelSource)
    assert (found.path, found.id) == (name, None)


def test_a_path_may_be_an_object(tmp_path: Path) -> None:
    class Own:
        def __fspath__(self) -> str:
            return "checkpoints/mine"

    expected = find_source("mine", MODELS, tmp_path)
    for path in (Path("checkpoints/mine"), PurePosixPath("checkpoints/mine"), Own()):
        found = find_source("mine", {"mine": {"path": path}}, tmp_path)
        assert found == expected
        assert isinstance(found, ModelSource)
        assert found.path == "checkpoints/mine"
        assert found.folder == str(tmp_path / "checkpoints" / "mine")
    assert Settings(model=Path("mine")).model == "mine"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        (None, "has to be a dict"),
        ("./checkpoints/mine", "such as {\"path\": './checkpoints/mine'}"),
        (Path("mine"), "such as {\"path\": 'mine'}"),
        ("org/model", "such as {\"id\": 'org/model'}"),
        ([1], "it is [1]"),
        ({}, 'needs "id", "path" or "function"'),
        ({"pth": "x"}, "unknown entry 'pth'; did you mean 'path'?"),
        ({"id": 5}, "['id'] is 5; it has to be a string"),
        ({"id": "https://hf.co/org/model"}, "write the id alone: 'org/model'"),
        ({"id": "./mine"}, 'write "path" instead of "id"'),
        ({"path": ""}, "is empty"),
        ({"path": b"mine"}, "it has to be a string or a path"),
        ({"path": "x", "dtype": "flaot32"}, "it has to be float32, bfloat16, float16"),
        ({"path": "x", "pickled_weights": "yes"}, "it has to be True or False"),
        ({"function": print}, "such as 'builtins:print'"),
        ({"function": "a:b", "version": True}, "it has to be a string or a whole number"),
        ({"function": "a:b", "dtype": "float16"}, "The entries are function, version"),
    ],
)
def test_a_broken_declaration_keeps_its_name(tmp_path: Path, declared: Any, says: str) -> None:
    # The hub may have a model of that name.
    error = refused("gpt2", tmp_path, {"gpt2": declared})
    assert error.problem is Problem.CONFIG
    assert "the setting models['gpt2']" in error.message
    assert says in error.message


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    assert "has to be a string" in refused(5, tmp_path, {5: {"id": "a/b"}}).message


def test_declarations_come_first(tmp_path: Path) -> None:
    models = {"builtin": {"id": "a/b"}, "there": {"function": "a:b"}}
    (tmp_path / "there").mkdir()
    assert find_source("builtin", models, tmp_path) == ModelSource(name="builtin", id="a/b")
    assert isinstance(find_source("there", models, tmp_path), FunctionSource)
