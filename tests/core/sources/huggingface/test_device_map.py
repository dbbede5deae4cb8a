"""Models that are larger than a device: accelerate spreads them, and the rest lies on the disk."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.models

TEXTS = ("the quick brown fox", "jumps over the lazy dog and the old grey cat")
TENSORS = ("queries", "keys", "values")


def run(source: ModelSource) -> tuple[dict[tuple[str, object], Attention], dict[str, str]]:
    """All answers, by text and layers, and the devices of the parts of the model."""
    requests = [Request(source, text) for text in TEXTS]
    requests.append(Request(source, TEXTS[0], layers=(4,), keep=TENSORS))
    with open_source(source) as runner:
        found = dict(runner.run(requests))
        places = getattr(runner._once.held.model, "hf_device_map", None) or {}
    for answer in found.values():
        assert isinstance(answer, Attention), answer
    return {(r.text, r.layers): a for r, a in found.items()}, {
        str(name): str(place) for name, place in places.items()
    }


@pytest.fixture
def source(minilm: Path) -> ModelSource:
    return ModelSource(name="minilm", path="minilm", folder=str(minilm), device="cpu")


def small_machine(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Make transformers find a machine without accelerators and with that many free bytes."""
    import transformers.integrations.accelerate as integration

    monkeypatch.setattr(integration, "accelerate_max_memory", lambda _=None: {"cpu": size})


# The model takes 91 MB in single precision: 47 MB for the embeddings, and 7 MB for each layer.
@pytest.mark.parametrize(
    ("size", "on_disk"), [(70_000_000, {"cpu", "disk"}), (1_000_000, {"disk"})]
)
def test_with_layers_on_the_disk_the_numbers_are_the_same(
    source: ModelSource,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    size: int,
    on_disk: set[str],
) -> None:
    plain, nowhere = run(source)
    assert nowhere == {}
    small_machine(monkeypatch, size)
    capfd.readouterr()
    offloaded, places = run(replace(source, device_map="auto"))
    assert set(places.values()) == on_disk
    assert offloaded.keys() == plain.keys()
    for place, attention in offloaded.items():
        assert np.abs(attention.weights - plain[place].weights).max() < 2e-5
        for name in TENSORS:
            one, other = getattr(attention, name), getattr(plain[place], name)
            assert (one is None) == (other is None)
            if one is not None:
                assert np.abs(one - other).max() < 1e-4
    # Neither accelerate nor transformers writes to the output of the build.
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_in_half_precision_and_on_the_disk_the_numbers_are_near(
    source: ModelSource, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    plain, _ = run(source)
    small_machine(monkeypatch, 35_000_000)
    half, places = run(replace(source, device_map="auto", dtype=dtype))
    assert "disk" in places.values()
    for place, attention in half.items():
        assert attention.provenance["dtype"] == dtype
        assert 0 < np.abs(attention.weights - plain[place].weights).max() < 3e-2


def test_without_accelerate_the_line_that_installs_it_is_reported(
    source: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers.integrations.accelerate as integration

    monkeypatch.setattr(integration, "is_accelerate_available", lambda *_: False)
    monkeypatch.setitem(sys.modules, "accelerate", None)
    spread = replace(source, device_map="auto")
    with open_source(spread) as runner:
        ((_, answer),) = runner.run([Request(spread, TEXTS[0])])
    assert not isinstance(answer, Attention)
    assert answer.problem == "install"
    assert "pip install" in answer.message
    assert "accelerate" in answer.message
