"""The instructions of the page "Adding a view" work, in a copy of the sources.

The view keeps a tensor and has an option, so the test covers what `ViewKind` promises for both.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.conftest import CLIPBOARD, copy, ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^\.\. code-block:: (\w+)\n(?:   :caption: (\S+)\n)?\n((?:   .*\n|\n)+)", re.MULTILINE
)
CONF = """
import sys
sys.path.insert(0, ".")
extensions = ["sphinx_attention"]
attention_models = {{
    "words": {{"function": "words:attention"}},
    "bare": {{"function": "words:bare"}},
    "minilm": {{"path": {minilm!r}}},
}}
"""
# The value vectors have the lengths 5, 1 and 2.
WORDS = """
ROWS = [[0.7, 0.2, 0.1], [0, 0.4, 0.6], [0.5, 0.25, 0.25]]
VALUES = [[3, 4], [1, 0], [0, -2]]

def attention(text):
    return {"tokens": text.split(), "weights": ROWS, "values": [[VALUES]]}

def bare(text):
    return {"tokens": text.split(), "weights": ROWS}
"""
NOTES = """
Notes
=====

.. attention-figure:: a b c
   :model: words
   :view: bars
   :name: by-weight

.. attention-figure:: a b c
   :model: words
   :view: bars
   :by: norm
   :also: c b a
   :name: by-norm

.. attention-figure:: a b c
   :model: bare
   :view: bars
   :by: norm
   :name: no-values

.. attention-figure:: the quick brown fox
   :model: minilm
   :view: bars
   :by: norm
   :layer: 4
   :head: 7
   :focus: fox
   :name: real
"""
WRONG = """
Wrong
=====

.. attention-figure:: a b c
   :model: words
   :view: bars
   :by: length

.. attention-figure:: a b c
   :model: words
   :view: matrix
   :by: norm

.. attention-figure:: a b c
   :model: words
   :view: bars
   :by: norm
   :selection: by=weight

.. attention-figure:: a b c
   :model: words
   :view: bars
   :merge: words

.. attention-figure:: a b
   :view: bars

   1 0
   0 1
"""


def run(command: list[str], cwd: Path, check: bool = True, **given: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | given, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, changed as the page says."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("static", "sphinx_attention", "tests/core"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("package.json", "tsconfig.json", "tests/__init__.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)
    text = (ROOT / "example_docs" / "adding-a-view.rst").read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert [kind for kind, _, _ in blocks] == [
        *("diff", "diff", "python", "jinja", "jinja", "typescript")
    ]
    for kind, name, code in blocks:
        content = dedent(code).strip("\n") + "\n"
        if kind == "diff":
            (folder / "lines.diff").write_text(content, encoding="utf-8")
            run(["git", "apply", "--unidiff-zero", "lines.diff"], folder)
        else:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
    run(["npx", "tsc", "--noEmit"], folder)
    assert "attention-bars.js" in run(["node", "static/build.mjs"], folder)
    return folder


@pytest.fixture(scope="module")
def build(changed: Path, minilm: Path) -> Callable[..., tuple[Path, str]]:
    """Build notes with the changed copy of the package; return the page and the warnings."""

    def build_(name: str, text: str, *, strict: bool = True) -> tuple[Path, str]:
        notes = changed / name
        notes.mkdir()
        (notes / "conf.py").write_text(CONF.format(minilm=str(minilm)), encoding="utf-8")
        (notes / "words.py").write_text(WORDS, encoding="utf-8")
        (notes / "index.rst").write_text(text, encoding="utf-8")
        flags = ["-W", "-q"] if strict else ["-q"]
        message = run(
            [sys.executable, "-m", "sphinx", *flags, "-b", "html", ".", "_build"],
            notes,
            PYTHONPATH=str(changed),
            HF_HUB_OFFLINE="1",
        )
        return notes / "_build" / "index.html", message

    return build_


@pytest.fixture(scope="module")
def page_of_bars(build: Callable[..., tuple[Path, str]]) -> Path:
    return build("notes", NOTES)[0]


@pytest.fixture
def open_bars(page_of_bars: Path, browser: Browser) -> Callable[[str], Page]:
    """Open the page at a figure. An address may hold a selection."""

    def open_(figure: str, selection: str = "") -> Page:
        page = browser.new_context(**CLIPBOARD).new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{page_of_bars.as_uri()}{selection and f'#{figure}&{selection}'}")
        ready(page, figure)
        assert not errors
        return page

    return open_


def lengths(page: Page, figure: str) -> list[float]:
    bars = page.locator(f"#{figure} .attention-length")
    return [float(bar.get_attribute("width") or "") for bar in bars.all()]


def shown(page: Page, figure: str) -> str:
    return page.locator(f"#{figure} select[name=by]").input_value()


def test_the_static_pictures_show_the_authors_option(page_of_bars: Path, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(page_of_bars.as_uri())
    assert lengths(page, "by-weight") == [140, 40, 20]
    assert lengths(page, "by-norm") == [140, 8, 8]
    footer = page.locator("#by-norm .attention-footer").inner_text()
    assert "weight × length of value" in footer
    assert lengths(page, "no-values") == [140, 40, 20]
    assert "gives no values" in page.locator("#no-values .attention-footer").inner_text()
    assert not page.locator("#no-values select[name=by]").count()


def test_pointing_and_pinning(open_bars: Callable[..., Page]) -> None:
    page = open_bars("by-weight")
    token = page.locator("#by-weight [data-token='1'][role='button']")
    token.hover()
    assert lengths(page, "by-weight") == [0, 80, 120]
    token.click()
    page.locator("#by-weight [data-token='2']").click(modifiers=["Shift"])
    page.mouse.move(0, 0)
    assert lengths(page, "by-weight") == [100, 130, 170]
    assert page.locator("#by-weight .attention-vector tr").count() == 3
    page.locator("#by-weight select[name=by]").select_option("norm")
    assert lengths(page, "by-weight") == [100, 26, 68]


def test_the_browser_opens_on_the_authors_option(open_bars: Callable[..., Page]) -> None:
    page = open_bars("by-norm")
    assert shown(page, "by-norm") == "norm"
    assert lengths(page, "by-norm") == [140, 8, 8]
    ready(page, "by-weight")
    assert shown(page, "by-weight") == "weight"
    ready(page, "no-values")
    assert lengths(page, "no-values") == [140, 40, 20]


def test_the_address_keeps_the_option(open_bars: Callable[..., Page]) -> None:
    page = open_bars("by-norm", "by=weight")
    assert shown(page, "by-norm") == "weight"
    assert lengths(page, "by-norm") == [140, 40, 20]
    assert "by=weight" in copy(page, "by-norm", "link")
    other = open_bars("by-weight", "by=length")
    assert shown(other, "by-weight") == "weight"


def test_another_sentence_keeps_the_option(open_bars: Callable[..., Page]) -> None:
    page = open_bars("by-norm")
    page.locator("#by-norm select[name=sentence]").select_option("1")
    page.wait_for_function(
        "() => document.querySelector('#by-norm .attention-picture text').textContent.trim() === 'c'"
    )
    ready(page, "by-norm")
    assert shown(page, "by-norm") == "norm"
    assert lengths(page, "by-norm") == [140, 8, 8]


def test_a_copied_directive_has_the_option(open_bars: Callable[..., Page]) -> None:
    page = open_bars("by-norm")
    written = copy(page, "by-norm", "as directive")
    assert "   :by: norm\n" in written
    assert ":selection:" not in written
    page = open_bars("by-norm")
    page.locator("#by-norm select[name=by]").select_option("weight")
    written = copy(page, "by-norm", "as directive")
    assert written.count(":by:") == 1
    assert "   :by: weight\n" in written
    assert ":selection:" not in written


def test_bars_are_the_models_weights_times_the_norms_of_its_values(
    open_bars: Callable[..., Page], minilm: Path
) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(minilm, attn_implementation="eager").eval()
    tokens = AutoTokenizer.from_pretrained(minilm)("the quick brown fox", return_tensors="pt")
    with torch.no_grad():
        output = model(**tokens, output_attentions=True, output_hidden_states=True)
        project = model.encoder.layer[4].attention.self.value
        values = project(output.hidden_states[4])[0].reshape(6, 12, -1)[:, 7]
    norms = values.norm(dim=1).numpy()
    by_weight = output.attentions[4][0, 7, 4].numpy() * 200
    by_norm = by_weight * norms / norms.max()
    page = open_bars("real")
    # Bars are drawn with weights in thousandths.
    assert lengths(page, "real") == pytest.approx(by_norm, abs=0.11)
    page.locator("#real select[name=by]").select_option("weight")
    assert lengths(page, "real") == pytest.approx(by_weight, abs=0.11)
    assert np.abs(by_norm - by_weight).max() > 5
    page.locator("#real select[name=head]").select_option("2")
    page.locator("#real select[name=by]").select_option("norm")
    with torch.no_grad():
        norms = project(output.hidden_states[4])[0].reshape(6, 12, -1)[:, 2].norm(dim=1).numpy()
    by_norm = output.attentions[4][0, 2, 4].numpy() * 200 * norms / norms.max()
    assert lengths(page, "real") == pytest.approx(by_norm, abs=0.11)


def test_what_the_view_refuses_is_reported_with_its_place(
    build: Callable[..., tuple[Path, str]],
) -> None:
    _, message = build("wrong", WRONG, strict=False)
    found = re.findall(r"index\.rst:(\d+): WARNING: (.*)", message)
    assert [(int(line), text.split(" [attention")[0]) for line, text in found] == [
        (5, "invalid value 'length' for by: expected weight or norm"),
        (
            10,
            (
                "the option by belongs to the view bars, and this figure has the view matrix: remove "
                "the option by, or take that view"
            ),
        ),
        (
            15,
            (
                "invalid value 'weight' for by in selection: the option by says 'norm'; remove one of "
                "the two"
            ),
        ),
        (
            21,
            (
                "invalid value 'words' for merge: the view bars shows the value vectors of a model's "
                "own tokens, and words that are merged from pieces have none: remove the option merge"
            ),
        ),
        (
            26,
            (
                "invalid value 'bars' for view: expected arcs, heads, grid or matrix, because bars "
                "shows value vectors, and a given matrix has weights alone"
            ),
        ),
    ]


def test_the_changed_copy_passes_the_tests_of_views_and_phrases(changed: Path) -> None:
    tests = [f"tests/core/{name}.py" for name in ("test_views", "test_phrases")]
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider"]
    assert "passed" in run([*command, *tests], changed, PYTHONPATH=str(changed))


def test_the_option_holds_on_the_command_line(changed: Path) -> None:
    message = run(
        [
            *(sys.executable, "-m", "sphinx_attention", "render", "a b c", "-o", "bars.svg"),
            *("-O", "view=bars", "-O", "by=norm"),
        ],
        changed,
        PYTHONPATH=str(changed),
    )
    assert "bars" in message
    message = run(
        [
            *(sys.executable, "-m", "sphinx_attention", "render", "a b c", "-o", "bars.svg"),
            *("-O", "by=norm"),
        ],
        changed,
        check=False,
        PYTHONPATH=str(changed),
    )
    assert "by belongs to the view bars" in message
