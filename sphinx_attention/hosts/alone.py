"""One figure without a folder of notes, for the command line and for Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.sources.author_files import locate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.errors import AttentionError
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec, Notation


def read_alone(
    text: str, options: Mapping[str, str], model: str, notation: Notation | None = None
) -> FigureSpec:
    """The checked specification of a figure.

    Args:
        text: the sentence; may be empty if a file of weights has tokens.
        options: the options of the directive by name, in their written form.
        model: the model if the options name none.
        notation: the language that the figure is written in; None if it is not written out.

    Raises:
        AttentionError: the first mistake, with the right form.
    """
    here = Path.cwd()
    # A person who types a command or runs a program may read all of their own files.
    context = HostContext(
        Settings(model=model), here, lambda name: locate(name, here / name, None), notation
    )
    return parse(text, options, None, context)


def resolve_alone(spec: FigureSpec, answers: Sequence[Attention | AttentionError]) -> Figure:
    """The figure of a specification, within the byte budget of a page of notes.

    Raises:
        AttentionError: all attentions failed, or the selection does not exist.
    """
    return resolve_all(spec, answers, budget=Settings().page_budget)
