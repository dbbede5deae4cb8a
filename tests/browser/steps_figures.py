"""What the tests of the view steps read from a page, and the vectors of the model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page


def model_vectors(minilm: Path, text: str) -> dict[str, np.ndarray]:
    """The outputs of MiniLM's linear layers for a text: shape (layers, heads, tokens, 32)."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(minilm, attn_implementation="eager").eval()
    found: dict[str, list[np.ndarray]] = {"query": [], "key": [], "value": []}
    for layer in model.encoder.layer:
        for name, outputs in found.items():
            getattr(layer.attention.self, name).register_forward_hook(
                lambda _module, _inputs, output, outputs=outputs: outputs.append(
                    output[0].view(-1, 12, 32).transpose(0, 1).double().numpy()
                )
            )
    with torch.no_grad():
        model(**AutoTokenizer.from_pretrained(minilm)(text, return_tensors="pt"))
    return {name: np.stack(outputs) for name, outputs in found.items()}


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


def rows(page: Page, figure: str) -> list[list[str]]:
    """The numbers of every row, in the order of the picture."""
    return page.eval_on_selector_all(
        f"#{figure} .attention-rows > g",
        "all => all.map(row => [...row.querySelectorAll('.attention-number')].map(e => e.textContent))",
    )
