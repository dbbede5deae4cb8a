"""The picture of many sentences, with every number from the sentences themselves."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.analysis import head_scores
from sphinx_attention.core.authoring.claims import check, parse_claim
from sphinx_attention.core.authoring.numbers import print_number
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.reference import parse_figure, parse_reference
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.capture.compute import compute
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure.payload import decode, encode
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render.corpus import data
from sphinx_attention.core.render.corpus.data import page_parts
from sphinx_attention.core.render.corpus.draw import describe, draw, page_figure, plain_lines
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.svg import render_svg
from sphinx_attention.core.request import Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.builtin import builtin

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.figure.figure import Figure

TEXTS = (
    "the dog saw the dog",
    "a cat sat on a mat",
    "the sun and the moon and the stars",
    "one two three one two three",
    "she read the letter twice",
    "fish",
    "the sea, the sea",
    "he walked to work and he walked home",
    "it rained and it rained",
)


@cache
def answer(text: str) -> Attention:
    with open_source(builtin()) as runner:
        ((_, found),) = runner.run([Request(builtin(), text)])
    assert not isinstance(found, AttentionError)
    return found


def spec_of(**options: str) -> Any:
    context = HostContext(Settings(model="builtin"), Path(), Path)
    given = {"view": "corpus", "also": " | ".join(TEXTS[1:]), "layer": "0", "head": "0", **options}
    return parse(TEXTS[0], given, None, context)


def figure(**options: str) -> Figure:
    spec = spec_of(**options)
    return resolve_all(spec, [found for _, found in compute(spec.requests, open_source)])


def scores(name: str, layer: int = 0, head: int = 0) -> list[float]:
    return [float(head_scores.SCORES[name](answer(text))[layer, head]) for text in TEXTS]


def test_the_list_goes_from_the_strongest_sentence_to_the_weakest() -> None:
    found = plain_lines(figure(score="self"))
    own = scores("self")
    order = sorted(range(len(TEXTS)), key=lambda n: (-round(own[n], 3), n))
    assert found[0] == "sentences by self, strongest first"
    assert found[1] == f"strongest: {own[order[0]]:.2f} {TEXTS[order[0]]}"
    assert found[5].startswith("median: ")
    assert TEXTS[order[4]] in found[5]
    assert found[-1] == f"weakest: {own[order[-1]]:.2f} {TEXTS[order[-1]]}"


def test_means_are_printed_and_described() -> None:
    shown = figure()
    mean = np.nanmean(scores("previous"))
    (row,) = [row for row in draw(shown).content.rows if row.name == "previous"]
    assert row.number == f"{mean:.2f}"
    assert f"previous token {mean:.2f}" in describe(shown)
    known = json.loads(draw(shown).content.known)
    assert known["means"]["previous"][0] == round(1000 * mean)
    induction = [one for one in scores("induction") if not np.isnan(one)]
    assert len(induction) < len(TEXTS)
    assert known["means"]["induction"][0] == pytest.approx(1000 * np.mean(induction), abs=1)


def test_the_bars_count_the_sentences() -> None:
    shown = figure()
    bins = data.head_scores(shown, 0, 0)["previous"]["bins"]
    own = [one for one in scores("previous") if not np.isnan(one)]
    expected = np.histogram(np.round(own, 3), bins=data.BINS, range=(0, 1))[0]
    assert bins == expected.tolist()


def test_a_dot_for_each_head_at_its_means() -> None:
    shown = figure(score="previous", against="self")
    dots = draw(shown).content.dots
    assert len(dots) == 12
    assert [dot.name for dot in dots if dot.chosen] == ["0.0"]
    ends = data.plot_ends(data.mean_codes(data.corpus_of(shown)))
    for layer in range(3):
        for head in range(4):
            mean = np.nanmean(scores("previous", layer, head))
            x = float(dots[4 * layer + head].x)
            assert x == pytest.approx(376 + 270 * mean / ends["previous"], abs=0.3)


@pytest.mark.parametrize("example", ["100", "50", "0"])
def test_the_page_carries_the_sentence_that_is_drawn(example: str) -> None:
    shown = page_figure(figure(score="self", example=example, layer="1", head="2"))
    text = " ".join(token.text for token in shown.attention.query_tokens if not token.special)
    own = scores("self", 1, 2)
    order = sorted(range(len(TEXTS)), key=lambda n: (-round(own[n], 3), n))
    number = order[round((len(order) - 1) * (100 - int(example)) / 100)]
    assert text.replace(" ", "") == TEXTS[number].replace(" ", "")
    np.testing.assert_allclose(
        shown.attention.weights[1, 2], answer(TEXTS[number]).weights[1, 2], atol=5.01e-4
    )
    carried = decode(encode(shown))
    assert carried.header["queries"] == [t.text for t in answer(TEXTS[number]).query_tokens]


def test_each_head_is_a_part_with_its_own_sentences() -> None:
    shown = figure()
    found = page_parts(shown)
    assert list(found) == [f"{layer}.{head}" for layer in range(3) for head in range(4)]
    part = found["2.3"]
    for name, one in part["scores"].items():
        own = scores(name, 2, 3)
        for _, number, code in one["examples"]:
            assert code == pytest.approx(1000 * own[number], abs=0.51)
            assert str(number) in part["sentences"]
    sentence = next(iter(part["sentences"].values()))
    count = len(sentence["tokens"])
    assert len(sentence["x"]) == len(sentence["widths"]) == count


def test_the_picture_is_complete_without_scripts() -> None:
    markup = unescape(render_html(figure(score="self", against="distance"), "f"))
    for text in ("previous token", "induction", "first token", "self", "distance", "entropy"):
        assert text in markup
    assert markup.count("<circle") == 12
    assert "sentences: 9" in markup
    assert all(one in markup for one in ("strongest", "median", "weakest"))
    assert markup.count("<svg xmlns") == 2, "the picture and the sentence as arcs"
    # A page without side files holds every head.
    held = json.loads(re.search(r'attention-files">(.*?)</script>', render_html(figure(), "f"))[1])
    assert part_in(held["1.1"]["text"]) == page_parts(figure())["1.1"]


def part_in(text: str) -> Any:
    return json.loads(zlib.decompress(b64decode(text)))


def test_heads_are_files_beside_the_page() -> None:
    files: dict[str, str] = {}

    def write(name: str, script: str) -> str:
        files[name] = script
        return f"_static/{name}"

    markup = render_html(figure(), "f", write)
    held = json.loads(re.search(r'attention-files">(.*?)</script>', markup)[1])
    assert len(held) == 12
    for name, one in held.items():
        text = one.get("text") or files[Path(one["src"]).name].partition('="')[2].rpartition('"')[0]
        assert part_in(text) == page_parts(figure())[name]


def test_a_file_of_its_own_brings_its_colours() -> None:
    svg = render_svg(figure(), "f", standalone=True)
    assert 'fill="#2f6ac4"' in svg
    assert "currentColor" in svg


def test_prose_means_the_mean_over_all_sentences() -> None:
    shown = figure()
    printed = print_number("score", parse_reference("c 0.0 previous-token"), shown, None)
    assert float(printed) == pytest.approx(np.nanmean(scores("previous")), abs=1e-3)
    printed = print_number("score", parse_reference("c 0.0 distance"), shown, None)
    assert float(printed) == pytest.approx(np.nanmean(scores("distance")), abs=1e-3)
    claim = parse_claim("0.0: previous-token > 0.99", parse_figure("c"))
    assert "is false" in check(claim, shown)


def test_a_token_belongs_to_one_sentence() -> None:
    reference = parse_reference("c 0.0 the -> dog")
    with pytest.raises(AttentionError, match="names no token of the figure c, which shows many"):
        print_number("weight", reference, figure(), None)


def test_a_measure_changes_the_scores() -> None:
    shares = figure(measure="written")
    assert shares.attention.written
    weights = figure()
    assert (
        data.mean_codes(data.corpus_of(shares))["first"]
        != data.mean_codes(data.corpus_of(weights))["first"]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"focus": "dog"}, "the option focus does not go with the view corpus"),
        ({"note": "dog | an animal"}, "the option note does not go with the view corpus"),
        ({"compare": "sentence"}, "does not go with the view corpus"),
        (
            {"score": "size"},
            "expected a score: previous, induction, first, self, distance, entropy",
        ),
        ({"example": "most"}, "expected a number from 0 to 100"),
        ({"aggregate": "rollout"}, "shows each sentence and each head by itself"),
    ],
)
def test_mistakes(options: dict[str, str], message: str) -> None:
    with pytest.raises(AttentionError, match=re.escape(message)):
        spec_of(**options)


def test_one_sentence_is_a_corpus_too() -> None:
    context = HostContext(Settings(model="builtin"), Path(), Path)
    spec = parse("the dog saw the dog", {"view": "corpus"}, None, context)
    shown = resolve_all(spec, [found for _, found in compute(spec.requests, open_source)])
    assert plain_lines(shown)[1].startswith("strongest: ")
    assert "sentences: 1" in render_html(shown, "f")
