"""Limits of the size that a configuration may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from sphinx_attention.core.sources.huggingface.bounds import check_config

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    "values",
    [
        {"block_multiple_of": 256, "num_experts": 16384, "layer_rope_theta": [500_000]},
        {"encoder_hash_byte_group_vocab": 500_002, "positions_of_a_layer_at_most": 10**7},
        {"num_hidden_layers": 3.0, "layers_to_use": [-1]},
    ],
)
def test_large_numbers_that_count_no_layers_are_fine(values: dict[str, Any]) -> None:
    """Some of these numbers are defaults in transformers' own configurations."""
    check_config(values, "the folder m")
