"""Models that also read where words stand on a page, such as LayoutLM, given a text without a page.

transformers gives all words the same position where LayoutLM is given none. BROS and UDOP refuse to
run without positions, and are given those of transformers here.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.remarks import remark

from .load_errors import is_out_of_memory
from .own_output import forward
from .packages import require

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "bbox"
"""The argument that takes a position for each token: left, top, right and bottom."""

NOTE = remark("same_place")


def reads_positions(model: Any) -> bool:
    """Whether a model takes a position for each token."""
    return NAME in inspect.signature(model.forward).parameters


def needs_positions(model: Any, inputs: Mapping[str, Any]) -> bool:
    """Whether a model runs only with positions."""
    return (
        reads_positions(model)
        and not _runs(model, inputs)
        and _runs(model, with_positions(model, inputs))
    )


def with_positions(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a pass, with the position 0 for each token of the text."""
    ids = inputs["input_ids"]
    positions = require("torch").zeros((*ids.shape, 4), dtype=model.dtype, device=ids.device)
    return {**inputs, NAME: positions}


def _runs(model: Any, inputs: Mapping[str, Any]) -> bool:
    try:
        forward(model, inputs)
    except Exception as error:
        # A model may raise anything.
        if is_out_of_memory(error):
            raise
        return False
    return True
