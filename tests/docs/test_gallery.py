"""The page of the views is a gallery: a card for each view, whose figure shows it."""

from __future__ import annotations

import re

from sphinx_attention.core.views import DEFAULT_VIEW, VIEWS
from tests.notes import NOTES


def test_every_view_has_a_card() -> None:
    page = (NOTES / "views" / "index.rst").read_text(encoding="utf-8")
    cards = re.split(r"^   \.\. container:: gallery-card.*\n", page, flags=re.MULTILINE)[1:]
    shown = {}
    for card in cards:
        (link,) = re.findall(r":doc:`[^<`]+<(\w+)>`", card)
        view = re.search(r":view: (\w+)", card)
        shown[link] = view[1] if view else DEFAULT_VIEW
        assert (NOTES / "views" / f"{link}.rst").exists()
    assert shown == {name: name for name in VIEWS}
