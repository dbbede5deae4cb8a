"""The script and the style sheet, only on pages that hold a figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes

import sphinx_attention

from .nodes import attention_figure

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ASSETS = Path(sphinx_attention.__file__).parent / "assets"


def setup_assets(app: Sphinx) -> None:
    """Register the copying and the linking."""
    app.connect("builder-inited", copy_files)
    app.connect("html-page-context", link_files)


def copy_files(app: Sphinx) -> None:
    """Copy our files to ``_static``; a project's own of the same name are copied over them later.

    Not by way of ``html_static_path``: changed here, it would make every build report a changed
    configuration.
    """
    if app.builder.format != "html" or app.builder.name == "epub":
        return
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(ASSETS.iterdir()):
        target, content = folder / source.name, source.read_bytes()
        if not target.is_file() or target.read_bytes() != content:
            target.write_bytes(content)


def link_files(
    app: Sphinx,
    pagename: str,  # noqa: ARG001 - the event's signature
    templatename: str,  # noqa: ARG001
    context: dict[str, Any],  # noqa: ARG001
    doctree: nodes.document | None,
) -> None:
    """Link our files from pages that need them, or from all where the project says so."""
    if doctree is None or app.builder.name == "epub":
        return
    if app.registry.html_assets_policy == "always" or _needs_files(doctree):
        app.add_css_file("attention.css")
        app.add_js_file("attention.js", loading_method="async", fetchpriority="high")


def _needs_files(doctree: nodes.document) -> bool:
    return any(
        isinstance(node, attention_figure) or "attention-placeholder" in node["classes"]
        for node in doctree.findall(nodes.Element)
    )
