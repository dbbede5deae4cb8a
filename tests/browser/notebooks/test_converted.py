"""Notebooks that were converted to pages: every figure is live, beside RequireJS, without a network."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from .conftest import CELLS, FIGURES, TOOLS, check_live, opened, python

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GALLERY = '"""\nFox\n===\n\nA script.\n"""\n\n' + "\n\n# %%\n# A paragraph.\n\n".join(
    cell for cell in CELLS if "show" not in cell
)


def require_js() -> Path:
    (found,) = TOOLS.glob(
        "lib/python*/site-packages/nbclassic/static/components/requirejs/require.js"
    )
    return found


def nbconvert(notebook: Path, folder: Path) -> Path:
    python(
        *("nbconvert", "--to", "html", "--output-dir", folder, "--output", "page"),
        *("--log-level", "ERROR", notebook),
        cwd=folder,
    )
    return folder / "page.html"


def _sphinx(folder: Path, conf: str) -> None:
    (folder / "conf.py").write_text(f'project = "P"\nhtml_theme = "alabaster"\n{conf}')
    printed = python("sphinx", "-q", "-W", "-b", "html", folder, folder / "out", cwd=folder)
    assert "WARNING" not in printed


def nbsphinx(notebook: Path, folder: Path) -> Path:
    shutil.copy(notebook, folder / "index.ipynb")
    (folder / "static").mkdir()
    shutil.copy(require_js(), folder / "static")
    # From its usual place, a browser accepts only one version of the script.
    _sphinx(
        folder,
        'extensions = ["nbsphinx"]\nnbsphinx_execute = "never"\nhtml_static_path = ["static"]\n'
        'nbsphinx_requirejs_path = "require.js"\nnbsphinx_requirejs_options = {}\n',
    )
    return folder / "out" / "index.html"


def mystnb(notebook: Path, folder: Path) -> Path:
    shutil.copy(notebook, folder / "index.ipynb")
    _sphinx(folder, 'extensions = ["myst_nb"]\nnb_execution_mode = "off"\n')
    return folder / "out" / "index.html"


def beside_the_directive(notebook: Path, folder: Path) -> Path:
    """The extension in the same project, whose scripts are files."""
    notes = json.loads(notebook.read_text(encoding="utf-8"))
    source = "```{attention-figure} the quick brown fox jumps\n:layer: 1\n:head: 2\n```"
    notes["cells"].append({"cell_type": "markdown", "metadata": {}, "source": source, "id": "d"})
    (folder / "index.ipynb").write_text(json.dumps(notes), encoding="utf-8")
    _sphinx(
        folder,
        'extensions = ["myst_nb", "sphinx_attention"]\nnb_execution_mode = "off"\n'
        'attention_model = "builtin"\n',
    )
    return folder / "out" / "index.html"


def mkdocs(notebook: Path, folder: Path) -> Path:
    index = searched(notebook, folder, "theme: {name: material, font: false}\n")
    check_without_numbers(index)
    return folder / "site" / "index.html"


def searched(notebook: Path, folder: Path, theme: str) -> str:
    """The search index of a site of one notebook."""
    (folder / "docs").mkdir(exist_ok=True)
    shutil.copy(notebook, folder / "docs" / "index.ipynb")
    (folder / "mkdocs.yml").write_text(f"site_name: P\n{theme}plugins: [search, mkdocs-jupyter]\n")
    python("mkdocs", "-q", "build", "--strict", cwd=folder)
    return (folder / "site" / "search" / "search_index.json").read_text(encoding="utf-8")


def check_without_numbers(index: str) -> None:
    assert "sphinx_attention" in index
    for absent in ("Strongest", "application/x-attention", "attention-word"):
        assert absent not in index, absent


def gallery(_: Path, folder: Path) -> Path:
    (folder / "examples").mkdir()
    (folder / "examples" / "GALLERY_HEADER.rst").write_text("Gallery\n=======\n")
    (folder / "examples" / "plot_fox.py").write_text(GALLERY)
    (folder / "index.rst").write_text("P\n=\n\n.. toctree::\n\n   auto/index\n")
    _sphinx(
        folder,
        'extensions = ["sphinx_gallery.gen_gallery"]\nexclude_patterns = ["examples"]\n'
        'sphinx_gallery_conf = {"examples_dirs": "examples", "gallery_dirs": "auto"}\n',
    )
    return folder / "out" / "auto" / "plot_fox.html"


HOSTS = {
    "nbconvert": (nbconvert, FIGURES),
    "nbsphinx": (nbsphinx, FIGURES),
    "myst-nb": (mystnb, FIGURES),
    "myst-nb and the directive": (beside_the_directive, FIGURES + 1),
    "mkdocs-jupyter": (mkdocs, FIGURES),
    "sphinx-gallery": (gallery, FIGURES - 1),
}


@pytest.mark.parametrize("host", HOSTS)
def test_figures_of_a_converted_notebook_are_live(
    browser: Browser, executed: Path, expected: list[str], tmp_path: Path, host: str
) -> None:
    build, count = HOSTS[host]
    page = build(executed, tmp_path)
    require = require_js()
    with opened(browser, page.as_uri(), {"require.js": require, "require.min.js": require}) as one:
        if host in {"nbconvert", "nbsphinx"}:
            assert one.page.evaluate("typeof requirejs") == "function"
        check_live(one.page, expected, count)
        # The hosts ask for their own scripts, such as MathJax. They fail here, without a network.
        assert not [error for error in one.errors if "net::ERR_FAILED" not in error]
        assert not [
            url for url in one.outside if "require" not in url and "mathjax" not in url.lower()
        ]


def test_the_search_of_mkdocs_itself_needs_a_hook(executed: Path, tmp_path: Path) -> None:
    """That search cannot leave out a part of a page, and a notebook is no page of our extension."""
    assert "Strongest" in searched(executed, tmp_path, "theme: mkdocs\n")
    hook = "from sphinx_attention.hosts.markdown.search import on_config\n"
    (tmp_path / "hook.py").write_text(hook)
    check_without_numbers(searched(executed, tmp_path, "theme: mkdocs\nhooks: [hook.py]\n"))
    # The page itself has its figures.
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert page.count("<!--attention-->") == FIGURES
