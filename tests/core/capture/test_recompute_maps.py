"""``cache check`` measures the fidelity of a stored map on its stored places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.capture import compute
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.capture.recompute import recompute
from sphinx_attention.core.store.base import MemoryStore
from sphinx_attention.core.store.entry import pack

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.capture.compute import Opener
    from sphinx_attention.core.request import Request, Source

TEXTS = "the cat sat on the mat", "a dog ran in the park", "birds sing"


def _stored_map(store: MemoryStore, folder: Path, projection: str) -> Request:
    (folder / "list.txt").write_text("\n".join(TEXTS))
    context = HostContext(Settings(model="builtin"), folder, lambda name: folder / name)
    options = {"view": "map", "file": "list.txt", "projection": projection}
    request = parse("", options, None, context).request
    list(Library(store).capture([request]))
    return request


def test_each_sentence_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    request = _stored_map(store, tmp_path, "bipartite")
    asked: list[str] = []
    run = compute._run

    def noted(source: Source, requests: list[Request], opener: Opener) -> object:
        asked.extend(one.text for one in requests)
        return run(source, requests, opener)

    monkeypatch.setattr(compute, "_run", noted)
    assert dict(recompute(store, [request])) == {request: ""}
    assert sorted(asked) == sorted(TEXTS)


@pytest.mark.parametrize("projection", ["bipartite", "tsne"])
def test_places_that_do_not_fit_the_fidelity_are_told(tmp_path: Path, projection: str) -> None:
    store = MemoryStore()
    request = _stored_map(store, tmp_path, projection)
    assert dict(recompute(store, [request])) == {request: ""}

    stored = store.get(request.key)
    assert stored is not None
    assert stored.summary is not None
    places = stored.summary.arrays[projection]
    moved = np.random.default_rng(0).permutation(places, axis=2)
    summary = replace(stored.summary, arrays={**stored.summary.arrays, projection: moved})
    store.write(request.key, pack(request, replace(stored, summary=summary)))
    assert "does not fit its places" in dict(recompute(store, [request]))[request]
