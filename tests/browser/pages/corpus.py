"""Pages of one head over many sentences."""

from __future__ import annotations

from . import heading

SENTENCES = (
    "the dog saw the dog",
    "a cat sat on a mat",
    "the sun and the moon and the stars",
    "one two three one two three",
    "she read the letter twice",
    "the sea, the sea",
    "he walked to work and he walked home",
    "it rained and it rained",
    "no bird sang that morning",
    "the clock was slow",
)

PAGES = {
    "corpus.rst": heading("Corpus")
    + f".. attention:: {SENTENCES[0]}\n   :also: {' | '.join(SENTENCES[1:])}\n   :view: corpus\n"
    "   :layer: 2\n   :head: 11\n   :name: corpus\n\n   A caption.\n",
    "corpus-measures.rst": heading("Two measures")
    + f".. attention:: {SENTENCES[0]}\n   :also: {' | '.join(SENTENCES[1:])}\n   :view: corpus\n"
    "   :layer: 2\n   :head: 11\n   :score: self\n   :measure: weight, written\n"
    "   :name: corpus-measures\n",
}
