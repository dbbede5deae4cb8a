"""The names of options and settings in a project of mystmd."""

from __future__ import annotations

from sphinx_attention.core.host_words import HostWords
from sphinx_attention.hosts.toml_settings import FILE

WORDS = HostWords(
    file=FILE,
    numbers="write the numbers in the body, or name a file of them in the option matrix",
)
"""The names of options and settings in messages about a page of mystmd."""

HOST_OPTIONS = {
    "caption": "The caption in one line, in place of the body.",
    "name": "A name to refer to.",
    "label": "A name to refer to.",
    "class": "Names of classes.",
    "align": "left, center or right.",
}
"""The options of the directive that are about the page."""
