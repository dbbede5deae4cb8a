"""Models that mix, window, gate or subtract attention: right numbers, and notes for readers.

The models are those of `benchmarks.sweep`, which compares every weight with what the model itself
returns.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import sweep, tiny
from benchmarks.reference import reference
from sphinx_attention.core.analysis.logits import chain, missing
from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.render.description import credit
from sphinx_attention.core.request import Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.huggingface.layouts import laid_out
from sphinx_attention.core.sources.huggingface.loading import quiet
from sphinx_attention.core.sources.huggingface.runner import ModelRunner
from sphinx_attention.core.sources.huggingface.softmax import watching_softmax
from tests.core.sources.runs import FOX, answers, failure, source_of

pytestmark = pytest.mark.models

ALL: Any = ("queries", "keys", "values")
TEXTS = ("a fox sleeps", "the quick brown fox jumps over the lazy dog")

Made = Callable[[str], tuple[Path, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A folder with a tiny model of a kind, and the model."""
    kept: dict[str, tuple[Path, Any]] = {}

    def make(kind: str) -> tuple[Path, Any]:
        if kind not in kept:
            folder = tmp_path_factory.mktemp(kind) / kind
            with quiet():
                kept[kind] = folder, tiny.make(kind, folder)
        return kept[kind]

    return make


def reported(one: Attention) -> str:
    """The remarks about an attention, in English."""
    return ENGLISH.remark(one.provenance["note"])


def captured(folder: Path, **more: Any) -> Attention:
    (one,) = answers([Request(source_of(folder), FOX, **more)])
    assert isinstance(one, Attention), one
    return one


EQUAL = [
    *("minimax", "qwen3_next", "diffllama", "zamba", "zamba2", "longformer", "led"),
    *("squeezebert", "prophetnet", "longt5", "gpt_neo", "big_bird", "flava", "reformer"),
    *("pegasus_x", "udop", "bros", "clap"),
    # Each query looks at eight keys of its choice, which are all keys of the sweep's short text.
    *("deepseek_v32", "axk2", "minimax_m3_vl_text"),
]


@pytest.mark.parametrize("kind", EQUAL)
def test_numbers_are_the_models_own(made: Made, kind: str) -> None:
    folder, model = made(kind)
    found = sweep.compare(model, folder)
    assert (found["status"], found["why"]) == ("equal", "")
    assert found["cells"] > 500


def test_keys_that_are_not_chosen_are_masked(made: Made) -> None:
    """DeepSeek-V3.2 chooses eight keys for each query. The sums end at the model's weights."""
    short, long = answers(
        [Request(source_of(made("deepseek_v32")[0]), text, keep=ALL) for text in TEXTS]
    )
    assert isinstance(short, Attention)
    assert isinstance(long, Attention)
    assert long.provenance["capture"] == "interface"
    for one in (short, long):
        seen = (~one.mask_of(0)).sum(axis=-1)
        assert seen.tolist() == [min(n + 1, 8) for n in range(len(one.query_tokens))]
        assert missing(one) == ""
        for query in range(len(one.query_tokens)):
            sums = chain(one, 0, 1, query)
            assert np.abs(sums.weights - one.weights[0, 1, query]).max() < 2e-5


class TestWhatIsSaid:
    def test_layers_without_attention(self, made: Made) -> None:
        one = captured(made("minimax")[0])
        assert one.layer_names == ("1", "3")
        assert reported(one) == "layers 0 and 2 have no attention map"
        assert captured(made("zamba2")[0]).layer_names == ("1", "3")

    def test_gates(self, made: Made) -> None:
        one = captured(made("qwen3_next")[0])
        assert one.layer_names == ("3",)
        assert reported(one) == (
            "what a head writes is multiplied by a gate; layers 0\u20132 have no attention map"
        )
        assert "note" not in captured(made("gpt_neo")[0]).provenance

    def test_weights_on_global_tokens_are_a_bin(self, made: Made) -> None:
        """In PEGASUS-X, a token sees its own block, and global tokens that hold no text."""
        folder, _ = made("pegasus_x")
        one = captured(folder, part="encoder", target=tiny.TARGET)
        assert one.bins == 1
        assert one.key_tokens[0].text == "(rest)"
        assert reported(one) == (
            "the rest goes to 3 global tokens, which are learnt and hold no text"
        )
        # Blocks have four tokens. In the second layer, they begin two tokens earlier.
        seen = ~one.mask_of(0)[one.bins if one.same_tokens else 0 :, one.bins :]
        assert seen[0, :4].all()
        assert not seen[0, 4:].any()
        later = ~one.mask_of(1)[one.bins if one.same_tokens else 0 :, one.bins :]
        assert later[0, :2].all()
        assert not later[0, 2:].any()
        assert "note" not in captured(folder, part="cross", target=tiny.TARGET).provenance

    @pytest.mark.parametrize("kind", ["layoutlm", "bros"])
    def test_words_without_a_page(self, made: Made, kind: str) -> None:
        assert reported(captured(made(kind)[0])) == (
            "the model also reads where words stand on a page: all have the same place here"
        )

    def test_layers_between_other_things_than_tokens(self, made: Made) -> None:
        """The second block of Funnel attends from one half of the tokens."""
        one = captured(made("funnel")[0])
        assert one.layer_names == ("0", "2", "3")
        assert reported(one) == "layer 1 has no attention map"

    def test_differential_attention(self, made: Made) -> None:
        one = captured(made("diffllama")[0])
        figure = resolve(FigureSpec(Request(source_of(made("diffllama")[0]), FOX)), one)
        assert credit(figure).endswith(
            "; differential attention: these are its two halves, and the model takes from head n "
            "a multiple of head n + 2"
        )

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [
            ("mamba", "MambaModel hands out no attention weights; its layers are made of MambaMix"),
            (
                "fnet",
                (
                    "FNetModel hands out no attention weights; its layers are made of "
                    "FNetFourierTransform"
                ),
            ),
            (
                "rwkv",
                (
                    "RwkvModel has no attention weights: it computes no softmax over the tokens; "
                    "its layers are made of RwkvSelfAttention"
                ),
            ),
            (
                "yoso",
                (
                    "YosoModel has no attention weights: it computes no softmax over the tokens; "
                    "its layers are made of YosoAttention"
                ),
            ),
        ],
    )
    def test_models_without_weights_give_the_right_reason(
        self, made: Made, kind: str, reason: str
    ) -> None:
        message = failure(Request(source_of(made(kind)[0]), FOX)).message
        assert message.startswith(reason)
        assert "convolutional" not in message


@pytest.fixture(scope="module")
def laguna(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Three layers, of 4, 8 and 4 heads."""
    folder = tmp_path_factory.mktemp("laguna") / "laguna"
    own = {"num_hidden_layers": 3, "num_attention_heads_per_layer": [4, 8, 4]}
    with quiet():
        return folder, tiny.make("laguna", folder, own)


def test_keys_that_stand_for_several_tokens_are_a_bin(tmp_path: Path) -> None:
    """LongT5 with global attention has windows of two tokens, and a key for every four tokens."""
    own = {
        "local_radius": 1,
        "encoder_attention_type": "transient-global",
        "global_block_size": 4,
    }
    with quiet():
        model = tiny.make("longt5", tmp_path / "longt5", own)
    found = sweep.compare(model, tmp_path / "longt5")
    assert (found["status"], found["why"]) == ("equal", "")
    one = captured(tmp_path / "longt5", part="encoder", target=tiny.TARGET)
    assert one.key_tokens[0].text == "(rest)"
    assert one.weights[:, :, 1:, 0].mean() > 0.1
    note = "the rest goes to keys that stand for several tokens each"
    assert reported(one) == note
    cross = captured(tmp_path / "longt5", part="cross", target=tiny.TARGET)
    assert "note" not in cross.provenance


class TestLayersOfUnequalHeads:
    def test_layers_of_equal_numbers_of_heads_are_shown(self, laguna: tuple[Path, Any]) -> None:
        folder, model = laguna
        one = captured(folder)
        assert one.layer_names == ("0", "2")
        assert reported(one).endswith("layer 1 with other numbers of heads left out")
        (expected,) = reference(model, tiny.tokenizer(), FOX, None).values()
        assert np.abs(one.weights - np.stack([expected[0], expected[2]])).max() < 2e-5

    def test_other_layers_are_shown_when_they_are_named(self, laguna: tuple[Path, Any]) -> None:
        folder, model = laguna
        one = captured(folder, layers=(1,))
        assert one.weights.shape[:2] == (1, 8)
        (expected,) = reference(model, tiny.tokenizer(), FOX, None).values()
        assert np.abs(one.weights[0] - expected[1]).max() < 2e-5

    def test_unequal_layers_named_together_are_an_error(self, laguna: tuple[Path, Any]) -> None:
        message = failure(Request(source_of(laguna[0]), FOX, layers=(0, 1))).message
        assert "layer 0 has 4, layer 1 has 8; name layers that are alike" in message


class TestWindows:
    def test_keys_outside_of_the_window_are_masked(self, made: Made) -> None:
        one = captured(made("longformer")[0])
        query, key = np.indices(one.weights.shape[2:])
        assert np.array_equal(one.mask_of(0), abs(query - key) > 2)
        assert np.allclose(one.weights.sum(axis=-1), 1, atol=2e-5)

    def test_windows_as_wide_as_the_text_are_recognised(self, made: Made) -> None:
        """Five tokens and windows of five keys make a square that is not a matrix of tokens."""
        (one,) = answers([Request(source_of(made("longformer")[0]), "a fox sleeps")])
        assert isinstance(one, Attention)
        assert one.weights.shape[2:] == (5, 5)
        assert one.mask_of(0)[0].tolist() == [False, False, False, True, True]

    def test_windows_are_laid_out_without_loss_or_refused(self) -> None:
        import torch

        windows = torch.tensor([[[[0.0, 0.25, 0.75], [0.5, 0.25, 0.25], [0.5, 0.5, 0.0]]]])
        full, masked = laid_out(windows, 3) or (None, None)
        assert full is not None
        assert full[0, 0].tolist() == [[0.25, 0.75, 0], [0.5, 0.25, 0.25], [0, 0.5, 0.5]]
        assert masked[0].tolist() == [[False, False, True], [False] * 3, [True, False, False]]
        assert laid_out(windows.roll(1, -1), 3) is None
        assert laid_out(windows, 4) is None

    def test_blocks_and_their_neighbours(self) -> None:
        import torch

        # Two blocks of two tokens. Each token has six keys, from the block before to the block
        # after.
        weights = torch.zeros(1, 2, 1, 2, 6)
        weights[0, 0, 0] = torch.tensor([[0, 0, 0.5, 0.5, 0, 0], [0, 0, 0.25, 0.5, 0.25, 0]])
        weights[0, 1, 0] = torch.tensor([[0, 0.5, 0.25, 0.25, 0, 0], [0, 0, 0.75, 0.25, 0, 0]])
        full, masked = laid_out(weights, 4) or (None, None)
        assert full is not None
        assert full[0, 0].tolist() == [
            [0.5, 0.5, 0, 0],
            [0.25, 0.5, 0.25, 0],
            [0, 0.5, 0.25, 0.25],
            [0, 0, 0.75, 0.25],
        ]
        assert masked[0, 0].tolist() == [False, False, True, True]


class TestMasksWithoutTheInterface:
    def test_each_layer_has_its_own_mask(self, made: Made) -> None:
        one = captured(made("gpt_neo")[0])
        assert one.provenance["capture"] == "output_attentions"
        query, key = np.indices(one.weights.shape[2:])
        assert np.array_equal(one.mask_of(0), key > query)
        assert np.array_equal(one.mask_of(1), (key > query) | (key <= query - 4))

    def test_a_weight_rounded_to_zero_is_not_masked(self) -> None:
        """A weight that is too small for the type is a weight. A masked key has none."""
        import torch

        hidden = torch.finfo(torch.float16).min
        logits = torch.tensor([[[[0.0, -30.0, hidden], [1.0, 2.0, -float("inf")]]]]).half()
        with watching_softmax() as seen:
            weights = torch.nn.functional.softmax(logits, dim=-1)
        assert weights[0, 0, 0].tolist() == [1, 0, 0]
        one = seen.of_weights(weights)
        assert one is not None
        assert one.hidden[0, 0].tolist() == [[False, False, True], [False, False, True]]

    def test_one_softmax_over_two_texts(self) -> None:
        """One row holds the decoder's keys and the text's keys; the model returns them apart."""
        import torch

        logits = torch.tensor([[[[0.0, -float("inf"), 1.0, 2.0], [1.0, 0.5, -1e9, 0.0]]]])
        with watching_softmax() as seen:
            weights = logits.softmax(-1)
        own, text = seen.of_weights(weights[..., :2]), seen.of_weights(weights[..., 2:])
        assert own is not None
        assert text is not None
        assert own.hidden[0, 0].tolist() == [[False, True], [False, False]]
        assert text.hidden[0, 0].tolist() == [[False, False], [True, False]]


class TestBigBird:
    def test_a_short_text_does_not_change_later_runs(self, made: Made) -> None:
        """The model changes to full attention for a short text, and would stay in that mode."""
        folder, _ = made("big_bird")
        with open_source(source_of(folder)) as runner:
            list(runner.run([Request(source_of(folder), FOX)]))
            model = runner._once.held.model
            assert model.attention_type == "original_full"
            list(runner.run([Request(source_of(folder), FOX)]))
            assert model.config.attention_type == "block_sparse"


class Panic(BaseException):
    """An exception such as a library in Rust raises when it stops."""


@pytest.mark.parametrize("raised", [Panic("out of range"), SystemExit(3), ValueError("no")])
def test_whatever_a_model_raises_is_an_error_of_its_figure(
    made: Made, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def fails(*_: Any) -> Any:
        raise raised

    monkeypatch.setattr(ModelRunner, "_run", fails)
    error = failure(Request(source_of(made("gpt_neo")[0]), FOX))
    assert isinstance(error, AttentionError)
    assert error.message.startswith("running gpt_neo on this text failed: ")


def test_an_interrupt_passes(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupts(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(ModelRunner, "_run", interrupts)
    with pytest.raises(KeyboardInterrupt):
        answers([Request(source_of(made("gpt_neo")[0]), FOX)])
