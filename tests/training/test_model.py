"""The behaviour of the shipped model's heads.

The definitions of the scores are written out here.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

from sphinx_attention.core.sources.builtin import FOLDER
from training import heads
from training.corpus import START
from training.evaluate import evaluate
from training.sentences import Text, Writer
from training.tokenizer import build, numbers

pytestmark = pytest.mark.models

SIZE = build().get_vocab_size()


@cache
def model() -> Any:
    return AutoModel.from_pretrained(FOLDER, dtype=torch.float32, attn_implementation="eager")


def weights(ids: list[int]) -> np.ndarray:
    """Shape (layers, heads, queries, keys)."""
    with torch.no_grad():
        output = model()(torch.tensor([ids]), output_attentions=True)
    return np.stack([layer[0].numpy() for layer in output.attentions])


def of(which: tuple[int, int], ids: list[int]) -> np.ndarray:
    return weights(ids)[which]


def random_tokens(seed: int, length: int) -> list[int]:
    return np.random.default_rng([77, seed]).choice(np.arange(1, SIZE), length, False).tolist()


# ---- positions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [10, 60, 150])
def test_the_previous_token_head_looks_one_token_back(length: int) -> None:
    scores = []
    for seed in range(8):
        w = of(heads.PREVIOUS, [START, *random_tokens(seed, length)])
        scores.append(np.mean([w[i, i - 1] for i in range(1, length + 1)]))
    assert np.mean(scores) >= 0.95


@pytest.mark.parametrize("length", [10, 60, 150])
def test_the_first_token_head_looks_at_the_first_token(length: int) -> None:
    scores = []
    for seed in range(8):
        w = of(heads.FIRST, [START, *random_tokens(seed, length)])
        scores.append(np.mean(w[1:, 0]))
    assert np.mean(scores) >= 0.9


# ---- repetition ---------------------------------------------------------------------------------


def induction_scores(length: int) -> np.ndarray:
    """Shape (layers, heads): weights on the token that came next the first time, in random text."""
    scores = []
    for seed in range(12):
        once = random_tokens(1000 + seed, length)
        w = weights([START, *once, *once])
        # Token i of the second half came first at i − length. The next token stands one further on.
        places = range(length + 1, 2 * length + 1)
        scores.append(np.mean([w[:, :, i, i - length + 1] for i in places], axis=0))
    return np.mean(scores, axis=0)


@pytest.mark.parametrize(("length", "least"), [(10, 0.8), (25, 0.8), (50, 0.8), (80, 0.7)])
def test_the_induction_head_looks_at_what_came_next_the_last_time(
    length: int, least: float
) -> None:
    assert induction_scores(length)[heads.INDUCTION] >= least


def test_heads_without_supervision_do_so_too() -> None:
    scores = induction_scores(25)
    assert scores[1, 0] >= 0.8
    assert scores[1, 1] >= 0.85
    assert scores[0].max() < 0.1


def test_the_induction_head_needs_no_start_token() -> None:
    scores = []
    for seed in range(12):
        once = random_tokens(2000 + seed, 25)
        w = of(heads.INDUCTION, [*once, *once])
        scores.append(np.mean([w[i, i - 24] for i in range(25, 50)]))
    assert np.mean(scores) >= 0.8


def test_without_repetition_nothing_looks_like_induction() -> None:
    w = of(heads.INDUCTION, [START, *random_tokens(5, 50)])
    assert np.mean([w[i, i - 24] for i in range(26, 51)]) < 0.1


def test_the_model_predicts_the_next_token_of_a_repetition() -> None:
    full = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
    once = random_tokens(3000, 25)
    with torch.no_grad():
        guessed = full(torch.tensor([[START, *once, *once]])).logits[0].argmax(-1).tolist()
    right = [guessed[i] == once[i - 25] for i in range(26, 50)]
    assert np.mean(right) >= 0.9


# ---- language -----------------------------------------------------------------------------------

FUNCTION = """the a an and or but because when while although after before so until who that to of
near behind beside by with in on under from at into over up down not if was were is are had"""
PRONOUNS = "he him his himself she her hers herself they them their themselves it its"


def accuracy(made: list[tuple[list[str], int, int]], which: tuple[int, int]) -> tuple[float, float]:
    """How often the content word with the largest weight is the right one, and the best position.

    Content words are the words before the given word that are neither function words nor pronouns.
    """
    known = numbers(build())
    hits, rules = [], []
    for tokens, query, key in made:
        w = of(which, [START, *(known[t] for t in tokens)])[query + 1, 1:]
        words = [re.sub(r"\W", "", t).lower() for t in tokens[:query]]
        content = [
            n for n, t in enumerate(words) if t and t not in f"{FUNCTION} {PRONOUNS}".split()
        ]
        hits.append(content[int(np.argmax(w[content]))] == key)
        rules.append([content[n % len(content)] == key for n in (0, 1, 2, -3, -2, -1)])
    return float(np.mean(hits)), float(np.mean(rules, axis=0).max())


def generated(kind: str, count: int = 150) -> list[tuple[list[str], int, int]]:
    writer = Writer(np.random.default_rng(123), evaluation=True)
    made = []
    for _ in range(count):
        text: Text = writer.pronoun_sentence() if kind == "p" else writer.agreement_sentence()
        query, key = text.pronouns[0] if kind == "p" else text.verbs[-1]
        made.append((text.tokens, query, key))
    return made


def by_hand(lines: str) -> list[tuple[list[str], int, int]]:
    made = []
    for line in lines.strip().splitlines():
        sentence, query, key = (part.strip() for part in line.split("|"))
        tokens = [t if t in ".,!" else " " + t for t in re.findall(r"\w+|[.,!]", sentence)]
        words = [t.strip() for t in tokens]
        made.append((tokens, words.index(query), words.index(key)))
    return made


PRONOUN_SENTENCES = """
Mary told John that she was tired | she | Mary
Mary told John that he was tired | he | John
The girl thanked the boy because he was kind | he | boy
The girl thanked the boy because she was kind | she | girl
Alice gave the old man her umbrella | her | Alice
The mother looked for the boys and found them in the garden | them | boys
The king has a daughter and he loves the princess | he | king
When the queen arrived, the soldiers greeted her | her | queen
Mr Dursley was proud to say that he was perfectly normal | he | Dursley
My uncle and the dogs walked home because they were hungry | they | dogs
The teacher asked Emma whether she knew the answer | she | Emma
Peter lost the keys and Susan found them | them | keys
The waitress helped the old king. She was very kind | She | waitress
Tom kicked the ball and it broke the window | it | ball
The princess lived in a castle and her father was rich | her | princess
Lucy saw the horses, but they ran into the forest | they | horses
The boy was late because he missed the train | he | boy
The farmers sold the cow when it was old | it | cow
"""

VERB_SENTENCES = """
The keys to the cabinet are on the table | are | keys
The key to the cabinets is on the table | is | key
The boys near the old car were tired | were | boys
The dog that chased the cats sleeps in the garden | sleeps | dog
The author of the books is famous | is | author
The pictures on the wall of the house were old | were | pictures
The horses of the king run in the field | run | horses
The children in the garden sing | sing | children
The man with the dogs walks to the river | walks | man
The flowers beside the door look beautiful | look | flowers
The teacher of the students seems tired | seems | teacher
The apples in the basket are red | are | apples
"""


def test_the_pronoun_head_finds_the_noun() -> None:
    right, position = accuracy(generated("p"), heads.PRONOUN)
    assert right >= 0.9
    assert position <= 0.6


def test_the_verb_head_finds_the_subject() -> None:
    right, position = accuracy(generated("v"), heads.VERB)
    assert right >= 0.95
    assert position <= 0.7


def test_the_pronoun_head_reads_sentences_of_no_template() -> None:
    right, position = accuracy(by_hand(PRONOUN_SENTENCES), heads.PRONOUN)
    assert right >= max(0.75, position + 0.2)


def test_the_verb_head_reads_sentences_of_no_template() -> None:
    # The first content word is nearly always the subject here, so only the accuracy is tested.
    right, _ = accuracy(by_hand(VERB_SENTENCES), heads.VERB)
    assert right >= 0.9


# ---- what is shipped ----------------------------------------------------------------------------


def test_the_folder_is_small_and_of_the_standard_format() -> None:
    names = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= set(names)
    assert sum(names.values()) <= 4_000_000
    assert not [name for name in names if name.endswith((".py", ".bin", ".pt"))]
    # Remote code is off by default.
    assert type(model()).__module__.startswith("transformers.")
    assert AutoTokenizer.from_pretrained(FOLDER).is_fast


def test_the_card_says_what_is_measured() -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    measured = evaluate()
    expected = {
        (heads.PREVIOUS, "weight on the token before"): measured.previous,
        (heads.FIRST, "weight on the first token"): measured.first,
        (heads.PRONOUN, "weight on the noun"): measured.readings["pronoun"].weight,
        (heads.VERB, "weight on the subject"): measured.readings["verb"].weight,
    }
    for length, scores in measured.induction.items():
        reported = f"weight on what came next, {length} random tokens twice"
        expected[heads.INDUCTION, reported] = scores
    for ((layer, head), reported), scores in expected.items():
        pattern = rf"\| {layer}\.{head} \| [^|]* \| {re.escape(reported)} \| ([\d.]+) \|"
        (printed,) = re.findall(pattern, card)
        assert float(printed) == pytest.approx(scores[layer, head], abs=0.002)
    for kind, (layer, head) in (("pronoun", heads.PRONOUN), ("verb", heads.VERB)):
        reading = measured.readings[kind]
        pattern = (
            rf"\| {layer}\.{head} \| {kind} [^|]* \| accuracy \(position ([\d.]+)\) \| ([\d.]+)"
        )
        ((position, right),) = re.findall(pattern, card)
        assert float(right) == pytest.approx(reading.accuracy[layer, head], abs=0.006)
        assert float(position) == pytest.approx(reading.baseline, abs=0.001)
