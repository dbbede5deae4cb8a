"""The figures of the view steps, and what a reader sees in them."""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.request import ModelSource, Request
from tests.core.render.pictures import classed
from tests.core.sources.runs import (
    FOX,
)

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure


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


def figure_of(attention: Attention, layer: int, head: int, query: int, key: int | None = None):
    spec = FigureSpec(
        Request(ModelSource("m"), FOX), view="steps", layer=layer, head=head, focus=str(query)
    )
    shown = resolve(spec, attention)
    assert shown.attention.weights.shape[:2] == (1, 1)
    assert shown.pinned == (query,)
    return shown


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
