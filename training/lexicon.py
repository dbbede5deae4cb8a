"""The words of generated sentences, by the features with which pronouns and verbs agree."""

from __future__ import annotations

# ruff: noqa: SIM905 - lists of words are easiest to read as text
from functools import cache
from pathlib import Path

MALE = """man boy king father brother son uncle husband prince gentleman waiter actor grandfather
lord monk knight duke emperor policeman fisherman""".split()
FEMALE = """woman girl queen mother sister daughter aunt wife princess lady waitress actress
grandmother nun witch duchess empress nurse widow bride""".split()
MALE_NAMES = """Tom John James Peter Paul Mark David Harry Jack Henry George Charles William Robert
Richard Michael Daniel Samuel Thomas Edward Arthur Oliver Simon Adam Ben Joseph Frank Fred Bob Bill
Joe Jim Tim Martin Philip Stephen Andrew Anthony Albert Max Oscar Hugo Felix Bruno Carl Eric Kevin
Brian Steve Dan Matthew Luke Jacob Noah Leo Ned Walter Ralph""".split()
FEMALE_NAMES = """Mary Anna Alice Emma Lucy Sarah Jane Kate Laura Julia Helen Susan Emily Sophie
Clara Ruth Eve Nora Maria Linda Elizabeth Margaret Charlotte Victoria Diana Rachel Hannah Olivia
Ella Amy Ann Anne Barbara Betty Carol Catherine Claire Dorothy Ellen Eva Fiona Greta Ida Irene
Jenny Jessica Judy Karen Lisa Martha Molly Nancy Nina Paula Rebecca Sally Sara Sue Vera
Zoe""".split()
SURNAMES = """Dursley Smith Jones Taylor Wilson Evans Walker Wright Roberts Johnson Thompson Harris
Clarke Jackson Turner Cooper Morris Morgan Bennet Darcy Holmes Watson Potter Weasley Granger Parker
Collins Murphy Kelly Campbell Stewart Anderson Scott Mitchell Robinson Carter Marshall Fisher Shaw
Gray Palmer Grant Hughes Edwards Lloyd Webb Russell Dixon Harvey Pearson""".split()
MALE_TITLES = ["Mr", "Sir"]
FEMALE_TITLES = ["Mrs", "Miss", "Ms", "Lady"]

# Nouns for persons of unspecified gender: singular and plural.
PERSONS = dict(
    pair.split("/")
    for pair in """teacher/teachers doctor/doctors student/students farmer/farmers driver/drivers
singer/singers writer/writers artist/artists lawyer/lawyers judge/judges thief/thieves
child/children friend/friends neighbour/neighbours baker/bakers dancer/dancers painter/painters
soldier/soldiers sailor/sailors pilot/pilots guard/guards guest/guests hunter/hunters
player/players visitor/visitors worker/workers author/authors
captain/captains officer/officers manager/managers
engineer/engineers""".split()
)
ANIMALS = dict(
    pair.split("/")
    for pair in """dog/dogs cat/cats fox/foxes bird/birds horse/horses cow/cows mouse/mice
rabbit/rabbits bear/bears lion/lions wolf/wolves goat/goats pig/pigs duck/ducks frog/frogs owl/owls
tiger/tigers monkey/monkeys snake/snakes donkey/donkeys eagle/eagles""".split()
)
THINGS = dict(
    pair.split("/")
    for pair in """book/books table/tables chair/chairs door/doors window/windows key/keys
cabinet/cabinets box/boxes letter/letters picture/pictures car/cars boat/boats flower/flowers
stone/stones cup/cups bottle/bottles lamp/lamps coat/coats hat/hats clock/clocks basket/baskets
bell/bells candle/candles coin/coins cake/cakes apple/apples map/maps ring/rings shoe/shoes
shirt/shirts toy/toys knife/knives plate/plates pen/pens bag/bags piano/pianos guitar/guitars
trophy/trophies suitcase/suitcases ball/balls wheel/wheels ladder/ladders""".split()
)
PLACES = dict(
    pair.split("/")
    for pair in """garden/gardens house/houses river/rivers bank/banks forest/forests street/streets
village/villages school/schools market/markets kitchen/kitchens castle/castles bridge/bridges
church/churches station/stations field/fields tower/towers library/libraries shop/shops
museum/museums tree/trees hill/hills lake/lakes road/roads farm/farms palace/palaces gate/gates
wall/walls hotel/hotels theatre/theatres room/rooms""".split()
)
GROUPS = [w + "s" for w in "king queen prince girl boy lord knight nun monk".split()]
GROUPS += ["men", "women", "ladies", "gentlemen", "brothers", "sisters", "parents", "people"]

OF_THINGS = """old new small big red green blue white black brown great dark strange beautiful tiny
huge heavy golden silver wooden broken lost bright cold warm""".split()
OF_ANIMALS = """old young small big white black brown quick lazy quiet strange beautiful tiny huge
hungry wild""".split()
OF_PERSONS = """old young tall small little clever famous poor rich strange quiet great lazy brave
kind tired""".split()
ADJECTIVES = sorted({*OF_THINGS, *OF_ANIMALS, *OF_PERSONS})
MOODS = """tired happy hungry late kind brave angry sad lonely thirsty proud ill afraid busy free
ready clever rich poor lost lucky careful honest nervous cold""".split()
# Past tense: a person does something to a person or a thing.
MET = """saw met helped called thanked visited followed watched heard found loved missed knew feared
liked trusted warned praised forgot invited painted greeted blamed""".split()
# Past tense: a person does something to a thing.
USED = """took opened broke lost found carried bought sold painted cleaned washed stole hid dropped
wanted kept moved repaired noticed cut""".split()
SAID = """told promised asked reminded warned assured""".split()
TO_ONESELF = """washed hurt saw helped blamed saved praised forgot""".split()
FELT = """was felt looked seemed""".split()
WENT = """ran walked went came hurried rode""".split()
# Present tense: singular and plural.
PRESENT = dict(
    pair.split("/")
    for pair in """is/are has/have runs/run jumps/jump sleeps/sleep looks/look lives/live
stands/stand waits/wait sits/sit plays/play sings/sing dances/dance walks/walk works/work
eats/eat falls/fall stays/stay swims/swim""".split()
)
STATES = dict(pair.split("/") for pair in "is/are was/were looks/look seems/seem".split())
BESIDE = ["to", "of", "near", "behind", "beside", "by", "with", "in", "on", "under", "from"]
WHERE = ["in", "near", "behind", "beside", "by", "outside", "at"]
JOINING = ["because", "when", "while", "although", "after", "before", "and", "but", "so", "until"]

PRONOUNS = {
    "m": ("he", "him", "his", "himself"),
    "f": ("she", "her", "her", "herself"),
    "p": ("they", "them", "their", "themselves"),
    "t": ("it", "it", "its", "itself"),
}
"""Pronouns by class: subject, object, possessive and reflexive.

A class is m (male), f (female), p (plural) or t (thing or animal).
"""

FUNCTION_WORDS = frozenset(
    "the a an and or but because when while although after before so until not no who that which "
    "there then as than if very too also again everybody somebody nobody past so some two".split()
) | frozenset([*BESIDE, *WHERE, "into", "over", "for", "up", "down", "through", "across"])

_PUNCTUATION = frozenset(".,;:!?\"'()-")


def is_content(word: str) -> bool:
    """Whether a token is a content word: no function word, pronoun or mark."""
    bare = word.strip().lower()
    pronouns = {p for forms in PRONOUNS.values() for p in forms}
    return bool(bare) and bare[0].isalpha() and bare not in FUNCTION_WORDS | pronouns


@cache
def singular() -> dict[str, list[str]]:
    """Common nouns by class, singular."""
    things = [*ANIMALS, *THINGS]
    return {"m": MALE, "f": FEMALE, "t": things}


@cache
def plural() -> list[str]:
    """Common nouns to which *they* can refer."""
    return [*PERSONS.values(), *GROUPS]


@cache
def common_words() -> list[str]:
    """A few thousand common English words in lower case, from ``words.txt``."""
    text = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8")
    return [w for line in text.splitlines() if not line.startswith("#") for w in line.split()]


@cache
def lower_words() -> list[str]:
    """Every word of the lexicon in lower case, without the names."""
    words: set[str] = set()
    for table in (PERSONS, ANIMALS, THINGS, PLACES, PRESENT, STATES):
        words |= set(table) | set(table.values())
    for listed in (
        MALE,
        FEMALE,
        GROUPS,
        ADJECTIVES,
        MOODS,
        MET,
        USED,
        SAID,
        TO_ONESELF,
        FELT,
        WENT,
        JOINING,
    ):
        words |= set(listed)
    words |= {p for forms in PRONOUNS.values() for p in forms} | FUNCTION_WORDS
    return sorted(words)


@cache
def names() -> list[str]:
    """Every word that is always written with a capital."""
    listed = [*MALE_NAMES, *FEMALE_NAMES, *SURNAMES, *MALE_TITLES, *FEMALE_TITLES]
    return sorted(dict.fromkeys(listed))


@cache
def lemmas() -> dict[str, str]:
    """The singular of every noun, by the noun. Names and groups stand for themselves."""
    found = {
        noun: noun for noun in [*MALE, *FEMALE, *GROUPS, *MALE_NAMES, *FEMALE_NAMES, *SURNAMES]
    }
    for table in (PERSONS, ANIMALS, THINGS, PLACES):
        for singular_form, plural_form in table.items():
            found |= {singular_form: singular_form, plural_form: singular_form}
    return found
