"""The page for contributors that shows every view of made-up attentions."""

from __future__ import annotations

import numpy as np
import pytest
from bs4 import BeautifulSoup

from scripts import gallery
from sphinx_attention.core.views import VIEWS


@pytest.fixture(scope="module")
def page() -> str:
    return gallery.page()


def test_every_view_is_on_the_page_in_light_and_in_dark(page: str) -> None:
    shown = BeautifulSoup(page, "html.parser")
    assert [heading.text for heading in shown.find_all("h2")] == list(VIEWS)
    for view in VIEWS:
        light, dark = (len(shown.select(f".{ink} [data-view={view}]")) for ink in ("light", "dark"))
        assert light == dark >= 1
    names = [one["id"] for one in shown.select("[id]")]
    assert len(names) == len(set(names))


def test_queries_and_keys_give_the_weights() -> None:
    for number, case in enumerate(gallery.CASES.values()):
        made = gallery._attention(case, number)
        logits = made.queries @ made.keys.swapaxes(-1, -2) * made.logit_terms.scale[0]
        logits = np.where(made.masked, -np.inf, logits + made.logit_terms.bias)
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        weights = powers / powers.sum(axis=-1, keepdims=True)
        assert weights == pytest.approx(made.weights, abs=2e-5)
