"""Our side: Sphinx projects with figures that are really built, and the content of their pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import alone
from .plan import MODEL
from .texts import text_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_FIGURE = re.compile(r"<figure\b[^>]*\battention-figure\b.*?</figure>", re.DOTALL)
_SIDE = re.compile(r'data-src="([^"]+)"')
_PLACEHOLDER = re.compile(r"attention-placeholder[^>]*>(.*?)</div>", re.DOTALL)

LARGE = 10**10
"""A page budget that no page reaches, so that all layers and heads are carried."""

PAGE_TOKENS, MANY = 16, 50
"""The tokens of a figure on the page of many figures, and the number of figures."""

CROWD = 24, 16, 128
"""The layers, heads and tokens of the grid of a large model."""

_CONF = """\
import pathlib, sys

class Noted:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "transformers"):
            with open({imports!r}, "a") as file:
                file.write(name + "\\n")

sys.meta_path.insert(0, Noted())
html_theme = "alabaster"
html_sidebars = {{"**": []}}
exclude_patterns = ["_build"]
"""
_OURS = """\
extensions = ["sphinx_attention"]
attention_model = "minilm"
attention_models = {{
    "minilm": {{"path": {model!r}}},
    "made": {{"function": "benchmarks.made:peaked"}},
}}
attention_cache = {store!r}
attention_page_budget = {budget}
"""
# Every way of loading a model calls this method.
_COUNTING = """\
import transformers
_loads = transformers.PreTrainedModel.from_pretrained.__func__

def _counted(cls, *args, **kwargs):
    with open({loads!r}, "a") as file:
        file.write(cls.__name__ + "\\n")
    return _loads(cls, *args, **kwargs)

transformers.PreTrainedModel.from_pretrained = classmethod(_counted)
"""


class BuildError(Exception):
    """A project that failed to build. The message is Sphinx's output."""


@dataclass(frozen=True)
class Built:
    """One build.

    Attributes:
        seconds: the time of the whole process.
        processor: the processor time of the process and of those that it started, in seconds. Other
            work on the machine hardly changes it.
        peak: the most memory of the main process, in bytes.
        imports: which of torch and transformers were imported.
        loads: the number of models that were loaded, if it was counted.
        warnings: the warnings of Sphinx.
    """

    seconds: float
    processor: float
    peak: int
    imports: tuple[str, ...]
    loads: tuple[str, ...]
    warnings: str


@dataclass(frozen=True)
class Project:
    """A Sphinx project in a folder.

    Attributes:
        folder: the folder of conf.py.
        store: the folder of the store; several projects can share it.
    """

    folder: Path
    store: Path

    def write(
        self, pages: Mapping[str, str], *, extension: bool = True, counting: bool = False
    ) -> None:
        """Write sources. The first page is the index."""
        self.folder.mkdir(parents=True, exist_ok=True)
        conf = _CONF.format(imports=str(self.folder / "imports.txt"))
        if extension:
            conf += _OURS.format(model=str(MODEL), store=str(self.store), budget=LARGE)
        if counting:
            conf += _COUNTING.format(loads=str(self.folder / "loads.txt"))
        (self.folder / "conf.py").write_text(conf)
        for name, text in pages.items():
            (self.folder / f"{name}.rst").write_text(text)

    @property
    def out(self) -> Path:
        """The folder of the built pages."""
        return self.folder / "_build"

    def build(self, *flags: str, out: Path | None = None, strict: bool = True) -> Built:
        """Build all pages again.

        Raises:
            BuildError: Sphinx failed, or warned in a strict build.
        """
        notes = [self.folder / "imports.txt", self.folder / "loads.txt"]
        for note in notes:
            note.unlink(missing_ok=True)
        answer = alone.run(
            "build",
            arguments=["-q", "-E", "-a", *flags, str(self.folder), str(out or self.out)],
        )
        if answer["code"] or (strict and answer["warnings"].strip()):
            raise BuildError(_warnings_in(answer["warnings"]) or f"exit {answer['code']}")
        imports, loads = (
            tuple(note.read_text().split()) if note.exists() else () for note in notes
        )
        return Built(
            seconds=answer["process_seconds"],
            processor=answer["processor"],
            peak=answer["peak"],
            imports=tuple(sorted(set(imports))),
            loads=loads,
            warnings=answer["warnings"],
        )

    def markup(self, page: str) -> str:
        """The markup of the first figure of a built page.

        Raises:
            BuildError: the page has no figure; the message is the text in the figure's place.
        """
        html = (self.out / f"{page}.html").read_text(encoding="utf-8")
        found = _FIGURE.search(html)
        if found is None:
            instead = _PLACEHOLDER.search(html)
            message = re.sub(r"<[^>]+>", " ", instead[1] if instead else "no figure")
            raise BuildError(" ".join(message.split())[:200])
        return found[0]

    def figure_bytes(self, page: str) -> int:
        """The bytes of a page's figure: its markup, and the side file with its numbers."""
        markup = self.markup(page)
        side = _SIDE.search(markup)
        beside = (self.out / side[1]).stat().st_size if side else 0
        return len(markup.encode()) + beside


def _warnings_in(warnings: str) -> str:
    """The most informative line of the output of a failed build."""
    lines = [line.strip() for line in warnings.splitlines() if line.strip()]
    informative = [
        line for line in lines if "Error" in line or "exception:" in line or "WARNING" in line
    ]
    return (informative or lines or [""])[0][-200:]


def heading(title: str) -> str:
    """The first lines of a page of its own."""
    return f":orphan:\n\n{title}\n{'=' * len(title)}\n\n"


def figure(text: str, view: str = "arcs", **options: str) -> str:
    """The source of one figure with only these options."""
    chosen = {"view": view, **options}
    lines = "".join(f"   :{name}: {value}\n" for name, value in chosen.items())
    return f".. attention:: {text}\n{lines}\n"


def view_pages(view: str, sizes: Sequence[int]) -> dict[str, str]:
    """The pages of one view: a page with one figure for each size."""
    pages = {"index": heading(view)}
    for n in sizes:
        pages[f"{view}-{n}"] = heading(f"{view} {n}") + figure(text_of(n), view)
    return pages


def other_pages() -> dict[str, str]:
    """A page without a figure, a page with one figure, and a page with many."""
    several = texts_of(MANY, PAGE_TOKENS)
    return {
        "index": heading("No figure") + "Only words.\n",
        "one": heading("One") + figure(several[0]),
        "many": heading("Many") + "".join(figure(text) for text in several),
    }


def crowded_pages() -> dict[str, str]:
    """A page with all heads of a layer at once, and a page with the heads of a large model."""
    all_heads = ",".join(str(head) for head in range(12))
    layers, heads, tokens = CROWD
    return {
        "index": heading("Crowded"),
        "heads": heading("Heads") + figure(text_of(tokens), "heads", head=all_heads),
        "grid": heading("Grid") + figure(f"{layers} {heads} {tokens}", "grid", model="made"),
    }


def pages_of(
    texts: Sequence[str], a_page: int, *, plain: bool = False, model: str = ""
) -> dict[str, str]:
    """Sources that hold these texts as figures, or as paragraphs if `plain` is set.

    Args:
        texts: the texts.
        a_page: how many stand on a page.
        plain: whether they are paragraphs.
        model: the option ``model`` of each figure; empty for the project's own model.
    """
    pages = {}
    option = f"   :model: {model}\n" if model else ""
    for start in range(0, len(texts), a_page):
        some = texts[start : start + a_page]
        body = "".join(
            f"{text}\n\n" if plain else f".. attention:: {text}\n{option}\n" for text in some
        )
        name = f"page{start // a_page}" if start else "index"
        pages[name] = heading(name) + body
    return pages
