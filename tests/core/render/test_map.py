"""The view map: its picture, its notes and the files that its page carries."""

from __future__ import annotations

import json
import re
import struct
import zlib
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention.core.analysis.derive import derive
from sphinx_attention.core.analysis.projection.fidelity import fidelity
from sphinx_attention.core.analysis.projection.maker import MapMaker
from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render.description import describe
from sphinx_attention.core.render.html import LATER, figure_attributes, render_html
from sphinx_attention.core.render.map.colours import COLOURS, KIND, PALETTE, RAMPS, colouring
from sphinx_attention.core.render.map.data import files
from sphinx_attention.core.render.svg import render_svg

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec

WORDS = ["a", "small", "cat", ",", "that", "we", "saw", "and", "the", "dog", "who", "ran"]


def spec_of(tmp_path: Any, texts: list[str], labels: bool = False, **options: str) -> FigureSpec:
    lines = [
        f"{text}\t{'even' if n % 2 == 0 else 'odd'}" if labels else text
        for n, text in enumerate(texts)
    ]
    (tmp_path / "s.txt").write_text("\n".join(lines), encoding="utf-8")
    context = HostContext(
        Settings(model="m", models={"m": {"function": "m:f"}}),
        tmp_path,
        lambda name: tmp_path / name,
    )
    return parse(
        "", {"file": "s.txt", "view": "map", "projection": "pca", **options}, None, context
    )


def attention_of(text: str) -> Attention:
    words = text.split()
    made = np.random.default_rng(len(text))
    tokens = (Token("[CLS]", special=True), *(Token(word, word=n) for n, word in enumerate(words)))
    count = len(tokens)
    queries, keys = made.normal(0, 1, (2, 2, count, 6)), made.normal(0, 1, (2, 2, count, 6))
    logits = queries @ keys.swapaxes(-1, -2)
    weights = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    ones = np.ones(2, np.float32)
    vectors = {"queries": queries, "keys": keys, "values": keys}
    norms = made.uniform(0, 3, (2, 2, count)).astype(np.float32)
    return Attention(
        tokens,
        tokens,
        weights.astype(np.float32),
        np.zeros((1, count, count), bool),
        logit_terms=LogitTerms(ones, ones * 0),
        label="m",
        norms=norms,
        **{name: vector.astype(np.float32) for name, vector in vectors.items()},
    )


def sentences(count: int) -> list[str]:
    return [" ".join([f"n{n}", *WORDS[: 2 + n % 9]]) for n in range(count)]


def figure_of(tmp_path: Any, count: int = 6, **options: Any) -> Figure:
    spec = spec_of(tmp_path, sentences(count), **options)
    made = MapMaker(spec.request)
    for number, request in enumerate(spec.request.bases):
        made.add(number, derive(attention_of(request.text), request))
    return resolve_all(spec, [made.finish()])


def unpacked(text: str) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    raw = zlib.decompress(b64decode(text))
    (length,) = struct.unpack_from("<I", raw)
    header, at, arrays = json.loads(raw[4 : 4 + length]), 4 + length, {}
    for name, kind, count in header["arrays"]:
        size = count * (2 if kind == "u16" else 1)
        planes = np.frombuffer(raw[at : at + size], np.uint8).reshape(-1, count).astype(np.int64)
        arrays[name] = planes[0] * 256 + planes[1] if kind == "u16" else planes[0]
        at += size
    assert at == len(raw)
    return header, arrays


class TestTheRequest:
    def test_one_request_for_all_sentences(self, tmp_path: Any) -> None:
        spec = spec_of(tmp_path, sentences(3), heads="1", projection="bipartite, pca")
        (request,) = spec.requests
        assert request.keep == ("queries", "keys", "values")
        assert request.summary is not None
        assert request.summary.parameters == (("heads", (1,)), ("projection", "bipartite,pca"))
        assert [base.text for base in request.bases] == sentences(3)
        same = spec_of(tmp_path, sentences(3), heads="1", projection="bipartite,pca", colour="norm")
        assert same.request.key == request.key

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"projection": "mds"}, "bipartite, tsne, umap, pca"),
            ({"colour": "red"}, "expected kind, position, mod5, norm"),
            ({"compare": "sentence"}, "all sentences stand in one map"),
            ({"measure": "weight, written", "compare": "measure"}, "remove the option compare"),
            ({"merge": "words"}, "words that are merged from pieces have none"),
            ({"special": "hide"}, "tokens that are hidden have none"),
            ({"aggregate": "mean sentences"}, "have none: remove"),
            ({"selection": "point=3"}, "q or k and the number of a token"),
        ],
    )
    def test_options_that_make_no_sense(
        self, tmp_path: Any, options: dict[str, str], says: str
    ) -> None:
        with pytest.raises(AttentionError, match=re.escape(says)):
            spec_of(tmp_path, sentences(3), **options)


class TestWhatTheHeadWrites:
    def test_places_stay_and_lines_are_those_of_shares(self, tmp_path: Any) -> None:
        weights, shares = (figure_of(tmp_path, measure=one) for one in ("weight", "written"))
        for layer, head in ((0, 1), (1, 0)):
            of_weights, of_shares = (
                unpacked(files(one)[f"head-{layer}-{head}"]) for one in (weights, shares)
            )
            assert of_weights[0]["fidelity"] == of_shares[0]["fidelity"]
            np.testing.assert_array_equal(of_weights[1]["pca"], of_shares[1]["pca"])
            assert "values" in of_weights[1]
            assert "values" not in of_shares[1], "a share has the length of the value in it"
            start = 0
            for text in sentences(6):
                one = attention_of(text)
                assert one.norms is not None
                lengths = one.weights[layer, head] * one.norms[layer, head].astype(np.float64)
                expected = lengths / lengths.sum(axis=1, keepdims=True)
                found = of_shares[1]["weights"][start : start + expected.size]
                assert found.reshape(expected.shape) / 1000 == pytest.approx(expected, abs=6e-4)
                start += expected.size

    def test_readers_are_told(self, tmp_path: Any) -> None:
        shown = figure_of(tmp_path, measure="written")
        page = render_html(shown, "f")
        assert "places and their fidelity are those of queries and keys" in page
        assert "numbers are shares of what the head writes" in page
        assert 'name="weigh"' not in page
        of_browser = figure_attributes(shown)["data-phrases"]
        assert "the two keys from which the head writes most" in str(of_browser)
        assert 'name="weigh"' in render_html(figure_of(tmp_path), "f")


class TestThePicture:
    def test_a_dot_for_each_query_and_each_key(self, tmp_path: Any) -> None:
        figure = figure_of(tmp_path)
        assert figure.attention.summary is not None
        tokens = sum(map(len, figure.attention.summary.sentences))
        soup = BeautifulSoup(render_svg(figure, "u"), "html.parser")
        paths = {path["stroke"]: path for path in soup.select(".attention-map-points path")}
        assert set(paths) == set(KIND)
        for colour, cap, start in ((KIND[0], "round", 0), (KIND[1], "square", tokens)):
            path = paths[colour]
            assert path["stroke-linecap"] == cap
            drawn = [
                (float(x), float(y)) for x, y in re.findall(r"M([\d.]+) ([\d.]+)h0", path["d"])
            ]
            assert len(drawn) == tokens
            steps = figure.attention.summary.arrays["pca"][figure.layer, figure.head][
                start : start + tokens
            ]
            field = soup.select_one(".attention-map-field")
            assert field is not None
            top = float(field["y"]) - 0.5 + 8
            assert np.array(drawn) == pytest.approx(steps / 65535 * 480 + [8, top], abs=0.06)

    def test_many_points_are_an_image(self, tmp_path: Any) -> None:
        figure = figure_of(tmp_path, 120)
        soup = BeautifulSoup(render_svg(figure, "u"), "html.parser")
        assert not soup.select(".attention-map-points path")
        image = soup.select_one("image")
        assert image is not None
        assert image["xlink:href"].startswith("data:image/png;base64,")

    def test_labels_do_not_cover_each_other(self, tmp_path: Any) -> None:
        soup = BeautifulSoup(render_svg(figure_of(tmp_path, 40), "u"), "html.parser")
        labels = [
            (float(t["x"]), float(t["y"]), t.get_text())
            for t in soup.select(".attention-map-labels text")
        ]
        assert 3 < len(labels) <= 20
        assert len({text for *_, text in labels}) == len(labels)
        for n, (x, y, text) in enumerate(labels):
            for other_x, other_y, other in labels[:n]:
                apart = (
                    abs(y - other_y) >= 12
                    or x + 5 * len(text) < other_x
                    or other_x + 5 * len(other) < x
                )
                assert apart, (text, other)

    @pytest.mark.parametrize("by", COLOURS)
    def test_colours(self, tmp_path: Any, by: str) -> None:
        figure = figure_of(tmp_path, labels=True, colour=by)
        assert figure.attention.summary is not None
        found = colouring(figure, by)
        flat = [token for one in figure.attention.summary.sentences for token in one]
        half = len(flat)
        assert len(found.of) == 2 * half
        places = [n for one in figure.attention.summary.sentences for n in range(len(one))]
        if by == "mod5":
            assert [found.colours[c] for c in found.of[:half]] == [PALETTE[n % 5] for n in places]
        if by == "type":
            kinds = [2 if t.special else 1 if t.text == "," else 0 for t in flat]
            assert found.of.tolist() == kinds * 2
        if by == "label":
            assert [one.text for one in found.legend[2:]] == ["even", "odd"]
        if by == "position":
            assert found.ends == ("0", str(max(places)))
            assert found.of[half:].min() >= len(RAMPS[0]) > found.of[:half].max()
            # A later token never has an earlier colour.
            assert (np.diff(found.of[:half][np.argsort(places, kind="stable")]) >= 0).all()

    def test_a_figure_without_labels_has_no_such_colour(self, tmp_path: Any) -> None:
        soup = BeautifulSoup(render_html(figure_of(tmp_path, colour="label"), "u"), "html.parser")
        values = [one["value"] for one in soup.select("select[name=colour] option")]
        assert "label" not in values
        assert colouring(figure_of(tmp_path, colour="label"), "label").colours == tuple(KIND)

    def test_one_sentence_of_one_token(self, tmp_path: Any) -> None:
        figure = figure_of(tmp_path, 1)
        assert "circle" not in render_svg(figure, "u", standalone=True)


class TestTheWords:
    def test_one_sentence(self, tmp_path: Any) -> None:
        assert "queries and keys of one sentence, placed by PCA" in describe(figure_of(tmp_path, 1))

    def test_the_fidelity_is_said(self, tmp_path: Any) -> None:
        figure = figure_of(tmp_path, 40)
        message = describe(figure)
        assert figure.attention.summary is not None
        tokens = sum(map(len, figure.attention.summary.sentences))
        near, own, order = figure.attention.summary.arrays["fidelity-pca"][
            figure.layer, figure.head
        ]
        assert f"{2 * tokens:,} queries and keys of 40 sentences, placed by PCA" in message
        shown = f"{100 * near:.1f}" if near < 0.1 else f"{100 * near:.0f}"
        assert (
            f"ten strongest keys, {shown} % are among its ten nearest".replace(" %", "\xa0%")
            in message
        )
        assert f"for {100 * own:.0f}\xa0%" in message
        assert f"logit {'−' if order < 0 else ''}{abs(order):.2f}" in message

    def test_it_says_where_nearness_means_little(self, tmp_path: Any) -> None:
        figure = figure_of(tmp_path, 60)
        assert figure.attention.summary is not None
        near = figure.attention.summary.arrays["fidelity-pca"]
        for value, reported in ((0.05, True), (0.5, False)):
            near[..., 0] = value
            assert ("nearness means little" in describe(figure)) is reported


class TestTheFiles:
    def test_the_fidelity_comes_from_the_carried_places(self, tmp_path: Any) -> None:
        figure = figure_of(tmp_path, 30)
        made = files(figure)
        common, _ = unpacked(made["common"])
        header, arrays = unpacked(made["head-1-0"])
        sizes = common["sizes"]
        tokens = sum(sizes)
        assert common["tokens"][0] == "[CLS]"
        assert common["special"] == np.cumsum([0, *sizes[:-1]]).tolist()
        bases = [attention_of(request.text) for request in figure.spec.request.bases]
        queries = np.concatenate([base.queries[1, 0] for base in bases if base.queries is not None])
        keys = np.concatenate([base.keys[1, 0] for base in bases if base.keys is not None])
        places = arrays["pca"].reshape(2, 2 * tokens).T.astype(float)
        again = fidelity(
            queries.astype(float), keys.astype(float), places, np.repeat(np.arange(30), sizes)
        )
        assert header["fidelity"]["pca"] == pytest.approx(
            [again.near, again.own, again.order], abs=1e-4
        )
        weights = np.split(arrays["weights"], np.cumsum(np.square(sizes))[:-1])
        for found, base in zip(weights, bases, strict=True):
            assert found / 1000 == pytest.approx(base.weights[1, 0].ravel(), abs=6e-4)
        assert arrays["norms"].shape == (2 * tokens,)

    def test_the_overview_is_a_thinned_sample(self, tmp_path: Any) -> None:
        figure = figure_of(tmp_path, 120)
        header, arrays = unpacked(files(figure)["overview"])
        points = np.array(header["points"])
        assert 300 < len(points) <= 600
        whole = figure.attention.summary
        assert whole is not None
        shown = arrays["pca"].reshape(2, 2, 2, len(points))
        assert np.array_equal(shown[1, 0], whole.arrays["pca"][1, 0][points].T >> 8)

    def test_each_head_is_a_file_that_is_loaded_later(self, tmp_path: Any) -> None:
        written: dict[str, str] = {}

        def write(name: str, script: str) -> str:
            written[name] = script
            return f"_static/{name}"

        soup = BeautifulSoup(render_html(figure_of(tmp_path, 60), "u", write), "html.parser")
        element = soup.select_one('script[type="application/x-attention-files"]')
        assert element is not None
        reported = json.loads(element.get_text())
        assert set(reported) == {
            "common",
            "overview",
            *(f"head-{n}-{m}" for n in (0, 1) for m in (0, 1)),
        }
        one = reported["head-0-1"]
        name = one["src"].removeprefix("_static/")
        assert name.startswith(LATER)
        text = re.fullmatch(
            r'\(globalThis\.attentionPayloads\?\?=\{\}\)\["(\w+)"\]="([^"]+)";\n', written[name]
        )
        assert text is not None
        assert text[1] == one["key"]
        assert unpacked(text[2])[0]["fidelity"]["pca"]
        # Without a place for files, all of it stands in the page.
        soup = BeautifulSoup(render_html(figure_of(tmp_path, 60), "u"), "html.parser")
        element = soup.select_one('script[type="application/x-attention-files"]')
        assert element is not None
        assert all("text" in one for one in json.loads(element.get_text()).values())
