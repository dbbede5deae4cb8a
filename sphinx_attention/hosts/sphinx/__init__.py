"""The Sphinx host: directives, the domain, the output of builders, assets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sphinx_attention
from sphinx_attention.core.host_words import use_words

from . import (
    assets,
    config,
    directive,
    domain,
    latex,
    prose_output,
    stock_errors,
    translations,
    uses,
    visitors,
)
from .messages import WORDS

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

ENV_VERSION = 10
"""Raised after every change of the data in the environment or in doctrees."""


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register every part."""
    use_words(WORDS)
    config.setup_config(app)
    domain.setup_domain(app)
    directive.setup_directives(app)
    prose_output.setup_prose(app)
    uses.setup_uses(app)
    stock_errors.setup_stock_errors(app)
    visitors.setup_visitors(app)
    latex.setup_latex(app)
    translations.setup_translations(app)
    assets.setup_assets(app)
    return {
        "version": sphinx_attention.__version__,
        "env_version": ENV_VERSION,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
