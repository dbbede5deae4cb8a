"""Every architecture of the list: the model's own numbers, and the sums behind them.

Each model is tiny and random. Its weights are large enough to make attention uneven, so that a
wrong mask, scale or bias changes the numbers visibly.
"""

import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sphinx_attention.core.analysis.logits import chain, missing
from sphinx_attention.core.attention import Attention, Part
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.remarks import remark
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.huggingface.backends import choose_backend, gather, reference_of
from sphinx_attention.core.sources.huggingface.hook import Layer
from sphinx_attention.core.sources.huggingface.layer_call import Call
from sphinx_attention.core.sources.huggingface.logit_terms import host
from tests.core.sources.other_input import OTHER_INPUT, attention_of, run
from tests.core.sources.runs import (
    FIELDS,
    FOX,
    TARGETS,
    TEXTS,
    attentions,
    failure,
    largest_difference,
    own,
    source_of,
    stacked,
    target_ids,
    with_sink,
)

pytestmark = pytest.mark.models

Tiny = Callable[[str], Path]
ALL: Any = ("queries", "keys", "values")
NOT_ON_THE_INTERFACE = ["deberta-v2", "bloom", "falcon", "xlnet"]
ONE_STACK = [
    "bert",
    "roberta",
    "distilbert",
    "electra",
    "albert",
    "modernbert",
    "gpt2",
    "gpt_neox",
    "opt",
    "llama",
    "mistral",
    "qwen3",
    "gemma2",
    "gemma3",
    "phi3",
    "olmo2",
    "gpt_oss",
    "deepseek_v3",
    *NOT_ON_THE_INTERFACE,
]
TWO_STACKS = ["t5", "bart", "marian"]
NO_FAST_KERNEL = ["gemma2", "gpt_oss"]
SINKS = {"gpt_oss"}
PARTS: list[Part] = ["encoder", "decoder", "cross"]


def far_from_even(one: Attention) -> bool:
    """Whether the weights are uneven enough to show wrong sums."""
    return float((one.weights.max(axis=-1) - one.weights.min(axis=-1)).mean()) > 0.1


def check_sums(one: Attention) -> None:
    """Check that the sums end at the model's weight, for several queries of each layer and head."""
    assert missing(one) == ""
    rows = len(one.query_tokens)
    for layer in range(one.layers):
        for head in range(one.heads):
            for query in {0, rows // 2, rows - 1}:
                sums = chain(one, layer, head, query)
                weights = one.weights[layer, head, query]
                assert np.abs(sums.weights - weights).max() < 2e-5
                assert sums.output is not None
                assert np.allclose(sums.output, weights @ sums.values, atol=1e-3)


def reference_of_one_stack(folder: Path, text: str) -> np.ndarray:
    """The weights that the model returns.

    For models with sinks, the sink's share is added in front.
    """
    reference = stacked(own(folder, text).attentions)
    return with_sink(reference) if SINKS & {folder.name.rstrip("0123456789")} else reference


class TestOneStack:
    @pytest.mark.parametrize("kind", ONE_STACK)
    def test_numbers_and_sums(self, tiny_model: Tiny, kind: str) -> None:
        folder = tiny_model(kind)
        requests = [Request(source_of(folder), text, keep=ALL) for text in TEXTS]
        for one, text in zip(attentions(requests), TEXTS, strict=True):
            reference = reference_of_one_stack(folder, text)
            assert largest_difference(one.weights, reference) < 2e-5
            assert far_from_even(one)
            assert one.layer_names == tuple(str(n) for n in range(len(reference)))
            if kind in NOT_ON_THE_INTERFACE:
                assert one.provenance["capture"] == "output_attentions"
                assert one.queries is one.keys is one.values is None
                assert missing(one) == remark("no_vectors_of_model")
                with pytest.raises(AttentionError, match="queries and keys"):
                    chain(one, 0, 0, 0)
            else:
                assert one.provenance["capture"] == "interface"
                check_sums(one)

    @pytest.mark.parametrize("kind", ONE_STACK)
    def test_one_layer_is_the_same_alone(self, tiny_model: Tiny, kind: str) -> None:
        folder = tiny_model(kind)
        for layer in (0, 1):
            requests = [Request(source_of(folder), text, layers=(layer,)) for text in TEXTS[:3]]
            for one, text in zip(attentions(requests), TEXTS, strict=False):
                reference = reference_of_one_stack(folder, text)[layer : layer + 1]
                assert largest_difference(one.weights, reference) < 2e-5
                assert one.layer_names == (str(layer),)

    def test_the_list_of_architectures_is_long(self) -> None:
        assert len(ONE_STACK) == 22

    def test_a_model_without_attention_layers(self, tiny_model: Tiny) -> None:
        error = failure(Request(source_of(tiny_model("mamba")), FOX, keep=ALL))
        assert error.problem is Problem.MODEL
        assert error.message.endswith(
            "MambaModel hands out no attention weights; its layers are made of MambaMixer"
        )


class TestCompressedKeys:
    """DeepSeek-V4: after the tokens come keys that stand for blocks of tokens."""

    BLOCKS = ([], [(0, 2), (0, 4), (2, 6), (4, 8)], [(0, 4), (4, 8)])

    def test_blocks_are_keys_named_by_their_tokens(self, tiny_model: Tiny) -> None:
        folder = tiny_model("deepseek_v4")
        one, *_ = attentions([Request(source_of(folder), text, keep=ALL) for text in TEXTS])
        words = FOX.split()
        assert one.part == "decoder"
        assert [token.text for token in one.query_tokens] == words
        assert [token.text for token in one.key_tokens] == [
            "(sink)",
            *words,
            "[the quick]",
            "[the quick brown fox]",
            "[brown fox jumps over]",
            "[jumps over the lazy]",
        ]
        spans = sorted({block for layer in self.BLOCKS for block in layer})
        for layer, weights in enumerate(own(folder, FOX).attentions):
            columns = [10 + spans.index(block) for block in self.BLOCKS[layer]]
            known = one.weights[layer][:, :, [*range(1, 10), *columns]]
            assert largest_difference(known, weights[0].numpy()) < 2e-5
            others = sorted(set(range(10, 14)) - set(columns))
            assert one.mask_of(layer)[:, others].all()
        assert np.allclose(one.weights.sum(axis=-1), 1, atol=1e-6)
        check_sums(one)

    def test_padding_is_in_no_block(self, tiny_model: Tiny) -> None:
        folder = tiny_model("deepseek_v4")
        for one, text in zip(
            attentions([Request(source_of(folder), text) for text in TEXTS]), TEXTS, strict=True
        ):
            count = len(one.query_tokens)
            tokens = one.weights[0][:, :, 1 : count + 1]
            assert largest_difference(tokens, own(folder, text).attentions[0][0].numpy()) < 2e-5
            blocks = {(0, end) for end in (2, 4)} | {(n, n + 4) for n in range(2, count - 3, 2)}
            assert len(one.key_tokens) == 1 + count + len([b for b in blocks if b[1] <= count])


class TestTwoStacks:
    @pytest.mark.parametrize("kind", TWO_STACKS)
    def test_numbers_and_sums(self, tiny_model: Tiny, kind: str) -> None:
        folder = tiny_model(kind)
        requests = [
            Request(source_of(folder), text, target=target, part=part, keep=ALL)
            for text, target in zip(TEXTS, TARGETS, strict=True)
            for part in PARTS
        ]
        for request, one in zip(requests, attentions(requests), strict=True):
            assert request.part is not None
            ids = target_ids(folder, request.target or "")
            reference = stacked(getattr(own(folder, request.text, ids), FIELDS[request.part]))
            assert largest_difference(one.weights, reference) < 2e-5
            assert one.part == request.part
            assert one.same_tokens == (request.part != "cross")
            check_sums(one)

    @pytest.mark.parametrize("kind", TWO_STACKS)
    @pytest.mark.parametrize("part", PARTS)
    def test_one_layer_is_the_same_alone(self, tiny_model: Tiny, kind: str, part: Part) -> None:
        folder = tiny_model(kind)
        (one,) = attentions([Request(source_of(folder), FOX, target="a", part=part, layers=(1,))])
        reference = stacked(getattr(own(folder, FOX, target_ids(folder, "a")), FIELDS[part]))
        assert largest_difference(one.weights, reference[1:2]) < 2e-5

    def test_the_decoder_does_not_run_for_the_encoder(
        self, tiny_model: Tiny, computed: Counter[str]
    ) -> None:
        source = source_of(tiny_model("t5"))
        with open_source(source) as runner:
            list(runner.run([Request(source, "a dog", target="a", part="encoder")]))
            computed.clear()
            list(runner.run([Request(source, FOX, target="a", part="encoder")]))
        assert computed == {"call": 2}


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often layers computed weights (``call``), or only output (``output`` or ``fast``)."""
    counts: Counter[str] = Counter()

    def counting(name: str) -> Callable[[Layer], Any]:
        method = getattr(Layer, name)

        def count(self: Layer) -> Any:
            counts[name] += 1
            return method(self)

        return count

    for name in ("call", "output", "fast"):
        monkeypatch.setattr(Layer, name, counting(name))
    return counts


class TestLayers:
    @pytest.mark.parametrize("kind", ["bert", "gemma3", "bart", *NO_FAST_KERNEL])
    def test_other_layers_compute_no_weights(
        self, tiny_model: Tiny, computed: Counter[str], kind: str
    ) -> None:
        source = source_of(tiny_model(kind))
        decoder: Any = {"target": "a", "part": "encoder"} if kind == "bart" else {}
        with open_source(source) as runner:
            list(runner.run([Request(source, "a dog", layers=(1,), **decoder)]))
            computed.clear()
            ((_, one),) = runner.run([Request(source, FOX, layers=(1,), **decoder)])
        assert isinstance(one, Attention)
        # Without padding, a model may leave out the mask of a single text.
        ids = target_ids(tiny_model(kind), "a") if decoder else None
        if decoder:
            weights = stacked(own(tiny_model(kind), FOX, ids).encoder_attentions)
        else:
            weights = reference_of_one_stack(tiny_model(kind), FOX)
        assert largest_difference(one.weights, weights[1:2]) < 2e-5
        # The third layer does not run.
        assert computed == {"call": 1, "output" if kind in NO_FAST_KERNEL else "fast": 1}

    def test_requests_of_a_batch_may_have_different_layers(self, tiny_model: Tiny) -> None:
        folder = tiny_model("bert")
        wanted: list[tuple[int, ...] | None] = [(2,), (0, 2), None, (1,), (2, 0)]
        requests = [
            Request(source_of(folder), text, layers=layers)
            for text, layers in zip(TEXTS, wanted, strict=True)
        ]
        for request, one in zip(requests, attentions(requests), strict=True):
            layers = sorted(request.layers or (0, 1, 2))
            assert one.layer_names == tuple(map(str, layers))
            reference = stacked(own(folder, request.text).attentions)[layers]
            assert largest_difference(one.weights, reference) < 2e-5

    def test_layers_keep_the_models_numbering(self, tiny_model: Tiny) -> None:
        folder = tiny_model("lfm2")
        (one,) = attentions([Request(source_of(folder), FOX)])
        assert one.layer_names == ("1", "3")
        (third,) = attentions([Request(source_of(folder), FOX, layers=(3,), keep=ALL)])
        assert third.layer_names == ("3",)
        assert largest_difference(third.weights, one.weights[1:]) < 2e-5
        check_sums(third)
        error = failure(Request(source_of(folder), FOX, layers=(2, 3)))
        assert error.problem is Problem.OPTION
        assert error.message.endswith("no layer 2; its layers with attention are 1, 3")

    def test_missing_layers_are_an_error(self, tiny_model: Tiny) -> None:
        error = failure(Request(source_of(tiny_model("bloom")), FOX, layers=(0, 3)))
        assert error.problem is Problem.OPTION
        assert error.message.endswith("no layer 3; its layers with attention are 0 to 2")

    def test_weights_are_freed_layer_by_layer(self, tiny_model: Tiny) -> None:
        source = source_of(tiny_model("llama"))
        with open_source(source) as runner:
            list(runner.run([Request(source, FOX)]))
            backend, inputs = runner._tried.backend, runner._inputs([runner._tried.item])
        held: list[weakref.ref[Any]] = []

        def receive(_part: Part, _number: int, call: Call) -> None:
            assert all(earlier() is None for earlier in held)
            held.append(weakref.ref(call.weights))

        backend.run(inputs, receive, backend.parts)
        assert len(held) == 3


class TestOtherInput:
    """Models of pictures and of sound: their input is not a text, and the capture is the same."""

    @pytest.mark.parametrize("kind", OTHER_INPUT)
    def test_numbers_and_sums(self, kind: str) -> None:
        layers = OTHER_INPUT[kind].layers
        way, checked, calls = run(kind)
        assert checked
        assert way.name == "interface"
        assert way.parts == {part: tuple(range(count)) for part, count in layers.items()}
        assert len(calls) == sum(layers.values())
        for call, own_weights in calls.values():
            assert largest_difference(host(call.weights), own_weights) < 2e-5
            one = attention_of(call)
            assert far_from_even(one)
            check_sums(one)

    def test_the_text_of_clip(self, tiny_model: Tiny) -> None:
        """Only the tower of texts runs: the other tower would need a picture."""
        import torch
        from transformers import AutoTokenizer, CLIPModel

        folder = tiny_model("clip")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = CLIPModel.from_pretrained(folder, attn_implementation="eager").eval()
        requests = [Request(source_of(folder), text, keep=ALL) for text in TEXTS]
        for one, text in zip(attentions(requests), TEXTS, strict=True):
            with torch.no_grad():
                reference = model(
                    **tokenizer(text, return_tensors="pt"),
                    pixel_values=torch.zeros(1, 3, 16, 16),
                    output_attentions=True,
                )
            weights = stacked(reference.text_model_output.attentions)
            assert largest_difference(one.weights, weights) < 2e-5
            assert one.part == "decoder"
            assert one.causal
            assert far_from_even(one)
            check_sums(one)

    def test_both_towers_at_once_are_no_stack(self, tiny_model: Tiny) -> None:
        """Layers of two towers must not be taken for the layers of one model."""
        import torch
        from transformers import CLIPModel

        model = CLIPModel.from_pretrained(tiny_model("clip"), attn_implementation="eager").eval()
        ids = torch.randint(3, 49, (1, 9))
        inputs = {"input_ids": ids, "pixel_values": torch.zeros(1, 3, 16, 16)}
        assert reference_of(model, inputs).parts == {}
        with pytest.raises(AttentionError):
            choose_backend(model, inputs, 1e-4)


class TestTheCheck:
    def test_gathered_weights_are_those_that_the_model_returns(self, tiny_model: Tiny) -> None:
        source = ModelSource("m", path=str(tiny_model("bert")), folder=str(tiny_model("bert")))
        with open_source(source) as runner:
            list(runner.run([Request(source, FOX)]))
            backend, inputs = runner._tried.backend, runner._inputs([runner._tried.item])
            model = runner._once.held.model
        found = gather(backend, inputs)
        model.set_attn_implementation("eager")
        reference = reference_of(model, inputs).parts["encoder"]
        assert list(found) == [("encoder", n) for n, _ in reference]
        for call, (_, other) in zip(found.values(), reference, strict=True):
            assert largest_difference(host(call.weights), host(other.weights)) < 2e-5
