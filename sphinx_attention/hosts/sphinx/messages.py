"""Warnings with a place, and the placeholder for a figure that cannot be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util import logging

from sphinx_attention.core.host_words import HostWords

if TYPE_CHECKING:
    from sphinx_attention.core.errors import AttentionError, Problem
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.phrases import Phrases

logger = logging.getLogger(__name__)

SETTINGS_FILE = "conf.py"
"""The file with the settings of a project."""

WORDS = HostWords(
    prefix="attention_",
    file=SETTINGS_FILE,
    own={"jobs": "--jobs"},
    numbers="write the numbers in the body, or name a file of them in the option matrix",
)
"""The names of options and settings in messages of a Sphinx project."""


def warn(problem: Problem, message: str, location: Any = None) -> None:
    """Log a warning of type ``attention``; ``suppress_warnings`` takes ``attention.<problem>``."""
    logger.warning("%s", message, type="attention", subtype=problem.value, location=location)


def warn_of(error: AttentionError, location: Any = None) -> None:
    """Log an error as a warning, and with ``sphinx-build -v`` its traceback."""
    if error.setting:
        warn_of_settings(error)
        return
    hint = "; sphinx-build -v shows the traceback" if error.trace else ""
    warn(error.problem, error.message + hint, location)
    if error.trace:
        logger.verbose("%s", error.trace, location=location)


def warn_of_settings(error: AttentionError) -> None:
    """Log a mistake in the project's settings once, because it concerns no page."""
    logger.warning(
        "%s", message_of(error), type="attention", subtype=error.problem.value, once=True
    )


def message_of(error: AttentionError) -> str:
    """A message, with the settings file before it if the settings are wrong."""
    return f"{SETTINGS_FILE}: {error.message}" if error.setting else error.message


def report_notices(figure: Figure, location: Any) -> None:
    """Log facts that the author of a figure may want to know, though they are not mistakes."""
    for notice in figure.notices:
        logger.info("%s", notice, location=location)


def placeholder(
    error: AttentionError, text: str, say: Phrases, *, right_to_left: bool = False
) -> nodes.container:
    """The placeholder for a figure that cannot be shown, in every builder.

    Args:
        error: the error.
        text: the sentence of the figure.
        say: the phrases of the page. The error itself is in English.
        right_to_left: whether the page is read from right to left.
    """
    container = nodes.container(classes=["attention-placeholder"])
    if right_to_left:
        container["classes"].append("attention-placeholder--rtl")
    paragraph = nodes.paragraph()
    paragraph += nodes.strong("", say("placeholder"))
    paragraph += nodes.Text(" ")
    if text:
        paragraph += nodes.emphasis("", text)
        paragraph += nodes.Text(" — ")
    paragraph += nodes.inline("", f"{message_of(error)}.", classes=["attention-message"])
    container += paragraph
    return container
