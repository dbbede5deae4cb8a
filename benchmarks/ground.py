"""What the ground costs: capture, store, payload, and a build with a full store.

    .venv/bin/python benchmarks/ground.py

One table. Ratios are against the plain way in the same run: one forward pass a sentence with
``output_attentions=True``, the entropy of the rounded weights, the same page without figures.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
import transformers
from transformers import AutoModel, AutoTokenizer

from sphinx_attention.core.capture import Library
from sphinx_attention.core.figure import FigureSpec, settle
from sphinx_attention.core.payload import codes, encode
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = Path(__file__).parents[1] / ".models" / "all-MiniLM-L6-v2"
WORDS = [
    "the",
    "old",
    "farmer",
    "watches",
    "a",
    "quick",
    "brown",
    "fox",
    "jump",
    "over",
    "his",
    "lazy",
    "dog",
    "while",
    "rain",
    "falls",
    "on",
    "green",
    "hills",
    "and",
    "small",
    "birds",
    "sing",
    "in",
    "tall",
    "trees",
    "near",
    "cold",
    "river",
    "water",
    "under",
    "grey",
    "morning",
    "light",
]
RUNS = 5


def sentences(count: int, words: int, seed: int = 0) -> list[str]:
    """Sentences of so many words, all different."""
    draw = random.Random(seed)  # noqa: S311 - a benchmark
    return [" ".join(draw.choices(WORDS, k=words)) for _ in range(count)]


def median_seconds(run: Callable[[], object], runs: int = RUNS) -> float:
    """The median of several runs, after one that is not counted."""
    run()
    took = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def capture_speed() -> str:
    """200 sentences, batched, against one forward pass a sentence."""
    source = ModelSource(name="minilm", path=str(MODEL), folder=str(MODEL))
    draw = random.Random(1)  # noqa: S311
    texts = [sentences(1, draw.randint(5, 30), seed)[0] for seed in range(200)]
    requests = [Request(source=source, text=text) for text in texts]
    model = AutoModel.from_pretrained(MODEL, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(MODEL)

    def plain() -> None:
        with torch.inference_mode():
            for text in texts:
                given = tokenizer(text, return_tensors="pt")
                torch.cat(model(**given, output_attentions=True).attentions).numpy()

    with open_source(source) as runner:
        next(iter(runner.run(requests[:1])))

        def batched() -> None:
            for _ in runner.run(requests):
                pass

        one, many = median_seconds(plain, 3), median_seconds(batched, 3)
    return f"{one:.2f} s one by one, {many:.2f} s batched: {one / many:.2f} × faster (goal ≥ 3)"


def sizes(library: Library, words: int) -> str:
    """Bytes of a payload against the entropy of its rounded weights."""
    request = one_request(sentences(1, words)[0])
    for _ in library.capture([request]):
        pass
    attention = library.get(request)
    numbers = codes(attention)
    _, counts = np.unique(numbers, return_counts=True)
    share = counts / counts.sum()
    entropy = float(-(share * np.log2(share)).sum()) / 8 * numbers.size
    payload = len(encode(settle(FigureSpec(request), attention)))
    tokens = len(attention.query_tokens)
    return f"{tokens} tokens: {payload:,} bytes, {payload / entropy:.3f} × entropy (goal ≤ 1.05)"


def one_request(text: str) -> Request:
    """A request for the benchmark's model."""
    return Request(source=ModelSource(name="minilm", path=str(MODEL), folder=str(MODEL)), text=text)


def store_size(folder: Path) -> str:
    """The store of 100 sentences of 32 tokens."""
    library = Library(Store(folder))
    for _ in library.capture([one_request(text) for text in sentences(100, 30)]):
        pass
    total = sum(path.stat().st_size for path in folder.rglob("*.attn"))
    return f"{total / 1e6:.2f} MB for 100 sentences of 32 tokens (goal ≤ 10)"


def build_cost(folder: Path, figures: int = 200) -> str:
    """A build with a full store, against the same pages without figures."""
    texts = sentences(figures, 9)
    for name, with_figures in (("with", True), ("without", False)):
        site = folder / name
        site.mkdir()
        extra = (
            'extensions = ["sphinx_attention"]\nattention_model = "m"\n'
            "attention_page_budget = 10**9\n"
            f'attention_models = {{"m": {{"path": {str(MODEL)!r}}}}}\n'
        )
        (site / "conf.py").write_text(
            'html_theme = "alabaster"\n' + (extra if with_figures else "")
        )
        body = "".join(
            f".. attention:: {text}\n\n" if with_figures else f"{text}\n\n" for text in texts
        )
        (site / "index.rst").write_text(f"P\n=\n\n{body}")

    def build(name: str) -> None:
        command = [sys.executable, "-m", "sphinx", "-q", "-E", "-a"]
        subprocess.run([*command, str(folder / name), str(folder / name / "out")], check=True)

    with_, without = median_seconds(lambda: build("with")), median_seconds(lambda: build("without"))
    each = (with_ - without) / figures * 1000
    return (
        f"{with_:.2f} s with {figures} figures, {without:.2f} s without: "
        f"{each:.2f} ms a figure (goal ≤ 5)"
    )


def main() -> None:
    """Print the table."""
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library = Library(Store(folder / "sizes"))
        rows = [
            ("payload", sizes(library, 30)),
            ("payload", sizes(library, 126)),
            ("store", store_size(folder / "store")),
            ("capture", capture_speed()),
            ("build", build_cost(folder)),
        ]
    for what, row in rows:
        print(f"{what:8} {row}")


if __name__ == "__main__":
    main()
