"""Models and texts that fail: each failure has a message, and the other texts are answered."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
from tests.core.sources.runs import (
    FOX,
    answers,
    attentions,
    failure,
    source_of,
)

pytestmark = pytest.mark.models

Tiny = Callable[[str], Path]


class TestFailures:
    def test_a_model_without_attention(self, tiny_model: Tiny) -> None:
        error = failure(Request(source_of(tiny_model("mamba")), FOX))
        assert error.problem is Problem.MODEL
        assert "no attention" in error.message

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        error = failure(Request(source_of(tmp_path / "nowhere"), FOX))
        assert error.problem is Problem.MODEL
        assert "nowhere" in error.message

    def test_a_folder_without_a_model(self, tmp_path: Path) -> None:
        error = failure(Request(source_of(tmp_path), FOX))
        assert error.problem is Problem.MODEL
        assert "config.json" in error.message

    def test_a_model_that_is_not_cached_offline(self) -> None:
        source = ModelSource("m", id="nobody/nothing-of-the-kind")
        error = failure(Request(source, FOX))
        assert error.problem is Problem.NETWORK
        assert "nobody/nothing-of-the-kind" in error.message
        assert "HF_HUB_OFFLINE" in error.message

    def test_all_requests_fail_when_the_model_does_not_load(self, tmp_path: Path) -> None:
        one, two = answers([Request(source_of(tmp_path), t) for t in ("the fox", "a dog")])
        assert isinstance(one, AttentionError)
        assert isinstance(two, AttentionError)
        assert one.message == two.message

    def test_pickled_weights_need_the_option(self, tiny_model: Tiny, tmp_path: Path) -> None:
        import torch
        from safetensors.torch import load_file

        for file in tiny_model("bert").iterdir():
            if file.suffix == ".safetensors":
                torch.save(load_file(file), tmp_path / "pytorch_model.bin")
            else:
                (tmp_path / file.name).write_bytes(file.read_bytes())
        error = failure(Request(source_of(tmp_path), FOX))
        assert error.problem is Problem.MODEL
        assert '"pickled_weights": True' in error.message
        attentions([Request(source_of(tmp_path, pickled_weights=True), FOX)])

    def test_code_of_a_model_needs_the_option(self, tiny_model: Tiny, tmp_path: Path) -> None:
        for file in tiny_model("bert").iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        config = (tmp_path / "config.json").read_text()
        config = config.replace('"bert"', '"strange"', 1)
        own_code = '"auto_map": {"AutoConfig": "strange.Config", "AutoModel": "strange.Model"},'
        (tmp_path / "config.json").write_text(config.replace("{", "{" + own_code, 1))
        (tmp_path / "strange.py").write_text("raise SystemExit")
        error = failure(Request(source_of(tmp_path), FOX))
        assert error.problem is Problem.MODEL
        assert '"trust_remote_code": True' in error.message

    def test_weights_of_another_model(self, tiny_model: Tiny, tmp_path: Path) -> None:
        for file in tiny_model("bert").iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        weights = (tiny_model("gpt2") / "model.safetensors").read_bytes()
        (tmp_path / "model.safetensors").write_bytes(weights)
        error = failure(Request(source_of(tmp_path), FOX))
        assert error.problem is Problem.MODEL
        assert "lack" in error.message

    def test_an_unknown_dtype(self, tiny_model: Tiny) -> None:
        error = failure(Request(source_of(tiny_model("bert"), dtype="float23"), FOX))
        assert error.problem is Problem.CONFIG
        assert "float23" in error.message

    def test_a_device_that_is_not_there(self, tiny_model: Tiny) -> None:
        error = failure(Request(source_of(tiny_model("bert"), device="cuda:77"), FOX))
        assert error.problem is Problem.CONFIG
        assert "cuda:77" in error.message

    @pytest.mark.parametrize("name", ["torch", "transformers"])
    def test_a_package_that_is_not_installed(
        self, tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        folder = tiny_model("bert")

        def missing(wanted: str) -> Any:
            if wanted == name:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return sys.modules[wanted]

        monkeypatch.setattr("importlib.import_module", missing)
        error = failure(Request(source_of(folder), FOX))
        assert error.problem is Problem.INSTALL
        assert name in error.message
        assert error.message.endswith('pip install "sphinx-attention[models]"')

    @pytest.mark.parametrize(
        ("raised", "problem"),
        [
            (MemoryError(), Problem.MEMORY),
            (RuntimeError("DefaultCPUAllocator: can't allocate memory"), Problem.MEMORY),
            (KeyError("surprise\nsecond line"), Problem.MODEL),
        ],
    )
    def test_whatever_a_pass_raises(
        self,
        tiny_model: Tiny,
        monkeypatch: pytest.MonkeyPatch,
        raised: Exception,
        problem: Problem,
    ) -> None:
        source = source_of(tiny_model("bert"))
        with open_source(source) as runner:
            list(runner.run([Request(source, "fox")]))

            def explode(*_: Any) -> None:
                raise raised

            monkeypatch.setattr(type(runner._tried.backend), "run", explode)
            ((_, error),) = runner.run([Request(source, "a dog")])
        assert isinstance(error, AttentionError)
        assert error.problem is problem
        assert "\n" not in error.message

    def test_one_bad_text_of_a_batch_fails_alone(
        self, tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = source_of(tiny_model("bert"))
        with open_source(source) as runner:
            list(runner.run([Request(source, "fox")]))
            backend = type(runner._tried.backend)
            run = backend.run

            def explode(self: Any, inputs: Any, *args: Any) -> None:
                if (inputs["input_ids"] == 1).any():  # [UNK]
                    raise ValueError("unknown word")
                run(self, inputs, *args)

            monkeypatch.setattr(backend, "run", explode)
            requests = [Request(source, text) for text in ("the fox", "the 🦊 fox", "a dog")]
            found = {r.text: answer for r, answer in runner.run(requests)}
        assert isinstance(found["the 🦊 fox"], AttentionError)
        assert isinstance(found["the fox"], Attention)
        assert isinstance(found["a dog"], Attention)
