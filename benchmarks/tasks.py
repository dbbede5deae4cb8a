"""The tasks that `alone` runs, one function each. Each imports only what it measures."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .alone import Peak, peak
from .fits import alternate
from .plan import MODEL
from .texts import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.request import ModelSource, Request


def build(arguments: Sequence[str]) -> dict[str, Any]:
    """One ``sphinx-build``. The peak of memory is that of the main process."""
    from sphinx.cmd.build import build_main

    output = io.StringIO()
    with contextlib.redirect_stderr(output):
        code = build_main(list(arguments))
    used = os.times()
    processor = used.user + used.system + used.children_user + used.children_system
    return {
        "code": code,
        "peak": peak(),
        "processor": processor,
        "warnings": output.getvalue(),
    }


def peer_page(view: str, tokens: int, path: str, scripts: str) -> dict[str, Any]:
    """One of BertViz's pages, written as its documentation says.

    The time begins when the attention is ready and ends with the file. The neuron view runs its
    model itself. Afterwards, the addresses of scripts in the file are set to ``scripts``.
    """
    from .peers import attention_of, draw

    given = attention_of(view, text_of(tokens))
    with Peak() as memory:
        start = time.perf_counter()
        html = draw(view, given)
        Path(path).write_text(html, encoding="utf-8")
        took = time.perf_counter() - start
    size = Path(path).stat().st_size
    Path(path).write_text(html.replace("https://cdnjs.cloudflare.com/ajax/libs", scripts))
    return {"seconds": took, "over": memory.over, "bytes": size}


def _source(folder: Path = MODEL) -> ModelSource:
    from sphinx_attention.core.request import ModelSource

    return ModelSource(name="minilm", path=folder.name, folder=str(folder))


def _request(text: str, **options: Any) -> Request:
    from sphinx_attention.core.request import Request

    return Request(source=_source(), text=text, **options)


def _resolved(request: Request, attention: Attention) -> Figure:
    from sphinx_attention.core.figure.resolve import resolve
    from sphinx_attention.core.figure.spec import FigureSpec

    return resolve(FigureSpec(request), attention)


def fill(store: str, lengths: Sequence[int], count: int = 1) -> dict[str, Any]:
    """Capture texts of these lengths into a store, and return the bytes of the store."""
    from sphinx_attention.core.capture.library import Library
    from sphinx_attention.core.store.folder import FolderStore

    from .texts import texts_of

    library = Library(FolderStore(Path(store)))
    for _ in library.capture(_request(text) for n in lengths for text in texts_of(count, n)):
        pass
    if library.failures:
        raise RuntimeError(next(iter(library.failures.values())).message)
    return {"bytes": sum(p.stat().st_size for p in Path(store).rglob("*.attn"))}


def packing(store: str, tokens: int) -> dict[str, Any]:
    """The bytes of a payload, and the least bytes by the entropy of the rounded weights."""
    import numpy as np

    from sphinx_attention.core.capture.library import Library
    from sphinx_attention.core.codes import codes
    from sphinx_attention.core.figure.payload import encode
    from sphinx_attention.core.store.folder import FolderStore

    request = _request(text_of(tokens))
    attention = Library(FolderStore(Path(store)), "frozen").get(request)
    numbers = codes(attention)
    _, counts = np.unique(numbers, return_counts=True)
    share = counts / counts.sum()
    entropy = float(-(share * np.log2(share)).sum()) / 8 * numbers.size
    return {
        "payload": len(encode(_resolved(request, attention))),
        "entropy": entropy,
        "weights": int(numbers.size),
    }


def written(store: str, tokens: int, runs: int) -> dict[str, Any]:
    """The cost of writing one figure: read, resolve, draw, pack. The medians of several runs."""
    from sphinx_attention.core.capture.library import Library
    from sphinx_attention.core.render.html import render_html
    from sphinx_attention.core.store.folder import FolderStore

    request = _request(text_of(tokens))

    def one() -> None:
        attention = Library(FolderStore(Path(store)), "frozen").get(request)
        render_html(_resolved(request, attention), "figure", lambda name, _: name)

    with Peak() as memory:
        one()
    took = []
    for _ in range(runs):
        start = time.perf_counter()
        one()
        took.append(time.perf_counter() - start)
    return {"seconds": statistics.median(took), "samples": took, "over": memory.over}


def make_base(folder: str) -> dict[str, Any]:
    """A model of the size of BERT-base with random weights, and MiniLM's tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    BertModel(BertConfig()).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        if (MODEL / name).exists():
            shutil.copy(MODEL / name, folder)
    return {}


LAYER = 6


def one_layer(folder: str, store: str, texts: int, tokens: int) -> dict[str, Any]:
    """One layer of several texts, captured and stored: the peak of memory over the loaded model."""
    from sphinx_attention.core.capture.library import Library
    from sphinx_attention.core.request import Request
    from sphinx_attention.core.sources import open_source
    from sphinx_attention.core.store.folder import FolderStore

    source = _source(Path(folder))
    with open_source(source) as runner:
        for _, answer in runner.run([Request(source, "warm", layers=(LAYER,))]):
            del answer
        library = Library(FolderStore(Path(store)), opener=lambda _: contextlib.nullcontext(runner))
        wanted = [Request(source, text_of(tokens, n), layers=(LAYER,)) for n in range(texts)]
        with Peak() as memory:
            start = time.perf_counter()
            for _ in library.capture(wanted):
                pass
            took = time.perf_counter() - start
    if library.failures:
        raise RuntimeError(next(iter(library.failures.values())).message)
    shapes = [list(library.get(request).weights.shape) for request in wanted]
    return {"over": memory.over, "seconds": took, "shapes": shapes}


def one_layer_plain(folder: str, texts: int, tokens: int) -> dict[str, Any]:
    """The same layer in the usual way: all layers from ``output_attentions=True``."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        model(**tokenizer("warm", return_tensors="pt"), output_attentions=True)
        batch = tokenizer([text_of(tokens, n) for n in range(texts)], return_tensors="pt")
        with Peak() as memory:
            start = time.perf_counter()
            weights = model(**batch, output_attentions=True).attentions[LAYER].numpy()
            took = time.perf_counter() - start
    return {"over": memory.over, "seconds": took, "shapes": list(weights.shape)}


def capture_speed(sentences: int, runs: int, budget: float) -> dict[str, Any]:
    """Sentences of 5 to 30 words captured together, and with one forward pass each, in turn."""
    import random

    import torch
    from transformers import AutoModel, AutoTokenizer

    from sphinx_attention.core.errors import AttentionError
    from sphinx_attention.core.sources import open_source

    draw = random.Random(1)  # noqa: S311 - a benchmark
    texts = [text_of(draw.randint(7, 32), seed) for seed in range(sentences)]
    requests = list({_request(text).key: _request(text) for text in texts}.values())
    model = AutoModel.from_pretrained(MODEL, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(MODEL)

    def plain() -> float:
        start = time.perf_counter()
        with torch.inference_mode():
            for request in requests:
                given = tokenizer(request.text, return_tensors="pt")
                torch.cat(model(**given, output_attentions=True).attentions).numpy()
        return time.perf_counter() - start

    with open_source(_source()) as runner:

        def together() -> float:
            start = time.perf_counter()
            for _, answer in runner.run(requests):
                if isinstance(answer, AttentionError):
                    raise answer
            return time.perf_counter() - start

        together()
        plain()
        return alternate({"ours": together, "plain": plain}, runs, budget)
