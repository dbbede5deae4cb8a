from __future__ import annotations

import json
import math
import zlib
from base64 import b85encode
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.codes import codes, format_code, format_weight
from sphinx_attention.core.figure.payload import (
    DIGITS_OF_85,
    decode,
    decode_text,
    encode,
    encode_text,
    estimate,
)
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import DirectiveSource, FigureSpec
from sphinx_attention.core.remarks import remark
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.hosts.notations import MYST


def make(weights, masked=None, texts=None, keys=None, **fields):
    weights = np.asarray(weights, dtype=np.float32)
    queries, columns = weights.shape[2:]
    masked = np.zeros((1, queries, columns), bool) if masked is None else np.asarray(masked)
    texts = texts or [f"t{i}" for i in range(queries)]
    row = tuple(Token(text, special=text.startswith("[")) for text in texts)
    other = row if keys is None else tuple(Token(text) for text in keys)
    attention = Attention(row, other, weights, masked, **fields)
    return resolve(FigureSpec(Request(ModelSource("m"), "text")), attention)


@pytest.mark.parametrize(
    ("weight", "code", "text"),
    [
        (0.0, 0, "0.000"),
        (0.00049, 0, "0.000"),
        (0.0005, 1, "0.001"),  # as a float32, this number lies below a half
        (0.0015, 2, "0.002"),
        (0.4465, 447, "0.447"),
        (0.467, 467, "0.467"),
        (0.99949, 999, "0.999"),
        (0.9996, 1000, "1.000"),
        (1.0, 1000, "1.000"),
        (1.0004, 1000, "1.000"),
        (1.004, 1000, "1.000"),  # the code of a masked cell is never used
    ],
)
def test_weights_round_half_up_to_thousandths(weight, code, text):
    figure = make([[[[weight]]]])
    assert codes(figure.attention).tolist() == [[[[code]]]]
    assert format_code(code) == text
    assert format_weight(weight) == text


def test_every_thousandth_is_printed_with_three_decimals():
    for code in range(1001):
        assert format_code(code) == str(Decimal(code).scaleb(-3).quantize(Decimal("0.001")))


def test_ten_thousandths_are_right_to_three_decimals():
    for tenth in range(10_001):
        weight = np.float32(tenth / 10_000)
        printed = Decimal(format_weight(float(weight)))
        assert abs(printed - Decimal(float(weight))) <= Decimal("0.00050001")


def test_masked_is_not_zero():
    figure = make([[[[1, 0], [0, 1]]]], masked=[[[False, True], [False, False]]])
    assert codes(figure.attention).tolist() == [[[[1000, 1001], [0, 1000]]]]
    assert format_code(1001) == "–"


def test_one_mask_holds_for_all_layers_and_several_for_their_own():
    weights = np.full((2, 1, 1, 2), 0.5)
    one = make(weights, masked=[[[False, True]]], keys=["a", "b"])
    assert codes(one.attention)[:, 0, 0].tolist() == [[500, 1001], [500, 1001]]
    two = make(weights, masked=[[[False, True]], [[True, False]]], keys=["a", "b"])
    assert codes(two.attention)[:, 0, 0].tolist() == [[500, 1001], [1001, 500]]


def test_the_bytes_are_what_the_format_says():
    weights = [[[[0.25, 0.75], [0.999, 0.001]]], [[[1, 0], [0.9, 0.1]]]]
    figure = make(weights, texts=["[CLS]", "dög"], label="toy")
    raw = zlib.decompress(encode(figure))
    length = int.from_bytes(raw[:4], "little")
    header = raw[4 : 4 + length].decode()
    assert header == (
        '{"heads":["0"],"label":"toy","layers":["0","1"],"order":[1,0],'
        '"part":"encoder","queries":["[CLS]","dög"],"shape":[2,1,2,2],"specialQueries":[0],'
        '"version":3}'
    )
    # The layer whose codes take 10, 0, 10 and 7 bits comes before that of 8, 10, 10 and 1 bits.
    expected = [1000, 0, 900, 100, 250, 750, 999, 1]
    assert raw[4 + length :] == bytes(c >> 8 for c in expected) + bytes(c & 255 for c in expected)


def test_the_first_weight_of_a_row_is_written_as_the_remainder_of_its_sum():
    # Each of 40 rows has the codes 503, 250 and 249 of thirds that do not add up, or a masked key.
    rows = np.tile([0.503, 0.25, 0.249], (40, 1))
    masked = np.zeros((1, 40, 3), bool)
    masked[0, 5], masked[0, 6] = [True, False, False], [False, False, True]
    figure = make(rows[None, None], masked=masked, keys=["a", "b", "c"])
    data = encode(figure)
    raw = zlib.decompress(data)
    length = int.from_bytes(raw[:4], "little")
    header = json.loads(raw[4 : 4 + length])
    high, low = np.frombuffer(raw, np.uint8, offset=4 + length).reshape(2, 40, 3).astype(int)
    written = 256 * high + low
    assert header["remainders"] == 8
    assert written[0].tolist() == [2 + 8, 250, 249]
    assert written[5].tolist() == [1001, 250, 249]
    # 503 + 250 lies 247 below 1000, which wraps around.
    assert written[6].tolist() == [1001 - 247 + 8, 250, 1001]
    read = decode(data).codes[0, 0]
    assert read[[0, 5, 6]].tolist() == [[503, 250, 249], [1001, 250, 249], [503, 250, 1001]]


def test_any_weights_come_back_from_their_remainders(monkeypatch):
    monkeypatch.setattr("sphinx_attention.core.figure.payload._NAMED", -math.inf)
    rng = np.random.default_rng(3)
    for total in (0.0, 0.4, 1.0, 3.0):
        weights = np.clip(rng.dirichlet(np.ones(9), (1, 4, 60)) * total, 0, 1)
        weights[..., 0] = 0.9
        masked = rng.random((1, 60, 9)) < 0.2
        figure = make(weights, masked=masked, keys=list("abcdefghi"))
        payload = decode(encode(figure))
        assert payload.header["remainders"]
        np.testing.assert_array_equal(payload.codes, codes(figure.attention))


def test_weights_that_pack_better_than_remainders_are_written_themselves():
    weights = np.zeros((1, 1, 40, 3))
    weights[..., 2] = 1
    figure = make(weights, keys=["a", "b", "c"])
    assert "remainders" not in decode(encode(figure)).header
    few = make(np.full((1, 1, 3, 3), 1 / 3))
    assert "remainders" not in decode(encode(few)).header


def test_text_is_pythons_base_85_in_another_alphabet():
    theirs = (
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
    )
    table = bytes.maketrans(theirs, DIGITS_OF_85.encode())
    rng = np.random.default_rng(0)
    for length in [*range(40), 4099]:
        data = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
        text = encode_text(data)
        assert text == b85encode(data).translate(table).decode()
        assert decode_text(text) == data
    assert decode_text(encode_text(b"\xff" * 8)) == b"\xff" * 8


def test_no_digit_is_markup():
    assert len(set(DIGITS_OF_85)) == 85
    assert not set(DIGITS_OF_85) & set("\"'\\&<>{}` \n")


@pytest.mark.parametrize("text", ["0", "000000", "0000&", "0000é", "~~~~~", "00 00"])
def test_other_text_is_no_base_85(text):
    with pytest.raises(ValueError, match="base 85"):
        decode_text(text)


def spec(figure, **fields):
    return resolve(replace(figure.spec, **fields), figure.attention)


def test_names_segments_and_what_was_written_are_carried():
    figure = make(
        np.full((2, 1, 2, 2), 0.5),
        layer_names=("3", "7"),
        head_names=("mean",),
    )
    header = decode(encode(figure)).header
    assert (header["layers"], header["heads"]) == (["3", "7"], ["mean"])
    # Fields that most figures do not have take no room when they are absent.
    assert not {"segments", "words", "headScores", "tensors", "missing"} & header.keys()
    pair = Attention(
        (Token("a"), Token("b", segment=1)),
        (Token("a"), Token("b", segment=1)),
        np.full((1, 1, 2, 2), 0.5, np.float32),
        np.zeros((1, 2, 2), bool),
    )
    header = decode(encode(resolve(figure.spec, pair))).header
    assert header["segments"] == {"queries": [0, 1], "keys": [0, 1]}


def test_a_payload_depends_on_the_attention_alone():
    figure = make([[[[1, 0], [0.25, 0.75]]]], texts=["a", "b"])
    written = DirectiveSource("a b", (("alt", "</script>"),), "1 0\n0 1", MYST)
    others = (
        replace(figure.spec, special="dim", link="x", written=written),
        replace(figure.spec, cutoff=0.5, focus="b", alt="other", rest="overview"),
    )
    plain = encode(figure)
    assert [encode(resolve(other, figure.attention)) for other in others] == [plain, plain]


def test_words_of_several_pieces_are_numbered():
    pieces = (Token("[CLS]", special=True), Token("un", word=0), Token("##do", word=0))
    weights = np.full((1, 1, 3, 3), 1 / 3, np.float32)
    one = Attention(pieces, pieces, weights, np.zeros((1, 3, 3), bool))
    spec = make([[[[1]]]], texts=["a"]).spec
    assert decode(encode(resolve(spec, one))).header["words"] == {"queries": [None, 0, 0]}


def test_the_grid_carries_scores_of_heads_to_three_decimals():
    figure = make([[[[1, 0, 0], [0.75, 0.25, 0], [0.2, 0.3, 0.5]]]], texts=["a", "b", "c"])
    payload = decode(encode(spec(figure, view="grid")))
    assert payload.header["headScores"] == list(payload.scores)
    assert {name: score.tolist() for name, score in payload.scores.items()} == {
        "previous": [[0.525]],  # 0.75 and 0.3
        "first": [[0.475]],  # 0.75 and 0.2
        "self": [[0.583]],  # 1, 0.25 and 0.5
        "entropy": [[0.766]],  # 0, 0.811278 and 1.485475 bits
        "induction": [[pytest.approx(np.nan, nan_ok=True)]],
    }


def steps(**logit_terms):
    rng = np.random.default_rng(3)
    tensors = {
        "queries": rng.normal(size=(2, 4, 3, 5)).astype(np.float32),
        "keys": rng.normal(size=(2, 2, 3, 5)).astype(np.float32),
        "values": rng.normal(size=(2, 2, 3, 6)).astype(np.float32),
    }
    row = tuple(map(Token, "abc"))
    weights = np.full((2, 4, 3, 3), 1 / 3, np.float32)
    attention = Attention(row, row, weights, np.zeros((1, 3, 3), bool), **tensors, **logit_terms)
    figure = resolve(FigureSpec(Request(ModelSource("m"), "text")), attention)
    return spec(figure, view="steps", layer=1, head=3), tensors


def test_steps_carry_the_tensors_of_the_shown_head():
    logit_terms = LogitTerms(
        scale=np.array([0.5, 0.25], np.float32),
        softcap=np.array([0, 50], np.float32),
        bias=np.arange(18, dtype=np.float32).reshape(2, 1, 3, 3),
        sinks=np.arange(8, dtype=np.float32).reshape(2, 4),
    )
    figure, tensors = steps(logit_terms=logit_terms)
    payload = decode(encode(figure))
    assert "missing" not in payload.header
    assert list(payload.tensors) == [
        "queries",
        "keys",
        "values",
        "scale",
        "softcap",
        "bias",
        "sinks",
    ]
    # Only layer 1 and head 3 are carried. Four heads share two key-value heads, and head 3 reads
    # the second.
    for name, head in (("queries", 3), ("keys", 1), ("values", 1)):
        np.testing.assert_array_equal(payload.tensors[name], tensors[name][1:2, head : head + 1])
    assert payload.tensors["scale"].tolist() == [0.25]
    assert payload.tensors["softcap"].tolist() == [50]
    assert payload.tensors["bias"].tolist() == [[[[9, 10, 11], [12, 13, 14], [15, 16, 17]]]]
    assert payload.tensors["sinks"].tolist() == [[7]]
    assert payload.codes.tolist() == [[[[333] * 3] * 3]]


def test_the_planes_of_a_tensor_are_its_bytes_in_turn():
    figure, tensors = steps(logit_terms=None)
    raw = zlib.decompress(encode(figure))
    length = int.from_bytes(raw[:4], "little")
    header = json.loads(raw[4 : 4 + length])
    assert header["tensors"][0] == {"name": "queries", "shape": [1, 1, 3, 5]}
    queries = tensors["queries"][1, 3].astype("<f4").tobytes()
    start = 4 + length + 2 * 9
    assert raw[start : start + 60] == queries[0::4] + queries[1::4] + queries[2::4] + queries[3::4]


def test_steps_say_what_is_missing():
    figure, _ = steps(logit_terms=None)
    assert decode(encode(figure)).header["missing"] == remark("no_terms")
    bare = make(np.full((1, 1, 2, 2), 0.5))
    payload = decode(encode(spec(bare, view="steps")))
    assert payload.header["missing"]
    assert payload.header["tensors"] == []
    assert not payload.tensors


def test_cut_tensors_are_refused():
    figure, _ = steps(logit_terms=None)
    raw = zlib.decompress(encode(figure))
    with pytest.raises(ValueError, match="bytes of numbers"):
        decode(zlib.compress(raw[:-1]))


@pytest.mark.parametrize("spread", [0.05, 0.3, 5.0])
@pytest.mark.parametrize(("layers", "tokens"), [(6, 24), (24, 64)])
def test_the_estimate_is_near_what_a_page_carries(spread, layers, tokens):
    rng = np.random.default_rng(1)
    figure = make(rng.dirichlet(np.full(tokens, spread), size=(layers, 12, tokens)))
    assert len(encode_text(encode(figure))) == pytest.approx(estimate(figure.attention), rel=0.3)


def test_two_rows_carry_their_keys():
    figure = make([[[[0.5, 0.5]]]], texts=["a"], keys=["x", "y"], part="cross")
    header = decode(encode(figure)).header
    assert header["keys"] == ["x", "y"]
    assert header["specialKeys"] == []
    assert header["part"] == "cross"


def test_a_payload_decodes_to_the_same_numbers():
    rng = np.random.default_rng(7)
    weights = rng.dirichlet(np.full(9, 0.2), size=(3, 4, 9))
    masked = rng.random((3, 9, 9)) < 0.2
    figure = make(weights, masked=masked)
    payload = decode(encode(figure))
    assert payload.codes.dtype == np.uint16
    shown = np.where(masked[:, None], 1001, np.floor(weights * 1000 + 0.5))
    # A float32 may fall on the other side of a half.
    assert (np.abs(payload.codes.astype(int) - shown) <= 1).all()
    assert (payload.codes == codes(figure.attention)).all()
    assert encode(figure) == encode(figure)


def test_hostile_tokens_stay_data():
    texts = ["</script><img src=x onerror=alert(1)>", "\x00", "\ud800", '"\\', "\u202e", ""]
    figure = make(np.full((1, 1, 6, 6), 1 / 6), texts=texts)
    data = encode(figure)
    assert "<" not in encode_text(data)
    queries = decode(data).header["queries"]
    assert queries[0] == texts[0]  # The digits of base 85 need no escape in HTML.
    assert queries[1:] == ["␀", "\ufffd", '"\\', "\ufffd", "∅"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not zlib",
        zlib.compress(b""),
        zlib.compress(b"\xff\xff\xff\x7f{}"),
        zlib.compress(b"\x02\0\0\0{}"),
        zlib.compress(b"\x02\0\0\0[]"),
    ],
)
def test_other_bytes_are_refused(data):
    with pytest.raises(ValueError, match="not an attention payload"):
        decode(data)


def test_other_versions_and_cut_payloads_are_refused():
    header = json.dumps({"version": 2, "shape": [1, 1, 1, 1]}).encode()
    size = len(header).to_bytes(4, "little")
    with pytest.raises(ValueError, match="version 2"):
        decode(zlib.compress(size + header + b"\0\0"))
    header = header.replace(b"2", b"3", 1)
    with pytest.raises(ValueError, match="1 bytes of numbers where 2 are due"):
        decode(zlib.compress(size + header + b"\0"))


def entropy_bytes(numbers: list[int]) -> float:
    counts = Counter(numbers)
    bits = -sum(n * math.log2(n / len(numbers)) for n in counts.values())
    return bits / 8


STORY = (
    "When the teacher asked why the sky is blue, nobody in the room answered at first. Then a "
    "small girl at the back raised her hand and said that light from the sun is made of many "
    "colours, and that the air scatters the short waves more than the long ones. The teacher "
    "smiled, wrote her name on the board, and asked the class to draw what she had described. "
    "Some drew rainbows, others drew arrows bouncing between little balls; one boy drew a dog "
    "chasing a blue ball over a hill, which, everyone agreed, was the best picture of all. By the "
    "end of the hour the board was full of diagrams, and even the quiet ones had something to say."
)


@pytest.fixture(scope="module")
def real(minilm):
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(minilm, attn_implementation="eager")
    tokenizer = AutoTokenizer.from_pretrained(minilm)

    def run(length: int):
        batch = tokenizer(STORY, return_tensors="pt", truncation=True, max_length=length)
        layers = model(**batch, output_attentions=True).attentions
        weights = np.concatenate([layer.detach().numpy() for layer in layers])
        return weights, tokenizer.convert_ids_to_tokens(batch["input_ids"][0])

    return run


@pytest.mark.models
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("length", [32, 48, 64, 96, 128])
def test_real_heads_take_hardly_more_than_their_entropy(real, length):
    weights, texts = real(length)
    assert weights.shape == (6, 12, length, length)
    rounded = [math.floor(w * 1000 + 0.5) for w in weights.astype(float).ravel().tolist()]
    assert len(encode(make(weights, texts=texts))) <= 1.05 * entropy_bytes(rounded)
