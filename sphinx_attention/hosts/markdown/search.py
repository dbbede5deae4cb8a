"""The search index of MkDocs and ProperDocs, without the numbers of figures.

The search of these programs indexes all text of a page and cannot leave out a part. The search of
Material and Zensical passes over elements that are marked.

The extension does this by itself. A site of notebooks has no page that the extension reads. There,
a hook of one line is enough: ``from sphinx_attention.hosts.markdown.search import on_config``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .markup import without_numbers

_NAME = "sphinx_attention"


def on_config(config: Any, **_: Any) -> Any:
    """The hook for `hooks` in mkdocs.yml and properdocs.yml."""
    kind = type(config).__module__.partition(".")[0]
    if kind in {"mkdocs", "properdocs"}:
        keep_numbers_out(kind, config)
    return config


def keep_numbers_out(kind: str, config: Any) -> None:
    """Hide the numbers of figures from the search of this build.

    The page that search sees has no numbers. The page that is written has them.

    Args:
        kind: the program, ``mkdocs`` or ``properdocs``.
        config: its configuration, which holds its plugins.
    """
    if _NAME in config.plugins:
        return
    plugins: Any = import_module(f"{kind}.plugins")

    class _NoNumbers(plugins.BasePlugin):  # type: ignore[misc]
        """Two handlers around those that read a page's content."""

        def __init__(self) -> None:
            self.content: str | None = None

        def hide(self, context: Any, page: Any, **_: Any) -> Any:
            self.content = page.content
            page.content = without_numbers(page.content or "")
            return context

        def show(self, context: Any, page: Any, **_: Any) -> Any:
            page.content = self.content
            return context

        on_page_context = plugins.CombinedEvent(
            plugins.event_priority(1000)(hide), plugins.event_priority(-1000)(show)
        )

    plugin = _NoNumbers()
    plugin.load_config({})
    config.plugins[_NAME] = plugin
