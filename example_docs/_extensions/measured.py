"""The role ``measured``: a number that is no weight of a figure, from the file ``measured.json``.

The role ``attn:weight`` and its siblings print numbers of figures. Some numbers of the chapters are
none of these: cosines of vectors, and means over many generated inputs. They stand once in
``measured.json``, and tests compute each of them again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxRole

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FILE = Path(__file__).parents[1] / "measured.json"


class Measured(SphinxRole):
    """Print the number with this name."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        numbers = json.loads(FILE.read_text(encoding="utf-8"))
        self.env.note_dependency(str(FILE))
        if self.text not in numbers:
            known = ", ".join(numbers)
            message = f"unknown number {self.text!r}: expected one of {known}"
            problem = self.inliner.reporter.error(message, line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, problem)], [problem]
        return [nodes.Text(numbers[self.text])], []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role."""
    app.add_role("measured", Measured())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
