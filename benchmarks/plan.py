"""How much is measured, and where the things lie that it is measured with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / ".models" / "all-MiniLM-L6-v2"
SCRIPTS = ROOT / ".venv-bench" / "cdn"
"""Where the scripts lie that BertViz's pages ask a content network for."""


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        sizes: tokens of the figures that are drawn.
        peer_sizes: which of them BertViz's model and neuron views are drawn at too.
        runs: samples a quantity, at most.
        budget: seconds that the samples of one quantity may take together before the last.
        limit: seconds until a page counts as one that never paints, or is never written.
        gigabytes: of memory that the writing of one of BertViz's pages may take.
        hovers: tokens pointed at, a page.
        counts: figures of the projects whose growth is measured.
        lengths: tokens of the figures whose growth is measured.
        sentences: how many are captured one by one and together.
    """

    sizes: tuple[int, ...] = (32, 128, 512)
    peer_sizes: tuple[int, ...] = (32, 128, 512)
    runs: int = 5
    budget: float = 12
    limit: float = 120
    gigabytes: float = 12
    hovers: int = 8
    counts: tuple[int, ...] = (1, 10, 100, 1000)
    lengths: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512)
    sentences: int = 200


DEFAULT = Plan()
QUICK = Plan(
    sizes=(32, 128),
    peer_sizes=(32,),
    runs=2,
    budget=3,
    limit=20,
    hovers=3,
    counts=(1, 10, 100),
    lengths=(8, 32, 128),
    sentences=40,
)
