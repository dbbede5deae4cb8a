"""The search index of MkDocs and ProperDocs, without the numbers of figures.

Their own search indexes all text of a page and knows no way to leave a part out. The search of
Material and Zensical passes over elements that are marked.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .markup import without_numbers

if TYPE_CHECKING:
    from .site import Site

_NAME = "sphinx_attention"


def keep_numbers_out(site: Site) -> None:
    """Hide the numbers of figures from the search of this build.

    The page that search sees has no numbers. The page that is written has them.
    """
    if site.kind not in {"mkdocs", "properdocs"} or _NAME in site.config.plugins:
        return
    plugins: Any = import_module(f"{site.kind}.plugins")

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
    site.config.plugins[_NAME] = plugin
