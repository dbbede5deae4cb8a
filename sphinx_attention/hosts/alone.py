"""One figure that stands alone, without a folder of notes, for the command line and for Python."""

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
    from sphinx_attention.core.figure.spec import FigureSpec


def read_alone(text: str, options: Mapping[str, str], model: str) -> FigureSpec:
    """What is asked for, checked.

    Args:
        text: the sentence; may be empty where a file of weights brings the tokens.
        options: of the directive, by name, as they are written there.
        model: where the options name none.

    Raises:
        AttentionError: the first thing that is wrong, with what would be right.
    """
    here = Path.cwd()
    # Whoever types a command or runs a program may read any of their files.
    context = HostContext(Settings(model=model), here, lambda name: locate(name, here / name, None))
    return parse(text, options, None, context)


def resolve_alone(spec: FigureSpec, answers: Sequence[Attention | AttentionError]) -> Figure:
    """The figure of what was asked for, within the bytes that a page of notes has.

    Raises:
        AttentionError: none of the attentions can be had, or what was selected is not there.
    """
    return resolve_all(spec, answers, budget=Settings().page_budget)
