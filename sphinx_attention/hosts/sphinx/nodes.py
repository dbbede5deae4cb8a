"""The nodes of this package: figures and their pictures, and the prose about figures.

No node holds numbers. A figure holds its specification, and a mark holds the author's text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

from sphinx_attention.core.figure.spec import FigureSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.hosts.prose import MarkKind


class attention_picture(nodes.General, nodes.Element):  # noqa: N801 - as docutils names nodes
    """Stands in the place of an image, because docutils expects an image before the caption."""


class attention_figure(nodes.figure, addnodes.translatable):  # noqa: N801
    """A figure of attention. Its children are the picture, the caption and the legend.

    Attributes in the doctree:
        spec: the `FigureSpec`.
        uid: the beginning of the ids of its elements, different for each figure.
    """

    @property
    def spec(self) -> FigureSpec:
        """The specification, with the description in the reader's language."""
        spec = self["spec"]
        assert isinstance(spec, FigureSpec)
        return replace(spec, alt=self["alt"]) if self.get("alt") else spec

    def preserve_original_messages(self) -> None:
        """Keep the untranslated description."""
        if self.get("alt"):
            self["rawalt"] = self["alt"]

    def apply_translated_message(self, original_message: str, translated_message: str) -> None:
        """Insert the translated description."""
        if self.get("rawalt") == original_message:
            self["alt"] = translated_message

    def extract_original_messages(self) -> Sequence[str]:
        """The texts for a translator besides the caption."""
        return [self["rawalt"]] if self.get("rawalt") else []


class attention_mark(nodes.inline):  # noqa: N801
    """A reference of the prose to a figure.

    Attributes in the doctree:
        kind: a link, a number of some kind, or a claim.
        target: the reference as the author wrote it.
        detail: of a number, the form in which it is printed; of a claim, the line. May be absent.
    """

    @property
    def kind(self) -> MarkKind:
        """A link, a number of some kind, or a claim."""
        kind: MarkKind = self["kind"]
        return kind


class attention_focus(attention_mark):  # noqa: N801
    """A text that becomes a link to a figure."""


class attention_number(attention_mark):  # noqa: N801
    """A mark that becomes a number of a figure."""


class attention_check(nodes.Invisible, attention_mark):  # noqa: N801
    """One claim. The node is removed after the document is read."""


class attention_link(nodes.reference):  # noqa: N801
    """A link that selects something in a figure; ``selection`` has the form of addresses."""
