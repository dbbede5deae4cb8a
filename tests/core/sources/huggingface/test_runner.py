"""Models of every kind, compared with their own ``output_attentions=True``; one pass per text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, Part, Token
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.huggingface import decoder_text
from sphinx_attention.core.sources.huggingface import runner as runner_module
from sphinx_attention.core.sources.huggingface.decoder_text import GENERATED_TOKENS
from sphinx_attention.core.sources.huggingface.grouping import Room, batches
from sphinx_attention.core.sources.huggingface.inputs import Encoded
from sphinx_attention.core.sources.huggingface.items import Item
from sphinx_attention.core.sources.huggingface.loading import quiet
from tests.core.sources.runs import (
    FOX,
    TEXTS,
    answers,
    attentions,
    failure,
    largest_difference,
    own,
    source_of,
    stacked,
)
from tests.core.tiny_models import save, wordpiece

pytestmark = pytest.mark.models

Tiny = Callable[[str], Path]


class TestNumbers:
    def test_rows_sum_to_one(self, tiny_model: Tiny) -> None:
        (one,) = attentions([Request(source_of(tiny_model("llama")), FOX)])
        assert np.allclose(one.weights.sum(axis=-1), 1, atol=2e-5)
        assert one.bins == 0

    def test_the_weight_of_a_sink_is_a_key(self, tiny_model: Tiny) -> None:
        (one,) = attentions([Request(source_of(tiny_model("gpt_oss")), FOX)])
        assert one.key_tokens[0] == Token("(sink)", special=True)
        assert one.same_tokens
        assert np.allclose(one.weights[:, :, 1:].sum(axis=-1), 1, atol=1e-6)
        # A sink attends to nothing, and every token may attend to it.
        assert one.masked[:, 0].all()
        assert not one.masked[:, 1:, 0].any()
        own_weights = stacked(own(tiny_model("gpt_oss"), FOX).attentions)
        assert largest_difference(one.weights[:, :, 1:, 0], 1 - own_weights.sum(axis=-1)) < 1e-6
        assert "rows" not in one.provenance

    def test_vectors_are_kept_only_on_request(self, tiny_model: Tiny) -> None:
        (one,) = attentions([Request(source_of(tiny_model("llama")), FOX, keep=("keys",))])
        assert one.queries is None
        assert one.keys is not None

    def test_vectors_need_the_attention_interface(self, tiny_model: Tiny) -> None:
        (one,) = attentions([Request(source_of(tiny_model("bloom")), FOX, keep=("keys",))])
        assert one.keys is None

    def test_half_precision(self, tiny_model: Tiny) -> None:
        folder = tiny_model("llama")
        (one,) = attentions([Request(source_of(folder, dtype="bfloat16"), FOX)])
        assert one.weights.dtype == np.float32
        assert one.provenance["dtype"] == "bfloat16"
        assert one.provenance["capture"] == "interface"
        assert largest_difference(one.weights, stacked(own(folder, FOX).attentions)) < 0.1


class TestMasks:
    @pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3", "bloom"])
    def test_causal_masks_are_a_triangle(self, tiny_model: Tiny, kind: str) -> None:
        for one in attentions([Request(source_of(tiny_model(kind)), text) for text in TEXTS]):
            n = len(one.query_tokens)
            triangle = [[key > query for key in range(n)] for query in range(n)]
            assert one.masked.tolist() == [triangle]
            assert one.part == "decoder"

    @pytest.mark.parametrize("kind", ["bert", "deberta-v2", "t5"])
    def test_encoders_mask_nothing(self, tiny_model: Tiny, kind: str) -> None:
        for one in attentions([Request(source_of(tiny_model(kind)), text) for text in TEXTS]):
            assert not one.masked.any()
            assert one.part == "encoder"

    @pytest.mark.parametrize("kind", ["gemma2", "gpt_oss"])
    def test_sliding_windows_are_masked_in_their_own_layers(
        self, tiny_model: Tiny, kind: str
    ) -> None:
        (one,) = attentions([Request(source_of(tiny_model(kind)), FOX)])
        first = one.bins
        query, key = np.indices(one.weights.shape[2:]) - first
        causal = key > query
        windowed = causal | (key <= query - 4)
        assert np.array_equal(one.mask_of(0)[first:, first:], windowed[first:, first:])
        assert np.array_equal(one.mask_of(1)[first:, first:], causal[first:, first:])
        assert one.causal


@pytest.fixture(scope="module")
def fox(minilm: Path) -> Attention:
    (one,) = attentions([Request(source_of(minilm), FOX)])
    return one


class TestMiniLM:
    def test_has_a_previous_token_head(self, fox: Attention) -> None:
        assert fox.weights.shape == (6, 12, 11, 11)
        before = [fox.weights[0, 2, i, i - 1] for i in range(2, 10)]
        assert min(before) > 0.9
        assert fox.weights[0, 2, 1:].argmax(axis=-1).tolist() == list(range(10))

    def test_ties_fox_to_dog(self, fox: Attention) -> None:
        texts = [token.text for token in fox.query_tokens]
        tied = fox.weights[5, 11, texts.index("fox"), texts.index("dog")]
        assert round(float(tied), 3) == 0.447  # The design page measured this weight.

    def test_records_where_it_comes_from(self, fox: Attention) -> None:
        assert fox.provenance["capture"] == "interface"
        assert fox.provenance["dtype"] == "float32"
        assert {"torch", "transformers"} <= fox.provenance.keys()


class TestRequests:
    def test_a_pair_has_segments(self, tiny_model: Tiny) -> None:
        (one,) = attentions([Request(source_of(tiny_model("bert")), "the fox", pair="a dog is")])
        shown = [(t.text, t.special, t.word, t.segment) for t in one.query_tokens]
        assert shown == [
            ("[CLS]", True, None, 0),
            ("the", False, 0, 0),
            ("fox", False, 1, 0),
            ("[SEP]", True, None, 0),
            ("a", False, 2, 1),
            ("dog", False, 3, 1),
            ("is", False, 4, 1),
            ("[SEP]", True, None, 1),
        ]

    def test_a_pair_needs_a_format(self, tiny_model: Tiny) -> None:
        error = failure(Request(source_of(tiny_model("gpt2")), "the fox", pair="a dog"))
        assert error.problem is Problem.OPTION
        assert "pair" in error.message

    def test_a_decoder_takes_no_pair(self, tmp_path: Path) -> None:
        """The tokenizer separates two texts, as Llama's tokenizer begins each with <s>."""
        folder = save("gpt2", tmp_path / "m")
        wordpiece().save_pretrained(folder)
        error = failure(Request(source_of(folder), "the fox", pair="a dog"))
        assert error.problem is Problem.OPTION
        assert "takes no pair; remove the option pair" in error.message

    def test_the_decoder_starts_with_its_own_token(self, tiny_model: Tiny) -> None:
        source = source_of(tiny_model("bart"))
        (one,) = attentions([Request(source, "the fox", target="a dog", part="decoder")])
        assert [t.text for t in one.query_tokens] == ["</s>", "a", "dog"]
        assert [t.special for t in one.query_tokens] == [True, False, False]
        assert "generated" not in one.provenance

    @pytest.mark.parametrize("kind", ["t5", "bart"])
    def test_a_missing_target_is_generated(self, tiny_model: Tiny, kind: str) -> None:
        source = source_of(tiny_model(kind))
        requests = [Request(source, "the fox", part=part) for part in ("decoder", "cross")]
        decoder, cross = attentions([*requests])
        assert decoder.provenance["generated"] == cross.provenance["generated"] != ""
        assert decoder.query_tokens == cross.query_tokens
        assert decoder.query_tokens[0].special
        assert len(decoder.query_tokens) <= GENERATED_TOKENS + 1
        assert decoder.causal
        assert cross.key_tokens[-1].text == "</s>"

    def test_a_generated_target_ends_at_the_last_position_of_the_model(
        self, tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(decoder_text, "GENERATED_TOKENS", 200)
        (one,) = attentions([Request(source_of(tiny_model("bart")), "the fox", part="decoder")])
        # The table of this model has 64 positions, and the text ends with the forced last token.
        assert len(one.query_tokens) in {63, 64}

    @pytest.mark.parametrize(
        ("kind", "part", "has"),
        [("bert", "cross", "encoder"), ("llama", "encoder", "decoder")],
    )
    def test_a_part_that_is_not_there(
        self, tiny_model: Tiny, kind: str, part: Part, has: str
    ) -> None:
        error = failure(Request(source_of(tiny_model(kind)), FOX, part=part))
        assert error.problem is Problem.OPTION
        assert f"no {part} attention; it has {has}: choose from these" in error.message

    def test_a_target_needs_a_decoder(self, tiny_model: Tiny) -> None:
        error = failure(Request(source_of(tiny_model("bert")), FOX, target="der Fuchs"))
        assert error.problem is Problem.OPTION

    def test_a_failure_leaves_the_others_alone(self, tiny_model: Tiny) -> None:
        source = source_of(tiny_model("bert"))
        requests = [Request(source, t) for t in ("the fox", "the " * 80, " ", "a dog", "fox")]
        first, long, empty, *others = answers(requests)
        assert isinstance(long, AttentionError)
        assert long.problem is Problem.TEXT
        assert "82 tokens" in long.message
        assert "takes 64" in long.message
        assert isinstance(empty, AttentionError)
        assert empty.problem is Problem.TEXT
        assert all(isinstance(one, Attention) for one in (first, *others))

    def test_each_request_is_answered_once(self, tiny_model: Tiny) -> None:
        source = source_of(tiny_model("gpt2"))
        requests = [Request(source, f"the {'fox ' * (n % 7)}{n}") for n in range(150)]
        with open_source(source) as runner:
            seen = [request for request, _ in runner.run(requests)]
        assert sorted(r.key for r in seen) == sorted(r.key for r in requests)

    def test_a_second_run_does_not_load_again(
        self, tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loads = []
        load = runner_module.load
        monkeypatch.setattr(
            runner_module, "load", lambda s, **more: loads.append(s) or load(s, **more)
        )
        source = source_of(tiny_model("gpt2"))
        with open_source(source) as runner:
            for text in ("the fox", "a dog"):
                assert isinstance(next(runner.run([Request(source, text)]))[1], Attention)
        assert loads == [source]


def test_quiet_silences_loggers_and_restores_them(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    loggers = [
        logging.getLogger(f"{name}.some.part") for name in ("transformers", "huggingface_hub")
    ]
    roots = [logging.getLogger(name) for name in ("transformers", "huggingface_hub")]
    for root in roots:
        root.addHandler(caplog.handler)
    try:
        with quiet():
            for logger in loggers:
                logger.error("not heard")
        for logger in loggers:
            logger.error("heard")
    finally:
        for root in roots:
            root.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"heard"}
    assert {record.name for record in caplog.records} == {logger.name for logger in loggers}


class TestBatches:
    def items(self, *lengths: int) -> list[Item]:
        request = Request(ModelSource("m"), "")
        return [
            Item(request, "encoder", Encoded({"input_ids": [n] * length}, (None,) * length))  # type: ignore[arg-type]
            for n, length in enumerate(lengths)
        ]

    def test_batches_have_similar_lengths_and_a_limit(self) -> None:
        groups = list(batches(self.items(500, 3, 5, 500, 4, 500), heads=1, pads=True))
        lengths = [[len(i.source) for i in g] for g in groups]
        assert sorted(lengths) == [[3, 4, 5], [500], [500, 500]]

    def test_padding_costs_less_than_another_pass(self) -> None:
        """A pass costs as much as 30 tokens.

        Padding of 20 tokens costs less, and 9 × 30 cost more.
        """
        groups = list(batches(self.items(10, 30), heads=1, pads=True))
        assert [len(g) for g in groups] == [2]
        groups = list(batches(self.items(*[10] * 9, 40), heads=1, pads=True))
        assert [len(g) for g in groups] == [9, 1]

    def test_batches_are_limited_by_the_weights_of_a_layer(self) -> None:
        room = Room(tokens=1000, weights=2 * 4 * 100**2)
        groups = list(batches(self.items(100, 100, 100), heads=4, pads=True, room=room))
        assert sorted(len(g) for g in groups) == [1, 2]

    def test_batches_without_safe_padding_have_one_length(self) -> None:
        groups = list(batches(self.items(3, 5, 3), heads=1, pads=False))
        assert [[len(i.source) for i in g] for g in groups] == [[3, 3], [5]]

    def test_a_batch_of_one_is_always_allowed(self) -> None:
        assert len(list(batches(self.items(9000), heads=12, pads=True))) == 1

    def test_batches_contain_every_item(self) -> None:
        items = self.items(*[3 + (7 * n) % 41 for n in range(300)])
        groups = list(batches(items, heads=12, pads=True))
        assert sorted(id(item) for group in groups for item in group) == sorted(map(id, items))
        assert all(len(g) * max(len(i.source) for i in g) <= Room().tokens for g in groups)


class TestEqualTexts:
    def test_equal_texts_run_once(self, tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tiny_model("bart")
        rows = []
        inputs = runner_module.model_inputs

        def count(*args: Any, **more: Any) -> Any:
            rows.append(len(args[2]))
            return inputs(*args, **more)

        monkeypatch.setattr(runner_module, "model_inputs", count)
        source = source_of(folder)
        requested: list[dict[str, Any]] = [
            {"part": "decoder"},
            {"part": "cross"},
            {"part": "cross", "keep": ("queries", "keys"), "layers": (1,)},
            {"part": "cross", "target": "the dog"},
        ]
        requests = [Request(source, FOX, **{"target": "a dog", **more}) for more in requested]
        decoder, cross, kept, other = attentions(requests)
        assert rows[-1] == 2
        assert decoder.weights.shape == (3, 4, 3, 3)
        assert np.array_equal(kept.weights, cross.weights[1:2])
        assert kept.queries is not None
        assert cross.queries is None
        assert largest_difference(other.weights, cross.weights) > 0.01


def test_one_pass_serves_all_parts_of_a_text(
    tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(tiny_model("bart"))
    requests = [Request(source, FOX, part=part) for part in ("encoder", "decoder", "cross")]
    alone = [attentions([request])[0] for request in requests]
    rows: list[int] = []
    run = runner_module.ModelRunner._run

    def counting(self: Any, group: Any, tried: Any) -> Any:
        batch = run(self, group, tried)
        rows.append(len(batch.rows))
        return batch

    monkeypatch.setattr(runner_module.ModelRunner, "_run", counting)
    together = attentions(requests)
    assert rows == [1]
    for one, other in zip(alone, together, strict=True):
        assert one.part == other.part
        assert one.query_tokens == other.query_tokens
        assert largest_difference(one.weights, other.weights) < 1e-6
