"""The fence and the prose in the programs that build sites from Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

import sphinx_attention
from tests.hosts.markdown.sites import (
    MATERIAL,
    MKDOCS,
    PROGRAMS,
    ZENSICAL,
    Built,
    build,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

WEIGHTS = sphinx_attention.attention("the quick brown fox").weights

WRONG = """\
---
title: Wrong
---
# Wrong

```attention layr="1"
the quick
```

```attention layer=77
the quick
```

```attention name="a"
the quick

0.1 0.2
0.3 0.8
```

Then {attn:weight}`a the -> quick` and {attn:wieght}`b`.

```attention name="b"
the quick
```

```attention-check figure="b"
1.3: quick -> the > 0.99
```
"""


@pytest.fixture(scope="module", params=PROGRAMS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The pages of `PAGES`, built by each program."""
    folder, program = tmp_path_factory.mktemp(request.param), PROGRAMS[request.param]
    write(folder, program)
    made = build(folder, program)
    assert made.code == 0, made.message
    return made


def test_a_strict_build(built: Built) -> None:
    page = BeautifulSoup(built.html(), "html.parser")
    figure = page.select_one("figure.attention-figure#fox")
    assert figure is not None
    assert (figure["data-layer"], figure["data-head"]) == ("1", "3")
    assert figure.select_one('svg [data-token="1"]').get_text() == "the"
    caption = figure.select_one("figcaption")
    assert caption.select_one("em").get_text() == "caption"
    assert caption.select_one("a")["href"] == "sub/page/"
    # The weight in the prose is that of the model.
    shown = page.select_one("p .attention-number").get_text()
    assert shown == f"{WEIGHTS[1, 3, 4, 1]:.3f}"
    there, elsewhere = page.select("a.attention-focus")
    assert (there["href"], there["data-selection"]) == ("#fox", "layer=1&head=3&pin=4.1")
    assert elsewhere["href"] == "sub/page/#made"
    assert "has\n20\u00a0%" in page.get_text()
    other = BeautifulSoup(built.html("sub/page/index.html"), "html.parser")
    assert "0.800" in other.select_one("figure#made").get_text()
    assert (
        "A matrix of the author’s" in other.get_text()
        or "A matrix of the author's" in other.get_text()
    )


def test_search_has_the_sentence_and_no_number_of_a_figure(built: Built) -> None:
    texts = built.indexed()
    assert "the quick brown fox" in texts
    assert "caption" in texts
    for absent in ("0.800", "Strongest", "attention-", "<start>", "Layer", "layer"):
        assert absent not in texts, absent
    assert not re.search(r"[\w!#$%()*+,./:;=?@^|~-]{80}", texts)


@pytest.mark.parametrize("name", ["mkdocs", "properdocs", "zensical"])
def test_mistakes_fail_a_strict_build_with_file_and_line(tmp_path: Path, name: str) -> None:
    program = PROGRAMS[name]
    write(tmp_path, program, {"index.md": WRONG})
    built = build(tmp_path, program)
    assert built.code != 0
    for message in (
        "docs/index.md:6: unknown option 'layr' (did you mean layer?)",
        "docs/index.md:10: invalid value 77 for layer: there is no layer 77, expected 0 to 2",
        "docs/index.md:17: row 0 sums to 0.300",
        "docs/index.md:21: the figure a cannot be drawn: row 0 sums to 0.300",
        "docs/index.md:21: invalid name attn:wieght (did you mean weight?)",
        "docs/index.md:28: the claim '1.3: quick -> the > 0.99' is false",
    ):
        assert message in built.message, built.message
    built = build(tmp_path, program, strict=False)
    assert built.code == 0, built.message
    page = BeautifulSoup(built.html(), "html.parser")
    reported = [one.get_text() for one in page.select(".attention-placeholder")]
    assert len(reported) == 3
    assert "did you mean layer?" in reported[0]
    assert len(page.select(".attention-problem")) == 2
    assert page.select_one("figure#b") is not None


def test_files_are_beside_the_pages_and_in_the_page_where_they_could_be_lost(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a", MKDOCS)
    built = build(tmp_path / "a", MKDOCS)
    assert re.search(
        r'src="\.\./\.\./assets/attention/attention\.js\?\w+"', built.html("sub/page/index.html")
    )
    assert (tmp_path / "a" / "site" / "assets" / "attention" / "attention-matrix.js").is_file()
    assert len(built.html()) < 40_000
    write(tmp_path / "b", MKDOCS, assets="inline")
    built = build(tmp_path / "b", MKDOCS)
    assert "assets/attention" not in built.html()
    assert not (tmp_path / "b" / "site" / "assets" / "attention").exists()
    # Zensical keeps pages in a cache that may be older than its output.
    write(tmp_path / "c", ZENSICAL)
    assert build(tmp_path / "c", ZENSICAL).html().count("attentionViews") > 1


def test_frozen_builds_run_no_model(tmp_path: Path) -> None:
    write(tmp_path, MATERIAL)
    frozen = build(tmp_path, MATERIAL, ATTENTION_MODE="frozen")
    assert frozen.code == 1
    assert "docs/index.md:10: the attention of builtin over" in frozen.message
    assert "and the setting mode is 'frozen', so that no model runs" in frozen.message
    assert build(tmp_path, MATERIAL).code == 0
    no_models = "import sys\nsys.modules['torch'] = sys.modules['transformers'] = None\n"
    frozen = build(tmp_path, MATERIAL, before=no_models, ATTENTION_MODE="frozen")
    assert frozen.code == 0, frozen.message


def test_wrong_settings_are_told_once(tmp_path: Path) -> None:
    write(tmp_path, MKDOCS, modle="builtin", mode="frosen")
    built = build(tmp_path, MKDOCS)
    assert built.code == 1
    assert built.message.count("unknown setting modle (did you mean") == 1
    assert built.message.count("invalid value 'frosen' for the setting mode") == 1
