"""Write one page with every view of every made-up attention, in light and in dark.

A contributor who changes a drawing sees all views at once, without a model:

    python -m scripts.gallery gallery.html

The cases are attentions as they occur, and those that are easily forgotten: equal weights, one key
that takes everything, a diagonal, a causal mask, two sentences, a right-to-left text, long words, a
single token, and other keys than queries. A view that shows a picture, or many sentences, gets
these instead. Views come from the list of views: a new one is on the page.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sphinx_attention.core.analysis.summaries import maker
from sphinx_attention.core.attention import Attention, LogitTerms, Picture, Token
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render.common.markup import escape
from sphinx_attention.core.render.files import script_text, scripts_of, style_text
from sphinx_attention.core.render.html import figure_attributes, figure_class, render_html
from sphinx_attention.core.sources.pictures import patch_tokens
from sphinx_attention.core.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.views import ViewKind

_LAYERS, _HEADS, _SIZE = 2, 4, 8
_FOX = "[CLS] the quick brown fox jumps over the lazy dog [SEP]"
_SENTENCES = (_FOX, "[CLS] the dog saw the dog [SEP]", "[CLS] a cat sat on a mat [SEP]")
_PICTURE = (4, 6)
"""The rows and columns of patches of the made-up picture."""


@dataclass(frozen=True)
class Case:
    """A made-up attention.

    Attributes:
        text: the queries, with blanks between.
        pattern: the weights of every head, or none for random weights that differ in each head.
        masked: where a query may not see a key; none for nowhere.
        keys: the keys, where they are not the queries.
        pair: whether the second half of the tokens is a second sentence.
    """

    text: str = _FOX
    pattern: NDArray[np.float64] | None = None
    masked: NDArray[np.bool_] | None = None
    keys: str = ""
    pair: bool = False


def _first(count: int) -> NDArray[np.float64]:
    """All weight on the first key."""
    return np.eye(count)[np.zeros(count, int)]


_COUNT = len(_FOX.split())
CASES = {
    "as in a model": Case(),
    "uniform": Case(pattern=np.full((_COUNT, _COUNT), 1 / _COUNT)),
    "diagonal": Case(pattern=np.eye(_COUNT)),
    "sink": Case(pattern=0.97 * _first(_COUNT) + 0.03 / _COUNT),
    "masked": Case(masked=np.triu(np.ones((_COUNT, _COUNT), bool), 1)),
    "two sentences": Case("[CLS] it rained [SEP] she stayed in [SEP]", pair=True),
    "right to left": Case("[CLS] החתול ישב על השטיח , נכון ? [SEP]"),
    "long words": Case("the Donaudampfschifffahrtsgesellschaft iiiiiiiiiiiiiiiiii MMMMMMMMMMM"),
    "many tokens": Case(" ".join(_FOX.split()[1:-1] * 4)),
    "one token": Case("fox"),
    "other keys": Case("the quick fox", keys="der schnelle braune Fuchs"),
}
"""The attentions over one text, by name."""


def figures(view: ViewKind, folder: Path) -> Iterator[tuple[str, Figure]]:
    """The figures of a view, each with the name of its case.

    Args:
        view: the facts of the view.
        folder: takes the file of the picture.
    """
    if view.needs_picture:
        yield "a picture", _of_picture(view, folder)
    elif view.summary:
        yield "many sentences", _of_sentences(view, folder)
    else:
        for number, (name, case) in enumerate(CASES.items()):
            figure = partial(_of_case, view, case, folder)
            yield name, figure(number)
            if len(case.text.split()) > 1:
                yield f"{name}, in focus", replace(figure(number), pinned=(1,))


def _context(folder: Path) -> HostContext:
    # The source is never opened: it stands for the model that would have answered.
    settings = Settings(model="mock", models={"mock": {"function": "mock:attention"}})
    return HostContext(settings, folder, lambda name: folder / name)


def _of_case(view: ViewKind, case: Case, folder: Path, seed: int) -> Figure:
    spec = parse(case.text, {"view": view.name, "layer": "0", "head": "1"}, None, _context(folder))
    return resolve(spec, _attention(case, seed))


def _of_sentences(view: ViewKind, folder: Path) -> Figure:
    options = {"view": view.name, "also": " | ".join(_SENTENCES[1:]), "layer": "0", "head": "1"}
    # This projection needs no library.
    options |= {"projection": "pca"} if "projection" in view.options else {}
    spec = parse(_SENTENCES[0], options, None, _context(folder))
    made = maker(spec.request)
    for number, base in enumerate(spec.request.bases):
        made.add(number, _attention(Case(base.text), number))
    return resolve_all(spec, [made.finish()])


def _of_picture(view: ViewKind, folder: Path) -> Figure:
    rows, columns = _PICTURE
    shade = np.add.outer(np.arange(16 * rows), np.arange(16 * columns)) % 256
    Image.fromarray(shade.astype(np.uint8)).save(folder / "mock.png")
    options = {"view": view.name, "image": "mock.png", "model": "builtin-vision", "alt": "shades"}
    spec = parse("", {**options, "layer": "0", "head": "1"}, None, _context(folder))
    tokens = (Token("[CLS]", special=True), *patch_tokens(rows, columns))
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    picture = Picture(shade.astype(np.uint8), grey, rows, columns)
    made = _attention(Case(" ".join("x" for _ in tokens)), 0)
    return resolve(spec, replace(made, query_tokens=tokens, key_tokens=tokens, picture=picture))


def _attention(case: Case, seed: int) -> Attention:
    """An attention with queries, keys and values whose softmax gives exactly the weights."""
    dice = np.random.default_rng(seed)
    queries = _tokens(case.text, pair=case.pair)
    keys = _tokens(case.keys) if case.keys else queries
    size = (len(queries), len(keys))
    masked = np.zeros(size, bool) if case.masked is None else case.masked
    heads = dice.gamma(0.3, size=(_LAYERS, _HEADS, *size)) + 1e-4
    patterns = heads if case.pattern is None else np.broadcast_to(case.pattern, heads.shape) + 1e-9
    patterns = np.where(masked, 0, patterns)
    weights = patterns / patterns.sum(axis=-1, keepdims=True)
    vectors = {
        name: dice.normal(size=(_LAYERS, _HEADS, count, _SIZE)).astype(np.float32)
        for name, count in zip(("queries", "keys", "values"), (*size, size[1]), strict=True)
    }
    scale = np.full(_LAYERS, _SIZE**-0.5, np.float32)
    products = vectors["queries"] @ vectors["keys"].swapaxes(-1, -2) * scale[0]
    bias = np.where(masked, 0, np.log(np.maximum(weights, 1e-12)) - products)
    return Attention(
        queries,
        keys,
        weights.astype(np.float32),
        masked[np.newaxis],
        part="cross" if case.keys else "encoder",
        label="mock",
        logit_terms=LogitTerms(scale, scale * 0, bias.astype(np.float32)),
        **vectors,
    )


def _tokens(text: str, *, pair: bool = False) -> tuple[Token, ...]:
    words = text.split()
    half = words.index("[SEP]") if pair else len(words)
    return tuple(
        Token(word, special=word.startswith("["), word=number, segment=int(number > half))
        for number, word in enumerate(words)
    )


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Every view</title>
<link rel="icon" href="data:,">
<style>
{style}
body {{ margin: 0; font: 16px/1.5 system-ui, sans-serif }}
h2, h3 {{ margin: 0; padding: 1rem }}
.both {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 40rem), 1fr)) }}
.light, .dark {{ min-width: 0; padding: 0 1rem }}
.light {{ color: #222; background: #fff }}
.dark {{ color: #ddd; background: #131416 }}
.attention-figure {{ margin: 1rem 0 }}
</style>
</head>
<body>
<main>
<h1>Every view</h1>
{body}
</main>
<script>
{script}
</script>
</body>
</html>
"""


def page() -> str:
    """The page."""
    parts: list[str] = []
    shown: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for view in VIEWS.values():
            parts.append(f'<h2 id="{view.name}">{view.name}</h2>')
            for name, figure in figures(view, Path(folder)):
                shown.append(figure)
                both = "".join(_written(figure, f"g{len(shown)}", ink) for ink in ("light", "dark"))
                parts.append(f'<h3>{escape(name)}</h3>\n<div class="both">{both}</div>')
    script = script_text(scripts_of(shown))
    return _PAGE.format(style=style_text(), body="\n".join(parts), script=script)


def _written(figure: Figure, uid: str, ink: str) -> str:
    pairs = {"class": figure_class(figure), "id": f"{uid}-{ink}", **figure_attributes(figure)}
    attributes = " ".join(f'{name}="{escape(value)}"' for name, value in pairs.items())
    body = render_html(figure, f"{uid}-{ink}")
    return f'<div class="{ink}"><figure {attributes}>\n{body}\n</figure></div>\n'


def main() -> None:
    """Write the page into the file that is named."""
    (path,) = sys.argv[1:] or ["gallery.html"]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(page(), encoding="utf-8")
    print(f"Every view is in {path}")


if __name__ == "__main__":
    main()
