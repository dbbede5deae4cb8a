"""The scripts and the style sheet, only on pages that hold a figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes

from sphinx_attention import assets
from sphinx_attention.core.phrases import browser_script
from sphinx_attention.core.views import VIEWS

from .domain import domain_of, drawn_as
from .nodes import attention_figure, attention_link

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_PROBLEMS = frozenset({"attention-placeholder", "attention-problem"})
"""The classes of the placeholders for a figure, a number or a link."""


def setup_assets(app: Sphinx) -> None:
    """Register the handlers that copy and link the files."""
    app.connect("builder-inited", copy_files)
    app.connect("html-page-context", link_files)


def copy_files(app: Sphinx) -> None:
    """Copy our files to ``_static``. Files of the project with the same names replace them later.

    The copies do not go through ``html_static_path``: a change of that setting would make every
    build report a changed configuration.
    """
    if drawn_as(app.builder) != "figure":
        return
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    for source in assets.files():
        target, content = folder / source.name, source.read_bytes()
        if source.name == assets.CORE:
            # The phrases are in the same file as the script that uses them, so they are always
            # loaded.
            content = browser_script(domain_of(app.env).words).encode() + content
        if not target.is_file() or target.read_bytes() != content:
            target.write_bytes(content)


def link_files(
    app: Sphinx,
    pagename: str,
    templatename: str,  # noqa: ARG001 - the event's signature
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Link our files from the pages that need them, or from all pages if the project says so."""
    if drawn_as(app.builder) != "figure":
        return
    if pagename == "search" and domain_of(app.env).requests:
        app.add_js_file(assets.SEARCH)
    if doctree is None:
        return
    if app.registry.html_assets_policy == "always" or _needs_files(doctree):
        app.add_css_file(assets.STYLE)
        for name in _scripts(doctree):
            if name in assets.BEFORE_PAINT:
                app.add_js_file(name)
            else:
                app.add_js_file(name, loading_method="async", fetchpriority="high")
        _take_over(context, "css_files", getattr(app.builder, "_css_files", []))
        _take_over(context, "script_files", getattr(app.builder, "_js_files", []))


def _take_over(context: dict[str, Any], name: str, files: list[Any]) -> None:
    """Give a page our files if its list of files was copied before the event.

    sphinx-revealjs makes such copies of the builder's list. Our files are removed from that list at
    once, so that they are not copied for the next page.
    """
    listed = context.get(name)
    if not isinstance(listed, list) or listed is files:
        return
    ours = [one for one in files if assets.is_ours(str(getattr(one, "filename", one)))]
    listed += [one for one in ours if one not in listed]
    files[:] = [one for one in files if one not in ours]


def _scripts(doctree: nodes.document) -> list[str]:
    """The scripts that a page needs when it loads."""
    prose = [assets.PROSE] if _has(doctree, attention_link) else []
    # A page that only refers to figures of other pages runs no figure.
    if prose and not _has(doctree, attention_figure):
        return prose
    return [assets.CORE, *_view_scripts(doctree), *prose]


def _has(doctree: nodes.document, kind: type[nodes.Element]) -> bool:
    return next(iter(doctree.findall(kind)), None) is not None


def _view_scripts(doctree: nodes.document) -> list[str]:
    """The scripts of the views that a page's figures show first, and of generated text."""
    shown = {node.spec.view for node in doctree.findall(attention_figure)}
    views = shown.union(*(VIEWS[view].beside[:1] for view in shown))
    steps = any(
        node.spec.request.generate is not None for node in doctree.findall(attention_figure)
    )
    parts = {part for view in views for part in VIEWS[view].scripts}
    scripts = [assets.script_of(name) for name in sorted(views | parts)]
    return [*scripts, assets.GENERATE] if steps else scripts


def _needs_files(doctree: nodes.document) -> bool:
    return any(
        isinstance(node, (attention_figure, attention_link))
        or _PROBLEMS.intersection(node["classes"])
        for node in doctree.findall(nodes.Element)
    )
