"""Remarks about an attention: kept as data, printed in the language of each page."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from importlib import resources
from pathlib import Path
from string import Formatter

import numpy as np
import pytest
from bs4 import BeautifulSoup

import sphinx_attention.core
from sphinx_attention.core import phrases as module
from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.phrases import phrases
from sphinx_attention.core.remarks import PREFIX, join_remarks, read, remark
from sphinx_attention.core.render.description import credit
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.store.entry import pack, unpack

ENGLISH, GERMAN = phrases("en"), phrases("de")
NOTES = join_remarks((remark("gate"), "", remark("no_map", layers=[0, 1, 2, 5])))
REQUEST = Request(
    source=ModelSource(name="toy", id="toy"), text="the fox", keep=("queries", "keys", "values")
)


def attention(note: str, missing: str) -> Attention:
    tokens = tuple(Token(text, word=n) for n, text in enumerate(("the", "fox")))
    vectors = np.ones((1, 1, 2, 2), dtype=np.float32)
    nothing = np.zeros(1, dtype=np.float32)
    return Attention(
        tokens,
        tokens,
        np.full((1, 1, 2, 2), 0.5, dtype=np.float32),
        np.zeros((1, 2, 2), dtype=bool),
        label="toy",
        queries=vectors,
        keys=vectors,
        values=vectors,
        provenance={"note": note},
        logit_terms=LogitTerms(nothing, nothing, missing=missing),
    )


def test_remarks_are_printed_in_each_language() -> None:
    assert ENGLISH.remark(NOTES) == (
        "what a head writes is multiplied by a gate; layers 0–2 and 5 have no attention map"
    )
    assert GERMAN.remark(NOTES) == (
        "was ein Kopf schreibt, wird mit einem Gatter multipliziert; ohne Aufmerksamkeitskarte: "
        "Schichten 0–2 und 5"
    )
    assert ENGLISH.remark(remark("no_map", layers=[0, 2, 4, 5])).startswith(
        "layers 0, 2 and 4–5 have"
    )
    assert GERMAN.remark(remark("no_map_one", layers=[1])) == "ohne Aufmerksamkeitskarte: Schicht 1"


def test_the_sentences_of_older_stores_are_printed_unchanged() -> None:
    old = "layers 0 and 2 have no attention map"
    assert GERMAN.remark(old) == old
    assert GERMAN.remark("") == ""


FORGED = [
    '[["',
    '[["gate"]]',
    '[["gate",3]]',
    '[["gate",{}],5]',
    '[["gate",{"a":null}]]',
    '[["gate",{"a":{}}]]',
    '[["no_map",{"layers":[]}]]',
    '[["no_map",{"layers":["x"]}]]',
    '[["no_map",{"layers":[true]}]]',
    '[["x",{},1]]',
    '[["' + "[" * 5000,
]


@pytest.mark.parametrize("text", FORGED, ids=lambda text: text[:30])
def test_a_text_that_is_no_remark_is_a_sentence(text: str) -> None:
    assert read(text) is None
    assert ENGLISH.remark(text) == text


@pytest.mark.parametrize(
    "text", ['[["no_such",{}]]', '[["no_map",{}]]', '[["no_map",{"other":"{0.__class__}"}]]']
)
def test_a_remark_without_a_phrase_is_printed_by_its_name(text: str) -> None:
    assert ENGLISH.remark(text) == json.loads(text)[0][0]


def test_values_are_no_templates() -> None:
    reported = ENGLISH.remark(remark("rounded", dtype="{difference.__class__}", difference="0.1"))
    assert "{difference.__class__}" in reported


@pytest.mark.parametrize("note", [NOTES, "layers 0 and 2 have no attention map"])
@pytest.mark.parametrize("missing", [remark("several_scales"), "it is secret"])
def test_a_page_prints_the_remarks_of_a_store_in_its_language(note: str, missing: str) -> None:
    kept = unpack(pack(REQUEST, attention(note, missing)), REQUEST.key)
    assert (kept.provenance["note"], kept.logit_terms and kept.logit_terms.missing) == (
        note,
        missing,
    )
    for language, say in (("en", ENGLISH), ("de", GERMAN)):
        spec = FigureSpec(replace(REQUEST), view="steps", language=language)
        shown = resolve(spec, kept)
        assert credit(shown).endswith(f"; {say.remark(note)}")
        page = BeautifulSoup(render_html(shown, "f"), "html.parser")
        found = page.select_one(".attention-missing")
        assert found is not None
        assert found.text == say("missing", reason=say.remark(missing))


def test_every_remark_has_its_phrase_and_every_phrase_its_remark() -> None:
    texts = json.loads((resources.files(module) / "en.json").read_text(encoding="utf-8"))["remarks"]
    expected = {
        name.removeprefix(PREFIX): {field for _, field, _, _ in Formatter().parse(text) if field}
        for name, text in texts.items()
    }
    for name in ("layer", "layers", "and"):
        del expected[name]
    made: dict[str, set[str]] = {}
    for path in Path(sphinx_attention.core.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "remark":
                (name,) = node.args
                assert isinstance(name, ast.Constant)
                made[str(name.value)] = {str(keyword.arg) for keyword in node.keywords}
    assert made == expected
