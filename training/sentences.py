"""Generated English: sentences with agreement, pronouns with a noun, and names that come again.

A sentence is a list of tokens, each exactly one token of the tokenizer, with links: *this pronoun
refers to that noun*, *this verb's subject is that noun*. Some pairs of nouns are held out: no
training sentence combines them, and an evaluation sentence combines only them.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Literal, TypeVar

from . import lexicon as lx

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

Kind = Literal["pronoun", "verb"]
T = TypeVar("T")


@dataclass
class Text:
    """Words and marks, one for each token, and the links between them.

    Attributes:
        tokens: the tokens as written, with the space before them.
        pronouns: pairs of positions: a pronoun, and the noun or name to which it refers.
        verbs: pairs of positions: a verb, and the head noun of its subject.
    """

    tokens: list[str] = field(default_factory=list)
    pronouns: list[tuple[int, int]] = field(default_factory=list)
    verbs: list[tuple[int, int]] = field(default_factory=list)

    def say(self, words: str) -> int:
        """Append words, separated by spaces, and return the position of the last word."""
        for word in words.split():
            self.tokens.append(word if word[0] in ",.!?;" else " " + word)
        return len(self.tokens) - 1

    def add(self, other: Text) -> None:
        """Append another text, and shift its links."""
        shift = len(self.tokens)
        self.tokens += other.tokens
        self.pronouns += [(q + shift, k + shift) for q, k in other.pronouns]
        self.verbs += [(q + shift, k + shift) for q, k in other.verbs]

    def __str__(self) -> str:
        return "".join(self.tokens).removeprefix(" ")


def held_out(first: str, second: str) -> bool:
    """Whether no training sentence has two nouns in this order.

    This holds for one pair in eight.
    """
    one, other = (lx.lemmas().get(noun, noun) for noun in (first, second))
    return zlib.crc32(f"{one} {other}".encode()) % 8 == 0


def trained_on(text: Text) -> bool:
    """Whether a sentence may be in the training data: it combines no held-out pair of nouns."""
    words = [token.strip() for token in text.tokens]
    nouns = [word for word in words if word in lx.lemmas()]
    return not any(held_out(a, b) for a, b in combinations(nouns, 2))


@dataclass(frozen=True)
class Thing:
    """A person or thing in a sentence: its words and its class."""

    phrase: str
    group: str

    @property
    def noun(self) -> str:
        """The token to which a pronoun refers, which is the last."""
        return self.phrase.split()[-1]


class Writer:
    """Makes sentences.

    Args:
        random: the only source of randomness.
        evaluation: whether to use held-out pairs of nouns alone.
    """

    def __init__(self, random: np.random.Generator, *, evaluation: bool = False) -> None:
        self.random = random
        self.evaluation = evaluation

    def pick(self, items: Sequence[T]) -> T:
        """One of the given values."""
        return items[int(self.random.integers(len(items)))]

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return bool(self.random.random() < share)

    # ---- nouns ---------------------------------------------------------------------------------

    def noun_phrase(self, noun: str, determiner: str = "the") -> str:
        """A noun with its determiner, and sometimes adjectives."""
        count = int(self.random.choice([0, 0, 0, 1, 1, 2]))
        if (
            noun in lx.THINGS
            or noun in lx.PLACES
            or noun in {*lx.THINGS.values(), *lx.PLACES.values()}
        ):
            fitting = lx.OF_THINGS
        elif noun in lx.ANIMALS or noun in lx.ANIMALS.values():
            fitting = lx.OF_ANIMALS
        else:
            fitting = lx.OF_PERSONS
        adjectives = [self.pick(fitting) for _ in range(count)]
        return " ".join([determiner, *dict.fromkeys(adjectives), noun])

    def name(self, group: str) -> str:
        """A name, a title with a surname, or a full name. A pronoun refers to the last word."""
        female = group == "f"
        first = self.pick(lx.FEMALE_NAMES if female else lx.MALE_NAMES)
        title = self.pick(lx.FEMALE_TITLES if female else lx.MALE_TITLES)
        return f"{title} {self.pick(lx.SURNAMES)}" if self.chance(0.2) else first

    def thing(self, group: str) -> Thing:
        """A person or thing of a class."""
        if group in "mf" and self.chance(0.5):
            return Thing(self.name(group), group)
        noun = self.pick(lx.plural() if group == "p" else lx.singular()[group])
        others = ["my", "some", "two"] if group == "p" else ["my", "a"]
        phrase = self.noun_phrase(noun, "the" if self.chance(0.75) else self.pick(others))
        if phrase.startswith("a ") and phrase[2] in "aeiou":
            phrase = "an " + phrase[2:]
        return Thing(phrase, group)

    def pair(self, groups: Sequence[str] = ("m", "f", "p", "t")) -> tuple[Thing, Thing]:
        """Two of different classes, whose nouns may be combined."""
        while True:
            one, other = (str(g) for g in self.random.permutation(list(groups))[:2])
            first, second = self.thing(one), self.thing(other)
            if first.noun not in lx.THINGS and self._may_meet(first.noun, second.noun):
                return first, second

    def _may_meet(self, first: str, second: str) -> bool:
        return held_out(first, second) == self.evaluation

    # ---- sentences with pronouns ---------------------------------------------------------------

    def pronoun_sentence(self) -> Text:
        """One or two sentences whose pronoun refers to one of two nouns of different classes."""
        forms = [self._because, self._because, self._gave, self._two_sentences, self._possessive]
        forms += [self._said, self._own, self._another]
        return self.pick(forms)()

    def _refer(
        self, text: Text, form: int, group: str, position: int, capital: bool = False
    ) -> int:
        word = lx.PRONOUNS[group][form]
        at = text.say(word.capitalize() if capital else word)
        text.pronouns.append((at, position))
        return at

    def _mention(self, text: Text, thing: Thing) -> int:
        return text.say(thing.phrase if text.tokens else _capital(thing.phrase))

    def _opening(self) -> tuple[Text, tuple[Thing, int], tuple[Thing, int]]:
        text = Text()
        first, second = self.pair()
        subject = self._mention(text, first)
        inanimate = second.noun in lx.THINGS
        text.verbs.append((text.say(self.pick(lx.USED if inanimate else lx.MET)), subject))
        other = self._mention(text, second)
        return text, (first, subject), (second, other)

    def _because(self) -> Text:
        text, one, other = self._opening()
        thing, position = one if self.chance(0.5) else other
        text.say(self.pick(lx.JOINING))
        pronoun = self._refer(text, 0, thing.group, position)
        self._ending(text, thing.group, pronoun)
        return text

    def _ending(self, text: Text, group: str, subject: int) -> None:
        plural = group == "p"
        roll = self.random.random()
        if roll < 0.6:
            verb = self.pick(lx.FELT)
            verb = "were" if plural and verb == "was" else verb
            text.verbs.append((text.say(verb), subject))
            text.say(self.pick(["", "so", "very", "too"]) + " " + self.pick(lx.MOODS))
        else:
            text.verbs.append((text.say(self.pick(lx.WENT)), subject))
            text.say(self.pick(["to", "into", "through", "past"]) + " the")
            text.say(self.pick([*lx.PLACES]))

    def _gave(self) -> Text:
        text, one, other = self._opening()
        thing, position = one if self.chance(0.5) else other
        text.say(self.pick(["and", ", but", "and then", "but"]))
        text.say(self.pick(["somebody", "nobody", "everybody"]))
        text.say(self.pick(lx.MET))
        self._refer(text, 1, thing.group, position)
        return text

    def _two_sentences(self) -> Text:
        text, one, other = self._opening()
        thing, position = one if self.chance(0.5) else other
        if thing.group != "t" and self.chance(0.5):
            text.say(f"{self.pick(lx.WHERE)} the {self.pick([*lx.PLACES])}")
        text.say(".")
        pronoun = self._refer(text, 0, thing.group, position, capital=True)
        self._ending(text, thing.group, pronoun)
        return text

    def _possessive(self) -> Text:
        text, one, other = self._opening()
        thing, position = one if self.chance(0.5) else other
        text.say(f"{self.pick(lx.WHERE)}")
        self._refer(text, 2, thing.group, position)
        text.say(self.pick([*lx.PLACES, *lx.THINGS]))
        return text

    def _said(self) -> Text:
        text = Text()
        first, second = self.pair(("m", "f", "p"))
        subject = self._mention(text, first)
        text.verbs.append((text.say(self.pick(lx.SAID)), subject))
        other = self._mention(text, second)
        text.say("that" if self.chance(0.5) else "if")
        thing, position = (first, subject) if self.chance(0.5) else (second, other)
        pronoun = self._refer(text, 0, thing.group, position)
        self._ending(text, thing.group, pronoun)
        return text

    def _another(self) -> Text:
        text, _, (thing, position) = self._opening()
        third = self.thing(self.pick([g for g in "mfp" if g != thing.group]))
        text.say(self.pick(["and", ", but", "before", "when"]))
        subject = text.say(third.phrase)
        inanimate = thing.noun in lx.THINGS
        text.verbs.append((text.say(self.pick(lx.USED if inanimate else lx.MET)), subject))
        self._refer(text, 1, thing.group, position)
        return text

    def _own(self) -> Text:
        text = Text()
        first, second = self.pair()
        subject = self._mention(text, first)
        text.say(f"{self.pick(lx.WHERE)} {second.phrase}")
        if self.chance(0.3):
            text.verbs.append((text.say(self.pick(lx.TO_ONESELF)), subject))
            self._refer(text, 3, first.group, subject)
        else:
            text.verbs.append((text.say(self.pick(lx.USED)), subject))
            self._refer(text, 2, first.group, subject)
            text.say(self.pick([*lx.THINGS]))
        return text

    # ---- sentences with agreement --------------------------------------------------------------

    def agreement_sentence(self) -> Text:
        """A verb that agrees with its subject, not its neighbour: The keys to the box are old."""
        text = Text()
        tables = [lx.THINGS, lx.ANIMALS, lx.PERSONS, lx.PLACES]
        while True:
            first, second = self.pick(tables), self.pick(tables)
            subject, other = self.pick([*first]), self.pick([*second])
            if subject != other and self._may_meet(subject, other):
                break
        plural, attracted = self.chance(0.5), self.chance(0.5)
        subject = first[subject] if plural else subject
        other = second[other] if attracted else other
        at = text.say(_capital(self.noun_phrase(subject)))
        if self.chance(0.7):
            text.say(f"{self.pick(lx.BESIDE)} {self.noun_phrase(other)}")
        else:
            text.say("who" if subject in {*lx.PERSONS, *lx.PERSONS.values()} else "that")
            text.verbs.append((text.say(self.pick(lx.MET)), at))
            text.say(self.noun_phrase(other))
        self._present(text, at, plural)
        return text

    def _present(self, text: Text, subject: int, plural: bool) -> None:
        if self.chance(0.6):
            verb = self.pick([*lx.STATES.items()])[plural]
            text.verbs.append((text.say(verb), subject))
            text.say(self.pick([*lx.ADJECTIVES, *lx.MOODS]))
        else:
            verb = self.pick([*lx.PRESENT.items()][2:])[plural]
            text.verbs.append((text.say(verb), subject))
            text.say(f"{self.pick(lx.WHERE)} the {self.pick([*lx.PLACES])}")

    def plain_sentence(self) -> Text:
        """A plain sentence: The quick brown fox jumps over the lazy dog."""
        text = Text()
        table = self.pick([lx.ANIMALS, lx.PERSONS])
        singular, plural = self.pick([*table.items()])
        many = self.chance(0.5)
        subject = text.say(_capital(self.noun_phrase(plural if many else singular)))
        if self.chance(0.5):
            verb = self.pick([*lx.PRESENT.items()][2:])[many]
            text.verbs.append((text.say(verb), subject))
            text.say(
                f"{self.pick(['over', *lx.WHERE])} {self.noun_phrase(self.pick([*lx.ANIMALS]))}"
            )
        else:
            text.verbs.append((text.say(self.pick(lx.USED)), subject))
            text.say(self.noun_phrase(self.pick([*lx.THINGS, *lx.PLACES])))
            if self.chance(0.4):
                text.say(f"of the {self.pick([*lx.PLACES, *lx.PERSONS])}")
        return text

    # ---- whole texts ---------------------------------------------------------------------------

    def sentence(self) -> Text:
        """One sentence of any kind, with or without a capital and a full stop."""
        make = self.pick(
            [self.pronoun_sentence] * 2 + [self.agreement_sentence, self.plain_sentence]
        )
        text = make()
        while not (self.evaluation or trained_on(text)):
            text = make()
        if self.chance(0.25):
            first = text.tokens[0]
            text.tokens[0] = first if first.strip() in lx.names() else first.lower()
        return text

    def document(self, length: int) -> Text:
        """Sentences up to a length, about a few names and phrases that come again."""
        text = Text()
        reported: list[Text] = []
        cast = [Thing(self.full_name(g), g) for g in ("m", "f")]
        while len(text.tokens) < length:
            roll = self.random.random()
            if reported and roll < 0.2:
                new = self.pick(reported)
            elif roll < 0.4:
                new = self._about(self.pick(cast))
                if not trained_on(new):
                    continue
            else:
                new = self.sentence()
            reported.append(new)
            text.add(new)
            text.say("." if self.chance(0.9) else "!")
        return text

    def full_name(self, group: str) -> str:
        """A name of two words, which a text repeats."""
        female = group == "f"
        first = (
            [*lx.FEMALE_TITLES, *lx.FEMALE_NAMES] if female else [*lx.MALE_TITLES, *lx.MALE_NAMES]
        )
        title = self.pick(first[: len(lx.FEMALE_TITLES)]) if self.chance(0.5) else self.pick(first)
        return f"{title} {self.pick(lx.SURNAMES)}"

    def _about(self, person: Thing) -> Text:
        text = Text()
        subject = text.say(person.phrase)
        text.verbs.append((text.say(self.pick(lx.USED)), subject))
        text.say(self.noun_phrase(self.pick([*lx.THINGS])))
        return text


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
