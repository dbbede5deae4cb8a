"""How much is measured, and the paths of the files for the measurements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / ".models" / "all-MiniLM-L6-v2"
SCRIPTS = ROOT / ".venv-bench" / "cdn"
"""The folder of the scripts that BertViz's pages load from a content network."""


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        sizes: the tokens of the figures that are drawn.
        peer_sizes: the sizes at which BertViz's model and neuron views are drawn, too.
        runs: the most samples of a quantity.
        budget: the seconds after which no further sample of a quantity is taken.
        limit: the seconds after which a page counts as never painted or never written.
        gigabytes: the memory that the writing of one of BertViz's pages may take.
        hovers: the number of tokens pointed at on a page.
        counts: the numbers of figures of the projects whose growth is measured.
        many: figures of the large projects, in increasing order.
        lengths: the tokens of the figures whose growth is measured.
        sentences: the number of sentences that are captured one by one and together.
        points: about how many points the maps have.
    """

    sizes: tuple[int, ...] = (32, 128, 512)
    peer_sizes: tuple[int, ...] = (32, 128, 512)
    runs: int = 5
    budget: float = 12
    limit: float = 120
    gigabytes: float = 12
    hovers: int = 8
    counts: tuple[int, ...] = (1, 10, 100, 1000)
    many: tuple[int, ...] = (1000, 10000)
    lengths: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512)
    sentences: int = 200
    points: tuple[int, ...] = (1_000, 10_000, 50_000, 80_000)


DEFAULT = Plan()
QUICK = Plan(
    sizes=(32, 128),
    peer_sizes=(32,),
    runs=2,
    budget=3,
    limit=20,
    hovers=3,
    counts=(1, 10, 100),
    many=(100, 1000),
    lengths=(8, 32, 128),
    sentences=40,
    points=(1_000,),
)
