"""Models that also read where words stand on a page, such as LayoutLM, given a text without a page.

transformers gives all words the same place where LayoutLM is given none. BROS and UDOP refuse to
run without places, and get the same ones here.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .load_errors import is_out_of_memory
from .own_output import forward
from .packages import require

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "bbox"
"""The argument that takes a place for each token: left, top, right and bottom."""

NOTE = "the model also reads where words stand on a page: all have the same place here"


def reads_places(model: Any) -> bool:
    """Whether a model takes a place for each token."""
    return NAME in inspect.signature(model.forward).parameters


def needs_places(model: Any, inputs: Mapping[str, Any]) -> bool:
    """Whether a model runs with places alone."""
    return reads_places(model) and not _runs(model, inputs) and _runs(model, placed(model, inputs))


def placed(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a pass, with the place 0 for each token of the text."""
    ids = inputs["input_ids"]
    places = require("torch").zeros((*ids.shape, 4), dtype=model.dtype, device=ids.device)
    return {**inputs, NAME: places}


def _runs(model: Any, inputs: Mapping[str, Any]) -> bool:
    try:
        forward(model, inputs)
    except Exception as error:
        # Whatever a model raises.
        if is_out_of_memory(error):
            raise
        return False
    return True
