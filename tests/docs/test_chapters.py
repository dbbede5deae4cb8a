"""The numbers that the built chapters print are those of the models themselves."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.notes import MEASURED, NOTES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notes import BuiltNotes

pytestmark = pytest.mark.models

DOG = "the quick brown fox jumps over the lazy dog"
BANK = "The thieves robbed the bank"


@pytest.fixture(scope="module")
def loaded(minilm: Path):
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(minilm, attn_implementation="eager").eval()
    return model, AutoTokenizer.from_pretrained(minilm)


def attention(loaded, text: str, pair: str | None = None) -> tuple[list[str], np.ndarray]:
    import torch

    model, tokenizer = loaded
    inputs = tokenizer(text, pair, return_tensors="pt")
    with torch.no_grad():
        weights = torch.cat(model(**inputs, output_attentions=True).attentions).numpy()
    return tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]), weights


def weight(loaded, text: str, head: tuple[int, int], query: str, key: str) -> float:
    """A weight of a word on a word, each at its first place."""
    tokens, weights = attention(loaded, text)
    return float(weights[head][tokens.index(query), tokens.index(key)])


@pytest.mark.parametrize("page", ["what-attention-is", "what-attention-is-myst"])
def test_what_attention_is(notes: BuiltNotes, loaded, page: str) -> None:
    notes.says(
        page,
        # These numbers follow from rows that were written by hand.
        "0.05 for *The*, 0.15 for *quick*, 0.20 for itself, 0.60 for *fox*",
        "0.05 + 0.15 + 0.20 + 0.60 = 1.",
        f"0.10 + 0.20 + 0.60 + 0.35 = {0.1 + 0.2 + 0.6 + 0.35:.2f}",
        "0.05 × 0 + 0.15 × 2 + 0.20 × 1 + 0.60 × 10 = "
        f"{0.05 * 0 + 0.15 * 2 + 0.20 * 1 + 0.60 * 10:g}",
    )
    powers = np.exp([0, 1, 1])
    soft = powers / powers.sum()
    notes.says(page, f"Softmax makes {soft[0]:.3f}, {soft[1]:.3f} and {soft[2]:.3f} of them")

    short = "the quick brown fox"
    back = [
        weight(loaded, short, (0, 2), query, key)
        for query, key in (("fox", "brown"), ("brown", "quick"), ("quick", "the"))
    ]
    notes.says(
        page,
        "fox looks at brown ({:.3f}), brown at quick ({:.3f}), quick at the ({:.3f})".format(*back),
    )

    tokens, weights = attention(loaded, DOG)
    fox, dog = tokens.index("fox"), tokens.index("dog")
    rows = weights[5, 11]
    jumps, over, the = (rows[tokens.index(word)] for word in ("jumps", "over", "the"))
    notes.says(
        page,
        f"*fox* gives {rows[fox, fox]:.3f} to itself and {rows[fox, dog]:.3f} to *dog*",
        f"dog answers with {rows[dog, fox]:.3f}.",
        f"jumps gives {jumps[fox]:.3f} to *fox* and {jumps[dog]:.3f} to *dog*",
        f"over gives them {over[fox]:.3f} and {over[dog]:.3f}.",
        f"the first the gives them {the[fox]:.3f} and {the[dog]:.3f}.",
    )
    special = weights[:, :, 1:-1, 0] + weights[:, :, 1:-1, -1]
    assert special.shape == (6, 12, 9)
    notes.says(
        page,
        f"{special[4, 5].sum():.1f} of them go to [CLS] and [SEP]",
        f"{(special.mean(-1) > 0.5).sum()} of the 72 heads give more than half",
    )

    robbed, river = "The thieves robbed the bank", "the bank of the river"
    notes.says(
        page,
        f"*bank* gives {weight(loaded, robbed, (0, 10), 'bank', 'robbed'):.3f} to *robbed* and "
        f"{weight(loaded, robbed, (0, 10), 'bank', 'thieves'):.3f} to *thieves*",
        f"it gives {weight(loaded, river, (0, 10), 'bank', 'river'):.3f} to *river*",
    )
    for head, first, second in (
        ((0, 10), "robbed", "river"),
        ((0, 4), "[SEP]", "river"),
        ((5, 9), "thieves", "[CLS]"),
    ):
        for text, word in ((robbed, first), (river, second)):
            found, every = attention(loaded, text)
            row = every[head][found.index("bank")]
            assert found[int(row.argmax())] == word
            assert f"{word} {row.max():.3f} |" in notes.text(page)

    painted, house = "The children painted the bank", "The thieves robbed the house"
    given = [weight(loaded, house, (0, 10), "house", key) for key in ("robbed", "thieves")]
    notes.says(
        page,
        f"look at painted with no more than "
        f"{weight(loaded, painted, (0, 10), 'bank', 'painted'):.3f}",
        "house give {:.3f} to *robbed* and {:.3f} to *thieves*".format(*given),
    )


def test_the_twins_print_the_same_numbers(notes: BuiltNotes) -> None:
    twins = (notes.text(page) for page in ("what-attention-is", "what-attention-is-myst"))
    first, second = (re.findall(r"\d+\.\d+", text) for text in twins)
    assert first == second
    assert len(first) > 50


def test_what_the_figure_shows(notes: BuiltNotes, loaded) -> None:
    """The score by which a figure chooses its head, by its definition on the page."""
    _, weights = attention(loaded, "the quick brown fox")
    words = weights[:, :, 1:-1, 1:-1] * (1 - np.eye(4))
    score = words.max(-1).mean(-1)
    first, value = best(score)[0]
    notes.says("what-the-figure-shows", f"head {first} of all-MiniLM-L6-v2 scores {value:.3f}.")


def test_one_weight_step_by_step(notes: BuiltNotes, loaded) -> None:
    import torch

    model, tokenizer = loaded
    inputs = tokenizer(BANK, return_tensors="pt")
    tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True, output_attentions=True)
        layer = model.encoder.layer[0].attention.self
        query, key = (
            part(output.hidden_states[0])[0].view(len(tokens), 12, 32)[:, 10]
            for part in (layer.query, layer.key)
        )
    dots = (key @ query[tokens.index("bank")]).numpy()
    powers = np.exp(dots / np.sqrt(32))
    weights = output.attentions[0][0, 10, tokens.index("bank")].numpy()
    robbed, thieves = tokens.index("robbed"), tokens.index("thieves")
    np.testing.assert_allclose(powers / powers.sum(), weights, atol=1e-5)
    notes.says(
        "one-weight-step-by-step",
        f"For *robbed* it is {dots[robbed]:.3f}.",
        f"{dots[robbed]:.3f} becomes {dots[robbed] / np.sqrt(32):.3f}",
        f"to the power of {dots[robbed] / np.sqrt(32):.3f} is {powers[robbed]:.2f}.",
        f"All seven powers together make {powers.sum():.2f}",
        f"{powers[robbed]:.2f} / {powers.sum():.2f} = {weights[robbed]:.3f}",
        f"*bank* comes to give {weights[robbed]:.3f} to *robbed*",
        f"*robbed* and *thieves* are {dots[robbed]:.3f} and {dots[thieves]:.3f}",
        f"their weights are {weights[robbed]:.3f} and {weights[thieves]:.3f}",
    )
    assert len(tokens) == 7
    assert 3.9 < weights[robbed] / weights[thieves] < 4.1


def best(scores: np.ndarray) -> list[tuple[str, float]]:
    """Heads by score, the highest score first."""
    order = np.argsort(-scores, axis=None)
    heads = scores.shape[1]
    return [(f"{i // heads}.{i % heads}", float(scores.flat[i])) for i in order]


def test_seventy_two_heads(notes: BuiltNotes, loaded) -> None:
    tokens, weights = attention(loaded, DOG)
    rows = np.arange(1, len(tokens))
    (first, value), (second, next_) = best(weights[:, :, rows, rows - 1].mean(-1))[:2]
    assert (first, second) == ("0.2", "2.11")
    sink, sunk = best(weights[:, :, 1:, 0].mean(-1))[0]
    notes.says(
        "seventy-two-heads",
        f"head {first} comes first with {value:.2f}",
        f"the next is {second} with {next_:.2f}",
        f"head {sink} is first with {sunk:.2f}",
    )

    tokens, weights = attention(loaded, "The cat chased the mouse", "The mouse ran from the cat")
    end = tokens.index("[SEP]")
    one, two = slice(1, end), slice(end + 1, len(tokens) - 1)
    across, share = best(weights[:, :, one, two].sum(-1).mean(-1))[0]
    assert one.stop - one.start == 5
    notes.says("seventy-two-heads", f"head {across} sends {5 * share:.1f} of them there")


def test_all_pairs_at_once(notes: BuiltNotes, loaded) -> None:
    tokens, weights = attention(loaded, DOG)
    rolled = np.eye(len(tokens))
    for layer in weights:
        rolled = (0.5 * layer.mean(0) + 0.5 * np.eye(len(tokens))) @ rolled
    fox = rolled[tokens.index("fox")]
    both = fox[0] + fox[-1]
    notes.says(
        "all-pairs-at-once",
        f"*fox* has {fox[tokens.index('fox')]:.3f} of itself left, and {both:.3f} of the two",
    )


def test_two_sentences_one_head(notes: BuiltNotes, loaded) -> None:
    import torch

    model, tokenizer = loaded
    texts = "we walked along the bank of the river", "we stole money from the bank in the city"
    vectors, rows = [], []
    for text in texts:
        inputs = tokenizer(text, return_tensors="pt")
        tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
        with torch.no_grad():
            output = model(**inputs, output_attentions=True, output_hidden_states=True)
        bank = tokens.index("bank")
        vectors.append([states[0, bank].numpy() for states in output.hidden_states])
        rows.append(dict(zip(tokens, output.attentions[0][0, 0, bank].tolist(), strict=True)))
    cosines = [
        float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in zip(*vectors, strict=True)
    ]
    river, money = rows[0]["river"], rows[1]["money"]
    words = {token: weight for token, weight in rows[0].items() if token not in {"[CLS]", "[SEP]"}}
    assert river == max(words.values())
    assert money == max(rows[1].values())
    notes.says(
        "two-sentences-one-head",
        f"have a cosine of {cosines[0]:.3f}",
        f"bank gives {river:.3f} of its attention to *river*",
        f"it gives {money:.3f} to *money*",
        f"Their cosine is {cosines[1]:.3f} after the first layer, {cosines[3]:.3f} after the third, "
        f"and {cosines[6]:.3f} at the end.",
    )


COURSE = (
    "what-attention-is.rst",
    "what-attention-is-myst.md",
    "one-weight-step-by-step.rst",
    "seventy-two-heads.rst",
    "two-sentences-one-head.rst",
    "all-pairs-at-once.rst",
    "an-induction-head.rst",
    "word-by-word.rst",
    "what-does-this-head-do.rst",
    "where-queries-meet-keys.rst",
    "a-picture-is-a-sentence.rst",
)


@pytest.mark.parametrize("page", COURSE)
def test_a_number_in_the_prose_is_no_literal(page: str) -> None:
    source = (NOTES / page).read_text(encoding="utf-8")
    # Code, rows of numbers and claims, with their fence or their indentation; roles.
    prose = re.sub(r"^```.*?^```$", "", source, flags=re.MULTILINE | re.DOTALL)
    directives = r"^\.\. (?!note|hint|list-table)[\w-]+(:[\w-]+)?::.*\n(?:\n*[ ]+.*\n)*"
    prose = re.sub(directives, "", prose, flags=re.MULTILINE)
    prose = re.sub(r"[:{](?:attn:\w+|measured)[:}]`[^`]*`|https?:\S+", "", prose)
    decimals = re.findall(r"(?<![\d.])\d+\.\d{2,}|\d+(?:\.\d+)? %|\d+ of the \d+", prose)
    # Head 10 of layer 0 is written 0.10.
    assert [one for one in decimals if not re.fullmatch(r"[0-5]\.1[01]", one)] == []


def test_every_measured_number_is_used() -> None:
    used = {
        name
        for page in (*NOTES.glob("*.rst"), *NOTES.glob("*.md"))
        for name in re.findall(r"[:{]measured[:}]`([^`]+)`", page.read_text(encoding="utf-8"))
    }
    assert used == set(MEASURED)


def test_what_a_head_writes(notes: BuiltNotes, loaded) -> None:
    """The shares over all heads, from the model's own weights and its linear layers."""
    import torch

    model, tokenizer = loaded
    inputs = tokenizer("the quick brown fox jumps over the lazy dog", return_tensors="pt")
    shares, weights = [], []
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True, output_attentions=True)
        for number, layer in enumerate(model.encoder.layer):
            values = layer.attention.self.value(output.hidden_states[number])[0].view(-1, 12, 32)
            rows = layer.attention.output.dense.weight.T.view(12, 32, 384)
            lengths = torch.einsum("khd,hdo->hko", values, rows).norm(dim=-1)
            added = output.attentions[number][0] * lengths[:, None]
            shares.append((added / added.sum(-1, keepdim=True)).numpy())
            weights.append(output.attentions[number][0].numpy())
    of_weights, of_shares = (
        np.stack(one)[:, :, 1:-1][..., [0, -1]].sum(-1).mean(-1) for one in (weights, shares)
    )
    assert (of_shares > 0.5).sum() == 0
    for page in ("what-does-this-head-do", "troubleshooting"):
        notes.says(page, f"{of_weights.mean():.0%}".replace("%", " %"))
        notes.says(page, f"{of_shares.mean():.0%}".replace("%", " %"))
    notes.says("what-does-this-head-do", f"{(of_weights > 0.5).sum()} of the 72 heads")


def test_one_sentence_is_not_enough(notes: BuiltNotes, loaded) -> None:
    """Head 0.2 over the 300 sentences, by the definitions of the two scores."""
    sentences = (NOTES / "sentences" / "plain.txt").read_text(encoding="utf-8").splitlines()
    lowest, repeated = 1.0, 0
    for text in sentences:
        tokens, weights = attention(loaded, text)
        head = weights[0, 2]
        lowest = min(lowest, float(np.diagonal(head, -1).mean()))
        plain = tokens[1:-1]
        repeated += len(set(plain)) < len(plain)
    notes.says("what-does-this-head-do", f"In {repeated} of them a token is repeated")
    notes.says("what-does-this-head-do", f"and {lowest:.2f} in the weakest sentence.")
