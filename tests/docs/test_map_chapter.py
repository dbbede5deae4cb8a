"""The numbers and words of the chapter about maps, from the entry in the store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.store.folder import FolderStore
from tests.notes import NOTES

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention, Summary
    from tests.notes import BuiltNotes

CHAPTER = (NOTES / "where-queries-meet-keys.rst").read_text(encoding="utf-8")
TOPICS = (NOTES / "sentences" / "topics.txt").read_text(encoding="utf-8").splitlines()


def summary(attention: Attention) -> Summary:
    assert attention.summary is not None
    return attention.summary


@pytest.fixture(scope="module")
def stored() -> Attention:
    store = FolderStore(NOTES / "_attention")
    keys = list(store.keys())
    for key in keys:
        info = store.info(key)
        requested = info.request.get("summary") if info else None
        if (
            requested
            and requested["kind"] == "map"
            and requested["texts"] == [line.split("\t")[0] for line in TOPICS]
        ):
            found = store.get(key)
            assert found is not None
            return found
    raise AssertionError("the map of the notes is not in the store")


def head(attention: Attention, layer: str, head: str) -> tuple[int, int]:
    return attention.layer_names.index(layer), attention.head_names.index(head)


def test_sixty_sentences_of_five_topics() -> None:
    assert len(TOPICS) == 60
    assert {line.split("\t")[1] for line in TOPICS} == {
        "animals",
        "kitchen",
        "weather",
        "school",
        "journeys",
    }


def test_head_0_2_looks_at_the_token_before(stored: Attention) -> None:
    found = summary(stored)
    weights, at, shares = found.arrays["weights"][head(stored, "0", "2")], 0, []
    for sentence in found.sentences:
        size = len(sentence)
        rows = weights[at : at + size * size].reshape(size, size)
        at += size * size
        shares += list(np.diagonal(rows, -1) / 1000)
    assert np.mean(shares) > 0.95


def test_the_neighbours_that_the_chapter_names(stored: Attention) -> None:
    found = summary(stored)
    texts = [token.text for sentence in found.sentences for token in sentence]
    places = found.arrays["bipartite"][head(stored, "0", "10")].astype(float)
    queries, keys = np.split(places, 2)

    def nearest(word: str) -> list[str]:
        apart = np.linalg.norm(keys - queries[texts.index(word)], axis=1)
        return [texts[n] for n in apart.argsort()[:10]]

    listed = re.search(r"of \*bread\* are \*(.*?)\*\s+and \*(\w+)\*", CHAPTER, re.DOTALL)
    assert listed
    assert [*re.split(r",\s+", listed[1]), listed[2]] == nearest("bread")
    assert {"sheep", "farmer", "cows", "horses"} <= set(nearest("dog"))
    assert set(nearest("rain")) == {"[CLS]"}


def test_the_fidelity_that_the_chapter_names(notes: BuiltNotes, stored: Attention) -> None:
    at = head(stored, "0", "10")
    near, own, _ = summary(stored).arrays["fidelity-bipartite"][at]
    plain, beside, _ = summary(stored).arrays["fidelity-pca"][at]
    notes.says(
        "where-queries-meet-keys",
        f"{100 * near:.0f} % of each query's ten strongest keys",
        f"three nearest in {100 * own:.0f} % of cases",
        f"*PCA*: {100 * plain:.1f} % and {100 * beside:.0f} % remain",
    )
