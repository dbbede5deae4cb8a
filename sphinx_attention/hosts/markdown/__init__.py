"""The host of Python-Markdown: MkDocs, Material for MkDocs, ProperDocs, Zensical.

The name of this package is the name of the extension::

    markdown_extensions:
      - sphinx_attention.hosts.markdown

Its options are the settings of the project, such as ``model`` and ``cache``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown import Markdown

    from .extension import AttentionExtension

__all__ = ["fence", "makeExtension", "validate"]


def makeExtension(**options: Any) -> AttentionExtension:  # noqa: N802 - the interface
    """The extension for Python-Markdown."""
    from .extension import AttentionExtension  # noqa: PLC0415 - `capture` does without the package

    return AttentionExtension(**options)


def fence(
    source: str,
    language: str,
    css_class: str,  # noqa: ARG001 - the interface
    options: dict[str, str],
    md: Markdown,
    **kwargs: Any,
) -> str:
    """The formatter of a custom fence of ``pymdownx.superfences``, without the extension."""
    from .extension import note_fence  # noqa: PLC0415 - as above

    return note_fence(source, language, options, md, **kwargs)


def validate(
    language: str,
    inputs: dict[str, str],
    options: dict[str, str],
    attrs: dict[str, str],
    md: Markdown,
) -> bool:
    """The validator of such a fence."""
    from .extension import accept_options  # noqa: PLC0415 - as above

    return accept_options(language, inputs, options, attrs, md)
