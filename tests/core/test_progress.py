"""Slow steps are reported to the listener, and to no one else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.progress import announce, listener, listening

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_listener_gets_messages() -> None:
    message: list[str] = []
    announce("nobody")
    with listening(message.append):
        announce("one")
        inner: list[str] = []
        with listening(inner.append, bars=True):
            announce("two")
        announce("three")
    announce("nobody")
    assert (message, inner) == (["one", "three"], ["two"])
    assert listener() is None


@pytest.mark.models
def test_a_model_that_is_loaded(tiny_model: Callable[[str], Path]) -> None:
    from sphinx_attention.core.request import ModelSource, Request
    from sphinx_attention.core.sources import open_source

    message: list[str] = []
    source = ModelSource("mine", path="mine", folder=str(tiny_model("bert")))
    with listening(message.append), open_source(source) as runner:
        list(runner.run([Request(source, "the fox")]))
        list(runner.run([Request(source, "the dog")]))
    assert message == ["loading mine"]


@pytest.mark.models
@pytest.mark.parametrize("bars", [True, False])
def test_a_download(
    bars: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sphinx_attention.core.sources.huggingface import hub as _hub

    monkeypatch.setattr(_hub, "_A_LINE_EVERY", 0.0)
    message: list[str] = []
    with listening(message.append, bars=bars):
        with _hub._bar()(total=5_000_000, desc="model.safetensors", unit="B", name="x") as bar:
            bar.update(2_000_000)
            bar.refresh()
        with _hub._bar()(total=500, desc="config.json") as small:
            small.update(500)
    shown = capsys.readouterr().err
    if bars:
        assert message == []
        assert "model.safetensors:  40%" in shown
    else:
        assert message == [
            "downloading model.safetensors (5.0 MB)",
            "downloading model.safetensors: 2.0 MB of 5.0 MB",
        ]
        assert shown == ""
    assert "config.json" not in shown
