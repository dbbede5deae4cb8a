"""Measure the teaching model's heads: ``python -m training.evaluate``.

No input occurs in the training data. Random sequences have a seed of their own. Sentences contain
pairs of nouns that no training sentence combines (`sentences.held_out`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.analysis import head_scores
from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.sources.builtin import FOLDER

from . import tokenizer as vocabulary
from .corpus import START
from .heads import FIRST, INDUCTION, PREVIOUS, PRONOUN, VERB
from .lexicon import is_content
from .sentences import Text, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Scores = NDArray[np.float64]

SEED = 20_260_101
LENGTHS = (10, 25, 50)
"""The lengths of the random sequences that are repeated once."""
SEVERED = 25
"""The length of the sequences that are read while a head is switched off."""


@dataclass
class Reading:
    """How well each head connects one kind of word with another.

    Attributes:
        accuracy: shape (layers, heads): how often the content word with the largest weight is the
            right one.
        weight: shape (layers, heads): the mean weight on the right one.
        baseline: the accuracy of the best rule about positions alone, chosen in hindsight: *the
            n-th content word before* or *the n-th content word of the text*.
        count: the number of words that were evaluated.
    """

    accuracy: Scores
    weight: Scores
    baseline: float
    count: int


@dataclass
class Evaluation:
    """The behaviour of a model's heads on held-out input. Scores have the shape (layers, heads).

    Attributes:
        previous: the weight on the token before.
        first: the weight on the first token.
        entropy: the entropy on sentences, in bits.
        induction: the induction score by the length of the repeated tokens.
        severed: the induction score for `SEVERED` tokens while one head of layer 0 is switched off,
            by that head.
        readings: the readings of pronouns and of verbs.
    """

    previous: Scores
    first: Scores
    entropy: Scores
    induction: dict[int, Scores] = field(default_factory=dict)
    severed: dict[int, Scores] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)


Run = Callable[[Sequence[int]], Attention]


def runner(folder: Path, without: tuple[int, int] | None = None) -> Run:
    """A function from the numbers of tokens to attention.

    Args:
        folder: the folder of the model.
        without: the layer and the head that is switched off, so that its output is zero.
    """
    import torch  # noqa: PLC0415
    from transformers import AutoModel  # noqa: PLC0415

    model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    if without is not None:
        layer, head = without
        width = model.config.head_dim
        with torch.no_grad():
            output = model.layers[layer].self_attn.o_proj.weight
            output[:, head * width : (head + 1) * width] = 0

    def run(numbers: Sequence[int]) -> Attention:
        with torch.no_grad():
            output = model(torch.tensor([list(numbers)]), output_attentions=True, use_cache=False)
        tokens = tuple(Token(str(n), special=n == START) for n in numbers)
        size = len(tokens)
        return Attention(
            tokens,
            tokens,
            np.stack([layer[0].numpy() for layer in output.attentions]),
            np.triu(np.ones((1, size, size), np.bool_), 1),
            part="decoder",
            label="builtin",
        )

    return run


def random_repeats(size: int, length: int, count: int) -> Iterator[list[int]]:
    """Random tokens of the whole vocabulary, twice over, after the start token.

    Args:
        size: the number of tokens in the vocabulary.
        length: the length of the repeated part.
        count: the number of sequences.
    """
    random = np.random.default_rng([SEED, length])
    for _ in range(count):
        once = [int(n) for n in random.choice(np.arange(1, size), length, replace=False)]
        yield [START, *once, *once]


def mean(scores: Iterable[Scores]) -> Scores:
    """The mean over inputs."""
    average: Scores = np.mean(list(scores), axis=0)
    return average


def evaluate(folder: Path = FOLDER, count: int = 200) -> Evaluation:
    """Measure every head.

    Args:
        folder: the folder of the model.
        count: the number of sentences of each kind.
    """
    run = runner(folder)
    tokenizer = vocabulary.build()
    numbers = vocabulary.numbers(tokenizer)
    size = tokenizer.get_vocab_size()
    sequences = {
        length: [run(ids) for ids in random_repeats(size, length, 1000 // length)]
        for length in LENGTHS
    }
    writer = Writer(np.random.default_rng(SEED), evaluation=True)
    makers = {"pronoun": writer.pronoun_sentence, "verb": writer.agreement_sentence}
    texts = {kind: [make() for _ in range(count)] for kind, make in makers.items()}
    attended = {
        kind: [(text, run([START, *(numbers[t] for t in text.tokens)])) for text in made]
        for kind, made in texts.items()
    }
    sentences = [attention for made in attended.values() for _, attention in made]
    everything = [*sentences, *(a for made in sequences.values() for a in made)]
    return Evaluation(
        previous=mean(head_scores.previous_token(a) for a in everything),
        first=mean(head_scores.first_token(a) for a in everything),
        entropy=mean(head_scores.entropy(a) for a in sentences),
        induction={n: mean(map(head_scores.induction, made)) for n, made in sequences.items()},
        severed={head: _without(folder, head, size) for head in range(everything[0].heads)},
        readings={kind: read(made, kind) for kind, made in attended.items()},
    )


def _without(folder: Path, head: int, size: int) -> Scores:
    run = runner(folder, (0, head))
    sequences = random_repeats(size, SEVERED, 1000 // SEVERED)
    return mean(head_scores.induction(run(ids)) for ids in sequences)


def read(made: Sequence[tuple[Text, Attention]], kind: str) -> Reading:
    """How well heads connect pronouns with nouns, or verbs with subjects.

    Args:
        made: sentences and their attention, which has one more token at the start.
        kind: ``pronoun`` or ``verb``; the first pronoun and the last verb of a sentence count.
    """
    hits, weights, rules = [], [], []
    for text, attention in made:
        query, key = text.pronouns[0] if kind == "pronoun" else text.verbs[-1]
        content = [n for n in range(query) if is_content(text.tokens[n])]
        row = attention.weights[:, :, query + 1, 1:]
        found = np.array(content)[row[:, :, content].argmax(axis=-1)]
        hits.append(found == key)
        weights.append(row[:, :, key])
        places = [*content[:4], *[-1] * (4 - len(content[:4]))]
        places += [*content[::-1][:4], *[-1] * (4 - len(content[:4]))]
        rules.append([place == key for place in places])
    return Reading(
        accuracy=np.mean(hits, axis=0),
        weight=np.mean(weights, axis=0),
        baseline=float(np.mean(rules, axis=0).max()),
        count=len(hits),
    )


def table(evaluation: Evaluation) -> str:
    """A table of heads and what they do, in Markdown."""
    pronoun, verb = evaluation.readings["pronoun"], evaluation.readings["verb"]
    rows = [(PREVIOUS, "previous token", "weight on the token before", evaluation.previous)]
    rows += [
        (INDUCTION, "induction", f"weight on what came next, {n} random tokens twice", scores)
        for n, scores in evaluation.induction.items()
    ]
    rows += [
        (INDUCTION, "induction", f"the same, {SEVERED}, with 0.{head} switched off", scores)
        for head, scores in evaluation.severed.items()
    ]
    rows += [
        (FIRST, "first token", "weight on the first token", evaluation.first),
        (
            PRONOUN,
            "pronoun → noun",
            f"accuracy (position {pronoun.baseline:.3f})",
            pronoun.accuracy,
        ),
        (PRONOUN, "pronoun → noun", "weight on the noun", pronoun.weight),
        (VERB, "verb → subject", f"accuracy (position {verb.baseline:.3f})", verb.accuracy),
        (VERB, "verb → subject", "weight on the subject", verb.weight),
    ]
    lines = ["| head | what it does | measure | score |", "| --- | --- | --- | ---: |"]
    lines += [
        f"| {layer}.{head} | {role} | {measure} | {scores[layer, head]:.3f} |"
        for (layer, head), role, measure, scores in rows
    ]
    return "\n".join(lines)


def all_heads(evaluation: Evaluation) -> str:
    """Every score of every head, as a table in Markdown."""
    columns = {
        "previous": evaluation.previous,
        "induction (25)": evaluation.induction[25],
        "first": evaluation.first,
        "pronoun → noun": evaluation.readings["pronoun"].accuracy,
        "verb → subject": evaluation.readings["verb"].accuracy,
        "entropy (bits)": evaluation.entropy,
    }
    lines = [f"| head | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for layer, head in np.ndindex(evaluation.previous.shape):
        scores = " | ".join(f"{column[layer, head]:.3f}" for column in columns.values())
        lines.append(f"| {layer}.{head} | {scores} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate",
        description="Measure the heads of the built-in teaching model on held-out input.",
    )
    parser.add_argument(
        "--model", type=Path, default=FOLDER, help="folder (default: the package's)"
    )
    options = parser.parse_args(arguments)
    evaluation = evaluate(options.model)
    print(f"{table(evaluation)}\n\n{all_heads(evaluation)}")  # noqa: T201


if __name__ == "__main__":
    main()
