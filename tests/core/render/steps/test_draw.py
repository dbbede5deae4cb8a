"""The view steps, compared with torch's own arithmetic on models of every kind."""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.codes import Codes
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.render.common import vector_strips
from sphinx_attention.core.render.drawing import templates
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.steps import draw as steps
from sphinx_attention.core.render.steps import formulas
from sphinx_attention.core.render.svg import render_svg
from sphinx_attention.core.request import ModelSource, Request
from tests.core.render.pictures import classed
from tests.core.sources.other_input import OTHER_INPUT, attention_of, run
from tests.core.sources.runs import (
    FOX,
    attentions,
    own,
    reference_model,
    source_of,
    stacked,
    with_sink,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.figure.figure import Figure

ALL = ("queries", "keys", "values")
CHAINED = [
    *("bert", "roberta", "distilbert", "electra", "albert", "modernbert", "gpt2", "gpt_neox"),
    *("opt", "llama", "mistral", "qwen3", "gemma2", "gemma3", "phi3", "olmo2"),
    *("gpt_oss", "deepseek_v3", "t5", "bart", "marian"),
]
CHAINLESS = ["deberta-v2", "bloom", "falcon", "xlnet"]
HALF = 5.1e-4
"""Half a unit of the third decimal, and the error of single precision."""


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


@dataclass
class Read:
    """The text that a reader sees: rows by column, numbers of panels by name, and all text."""

    rows: dict[str, list[str]]
    parts: dict[str, str]
    panels: list[str]
    text: str
    svg: ET.Element

    def column(self, name: str) -> np.ndarray:
        return np.array([number(text) for text in self.rows[name]])

    def logits(self) -> np.ndarray:
        last = next(name for name in ("capped", "scaled", "dot") if name in self.rows)
        return self.column(last) + (self.column("bias") if "bias" in self.rows else 0)


def read(figure: Figure) -> Read:
    page = render_html(figure, "f")
    below = page[page.index("</svg>") :]
    svg = ET.fromstring(re.search(r"<svg.*</svg>", page, re.DOTALL)[0])
    (body,) = classed(svg, "attention-rows")
    rows: dict[str, list[str]] = {name: [] for name in body.get("data-columns").split()}
    for row in classed(body, "attention-token"):
        for name, text in zip(rows, classed(row, "attention-number"), strict=True):
            rows[name].append(text.text or "")
    found = re.findall(r'data-part="(\w+)">([^<]*)<', below)
    parts: dict[str, str] = {}
    for name, text in found:
        assert parts.setdefault(name, html.unescape(text)) == html.unescape(text)
    panels = re.findall(r'data-step="(\w+)"', below)
    return Read(rows, parts, panels, re.sub(r"<[^>]+>", "", html.unescape(below)), svg)


def captured(folder: Path, part: str | None = None, text: str = FOX) -> Attention:
    (one,) = attentions([Request(source_of(folder), text, part=part, keep=ALL)])
    return one


def figure_of(attention: Attention, layer: int, head: int, query: int, key: int | None = None):
    spec = FigureSpec(
        Request(ModelSource("m"), FOX), view="steps", layer=layer, head=head, focus=str(query)
    )
    shown = resolve(spec, attention)
    assert shown.attention.weights.shape[:2] == (1, 1)
    assert shown.pinned == (query,)
    return shown


def own_weights(folder: Path) -> np.ndarray:
    _, model = reference_model(folder)
    output = own(folder, FOX, [0] if model.config.is_encoder_decoder else None)
    weights = stacked(getattr(output, "attentions", None) or output.encoder_attentions)
    return with_sink(weights) if folder.name.startswith("gpt_oss") else weights


def cells(attention: Attention) -> list[tuple[int, int, int]]:
    """A few rows: layer, head, query."""
    last = len(attention.query_tokens) - 1
    return [(0, 0, last), (attention.layers - 1, 1, last // 2), (attention.layers - 1, 3, last)]


@pytest.mark.parametrize("kind", CHAINED)
def test_the_chain_ends_at_the_models_own_weights(tiny_model, kind: str) -> None:
    folder = tiny_model(kind)
    attention, reference = captured(folder), own_weights(folder)
    for layer, head, query in cells(attention):
        row = reference[layer, head, query]
        seen = read(figure_of(attention, layer, head, query))
        masked = np.array([text == "–" for text in seen.rows["weight"]])
        assert (row[masked] == 0).all()
        weights = np.array([0 if text == "–" else number(text) for text in seen.rows["weight"]])
        assert np.abs(weights - row).max() <= HALF
        # Softmax turns differences into ratios, so the logits are right up to a common number.
        heavy = np.flatnonzero((row > 1e-4) & ~masked)
        logits = seen.logits()[heavy]
        ratios = np.log(row[heavy] / row[heavy[0]])
        assert logits - logits[0] == pytest.approx(ratios, abs=4e-3)
        follow_the_panels(seen, row)


def power(p: dict[str, str], name: str) -> float:
    """A power of e, read from its printed form."""
    ten = p.get(f"{name}Ten")
    return float(p.get(name, 0)) * (10.0 ** number(ten) if ten else 1)


def follow_the_panels(seen: Read, row: np.ndarray) -> None:
    """Compute each panel from its printed numbers, up to the model's weight."""
    p = {name: text for name, text in seen.parts.items() if name not in {"products", "value"}}
    dot, scaled = number(p["dot"]), number(p["scaled"])
    if p.get("radicand"):
        assert dot / math.sqrt(float(p["radicand"])) == pytest.approx(scaled, abs=HALF)
    else:
        assert dot * float(p.get("factor", 1)) == pytest.approx(scaled, rel=1e-3, abs=HALF)
    score = scaled
    if "cap" in seen.panels:
        cap = float(p["cap"])
        score = number(p["capped"])
        assert cap * math.tanh(scaled / cap) == pytest.approx(score, abs=1e-4)
    if "bias" in seen.panels:
        assert score + number(p["added"].strip("()")) == pytest.approx(number(p["score"]), abs=2e-4)
        score = number(p["score"])
    top, total, sink = (power(p, name) for name in ("top", "sum", "sink"))
    total += sink
    assert math.exp(score) == pytest.approx(top, rel=1.2e-4)
    key = seen.rows["weight"].index(p["share"])
    assert p["share"] == p["verdict"]
    assert top / total == pytest.approx(row[key], abs=1.2e-4)
    assert number(p["share"]) == pytest.approx(row[key], abs=HALF)


@pytest.mark.models
@pytest.mark.parametrize("kind", OTHER_INPUT)
def test_the_chain_of_models_of_pictures_and_sound_ends_there_too(kind: str) -> None:
    _, _, calls = run(kind)
    for call, reference in calls.values():
        attention = attention_of(call)
        for _, head, query in cells(attention):
            row = reference[0, head, query]
            seen = read(figure_of(attention, 0, head, query))
            weights = [0 if text == "–" else number(text) for text in seen.rows["weight"]]
            assert np.abs(np.array(weights) - row).max() <= HALF
            follow_the_panels(seen, row)


def test_the_chain_of_clips_texts_ends_there_too(tiny_model) -> None:
    import torch
    from transformers import AutoTokenizer, CLIPModel

    folder = tiny_model("clip")
    model = CLIPModel.from_pretrained(folder, attn_implementation="eager").eval()
    inputs = AutoTokenizer.from_pretrained(folder)(FOX, return_tensors="pt")
    with torch.no_grad():
        output = model(**inputs, pixel_values=torch.zeros(1, 3, 16, 16), output_attentions=True)
    reference = stacked(output.text_model_output.attentions)
    attention = captured(folder)
    for layer, head, query in cells(attention):
        follow_the_panels(
            read(figure_of(attention, layer, head, query)), reference[layer, head, query]
        )


@pytest.mark.parametrize(("kind", "part"), [("t5", "cross"), ("bart", "cross"), ("t5", "decoder")])
def test_the_chain_of_an_encoder_and_a_decoder_ends_there_too(tiny_model, kind, part) -> None:
    folder = tiny_model(kind)
    (attention,) = attentions(
        [Request(source_of(folder), FOX, target="a lazy fox", part=part, keep=ALL)]
    )
    for layer, head, query in cells(attention):
        seen = read(figure_of(attention, layer, head, query))
        follow_the_panels(seen, attention.weights[layer, head, query])
        words = classed(seen.svg, "attention-words")[0]
        assert len(words) == len(attention.query_tokens)
        assert len(seen.rows["weight"]) == len(attention.key_tokens)


@pytest.mark.parametrize("kind", CHAINLESS)
def test_without_queries_and_keys_the_figure_says_so_and_shows_the_weights(
    tiny_model, kind: str
) -> None:
    folder = tiny_model(kind)
    attention, reference = captured(folder), own_weights(folder)
    seen = read(figure_of(attention, 1, 2, 3))
    assert list(seen.rows) == ["weight"]
    weights = [0 if text == "–" else number(text) for text in seen.rows["weight"]]
    assert np.abs(np.array(weights) - reference[1, 2, 3]).max() <= HALF
    assert not seen.panels
    assert not seen.parts
    assert "sums behind these weights cannot be shown: " in seen.text
    assert "queries and keys" in seen.text
    assert not classed(seen.svg, "attention-strips")


def hooked(folder: Path, names: dict[str, str]) -> dict[str, np.ndarray]:
    """The output of linear layers of the model for the text, shape (tokens, width)."""
    import torch

    tokenizer, model = reference_model(folder)
    found: dict[str, np.ndarray] = {}
    handles = [
        model.get_submodule(path).register_forward_hook(
            lambda _module, _inputs, output, name=name: found.update({name: output[0].numpy()})
        )
        for name, path in names.items()
    ]
    with torch.no_grad():
        model(**tokenizer(FOX, return_tensors="pt"))
    for handle in handles:
        handle.remove()
    return found


def test_the_numbers_of_bert_are_those_of_its_layers(tiny_model) -> None:
    folder = tiny_model("bert")
    own_layers = hooked(
        folder, {n: f"encoder.layer.2.attention.self.{n}" for n in ("query", "key", "value")}
    )
    q, k, v = (own_layers[n][:, 8:16] for n in ("query", "key", "value"))  # head 1 of width 8
    query = 4
    row = own_weights(folder)[2, 1, query]
    seen = read(figure_of(captured(folder), 2, 1, query))
    assert seen.column("dot") == pytest.approx(k @ q[query], abs=HALF)
    assert seen.column("scaled") == pytest.approx(k @ q[query] / math.sqrt(8), abs=HALF)
    assert seen.panels == ["multiply", "dot", "scale", "softmax", "value"]
    ordinary = [j for j in range(len(row)) if j != query and 0 < j < len(row) - 1]
    key = max(ordinary, key=lambda j: row[j])
    assert seen.parts["radicand"] == "8"
    assert number(seen.parts["dot"]) == pytest.approx(k[key] @ q[query], abs=HALF)
    assert number(seen.parts["share"]) == pytest.approx(row[key], abs=HALF)
    terms = re.findall(r"\(?(−?[\d.]+)\)?\u00a0⋅\u00a0\(?(−?[\d.]+)\)?", seen.parts["products"])
    for n, (one, other) in zip((0, 1, -1), terms, strict=True):
        assert (number(one), number(other)) == pytest.approx((q[query, n], k[key, n]), abs=6e-3)
    for name in ("multiplied", "addends"):
        products = [number(text) for text in re.findall(r"−?[\d.]+", seen.parts[name])]
        assert products == pytest.approx((q[query] * k[key])[[0, 1, -1]], abs=6e-3)
    for name, vector in (("value", v[key]), ("output", row @ v)):
        first = [number(text) for text in seen.parts[name].strip("()").split(", ")[:3]]
        assert first == pytest.approx(vector[:3], abs=6e-3)


def test_llama_has_rotated_positions_and_shared_keys(tiny_model, monkeypatch) -> None:
    import torch
    from transformers.models.llama import modeling_llama

    folder = tiny_model("llama")
    rotated: list[Any] = []
    turn = modeling_llama.apply_rotary_pos_emb

    def recording(*args: Any, **kwargs: Any) -> Any:
        rotated.append(turn(*args, **kwargs))
        return rotated[-1]

    with monkeypatch.context() as patch:
        patch.setattr(modeling_llama, "apply_rotary_pos_emb", recording)
        own(folder, FOX)
    queries, keys = rotated[1]  # of layer 1
    assert queries.shape[1] == 2 * keys.shape[1]
    attention = captured(folder)
    for head in range(4):
        query = 5
        dot = keys[0, head // 2] @ queries[0, head, query]
        seen = read(figure_of(attention, 1, head, query))
        assert seen.column("dot") == pytest.approx(dot.numpy(), abs=HALF)
        with torch.no_grad():
            weights = torch.softmax(dot[: query + 1] / math.sqrt(8), 0).numpy()
        shown = [number(text) for text in seen.rows["weight"][: query + 1]]
        assert shown == pytest.approx(weights, abs=HALF)
        assert seen.panels == ["multiply", "dot", "scale", "bias", "softmax", "value"]


def test_masked_keys_are_minus_infinity_and_have_no_weight(tiny_model) -> None:
    seen = read(figure_of(captured(tiny_model("llama")), 0, 0, 3))
    (mask,) = classed(seen.svg, "attention-mask")
    hidden = [n for n, text in enumerate(seen.rows["weight"]) if text == "–"]
    assert hidden == list(range(4, len(seen.rows["weight"])))
    assert mask.text == "−∞" * len(hidden)
    rows = classed(seen.svg, "attention-rows")[0]
    tops = [float(row[0].get("y")) for row in rows]
    assert [float(y) for y in mask.get("y").split()] == [
        tops[n] + 16 for n in hidden for _ in range(2)
    ]
    assert len(classed(rows, "attention-token--masked")) == len(hidden)


def test_the_sums_of_a_masked_key() -> None:
    chain = steps.logits.chain(small(masked=[[False, True], [False, False]]), 0, 0, 0)
    written = formulas.parts(chain, 1, 1001, (2, 2))
    assert written["score"] == written["bias"] == "−∞"
    assert (written["top"], written["share"], written["verdict"]) == ("0", "0", "masked")
    assert written["scaled"] == formulas.score(float(chain.scaled[1]))


def test_t5_adds_its_own_bias_and_does_not_scale(tiny_model) -> None:
    import torch

    folder = tiny_model("t5")
    _, model = reference_model(folder)
    attention = captured(folder)
    count = len(attention.query_tokens)
    with torch.no_grad():
        layer = model.encoder.block[0].layer[0].SelfAttention
        bias = layer.compute_bias(count, count)[0].numpy()
    seen = read(figure_of(attention, 1, 2, 4))
    assert seen.column("bias") == pytest.approx(bias[2, 4], abs=HALF)
    assert "scaled" not in seen.rows
    assert "does not scale" in seen.text
    assert seen.panels == ["multiply", "dot", "scale", "bias", "softmax", "value"]


def test_gemma_has_a_soft_cap(tiny_model) -> None:
    seen = read(figure_of(captured(tiny_model("gemma2")), 1, 1, 6))
    assert seen.column("capped") == pytest.approx(2 * np.tanh(seen.column("scaled") / 2), abs=1e-3)
    assert np.abs(seen.column("capped")).max() <= 2
    assert "between −2 and 2" in seen.text


def test_gpt_oss_has_a_sink(tiny_model) -> None:
    folder = tiny_model("gpt_oss")
    share = own_weights(folder)[0, 2, 5, 0]
    seen = read(figure_of(captured(folder), 0, 2, 5))
    assert seen.rows["weight"][0] == seen.parts["taken"]
    assert float(seen.parts["taken"]) == pytest.approx(share, abs=HALF)
    _, model = reference_model(folder)
    logit = model.get_submodule("layers.0.self_attn").sinks[2].item()
    assert number(seen.rows["scaled"][0]) == pytest.approx(logit, abs=HALF)
    assert seen.rows["dot"][0] == ""
    assert "belongs to no token" in seen.text


def small(masked=None, scale: float = 2**-0.5) -> Attention:
    """Two tokens, one head of width 2, by hand: logits (2, 0) and (1, 4) before scaling."""
    queries = np.array([[[[1, 1], [0.5, 2]]]], np.float32)
    keys = np.array([[[[2, 0], [-2, 2]]]], np.float32)
    logits = np.array([[2, 0], [1, 3]]) / math.sqrt(2)
    hidden = np.zeros((2, 2), bool) if masked is None else np.array(masked)
    shares = np.where(hidden, 0, np.exp(logits))
    return Attention(
        query_tokens=(Token("a"), Token("b")),
        key_tokens=(Token("a"), Token("b")),
        weights=(shares / shares.sum(1, keepdims=True)).astype(np.float32)[None, None],
        masked=hidden[None],
        queries=queries,
        keys=keys,
        values=np.array([[[[1, 0, -1, 4], [3, 2, 1, 0]]]], np.float32),
        logit_terms=LogitTerms(np.float32([scale]), np.float32([0])),
    )


def test_by_hand() -> None:
    """q = (0.5, 2), k = (2, 0) and (−2, 2): 1 and 3; over √2 these are 0.707 and 2.121."""
    seen = read(figure_of(small(), 0, 0, 1))
    assert seen.rows == {
        "dot": ["1.000", "3.000"],
        "scaled": ["0.707", "2.121"],
        "weight": ["0.196", "0.804"],
    }
    p = seen.parts
    # The heaviest key is the query itself, so the figure opens on the other key.
    assert (p["query"], p["key"], p["share"]) == ("b", "a", "0.196")
    assert p["products"] == "(0.50\u00a0⋅\u00a02.00, 2.00\u00a0⋅\u00a00.00)"
    assert (p["multiplied"], p["addends"]) == ("(1.00, 0.00)", "1.00 +\u00a00.00")
    assert (p["dot"], p["scaled"]) == ("1.000", "0.7071")
    assert (p["top"], p["sum"]) == ("2.0281", "10.370")  # e^0.7071, and e^2.1213 = 8.3420 more
    assert p["value"] == "(1.00, 0.00, −1.00, …)"
    assert p["output"] == "(2.61, 1.61, 0.61, …)"  # 3 − 2·0.196, 2·0.804, 1 − 2·0.196


def test_large_scores_are_written_with_powers_of_ten() -> None:
    attention = small(scale=100.0)
    chain = steps.logits.chain(attention, 0, 0, 1)
    written = formulas.parts(chain, 1, 1000, (2, 3))
    # e^300 = 1.94242639524126e130
    assert [written[n] for n in ("top", "topTen", "sum", "sumTen")] == ["1.9424", "130"] * 2
    assert (written["radicand"], written["factor"]) == ("", "100.00")
    chain = replace(chain, logits=np.array([-1000.0, -1001.0]), weights=np.array([0.731, 0.269]))
    written = formulas.parts(chain, 1, 269, (2, 3))
    # e^−1000 = 5.0759589e−435, and 1/e of that
    shown = [written[n] for n in ("top", "topTen", "sum", "sumTen")]
    assert shown == ["1.8673", "−435", "6.9433", "−435"]
    chain = replace(chain, logits=np.array([1.0, 20.0]))
    shown = [formulas.parts(chain, 0, 0, (2, 3))[n] for n in ("top", "topTen", "sum", "sumTen")]
    assert shown == ["2.7183", "", "4.8517", "8"]  # e^20 = 485165195.4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (-0.0004, "0.000"),
        (-0.0006, "−0.001"),
        (0.0625, "0.063"),
        (-0.0625, "−0.063"),
        (999.9994, "999.999"),
        (1234.56, "1234.6"),
    ],
)
def test_numbers_have_three_decimals_unless_they_are_zeros(value: float, text: str) -> None:
    assert formulas.fixed(value) == text


def test_powers_of_e_have_five_digits() -> None:
    assert [formulas.significant(x) for x in (0.012345, 0.5, 2.0281, 10.37, 538.57, 82905.1)] == [
        *("0.012345", "0.50000", "2.0281", "10.370", "538.57", "82905"),
    ]


def test_a_root_is_a_whole_number() -> None:
    assert [formulas.radicand(float(np.float32(x))) for x in (32**-0.5, 1 / 16, 1.0, 0.09)] == [
        *("32", "256", "1", ""),
    ]


def test_strips_are_drawn_cell_by_cell() -> None:
    drawn = vector_strips.draw("keys", (7, 11), [0, 24], np.array([[1, 0.5, -1], [0, 1, 1.0]]), 1.0)
    assert [(level.level, level.path) for level in drawn.levels] == [
        # Above zero: the upper 8 px of a strip, from 4 px below the top of its row. Below: the lower 8.
        (25, "M1 8h1"),
        (50, "M0 8h1M1 32h2"),
        (-50, "M2 16h1"),
    ]
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (7, 11, 36, 48)
    # A number takes whole or half pixels, so that all columns fit beside the sidebars of a theme.
    assert [vector_strips.width(count) for count in (4, 32, 64, 80, 128)] == [48, 80, 64, 80, 64]


def test_strips_of_many_rows_are_an_image_of_the_same_levels() -> None:
    import io
    from base64 import b64decode

    from PIL import Image

    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(61, 8))
    full = float(np.abs(vectors).max())
    tops = [24 * n for n in range(61)]
    drawn = vector_strips.draw("keys", (0, 0), tops, vectors, full, hue="#7e2384")
    assert not drawn.levels
    data = b64decode(drawn.image.removeprefix("data:image/png;base64,"))
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    assert pixels.shape == (61 * 6, 8, 4)
    assert not pixels[0::6, :, 3].any()
    assert not pixels[5::6, :, 3].any()
    upper, lower = pixels[1::6, :, 3] / 255, pixels[4::6, :, 3] / 255
    assert np.abs(upper - np.maximum(vectors, 0) / full).max() <= 0.061
    assert np.abs(lower - np.maximum(-vectors, 0) / full).max() <= 0.061
    assert (pixels[2::6] == pixels[1::6]).all()
    assert (pixels[3::6] == pixels[4::6]).all()
    assert (pixels[1::6, :, :3][upper > 0] == (0x7E, 0x23, 0x84)).all()


def test_the_default_key_is_neither_special_nor_the_query() -> None:
    weights = np.array([[[[0.6, 0.3, 0.1]] * 3]], np.float32)
    tokens = (Token("[CLS]", special=True), Token("a"), Token("b"))
    attention = Attention(tokens, tokens, weights, np.zeros((1, 3, 3), bool))
    codes = Codes.unpacked(np.array([600, 300, 100]))
    assert steps.chosen_key(attention, codes, 1) == 2
    assert steps.chosen_key(attention, codes, 2) == 1
    assert steps.chosen_key(attention, Codes.unpacked(np.array([1000, 0, 0])), 2) == 0
    assert steps.chosen_key(attention, Codes.unpacked(np.array([1001, 1001, 1000])), 2) == 2


def test_a_text_from_the_right_begins_there() -> None:
    tokens = (Token("שלום"), Token("עולם"))
    attention = replace(small(), query_tokens=tokens, key_tokens=tokens)
    root = ET.fromstring(render_svg(figure_of(attention, 0, 0, 1), "f"))
    (words,) = classed(root, "attention-words")
    first, second = (float(e.get("x")) for e in classed(words, "attention-word"))
    assert first > second
    assert "data-backwards" in words.attrib


def test_hostile_tokens_are_text_everywhere() -> None:
    attention = small()
    nasty = "</script><b onclick=x>&amp;"
    tokens = (Token(nasty), Token("b"))
    attention = replace(attention, query_tokens=tokens, key_tokens=tokens)
    page = render_html(figure_of(attention, 0, 0, 1), "f")
    assert "<b onclick" not in page
    assert page.count(html.escape(nasty)) + page.count(html.escape(nasty, quote=False)) >= 3


def test_a_file_of_its_own_has_its_colours_and_needs_no_style_sheet() -> None:
    root = ET.fromstring(render_svg(figure_of(small(), 0, 0, 1), "f", standalone=True))
    colours = {e.get("stroke") for e in root.iter()} | {e.get("fill") for e in root.iter()}
    assert {"#2f6ac4", "#9d5d03", "#7e2384", "#005431"} <= colours


def test_every_formula_is_read_out_in_words() -> None:
    drawing = steps.draw(figure_of(small(), 0, 0, 1))
    view = drawing.content
    page = (
        templates().get_template(drawing.below).render(view=view, figure=None, say=ENGLISH.markup)
    )
    said = [html.unescape(one) for one in re.findall(r'role="math" aria-label="([^"]*)"', page)]
    assert said == [view.labels[panel.kind] for panel in view.panels]
    assert said[2] == "1.000 over the root of 2 is 0.7071"
