"""The terms of the logits of tiny models: scales, soft caps, biases and sinks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sphinx_attention.core.analysis.logits import chain, missing
from sphinx_attention.core.attention import Attention
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.request import Request
from sphinx_attention.core.sources.huggingface.layer_call import describe, terms_of
from tests.core.sources.other_input import attention_of
from tests.core.sources.runs import (
    FOX,
    attentions,
    own,
    source_of,
    stacked,
)

pytestmark = pytest.mark.models

Tiny = Callable[[str], Path]
ALL: Any = ("queries", "keys", "values")


class TestTerms:
    """The logit terms of a layer, compared with the model's configuration."""

    def one(self, folder: Path, **more: Any) -> Attention:
        (found,) = attentions([Request(source_of(folder), FOX, keep=("queries", "keys"), **more)])
        assert found.logit_terms is not None
        return found

    def test_a_scale_of_each_layer(self, tiny_model: Tiny) -> None:
        logit_terms = self.one(tiny_model("gpt2")).logit_terms
        assert logit_terms is not None
        assert np.allclose(logit_terms.scale, 8**-0.5 / np.array([1, 2, 3]))
        assert not logit_terms.softcap.any()
        assert logit_terms.bias is logit_terms.sinks is None

    def test_a_soft_cap(self, tiny_model: Tiny) -> None:
        logit_terms = self.one(tiny_model("gemma2")).logit_terms
        assert logit_terms is not None
        assert logit_terms.softcap.tolist() == [2.0, 2.0, 2.0]

    def test_sinks(self, tiny_model: Tiny) -> None:
        from safetensors.numpy import load_file

        one = self.one(tiny_model("gpt_oss"))
        weights = load_file(tiny_model("gpt_oss") / "model.safetensors")
        names = [f"layers.{n}.self_attn.sinks" for n in range(2)]
        assert one.logit_terms is not None
        assert np.array_equal(one.logit_terms.sinks, [weights[name] for name in names])
        sums = chain(one, 1, 2, 5)
        assert one.sink == sums.sink_key == 0
        assert sums.sink == sums.logits[0] == float(weights[names[1]][2])
        assert abs(sums.weights.sum() - 1) < 1e-9
        own_row = stacked(own(tiny_model("gpt_oss"), FOX).attentions)[1, 2, 4]
        assert abs(sums.weights[0] - (1 - own_row.sum())) < 2e-5

    def test_relative_positions(self, tiny_model: Tiny) -> None:
        from safetensors.numpy import load_file

        one = self.one(tiny_model("t5"), part="encoder", target="a")
        assert one.logit_terms is not None
        bias = one.logit_terms.bias
        assert bias is not None
        assert bias.shape == one.weights.shape
        weights = load_file(tiny_model("t5") / "model.safetensors")
        table = weights["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        # Distances of 0 to 7 tokens back have a bucket each. Buckets from 16 on are for later
        # tokens (Raffel et al.).
        assert np.array_equal(bias[0, :, 5, 5], table[0])
        assert np.array_equal(bias[1, :, 5, 3], table[2])
        assert np.array_equal(bias[0, :, 5, 8], table[16 + 3])

    def test_several_heads_share_keys(self, tiny_model: Tiny) -> None:
        one = self.one(tiny_model("llama"))
        assert one.keys is not None
        assert one.keys.shape[:2] == (3, 2)
        assert np.array_equal(chain(one, 1, 2, 0).keys, one.keys[1, 1])
        assert np.array_equal(chain(one, 1, 1, 0).keys, one.keys[1, 0])

    def test_half_precision_gives_the_reason_for_missing_terms(self, tiny_model: Tiny) -> None:
        one = self.one(tiny_model("llama")).logit_terms
        source = source_of(tiny_model("llama"), dtype="bfloat16")
        (half,) = attentions([Request(source, FOX, keep=ALL)])
        assert one is not None
        assert one.missing == ""
        reason = ENGLISH.remark(missing(half))
        assert "rounds each step to bfloat16" in reason
        assert '"dtype": "float32"' in reason

    def test_positions_in_the_mask(self) -> None:
        """Some models add ALiBi to the mask. By hand: logits q·k·scale + m·(j − i)."""
        import torch

        queries = torch.tensor([[[[1.0, 0.0], [0.0, 2.0]]]])
        keys = torch.tensor([[[[3.0, 1.0], [1.0, 1.0]]]])
        hidden = torch.finfo(torch.float32).min
        mask = torch.tensor([[[[0.0, hidden], [-0.5, 0.0]]]])
        weights = torch.softmax(0.5 * queries @ keys.transpose(-1, -2) + mask, -1)
        given = {"module": None, "q": queries, "k": keys, "v": keys}
        call = describe(None, {**given, "attention_mask": mask, "scaling": 0.5}, weights)
        assert call.masked.tolist() == [[[False, True], [False, False]]]
        terms = terms_of(call)
        assert terms.bias.tolist() == [[[[0.0, 0.0], [-0.5, 0.0]]]]
        sums = chain(attention_of(call), 0, 0, 1)
        assert sums.dot.tolist() == [2.0, 2.0]
        assert sums.logits.tolist() == [0.5, 1.0]
        assert sums.biased
        assert np.allclose(sums.weights, [1 / (1 + np.e**0.5), 1 / (1 + np.e**-0.5)])

    def test_unknown_terms_are_reported(self) -> None:
        import torch

        draw = torch.Generator().manual_seed(1)
        queries, keys = (torch.randn(1, 2, 5, 4, generator=draw) for _ in range(2))
        logits = 0.5 * queries @ keys.transpose(-1, -2)
        given = {"module": None, "q": queries, "k": keys, "v": keys, "scaling": 0.5}
        honest = describe(None, given, torch.softmax(logits, -1))
        assert missing(attention_of(honest)) == ""
        squared = describe(None, given, torch.softmax(logits * logits.abs(), -1))
        message = ENGLISH.remark(missing(attention_of(squared)))
        assert "in layer 0 the sums end up to 0." in message
        by_head = {**given, "scaling": torch.tensor([0.5, 0.25])}
        message = ENGLISH.remark(
            missing(attention_of(describe(None, by_head, torch.softmax(logits, -1))))
        )
        assert "more than one number" in message

    def test_sinks_outside_the_softmax_are_left_out(self) -> None:
        """Granite's sinks scale the output. The weights sum to 1 without the sinks."""
        import torch

        module = torch.nn.Module()
        module.sinks = torch.nn.Parameter(torch.tensor([3.0, 2.0]))
        draw = torch.Generator().manual_seed(1)
        queries, keys = (torch.randn(1, 2, 5, 4, generator=draw) for _ in range(2))
        weights = torch.softmax(0.5 * queries @ keys.transpose(-1, -2), -1)
        given = {"module": module, "q": queries, "k": keys, "v": keys, "scaling": 0.5}
        one = attention_of(describe(module, given, weights))
        assert missing(one) == ""
        assert one.logit_terms is not None
        assert one.logit_terms.sinks is None
