"""Pages with figures of a function, and the numbers that they carry."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from bs4 import BeautifulSoup

from sphinx_attention.core.figure.payload import decode, decode_text
from tests.conftest import FOX, FOX_ROWS, indent
from tests.core.tiny_models import save
from tests.course import declared

LAYERS, HEADS, TOKENS = 3, 4, 6  # [S] the quick brown fox [E]

MODEL = '''
import numpy as np

def attention(text, pair=None):
    """Rows that differ from layer to layer and head to head, all worked out from their place."""
    words = ["[S]", *text.split(), "[E]"]
    n = len(words)
    l, h, i, j = np.indices((3, 4, n, n))
    weights = 1.0 + (i * 7 + j * 5 + l * 3 + h * 2) % 11
    weights /= weights.sum(axis=-1, keepdims=True)
    return {"tokens": words, "weights": weights, "special": ["[S]", "[E]"]}
'''
CONF = declared("views_model:attention")


def weights(tokens: int = TOKENS) -> Any:
    layer, head, i, j = np.indices((LAYERS, HEADS, tokens, tokens))
    raw = 1.0 + (i * 7 + j * 5 + layer * 3 + head * 2) % 11
    return raw / raw.sum(axis=-1, keepdims=True)


def pages(project: Any, text: str, conf: str = "", name: str = "index.rst") -> Any:
    title = "# P\n\n" if name.endswith(".md") else "P\n=\n\n"
    return project({name: title + text, "views_model.py": MODEL}, CONF + conf)


def figures(made: Any) -> list[Any]:
    page = BeautifulSoup(made.html(), "html.parser")
    return page.find_all("figure", class_="attention-figure")


def carried(figure: Any) -> Any:
    script = figure.find("script", type="application/x-attention")
    return decode(decode_text(script.text.strip('"')))


def warnings_of(made: Any) -> list[str]:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", made.warnings)
    return [line for line in plain.splitlines() if "WARNING" in line]


def build(project: Any, options: str, conf: str = "", text: str = FOX) -> Any:
    lines = "".join(f"   {line.strip()}\n" for line in options.strip().splitlines())
    made = pages(project, f".. attention:: {text}\n{lines}\n", conf)
    made.build(strict=True)
    (figure,) = figures(made)
    return figure, carried(figure)


ROWS = indent(FOX_ROWS)


def tiny(project: Any, kind: str, page: str) -> Any:
    conf = 'attention_model = "m"\nattention_models = {"m": {"path": "model"}}\n'
    made = project({"index.rst": f"P\n=\n\n{page}"}, conf)
    save(kind, made.folder / "model")
    return made
