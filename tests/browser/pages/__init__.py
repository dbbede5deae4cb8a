"""The pages of the browser tests. Each module is a project, built when one of its pages is used.

A module has ``PAGES``, file name to source, and may have ``FUNCTIONS``, the source of a module
``pages_<name>`` that the project imports, and ``MODELS``, further entries of ``attention_models``,
such as ``{"toy": {"function": "pages_heads:toy"}}``. The model ``minilm`` is everywhere, and is the
default. Page names are unique over all modules.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.course import BESIDE

if TYPE_CHECKING:
    from pathlib import Path

DOG = "the quick brown fox jumps over the lazy dog"
CAUSAL_ROWS = """\
1 0 0 0
0.25 0.75 0 0
0.2 0.3 0.5 0
0.125 0.125 0.25 0.5
"""
TRANSLATE = '''

def translate(text, pair=None):
    """Two rows of tokens: three queries over four keys."""
    return {
        "tokens": ["le", "renard", "saute"],
        "key_tokens": ["the", "fox", "jumps", "</s>"],
        "special": ["</s>"],
        "weights": [[0.7, 0.2, 0.05, 0.05], [0.1, 0.8, 0.06, 0.04], [0.05, 0.15, 0.7, 0.1]],
    }
'''
"""A function of some ``FUNCTIONS``."""


def words_at_random(*, layers: int, heads: int) -> str:
    """A source for ``FUNCTIONS``: ``words`` draws random weights over the words of a text."""
    return f"""
import numpy as np

def words(text, pair=None):
    words = text.split()
    n = len(words)
    weights = np.random.default_rng(n).dirichlet(np.full(n, 0.5), size=({layers}, {heads}, n))
    return {{"tokens": words, "weights": weights}}
"""


@dataclass(frozen=True)
class Pages:
    """The pages, functions and models of one module."""

    name: str
    sources: dict[str, str]
    models: dict[str, dict[str, Any]]
    functions: str

    def files(self, minilm: Path, cache_folder: Path) -> dict[str, str]:
        """The whole project."""
        models = {"minilm": {"path": str(minilm)}, **self.models}
        names = [name.rpartition(".")[0] for name in self.sources]
        markdown = [name for name in self.sources if name.endswith(".md")]
        extensions = ["sphinx_attention", *(["myst_parser"] if markdown else [])]
        conf = (
            f"{BESIDE}extensions = {extensions!r}\n"
            'html_theme = "alabaster"\nhtml_sidebars = {"**": []}\nnumfig = True\n'
            f"attention_cache = {str(cache_folder)!r}\n"
            f'attention_model = "minilm"\nattention_models = {models!r}\n'
        )
        index = "Browser\n=======\n\n.. toctree::\n\n" + "".join(f"   {name}\n" for name in names)
        functions = {f"pages_{self.name}.py": self.functions} if self.functions else {}
        return {"conf.py": conf, "index.rst": index, **functions, **self.sources}


@cache
def by_page() -> dict[str, str]:
    """The module of every page."""
    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(__path__):
        for source in pages_of(module.name).sources:
            page = source.rpartition(".")[0]
            assert page not in found, f"{page}: in {found[page]} and in {module.name}"
            found[page] = module.name
    return found


@cache
def pages_of(name: str) -> Pages:
    """The pages of the module of that name."""
    module = importlib.import_module(f"{__name__}.{name}")
    return Pages(
        name,
        module.PAGES,
        getattr(module, "MODELS", {}),
        getattr(module, "FUNCTIONS", ""),
    )


def heading(name: str) -> str:
    """A title that does not have the id of the figure."""
    return f"Page {name}\n{'=' * 30}\n\n"
