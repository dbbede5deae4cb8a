"""The teaching model's tokenizer: common words are whole, other words are pieces or bytes.

Byte-level BPE, as in GPT-2. The vocabulary also holds some thousands of whole words
(``ignore_merges``: a word in the vocabulary is one token, however merges would split the word).
Every byte is a token, so nothing is unknown. A space is put before each text and removed when
tokens become text again, so that *the* is the same token at the start and inside of a sentence.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import lexicon

if TYPE_CHECKING:
    from pathlib import Path

START = "<start>"
"""The token that begins every text."""
LENGTH = 512
"""The most tokens of a text."""

_MERGES = 1400
_MARKS = [*".,;:!?'\"()-", "...", "--", '."', ',"', '?"', '!"', "),", ").", "\n", "\n\n"]
_ENDINGS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
_STARTERS = "i this that these those what where my your our we you if then there here how why let"
_STARTERS += (
    " time call attention language languages model models deep machine neural networks words"
)
_STARTERS += (
    " january february march april may june july august september october november december"
)
_STARTERS += " monday tuesday wednesday thursday friday saturday sunday english french london paris"
_STARTERS += (
    " please today yesterday tomorrow now once one two three many some all each every an is"
)
_STARTERS += " are was were do does did can could will would should have has had may might must no"
_STARTERS += (
    " yes not never always sometimes look see say said come go good dear hello just only yet"
)
_BEFORE_NOT = "don didn doesn isn wasn aren weren couldn wouldn shouldn hasn haven hadn won can"


def whole_words() -> list[str]:
    """Every word that is one token after a space, in a fixed order."""
    lower = sorted({*lexicon.common_words(), *lexicon.lower_words(), *_BEFORE_NOT.split()})
    capital = {word.capitalize() for word in [*lexicon.lower_words(), *_STARTERS.split()]}
    return [*lower, *sorted(capital | set(lexicon.names()) - set(lower))]


def build() -> Any:
    """The tokenizer as an object of the ``tokenizers`` library. Every call builds the same."""
    from tokenizers import (  # noqa: PLC0415
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )

    words = [" " + word for word in whole_words()]
    pieces = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    pieces.pre_tokenizer = byte_level
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=256 + _MERGES, initial_alphabet=alphabet, show_progress=False, min_frequency=2
    )
    # The words count both after a space and inside of a word, so that pieces of rare words are
    # known.
    pieces.train_from_iterator([w for word in words for w in (word, word[1:])], trainer)
    trained = json.loads(pieces.to_str())["model"]

    whole = [*words, *_MARKS, *_ENDINGS, *(f" {digit}" for digit in range(10)), ' "', " (", " -"]
    written = [_as_bytes(byte_level, text) for text in whole]
    ordered = [START, *alphabet, *sorted(trained["vocab"], key=trained["vocab"].get), *written]
    vocabulary = {token: n for n, token in enumerate(dict.fromkeys(ordered))}
    merges = [tuple(pair) for pair in trained["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.pre_tokenizer = byte_level
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([START])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, vocabulary[START])]
    )
    return tokenizer


def _as_bytes(byte_level: Any, text: str) -> str:
    """A text in the characters of byte-level vocabularies."""
    return "".join(part for part, _ in byte_level.pre_tokenize_str(text))


def save(folder: Path) -> None:
    """Write ``tokenizer.json`` and ``tokenizer_config.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    build().save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": START,
        "clean_up_tokenization_spaces": False,
        # A text of an author is text, also where it is spelt like the special token.
        "split_special_tokens": True,
        "model_max_length": LENGTH,
        "model_input_names": ["input_ids", "attention_mask"],
    }
    text = json.dumps(config, indent=2) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")


def numbers(tokenizer: Any) -> dict[str, int]:
    """The number of each token that is a whole word or a mark, by its text."""
    return {token.replace("Ġ", " "): n for token, n in tokenizer.get_vocab().items()}
