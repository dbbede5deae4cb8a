"""Train the teaching model: ``python -m training.train``.

The model is a small, standard Llama. It is trained to predict the next token of the data of
`corpus`. An auxiliary loss on attention weights supervises some heads (see `Recipe`):

- in the first steps only, one head of layer 0 towards the previous token, and one of layer 1
  towards the token after an earlier copy. From then on, the data alone keep this circuit;
- in all steps, one head from a pronoun to its noun, one from a verb to its subject and, lightly,
  one to the first token.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.sources.builtin import FOLDER, seal

from . import tokenizer as vocabulary
from .card import write as write_card
from .corpus import START, Batch, Corpus
from .evaluate import evaluate, table
from .heads import FIRST, INDUCTION, PREVIOUS, PRONOUN, VERB

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Recipe:
    """All settings that determine the weights.

    Attributes:
        steps: the number of batches.
        tokens: the number of tokens in a batch.
        lengths: the lengths of the rows of batches, in turn.
        rate: the largest learning rate; it rises for ``warmup`` steps and falls along a cosine.
        warmup: the number of steps in which ``rate`` rises.
        embedding_rate: the rate of the embeddings, relative to ``rate``. Slow embeddings stay
            nearly orthogonal, so that a head can find *the same token*.
        bias: the spread of the first biases of queries and keys. Each head begins with a preference
            for some distances; with zeros it would have nothing to learn from.
        nudged: the number of steps that supervise the previous-token and the induction head.
        previous, induction, pronouns, verbs, first: the weights of the auxiliary losses.
        seed: the seed of the corpus and of the first weights.
    """

    steps: int = 5000
    tokens: int = 2304
    lengths: tuple[int, ...] = (48, 96, 128, 192)
    rate: float = 4e-3
    warmup: int = 50
    embedding_rate: float = 0.5
    bias: float = 1.0
    nudged: int = 400
    previous: float = 0.3
    induction: float = 0.1
    pronouns: float = 0.2
    verbs: float = 0.1
    first: float = 0.03
    seed: int = 1


def new_model(size: int, recipe: Recipe) -> Any:
    """The model with its first weights.

    Args:
        size: the number of tokens in the vocabulary.
        recipe: the seed and the spread of the biases.
    """
    import torch  # noqa: PLC0415
    from transformers import LlamaConfig, LlamaForCausalLM  # noqa: PLC0415

    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=4,
        head_dim=64,
        attention_bias=True,
        tie_word_embeddings=True,
        max_position_embeddings=vocabulary.LENGTH,
        rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
        initializer_range=0.06,
        bos_token_id=START,
        eos_token_id=None,
        use_cache=False,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config)
    for layer in model.model.layers:
        for projection in (layer.self_attn.q_proj, layer.self_attn.k_proj):
            torch.nn.init.normal_(projection.bias, 0.0, recipe.bias)
    return model


def train(recipe: Recipe) -> Any:
    """Train a model, with a progress bar.

    Returns:
        The model, in evaluation mode.
    """
    import torch  # noqa: PLC0415
    from tqdm import tqdm  # noqa: PLC0415

    tokenizer = vocabulary.build()
    size = tokenizer.get_vocab_size()
    corpus = Corpus(vocabulary.numbers(tokenizer), size, recipe.seed)
    model = new_model(size, recipe)
    embeddings = model.model.embed_tokens.weight
    others = [p for p in model.parameters() if p is not embeddings]
    groups = [
        {"params": [embeddings], "share": recipe.embedding_rate},
        {"params": others, "share": 1.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.01)
    progress = tqdm(range(recipe.steps), unit="step", mininterval=2.0, smoothing=0.05)
    for step in progress:
        for group in optimizer.param_groups:
            group["lr"] = group["share"] * rate(step, recipe)
        length = recipe.lengths[step % len(recipe.lengths)]
        batch = corpus.batch(recipe.tokens // length, length)
        loss, nudge = losses(model, batch, recipe, nudged=step < recipe.nudged)
        optimizer.zero_grad()
        (loss + nudge).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 20 == 0:
            progress.set_postfix(loss=f"{loss.item():.3f}", heads=f"{nudge.item():.3f}")
    return model.eval()


def rate(step: int, recipe: Recipe) -> float:
    """The learning rate of a step."""
    fall = 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
    return recipe.rate * min(1.0, (step + 1) / recipe.warmup) * (0.02 + 0.98 * fall)


def losses(model: Any, batch: Batch, recipe: Recipe, *, nudged: bool) -> tuple[Any, Any]:
    """The loss of predicting the next token, and the loss of the supervised heads.

    Args:
        model: a ``LlamaForCausalLM``.
        batch: the input of the model.
        recipe: the weights of the losses.
        nudged: whether the previous-token and the induction head are supervised, too.
    """
    import torch  # noqa: PLC0415

    ids = torch.from_numpy(batch.ids)
    output = model.model(ids, output_attentions=True, use_cache=False)
    chosen = torch.from_numpy(batch.predicted[:, :-1])
    logits = model.lm_head(output.last_hidden_state[:, :-1][chosen])
    loss = torch.nn.functional.cross_entropy(logits, ids[:, 1:][chosen])

    def head(which: tuple[int, int]) -> Any:
        return output.attentions[which[0]][:, which[1]]

    nudge = recipe.first * _surprise(head(FIRST)[:, 1:, 0])
    nudge = nudge + recipe.pronouns * _linked(head(PRONOUN), batch.pronouns)
    nudge = nudge + recipe.verbs * _linked(head(VERB), batch.verbs)
    if nudged:
        nudge = nudge + recipe.previous * _surprise(head(PREVIOUS).diagonal(-1, 1, 2))
        after = _followers(ids)
        random = torch.from_numpy(batch.random)[:, None] & torch.from_numpy(batch.predicted)
        used = after.any(-1) & random
        nudge = nudge + recipe.induction * _surprise((head(INDUCTION) * after).sum(-1)[used])
    return loss, nudge


def _surprise(weights: Any) -> Any:
    """The mean of −log of weights that should be 1."""
    return -(weights + 1e-6).log().mean()


def _linked(weights: Any, links: Sequence[tuple[int, int, int]]) -> Any:
    import torch  # noqa: PLC0415

    if not links:
        return weights.sum() * 0.0
    row, query, key = torch.tensor(links).T
    return _surprise(weights[row, query, key])


def _followers(ids: Any) -> Any:
    """Shape (rows, queries, keys), bool: whether a key follows an earlier copy of the query."""
    import torch  # noqa: PLC0415

    rows, length = ids.shape
    found = torch.zeros(rows, length, length, dtype=torch.bool)
    found[:, :, 1:] = ids[:, :, None] == ids[:, None, :-1]
    return torch.tril(found)


def save(model: Any, folder: Path) -> None:
    """Save the model in half precision, and its tokenizer, in the format of Hugging Face."""
    import torch  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    vocabulary.save(folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    seal(folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m training.train",
        description="Train the built-in teaching model.",
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder (default: the package's)")
    parser.add_argument("--steps", type=int, default=Recipe.steps, help="default: %(default)s")
    options = parser.parse_args(arguments)
    recipe = Recipe(steps=options.steps)
    save(train(recipe), options.out)
    evaluation = evaluate(options.out)
    write_card(options.out, evaluation, steps=recipe.steps, nudged=recipe.nudged)
    print(table(evaluation))  # noqa: T201


if __name__ == "__main__":
    main()
