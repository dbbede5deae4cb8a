"""The page on formats is right: files, payloads, markup and addresses are as it describes them."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention import assets
from sphinx_attention.core.attention import (
    MEASURE,
    Attention,
    LogitTerms,
    Picture,
    Summary,
    Token,
)
from sphinx_attention.core.figure import payload
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import AXES, FigureSpec, Variant
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render import html
from sphinx_attention.core.request import ModelSource, Request, SummarySpec
from sphinx_attention.core.sources.builtin.runner import read
from sphinx_attention.core.store import entry, entry_header
from sphinx_attention.core.views import VIEWS
from tests.core.entries import REQUEST, attention

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_attention.core.figure.figure import Figure

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "example_docs" / "formats.rst"


@pytest.fixture
def page(project: Callable, monkeypatch: pytest.MonkeyPatch) -> BeautifulSoup:
    """The page, as the build of the example notes writes it."""
    monkeypatch.syspath_prepend(str(ROOT / "example_docs" / "_extensions"))
    notes = project(
        {"index.rst": PAGE.read_text(encoding="utf-8")}, 'extensions += ["reference"]\n'
    )
    notes.build(strict=True)
    return BeautifulSoup(notes.html(), "html.parser")


def column(page: BeautifulSoup, section: str, number: int = 0) -> list[list[str]]:
    """The first cells of each table of a section."""
    found = page.find(id=section)
    assert found
    return [
        [row.find_all("td")[number].get_text() for row in table.find_all("tr")[1:]]
        for table in found.find_all("table")
    ]


def test_the_tables_hold_what_the_code_has(page: BeautifulSoup) -> None:
    assert column(page, "an-entry-of-the-store") == [
        list(entry_header.FIELDS),
        list(entry_header.ENCODINGS),
    ]
    assert column(page, "the-payload-of-a-figure") == [list(payload.FIELDS)]
    assert column(page, "the-markup") == [list(html.ATTRIBUTES), list(html.CLASSES)]
    (names,) = column(page, "addresses")
    known = {name for kind in VIEWS.values() for name in kind.words}
    assert set(names) == {"layer, head", "heads", "direction", "pin", *AXES, *known}


def test_the_page_names_every_script(page: BeautifulSoup) -> None:
    ((*reported,),) = column(page, "scripts-and-files-of-a-page")
    files = {name for cell in reported for name in cell.split(", ")}
    own = {assets.script_of(view) for view in VIEWS}
    shipped = {path.name for path in assets.files() if path.suffix != ".txt"}
    assert files == (shipped - own) | {"attention-<view>.js"}


def stored(request: Request, answer: Attention) -> dict[str, Any]:
    """The header of an entry, read as the page describes it."""
    data = entry.pack(request, answer)
    assert data[:8] == b"attnfig\x01"
    assert hashlib.blake2b(data[40:], digest_size=32).digest() == data[8:40]
    (length,) = struct.unpack_from("<I", data, 40)
    header = json.loads(data[44 : 44 + length])
    at = 44 + length
    for array in header["arrays"]:
        raw = zlib.decompress(data[at : at + array["bytes"]])
        at += array["bytes"]
        if array["name"] == "weights":
            steps = np.frombuffer(raw, "<u2") if len(raw) else np.empty(0)
            assert steps.size == np.prod(array["shape"])
    assert at == len(data)
    assert hashlib.sha256(entry_canonical(header)).hexdigest() == header["key"]
    return header


def entry_canonical(header: dict[str, Any]) -> bytes:
    return json.dumps(header["request"], sort_keys=True, separators=(",", ":")).encode()


def test_entries_have_these_fields() -> None:
    plain = attention()
    scale = np.ones(plain.layers, np.float32)
    rich = replace(
        plain,
        key_tokens=(Token("other"), *plain.key_tokens[1:]),
        logit_terms=LogitTerms(scale, scale * 0, missing="a reason"),
        layer_names=("2", "5"),
        head_names=("1", "3", "4"),
    )
    seen = tuple(Token(f"0,{n}", patch=(0, n)) for n in range(len(plain.key_tokens)))
    pixels = np.zeros((1, len(seen)), np.uint8)
    pictured = replace(
        plain,
        query_tokens=seen[: len(plain.query_tokens)],
        key_tokens=seen,
        picture=Picture(pixels, np.zeros((1, 3), np.uint8), 1, len(seen)),
    )
    going_on = Request(ModelSource("builtin"), "one two three one two", generate=2)
    headers = [
        stored(REQUEST, plain),
        stored(REQUEST, rich),
        stored(REQUEST, pictured),
        stored(going_on, read(going_on)),
        stored(
            replace(REQUEST, summary=SummarySpec("map", (REQUEST.text,))),
            replace(plain, summary=Summary("map", (plain.query_tokens,))),
        ),
    ]
    reported = list(entry_header.FIELDS)
    assert {name for header in headers for name in header} == set(reported)
    # Every entry has the fields up to `arrays`.
    assert set(headers[0]) == set(reported[: reported.index("arrays") + 1])


def figure(answer: Attention, view: str = "arcs", **given: Any) -> Figure:
    request = replace(REQUEST, keep=VIEWS[view].keeps)
    return resolve(FigureSpec(request, view=view, **given), answer)


def test_payloads_have_these_fields() -> None:
    plain = attention()
    words = tuple(replace(token, word=0) for token in plain.key_tokens)
    crossed = replace(plain, key_tokens=words, part="cross")
    pieces = replace(plain, query_tokens=words, key_tokens=words)
    signed = replace(plain, weights=plain.weights - 0.25, signed=True)
    heads = 100
    many = replace(
        plain,
        weights=np.tile(plain.weights[:, :1], (1, heads, 1, 1)),
        head_names=tuple(map(str, range(heads))),
    )
    shown = [figure(answer) for answer in (plain, crossed, signed, many)]
    found: set[str] = set()
    for one in (*shown, figure(pieces, "grid"), figure(plain, "steps")):
        raw = zlib.decompress(payload.encode(one))
        (length,) = struct.unpack_from("<I", raw)
        header = json.loads(raw[4 : 4 + length])
        found |= set(header)
        codes = np.frombuffer(raw[4 + length :], np.uint8)[: 2 * np.prod(header["shape"])]
        high, low = codes.reshape(2, -1).astype(int)
        maps = (256 * high + low).reshape(-1, *header["shape"][2:])
        order = header.get("order", range(len(maps)))
        answer, up = one.attention, 1000 if header.get("signed") else 0
        for place, number in enumerate(order):
            weights = answer.weights.reshape(-1, *answer.weights.shape[2:])[number]
            expected = np.where(answer.masked[0], 1001, np.round(1000.0 * weights))
            if "remainders" in header:
                beyond = np.where(expected == 1001, 0, expected).sum(axis=1) - 1000
                expected[:, 0] = (beyond + header["remainders"]) % 1001
            assert np.array_equal(maps[place] - up, expected)
    assert found == set(payload.FIELDS)


def test_the_browser_part_knows_the_same_fields() -> None:
    source = (ROOT / "static" / "src" / "data" / "payload.ts").read_text(encoding="utf-8")
    interface = re.search(r"export interface Header \{(.*?)\n\}", source, re.DOTALL)
    assert interface
    assert set(re.findall(r"^  (\w+)\??:", interface[1], re.MULTILINE)) == set(payload.FIELDS)


def test_figures_have_these_attributes_and_classes() -> None:
    plain = attention()
    many = figure(plain, "heads", shown_heads=(0, 1), special="dim", language="de", link="a")
    one = figure(plain, layer=1, head=2, focus="é", selection=(("direction", "to"),))
    mean = replace(REQUEST, aggregate="mean")
    averaged = resolve(FigureSpec(mean), attention(heads=1))
    two = FigureSpec(
        replace(REQUEST, text="x"),
        at=(("sentence", "0"),),
        others=(Variant(REQUEST, (("sentence", "1"),)),),
        compare="sentence",
    )
    compared = resolve_all(two, [plain, plain])
    arabic = figure(plain, language="ar")
    shares = figure(replace(plain, provenance={MEASURE: "written"}))
    shown = [many, one, averaged, compared, arabic, shares]
    assert {name for each in shown for name in html.figure_attributes(each)} == set(html.ATTRIBUTES)
    markup = "".join(
        f'<figure class="{html.figure_class(each)}">{html.render_html(each, f"u{n}")}</figure>'
        for n, each in enumerate(shown)
    )
    parsed = BeautifulSoup(markup, "html.parser")
    classes = {name for element in parsed.find_all(True) for name in element.get("class", ())}
    # The script adds one class; the others stand outside of figures.
    later = {"attention-figure--live", "attention-placeholder"}
    later |= {"attention-focus", "attention-problem"}
    assert set(html.CLASSES) - classes == later
    token = parsed.select_one(".attention-token--focus")
    assert token
    assert token["data-token"] == "2"
    assert parsed.select_one(".attention-edge[data-query][data-key]")
    script = (ROOT / "static" / "src" / "page" / "index.ts").read_text(encoding="utf-8")
    assert 'LIVE = "figure--live"' in script
