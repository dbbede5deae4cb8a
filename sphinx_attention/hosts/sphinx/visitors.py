"""What each builder makes of a figure: HTML the whole, every other the strongest pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.logging import get_node_location
from sphinx.util.osutil import relative_uri

from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure import Figure, settle
from sphinx_attention.core.render.html import figure_attributes, render_html
from sphinx_attention.core.render.text import credit, describe, strongest_pairs

from .config import settings_of
from .domain import domain_of, entries_of, warn_of_weight
from .messages import placeholder, warn_of
