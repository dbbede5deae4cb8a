"""Maps of queries and keys: scaling, affinities, projections and fidelity, against plain sums."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from sphinx_attention.core.analysis.projection.affinities import affinities, rows, shares
from sphinx_attention.core.analysis.projection.fidelity import fidelity, ranks
from sphinx_attention.core.analysis.projection.maker import MapMaker
from sphinx_attention.core.analysis.projection.methods import METHODS, place, principal
from sphinx_attention.core.analysis.projection.scaling import FACTORS, factor, stacked, translated
from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.codes import MASKED
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request, SummarySpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def vectors(count: int = 60, size: int = 8, seed: int = 0) -> tuple[Floats, Floats]:
    made = np.random.default_rng(seed)
    return made.normal(0, 2, (count, size)) + 3, made.normal(0, 1, (count, size)) - 1


def pointing(count: int = 120) -> tuple[Floats, Floats]:
    """Queries and keys in groups of ten: a query looks at the keys of its group."""
    centres = np.random.default_rng(1).normal(0, 3, (count // 10, 6))
    noise = np.random.default_rng(2).normal(0, 0.2, (2, count, 6))
    group = np.arange(count) // 10
    return centres[group] + noise[0], centres[group] + noise[1]


class TestScaling:
    def test_the_weights_stay_the_same(self) -> None:
        queries, keys = vectors()
        points, c = stacked(queries, keys)
        assert c in FACTORS
        assert softmax(points[:60] @ points[60:].T) == pytest.approx(softmax(queries @ keys.T))
        assert translated(queries, keys).mean(axis=0) == pytest.approx(queries.mean(axis=0))

    def test_they_would_not_if_the_queries_were_moved(self) -> None:
        queries, keys = vectors()
        moved = queries + keys.mean(axis=0) - queries.mean(axis=0)
        assert np.abs(softmax(moved @ keys.T) - softmax(queries @ keys.T)).max() > 0.1

    def test_the_factor_undoes_a_difference_of_length(self) -> None:
        queries, keys = pointing()
        assert factor(queries * 3, keys / 3) > factor(queries, keys) > factor(queries / 3, keys * 3)


class TestAffinities:
    @pytest.mark.parametrize("perplexity", [2.0, 5.0, 20.0])
    def test_each_row_has_the_perplexity(self, perplexity: float) -> None:
        found = shares(np.random.default_rng(0).normal(0, 4, (30, 60)), perplexity)
        assert found.sum(axis=1) == pytest.approx(1)
        assert np.exp(-(found * np.log(found + 1e-300)).sum(axis=1)) == pytest.approx(
            perplexity, rel=1e-3
        )

    def test_rows_are_a_softmax_of_the_strongest_logits(self) -> None:
        queries, keys = vectors()
        places, found = rows(queries, keys, 4.0)
        assert places.shape == (60, 12)
        logits = queries @ keys.T
        for row, strong, share in zip(logits, places, found, strict=True):
            assert set(strong) == set(np.argsort(row)[-12:])
            # The logarithms of shares and the logits differ by a factor and a summand.
            slope = np.polyfit(row[strong], np.log(share), 1)
            assert np.polyval(slope, row[strong]) == pytest.approx(np.log(share), abs=1e-6)

    def test_no_two_queries_and_no_two_keys_have_an_affinity(self) -> None:
        row, column, value = affinities(*vectors(), 4.0)
        assert row.max() < 60 <= column.min()
        assert (value > 0).all()


class TestPrincipalAxes:
    def test_they_are_those_of_a_decomposition(self) -> None:
        points = np.random.default_rng(0).normal(0, 1, (50, 6)) * np.arange(1, 7)
        centred = points - points.mean(axis=0)
        _, sizes, _ = np.linalg.svd(centred, full_matrices=False)
        found = principal(points)
        assert np.linalg.norm(found, axis=0) == pytest.approx(sizes[:2])
        assert (found.max(axis=0) >= -found.min(axis=0)).all()

    def test_vectors_of_one_number(self) -> None:
        assert principal(np.arange(4.0)[:, None]).shape == (4, 2)


class TestFidelity:
    def test_against_plain_sums(self) -> None:
        queries, keys = vectors(40)
        places = np.random.default_rng(3).normal(0, 1, (80, 2))
        sentences = np.repeat(np.arange(8), 5)
        found = fidelity(queries, keys, places, sentences)
        logits = queries @ keys.T
        apart = np.linalg.norm(places[:40, None] - places[None, 40:], axis=-1)
        near = [
            len(set(np.argsort(-a)[:10]) & set(np.argsort(b)[:10])) / 10
            for a, b in zip(logits, apart, strict=True)
        ]
        own = []
        for query in range(40):
            same = [k for k in range(40) if sentences[k] == sentences[query]]
            best = max(same, key=lambda k: logits[query, k])
            own.append(best in sorted(same, key=lambda k: apart[query, k])[:3])
        assert found.near == pytest.approx(np.mean(near))
        assert found.own == pytest.approx(np.mean(own))
        assert found.order == pytest.approx(spearmanr(apart.ravel(), logits.ravel()).statistic)

    def test_many_queries_are_sampled_evenly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from sphinx_attention.core.analysis.projection import fidelity as module

        queries, keys = vectors(40)
        places = np.random.default_rng(3).normal(0, 1, (80, 2))
        sentences = np.repeat(np.arange(8), 5)
        monkeypatch.setattr(module, "MEASURED", 20)
        near = module.fidelity(queries, keys, places, sentences).near
        logits, apart = (
            queries @ keys.T,
            np.linalg.norm(places[:40, None] - places[None, 40:], axis=-1),
        )
        each = [
            len(set(np.argsort(-a)[:10]) & set(np.argsort(b)[:10])) / 10
            for a, b in zip(logits, apart, strict=True)
        ]
        assert near == pytest.approx(np.mean(each[::2]))

    def test_equal_numbers_share_a_rank(self) -> None:
        assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [2.5, 0.0, 2.5, 1.0]

    def test_a_model_that_reads_from_left_to_right(self) -> None:
        # Each key lies on the query of its place, and the strongest key of the last is the first.
        places = np.tile(np.arange(5.0)[:, None] * [[1, 0]], (2, 1))
        queries, keys = np.eye(5), np.eye(5)[::-1] * 4
        sentences = np.zeros(5, int)
        whole = fidelity(queries, keys, places, sentences)
        seen = fidelity(queries, keys, places, sentences, np.ones(5, bool))
        assert whole.own == pytest.approx(1 / 5)
        # The first three see no more than three keys and do not count.
        assert seen.own == pytest.approx(1 / 2)


class TestProjections:
    def test_bipartite_keeps_more_of_the_strongest_keys(self) -> None:
        queries, keys = pointing()
        sentences = np.repeat(np.arange(12), 10)
        found = {
            name: fidelity(queries, keys, place(name, queries, keys, 1.0).places, sentences)
            for name in ("bipartite", "pca")
        }
        assert found["bipartite"].near > 0.9 > found["pca"].near

    @pytest.mark.parametrize("name", list(METHODS))
    def test_the_same_points_give_the_same_map(self, name: str) -> None:
        queries, keys = vectors(30)
        first, second = (place(name, queries, keys, 0.5).places for _ in range(2))
        assert np.array_equal(first, second)
        assert np.isfinite(first).all()
        assert first.shape == (60, 2)

    @pytest.mark.parametrize("name", list(METHODS))
    @pytest.mark.parametrize("count", [1, 2, 3, 7])
    def test_few_points(self, name: str, count: int) -> None:
        found = place(name, *vectors(count), 1.0)
        assert np.isfinite(found.places).all()
        assert found.instead == (
            name != "pca"
            and (count < 4 if name == "bipartite" else count < 2 if name == "tsne" else count < 3)
        )
        if name in {"bipartite", "tsne"} and not found.instead:
            assert found.perplexity == pytest.approx(
                ((count if name == "bipartite" else 2 * count) - 1) / 3
            )

    def test_points_that_are_all_alike(self) -> None:
        same = np.ones((20, 4))
        for name in METHODS:
            assert np.isfinite(place(name, same, same, 1.0).places).all()


def attention(count: int, seed: int = 0, **given: Any) -> Attention:
    made = np.random.default_rng(seed)
    tokens = tuple(Token(f"t{n}", word=n) for n in range(count))
    queries, keys = made.normal(0, 1, (2, 2, count, 8)), made.normal(0, 1, (2, 1, count, 8))
    logits = queries @ keys.swapaxes(-1, -2) * 0.5
    terms = {"scale": np.float32([0.5, 0.5]), "softcap": np.float32([0, 0]), **given}
    return Attention(
        tokens,
        tokens,
        softmax(logits).astype(np.float32),
        np.zeros((1, count, count), bool),
        queries=queries.astype(np.float32),
        keys=keys.astype(np.float32),
        values=(2 * keys).astype(np.float32),
        logit_terms=LogitTerms(**terms),
    )


def maker(projection: str = "pca", **parameters: Any) -> MapMaker:
    given = {"projection": projection, **parameters}
    spec = SummarySpec("map", ("a", "b", "c"), tuple(sorted(given.items())))
    return MapMaker(Request(ModelSource("m"), "a", summary=spec))


class TestTheSummary:
    def test_the_arrays_hold_what_the_heads_have(self) -> None:
        bases = [attention(4), attention(70, 1), attention(3, 2)]
        made = maker("pca,bipartite")
        for number in (2, 0, 1):
            made.add(number, bases[number])
        found = made.finish()
        assert found.queries is None
        summary = found.summary
        assert summary is not None
        assert [len(one) for one in summary.sentences] == [4, 70, 3]
        assert summary.arrays["bipartite"].shape == (2, 2, 154, 2)
        assert summary.facts["long"] == [1]
        assert summary.facts["perplexity"] == {"bipartite": pytest.approx(76 / 3, abs=0.01)}
        codes = summary.arrays["weights"][1, 0]
        assert codes.shape == (16 + 9,)
        assert codes[:16].reshape(4, 4) / 1000 == pytest.approx(bases[0].weights[1, 0], abs=6e-4)
        assert codes[16:].reshape(3, 3) / 1000 == pytest.approx(bases[2].weights[1, 0], abs=6e-4)
        keys = np.concatenate([base.keys[0, 0] for base in bases if base.keys is not None])
        lengths = np.linalg.norm(keys, axis=1)
        top = summary.arrays["tops"][0, 1]
        assert top[1] == pytest.approx(lengths.max())
        assert summary.arrays["norms"][0, 1, 77:] / 65535 * top[1] == pytest.approx(
            lengths, abs=1e-3
        )
        assert summary.arrays["values"][0, 1] / 65535 * top[2] == pytest.approx(
            2 * lengths, abs=1e-3
        )
        # The fidelity is that of the places as they are carried.
        queries = np.concatenate([base.queries[1, 1] for base in bases if base.queries is not None])
        keys = np.concatenate([base.keys[1, 0] for base in bases if base.keys is not None])
        places = summary.arrays["bipartite"][1, 1].astype(float)
        again = fidelity(queries * 0.5, keys.astype(float), places, np.repeat(range(3), [4, 70, 3]))
        assert summary.arrays["fidelity-bipartite"][1, 1] == pytest.approx(
            [again.near, again.own, again.order], abs=1e-5
        )

    def test_only_some_heads(self) -> None:
        made = maker(heads=(1,))
        made.add(0, attention(4))
        found = made.finish()
        assert found.head_names == ("1",)
        assert found.summary is not None
        assert found.summary.arrays["pca"].shape == (2, 1, 8, 2)
        with pytest.raises(AttentionError, match="there is no head 7"):
            maker(heads=(7,)).add(0, attention(4))

    def test_masked_keys_are_marked(self) -> None:
        base = attention(4)
        base.masked[0][np.triu_indices(4, 1)] = True
        made = maker()
        made.add(0, base)
        summary = made.finish().summary
        assert summary is not None
        assert (
            summary.arrays["weights"][0, 0].reshape(4, 4)[np.triu_indices(4, 1)] == MASKED
        ).all()

    def test_what_a_model_adds_is_noted(self) -> None:
        given = {
            "bias": np.ones((2, 1, 4, 4), np.float32),
            "sinks": np.zeros((2, 2), np.float32),
            "softcap": np.float32([50, 50]),
        }
        made = maker()
        made.add(0, attention(4, **given))
        summary = made.finish().summary
        assert summary is not None
        assert summary.facts["apart"] == ["bias", "cap", "sink"]

    def test_one_token(self) -> None:
        made = maker("bipartite")
        made.add(0, attention(1))
        summary = made.finish().summary
        assert summary is not None
        assert summary.facts["instead"] == ["bipartite"]

    def test_a_source_without_queries(self) -> None:
        from dataclasses import replace

        with pytest.raises(AttentionError, match="a map shows queries and keys"):
            maker().add(0, replace(attention(4), queries=None, keys=None, logit_terms=None))


@pytest.mark.parametrize(
    ("name", "package"), [("bipartite", "openTSNE"), ("tsne", "openTSNE"), ("umap", "umap-learn")]
)
def test_a_missing_library(monkeypatch: pytest.MonkeyPatch, name: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(AttentionError, match=package) as raised:
        maker(name)
    assert raised.value.problem is Problem.INSTALL
    assert "pip install 'sphinx-attention[map]'" in raised.value.message
    assert "or take the projection pca" in raised.value.message
    maker("pca")
