"""Train the vision model: ``python -m training.vision.train``.

The model is a small, standard ``ViTForImageClassification``. It names the coloured shape of a
picture (`shapes`). In training, a second head asks every patch for the kind of the shape that
covers it, so that patches of one shape have a reason to look at each other. This head is thrown
away. No attention weight is supervised.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.sources.builtin import VISION_FOLDER, seal

from .card import write as write_card
from .evaluate import evaluate
from .shapes import KINDS, LABELS, SIDE, batch, owners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .shapes import Scene

PATCH = 6
"""The side of a patch in pixels."""

PATCHES = SIDE // PATCH
"""How many patches a side of a picture has."""


@dataclass(frozen=True)
class Recipe:
    """All settings that determine the weights.

    Attributes:
        steps: the number of batches.
        size: the number of pictures in a batch.
        rate: the largest learning rate; it rises for ``warmup`` steps and falls along a cosine.
        warmup: the number of steps in which ``rate`` rises.
        patches: the weight of the loss of the second head.
        seed: the seed of the pictures and of the first weights.
    """

    steps: int = 2500
    size: int = 64
    rate: float = 2e-3
    warmup: int = 100
    patches: float = 1.0
    seed: int = 1


def new_model(recipe: Recipe) -> Any:
    """The model with its first weights."""
    import torch  # noqa: PLC0415
    from transformers import ViTConfig, ViTForImageClassification  # noqa: PLC0415

    torch.manual_seed(recipe.seed)
    config = ViTConfig(
        image_size=SIDE,
        patch_size=PATCH,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        layer_norm_eps=1e-6,
        initializer_range=0.05,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
        attn_implementation="eager",
    )
    return ViTForImageClassification(config)


def pixel_values(pictures: Any) -> Any:
    """The input of the model: from −1 to 1, shape (pictures, 3, side, side)."""
    import torch  # noqa: PLC0415

    values = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()
    return values / 127.5 - 1


def targets_of(scenes: Sequence[Scene]) -> tuple[Any, Any]:
    """The class of each picture, and for each patch the kind of its shape; 0 for none."""
    import torch  # noqa: PLC0415

    labels = torch.tensor([scene.label for scene in scenes])
    kinds = np.zeros((len(scenes), PATCHES * PATCHES), dtype=np.int64)
    for row, scene in enumerate(scenes):
        found = owners(scene, PATCHES).ravel()
        for number, shape in enumerate(scene.shapes):
            kinds[row][found == number] = 1 + KINDS.index(shape.kind)
    return labels, torch.from_numpy(kinds)


def train(recipe: Recipe) -> Any:
    """Train a model, with a progress bar.

    Returns:
        The model, in evaluation mode.
    """
    import torch  # noqa: PLC0415
    from torch.nn.functional import cross_entropy  # noqa: PLC0415
    from tqdm import tqdm  # noqa: PLC0415

    random = np.random.default_rng(recipe.seed)
    model = new_model(recipe)
    second = torch.nn.Linear(model.config.hidden_size, 1 + len(KINDS))
    parameters = [*model.parameters(), *second.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=0.05)
    progress = tqdm(range(recipe.steps), unit="step", mininterval=5.0, smoothing=0.05)
    for step in progress:
        for group in optimizer.param_groups:
            group["lr"] = rate(step, recipe)
        pictures, scenes = batch(random, recipe.size)
        labels, kinds = targets_of(scenes)
        states = model.vit(pixel_values(pictures)).last_hidden_state
        loss = cross_entropy(model.classifier(states[:, 0]), labels)
        patches = cross_entropy(second(states[:, 1:]).flatten(0, 1), kinds.flatten())
        optimizer.zero_grad()
        (loss + recipe.patches * patches).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 20 == 0:
            progress.set_postfix(loss=f"{loss.item():.3f}", patches=f"{patches.item():.3f}")
    return model.eval()


def rate(step: int, recipe: Recipe) -> float:
    """The learning rate of a step."""
    fall = 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
    return recipe.rate * min(1.0, (step + 1) / recipe.warmup) * (0.02 + 0.98 * fall)


def save(model: Any, folder: Path) -> None:
    """Save the model in half precision, and its image processor, in the format of Hugging Face."""
    import torch  # noqa: PLC0415
    from transformers import ViTImageProcessorPil  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(folder)
    processor = ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    processor.save_pretrained(folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    seal(folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m training.vision.train",
        description="Train the built-in vision model.",
    )
    parser.add_argument(
        "--out", type=Path, default=VISION_FOLDER, help="folder (default: the package's)"
    )
    parser.add_argument("--steps", type=int, default=Recipe.steps, help="default: %(default)s")
    options = parser.parse_args(arguments)
    save(train(Recipe(steps=options.steps)), options.out)
    write_card(options.out, evaluate(options.out), steps=options.steps)


if __name__ == "__main__":
    main()
