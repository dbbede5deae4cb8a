"""The pandoc that PyPI ships."""

from __future__ import annotations


def pandoc_path() -> str:
    """The path of the program. The fast tests, which do not run it, do without the package."""
    import pypandoc

    return str(pypandoc.get_pandoc_path())
