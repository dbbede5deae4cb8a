"""Message catalogues with phrases of figures, as gettext and Sphinx have them.

A message is a phrase: its context is the name of the phrase, and its id the English text.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import PoFileError, read_po, write_po

import sphinx_attention
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.phrases import phrases, sections
from sphinx_attention.core.phrases.own import fault, placeholders, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from babel.messages.catalog import Message

NAME = "sphinx_attention"
"""The name of the catalogue, without the ending of a file."""


_ISSUES = "https://github.com/sphinx-attention/sphinx-attention/issues"


class Entry(NamedTuple):
    """A phrase of a catalogue.

    Attributes:
        name: the name of the phrase.
        text: the text in the project's language.
        line: its line in the file; 0 in a compiled file.
        fault: the reason why it cannot be used; empty if it can.
    """

    name: str
    text: str
    line: int
    fault: str


def read_catalogue(file: Path, *, fuzzy: bool = False) -> Iterator[Entry]:
    """The phrases of a catalogue that are translated.

    Args:
        file: a catalogue with the extension ``.po``, or a compiled one with ``.mo``.
        fuzzy: whether messages that are marked as fuzzy count.

    Raises:
        AttentionError: the file cannot be read. The error has the line of the mistake if it is
            known.
    """
    try:
        with file.open("rb") as opened:
            catalogue = (
                read_mo(opened) if file.suffix == ".mo" else read_po(opened, abort_invalid=True)
            )
    except PoFileError as error:
        reason = f"{file.name} cannot be read: {str(error.args[0]).rpartition(' on ')[0]}"
        raise AttentionError(Problem.TRANSLATION, reason, line=error.lineno + 1) from error
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise AttentionError(Problem.TRANSLATION, f"{file.name} cannot be read: {error}") from error
    for message in catalogue:
        if message.id and message.string and (fuzzy or not message.fuzzy):
            yield _entry(message)


def _entry(message: Message) -> Entry:
    name, line = message.context or "", message.lineno or 0
    if not isinstance(message.string, str) or not isinstance(message.id, str):
        return Entry(name, "", line, "phrases have no plural forms: write a text for any number")
    text = tidy(message.string)
    if not name:
        wrong = (
            f"the message {message.id!r} has no msgctxt, which is the name of a phrase: "
            "`sphinx-attention phrases` writes a template"
        )
        return Entry(name, text, line, wrong)
    return Entry(name, text, line, fault(name, text, message.id))


def template(language: str = "") -> bytes:
    """A catalogue with all phrases, for translators.

    Args:
        language: the language of its translations; empty for none.
    """
    catalogue = Catalog(
        language or None,
        project="sphinx-attention",
        version=sphinx_attention.__version__,
        msgid_bugs_address=_ISSUES,
        header_comment=(
            "# The phrases of attention figures. Each placeholder in braces has to stay as it is."
        ),
        fuzzy=False,
    )
    say = phrases(language) if language else None
    for section, texts in sections().items():
        for name, text in texts.items():
            names = sorted(placeholders(text))
            message = catalogue.add(
                text,
                say.named([name])[name] if say else "",
                flags=["python-brace-format"] if names else [],
                auto_comments=[_where(section)],
                context=name,
            )
            # Babel takes the "% o" of "60 % of this row" for a placeholder.
            message.flags.discard("python-format")
    written = BytesIO()
    write_po(written, catalogue, width=100)
    return written.getvalue()


def _where(section: str) -> str:
    if section == "remarks":
        return "A remark about a model or a text."
    view = section.removeprefix("script").removeprefix("_")
    if section == "page" or not view:
        return "In figures."
    return "In the menu that saves a figure." if view == "save" else f"In the view {view}."
