"""``model: builtin``: found everywhere, the same everywhere, captured like any other model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.request import FunctionSource, ModelSource, Request
from sphinx_attention.core.sources.builtin import FOLDER, builtin, revision_of
from sphinx_attention.core.store.folder import FolderStore

if TYPE_CHECKING:
    from pathlib import Path


def test_the_name_stands_for_the_model_of_the_package(tmp_path: Path) -> None:
    source = Settings().source("builtin", tmp_path)
    assert source == builtin()
    assert isinstance(source, ModelSource)
    assert source.folder == str(FOLDER)
    assert source.label == "builtin"


def test_a_declaration_of_the_project_wins_over_the_shipped_model(tmp_path: Path) -> None:
    settings = Settings(models={"builtin": {"function": "notes:own"}})
    assert isinstance(settings.source("builtin", tmp_path), FunctionSource)


def test_the_key_does_not_depend_on_the_folder_of_the_package() -> None:
    source = builtin()
    moved = ModelSource(name="builtin", id=source.id, folder="/x", revision=source.revision)
    assert Request(source, "the fox").key == Request(moved, "the fox").key
    assert str(FOLDER) not in Request(source, "the fox").canonical()


def test_the_revision_is_that_of_the_weights() -> None:
    assert builtin().revision == revision_of(FOLDER)


@pytest.mark.models
def test_it_is_captured_like_every_model(tmp_path: Path) -> None:
    text = "the quick brown fox jumps over the lazy dog"
    library = Library(FolderStore(tmp_path))
    request = Request(builtin(), text)
    list(library.capture(library.missing([request])))
    attention = library.get(request)
    assert [t.text for t in attention.query_tokens] == ["<start>", *text.split()]
    assert [t.special for t in attention.query_tokens] == [True] + [False] * 9
    assert [t.word for t in attention.query_tokens] == [None, *range(9)]
    assert attention.causal
    model = AutoModel.from_pretrained(FOLDER, dtype=torch.float32, attn_implementation="eager")
    inputs = AutoTokenizer.from_pretrained(FOLDER)(text, return_tensors="pt")
    with torch.no_grad():
        expected = model(**inputs, output_attentions=True).attentions
    # The store keeps weights more precisely than a figure shows them.
    np.testing.assert_allclose(
        attention.weights, np.stack([layer[0].numpy() for layer in expected]), atol=5e-4
    )
