"""Marks in the prose: roles that link to figures or print numbers, and the directive of claims.

They leave nodes with the author's text, which `prose` resolves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sphinx.util.docutils import SphinxDirective, SphinxRole

from sphinx_attention.core.authoring.quantities import QUANTITIES
from sphinx_attention.core.authoring.role_text import split_role
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import quoted

from .messages import warn_of
from .nodes import attention_check, attention_focus, attention_number
from .written import body_line, located

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.util.typing import OptionSpec

    from sphinx_attention.core.authoring.quantities import Quantity


class FocusRole(SphinxRole):
    """``:attn:focus:`brown looks at quick <fox 1.3 brown -> quick>```."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the text in a node that becomes a link to the figure."""
        title, target = split_role(self.text)
        if not title:
            # A build without references needs none of it.
            from sphinx_attention.core.authoring.reference import parse_reference  # noqa: PLC0415

            try:
                title = parse_reference(target).title
            except AttentionError:
                title = target
        node = attention_focus(self.rawtext, title, kind="focus", target=target)
        self.set_source_info(node)
        return [node], []


class NumberRole(SphinxRole):
    """``:attn:weight:`fox 1.3 brown -> quick``` and its like.

    With a form, ``:attn:weight:`0.00 <fox 1.3 brown -> quick>```.

    Args:
        quantity: which number.
    """

    def __init__(self, quantity: Quantity) -> None:
        super().__init__()
        self._quantity = quantity

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return a node that becomes the number."""
        form, target = split_role(self.text)
        node = attention_number(self.rawtext, "", kind=self._quantity, target=target, detail=form)
        self.set_source_info(node)
        return [node], []


class CheckDirective(SphinxDirective):
    """``.. attn:check:: fox``, with a claim on each line of the body."""

    has_content = True
    optional_arguments = 1  # A check without one gets a message of ours.
    final_argument_whitespace = True
    option_spec: ClassVar[OptionSpec] = {}

    def run(self) -> list[nodes.Node]:
        """Return nodes that are read and removed before anything is written."""
        argument = self.arguments[0] if self.arguments else ""
        figure = " ".join(argument.split())
        lines = [(line, at) for at, line in enumerate(self.content) if line.strip()]
        _, below, more = argument.partition("\n")
        wrong = ""
        if not figure:
            wrong = (
                "the name of the figure is missing: write it on the directive's own line, after "
                "its name"
            )
        elif below:
            wrong = (
                f"the line {quoted(more.splitlines()[0].strip())} belongs to the name of the "
                "figure, because no blank line is above it: add a blank line above the claims"
            )
        elif not lines:
            wrong = (
                "there is nothing to check: write one claim on each line of the body, such as "
                "1.3: brown -> quick > 0.5"
            )
        if wrong:
            warn_of(AttentionError(Problem.CHECK, wrong), location=located(self, self.lineno))
            return []
        made: list[nodes.Node] = []
        for line, at in lines:
            node = attention_check("", kind="check", target=figure, detail=line.strip())
            line_number = body_line(self, self.content_offset, at + 1)
            node.source, node.line = self.state_machine.get_source_and_line(line_number)
            made.append(node)
        return made


ROLES: dict[str, SphinxRole] = {
    "focus": FocusRole(),
    **{name: NumberRole(name) for name in QUANTITIES},
}
DIRECTIVES = {"check": CheckDirective}
