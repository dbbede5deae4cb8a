"""Maps of queries and keys beside AttentionViz's recipes: projections, bytes and frames."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.browser import FRAME
from benchmarks.plan import MODEL, ROOT
from benchmarks.table import Goal, Line, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bench import Bench
    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.figure.spec import FigureSpec

_LAYER, _HEAD = 2, 8
_SENTENCES = ROOT / "example_docs" / "sentences" / "plain.txt"
_RECIPES = {"tsne": "t-SNE as AttentionViz", "umap": "UMAP as AttentionViz", "pca": "PCA"}
_MOST_SLOW = 20_000
"""Points from which the recipes of AttentionViz take too long for this table."""

_MOST_PLACED = 60_000
"""Points from which the map is placed by PCA alone: its bytes and frames are what is measured."""

_ZOOMS = 40


@dataclass(frozen=True)
class _Map:
    """A map that was made.

    Attributes:
        attention: with its summary.
        points: the number of its points.
        took: the processor time of the projection and its fidelity, in seconds.
    """

    attention: Attention
    points: int
    took: float

    def fidelity(self, projection: str) -> tuple[float, float, float]:
        """The fidelity of the map."""
        assert self.attention.summary is not None
        near, own, order = self.attention.summary.arrays[f"fidelity-{projection}"][0, 0]
        return float(near), float(own), float(order)


def maps(bench: Bench) -> Iterator[Line]:
    """Projection time and fidelity beside AttentionViz's recipes, bytes, and frames."""
    for points in bench.plan.points:
        bench.say(f"attention over sentences for {points:,} points")
        chosen = {"layers": str(_LAYER), "heads": str(_HEAD)}
        spec, answers = bases(points, bench.folder, **chosen)
        few = points <= _MOST_PLACED
        ours = _made(spec, answers, "bipartite" if few else "pca", bench)
        what = f"{ours.points:,} points" + ("" if few else ", placed by PCA")
        for recipe, name in _RECIPES.items() if few else ():
            if points > _MOST_SLOW and recipe != "pca":
                continue
            theirs = _made(spec, answers, recipe, bench)
            yield Line(
                f"projection, processor time: {what}",
                Measured((ours.took,), "s"),
                Measured((theirs.took,), "s"),
                name,
            )
            yield from _fidelities(what, ours, theirs, recipe, name)
        page, carried = _page(spec, ours, bench)
        yield Line(f"bytes of a head’s file: {what}", Measured((float(carried),), "bytes"))
        yield Line(
            f"a frame while the map is zoomed: {what}",
            Measured(tuple(_frames(page, bench)), "ms"),
            goal=Goal(1.2 * FRAME, of="ours") if points <= _MOST_SLOW else None,
        )


def _fidelities(what: str, ours: _Map, theirs: _Map, recipe: str, name: str) -> Iterator[Line]:
    for index, measure in enumerate(
        ("strongest keys among the nearest", "strongest key near in its sentence")
    ):
        values = ours.fidelity("bipartite")[index], theirs.fidelity(recipe)[index]
        yield Line(
            f"{measure}, in 1,000: {what}",
            *(Measured((1000 * value,), "count") for value in values),
            name,
            Goal(1, at_least=True) if index == 0 else None,
        )


def texts(points: int) -> list[str]:
    """Pairs of plain sentences, about as many as have that many queries and keys."""
    plain = [
        line.split("\t")[0] for line in _SENTENCES.read_text(encoding="utf-8").splitlines() if line
    ]
    half = len(plain) // 2
    pairs = (
        f"{plain[n % half]} {plain[half + (n + 7 * m) % half]}"
        for m, n in product(range(half), range(half))
    )
    return [text for text, _ in zip(pairs, range(max(4, points // 40)), strict=False)]


def bases(points: int, folder: Path, **options: str) -> tuple[FigureSpec, list[Attention]]:
    """The specification of a map with about a number of points, and its sentences' attention.

    Args:
        points: the number of queries and keys.
        folder: the folder for the file of the sentences.
        options: further options of the figure.

    Raises:
        AttentionError: a sentence fails.
    """
    from sphinx_attention.core.authoring.parsing import HostContext, parse
    from sphinx_attention.core.authoring.settings import Settings
    from sphinx_attention.core.capture.library import Library
    from sphinx_attention.core.store.base import MemoryStore

    file = folder / f"sentences-{points}.txt"
    file.write_text("\n".join(texts(points)), encoding="utf-8")
    settings = Settings(model="minilm", models={"minilm": {"path": str(MODEL)}})
    context = HostContext(settings, folder, lambda name: folder / name)
    spec = parse("", {"file": file.name, "view": "map", **options}, None, context)
    found = dict(Library(MemoryStore()).compute(spec.request.bases))
    return spec, [_sound(found[base]) for base in spec.request.bases]


def _sound(answer: Any) -> Attention:
    if isinstance(answer, Exception):
        raise answer
    made: Attention = answer
    return made


def _made(spec: FigureSpec, answers: list[Attention], projection: str, bench: Bench) -> _Map:
    from dataclasses import replace

    from sphinx_attention.core.analysis.projection.maker import MapMaker

    assert spec.request.summary is not None
    parameters = (("heads", (_HEAD,)), ("projection", projection))
    summary = replace(spec.request.summary, parameters=parameters)
    maker = MapMaker(replace(spec.request, summary=summary))
    tokens = sum(len(base.query_tokens) for base in answers)
    bench.say(f"{projection}, {2 * tokens:,} points")
    begun = time.process_time()
    for number, base in enumerate(answers):
        maker.add(number, base)
    made = maker.finish()
    return _Map(made, 2 * tokens, time.process_time() - begun)


def _page(spec: FigureSpec, made: _Map, bench: Bench) -> tuple[str, int]:
    """A page with the map, and the bytes of its head's file."""
    from sphinx_attention import assets
    from sphinx_attention.core.figure.variants import resolve_all
    from sphinx_attention.core.render.html import figure_attributes, render_html
    from sphinx_attention.core.render.map.data import files, head_file

    figure = resolve_all(spec, [made.attention])
    folder = bench.folder / "ours" / f"map-{made.points}"
    folder.mkdir(parents=True, exist_ok=True)
    names = [assets.CORE, assets.script_of("map"), *map(assets.script_of, spec.kind.scripts)]
    for name in (assets.STYLE, *names):
        (folder / name).write_text(assets.text(name), encoding="utf-8")

    def write(name: str, script: str) -> str:
        (folder / name).write_text(script, encoding="utf-8")
        return name

    attributes = " ".join(f'{key}="{value}"' for key, value in figure_attributes(figure).items())
    scripts = "".join(f'<script src="{name}" defer></script>' for name in names)
    markup = render_html(figure, "map", write)
    (folder / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{assets.STYLE}">'
        f'{scripts}<figure class="attention-figure" id="map" {attributes}>{markup}</figure>'
        "<p>.</p>",
        encoding="utf-8",
    )
    return f"{bench.our_url}/{folder.name}/index.html", len(files(figure)[head_file(0, 0)])


_ZOOM = """count => new Promise(done => {
  const field = document.querySelector(".attention-map-field"), box = field.getBoundingClientRect();
  const times = [];
  let last = 0;
  const step = now => {
    if (last) times.push(now - last);
    last = now;
    if (times.length === count) return done(times);
    const deltaY = times.length < count / 2 ? -20 : 20;
    field.dispatchEvent(new WheelEvent("wheel", { deltaY, ctrlKey: true, cancelable: true,
      clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 }));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def _frames(url: str, bench: Bench) -> list[float]:
    """The times between frames while the map is zoomed in and out, in ms."""
    with bench.chromium.page(url) as page:
        page.wait_for_function(
            "() => !document.querySelector('.attention-map-points').childNodes.length"
        )
        page.evaluate(_ZOOM, 5)
        found: list[float] = json.loads(json.dumps(page.evaluate(_ZOOM, _ZOOMS)))
    return [float(np.median(found))]
