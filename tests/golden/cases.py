"""Attentions from a seed, in every shape that a picture must support: the input of the vectors."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.analysis.written import written
from sphinx_attention.core.attention import Attention, LogitTerms, Token
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.request import MatrixSource, ModelSource, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.views import View

LATIN = ("the", "fox", "The", "i", "W", "quick", "##ly", "naïve", "Ⅳ", "лиса", "狐", "a-b", "'")
LONG = ("Donaudampfschifffahrtsgesellschaft", "iiiiiiiiiiiiiiiiiiiiiiiiii", "MMMMMMMMMMMMMMMMM")
HEBREW = ("חתול", "שלום", "בית־ספר", "א", "ליכט־און־פינצטערניש־און־ווייטער")
ARABIC = ("قطة", "الثعلب", "؟", "،", "لا")
NEUTRAL = (".", ",", "-", "!", "12", "…", "🦊", "١٢", "(", "½", "\u05f4", "\u200f", "é\u0301")
SPECIAL = ("[CLS]", "[SEP]", "</s>")
SCRIPTS = {
    "latin": (*LATIN, *LONG, *NEUTRAL),
    "hebrew": (*HEBREW, *HEBREW, *NEUTRAL),
    "arabic": (*ARABIC, *ARABIC, *NEUTRAL),
    "neutral": NEUTRAL,
    "mixed": (*LATIN, *HEBREW, *ARABIC, *NEUTRAL),
}


@dataclass(frozen=True)
class Case:
    """A figure, and what is pinned in it."""

    figure: Figure
    pinned: tuple[tuple[int, ...], ...]

    def of(self, view: View, pinned: tuple[int, ...], heads: Sequence[int] = ()) -> Figure:
        """The figure in a view, with some tokens pinned and some heads drawn."""
        shown = tuple(heads) or (self.figure.head,)
        spec = replace(self.figure.spec, view=view)
        return replace(self.figure, spec=spec, pinned=pinned, shown_heads=shown, head=min(shown))


def cases(count: int = 70, seed: int = 13) -> list[Case]:
    """The same cases on every machine."""
    dice = random.Random(seed)
    return [_case(dice, number) for number in range(count)]


def differences(count: int = 70, seed: int = 16) -> list[Case]:
    """The same for differences, whose weights lie between -1 and 1."""
    dice = random.Random(seed)
    return [_case(dice, number, signed=True) for number in range(count)]


def _case(dice: random.Random, number: int, *, signed: bool = False) -> Case:
    kind = ("encoder", "causal", "cross", "pair", "local")[number % 5]
    script = list(SCRIPTS)[number // 5 % len(SCRIPTS)]
    size = 1 + (number * 7) % 9
    queries = _tokens(dice, size, script)
    keys = _tokens(dice, 1 + dice.randrange(9), "mixed") if kind == "cross" else queries
    if kind == "pair":
        queries = keys = tuple(
            replace(t, segment=int(2 * i >= size)) for i, t in enumerate(queries)
        )
    if number % 7 == 3:
        name = dice.choice(["(special)", "(sink)", "(rest)"])
        keys = (Token(name, special=True), *keys)
        queries = keys if kind != "cross" else queries
    layers, heads = (1, 1) if number % 6 == 5 else (1, 2) if number % 3 else (2, 3)
    masked = _mask(kind, len(queries), len(keys), keys[0].is_bin)
    codes = _codes(dice, (layers, heads, len(queries), len(keys)), coarse=number % 4 == 1)
    if signed:
        codes *= [dice.choice((1, -1)) for _ in range(codes.shape[-1])]
        codes[:, :, ::2] *= -1
    # The hues of heads go round: in every second case, their order is not that of the heads.
    names = tuple(str(11 * head + 3 if number % 2 else 40 - 11 * head) for head in range(heads))
    rows = np.arange(len(queries))
    if number % 8 == 2:
        codes[:, :, rows[-1]] = 0
    if number % 9 == 4:
        masked[rows[-1]] = True
    attention = Attention(
        query_tokens=queries,
        key_tokens=keys,
        weights=(codes / 1000).astype(np.float32),
        masked=masked[np.newaxis],
        part="cross" if kind == "cross" else "encoder",
        label="" if number % 6 == 5 else "small",
        head_names=names,
        layer_names=tuple(str(layer + 4) for layer in range(layers)),
        signed=signed,
    )
    source = ModelSource("small") if attention.label else MatrixSource(text="")
    spec = FigureSpec(
        Request(source, "text"),
        layer=5 if layers > 1 else 4,
        head=int(names[0]),
        special="dim" if number % 5 == 2 else "show",
        cutoff=(0.95, 0.6, 1.0, 0.8)[number % 4],
    )
    several = tuple(sorted(dice.sample(range(len(queries)), min(len(queries), 3))))
    one = (dice.randrange(len(queries)),)
    return Case(resolve(spec, attention), tuple(dict.fromkeys([(), one, several])))


def _tokens(dice: random.Random, count: int, script: str) -> tuple[Token, ...]:
    words = [Token(dice.choice(SCRIPTS[script])) for _ in range(count)]
    if dice.random() < 0.5 and count > 2:
        words[0] = Token(SPECIAL[0], special=True)
        words[-1] = Token(dice.choice(SPECIAL[1:]), special=True)
    return tuple(words)


def _mask(kind: str, queries: int, keys: int, has_bin: bool) -> NDArray[np.bool_]:
    masked = np.zeros((queries, keys), np.bool_)
    if kind == "causal":
        masked = ~np.tri(queries, keys, dtype=np.bool_)
    if kind == "local":
        masked = np.abs(np.arange(queries)[:, None] - np.arange(keys)) > 2
    if has_bin:
        masked[:, 0] = False
        if kind != "cross":
            masked[0] = True
    return masked


def _codes(dice: random.Random, shape: tuple[int, ...], *, coarse: bool) -> NDArray[np.float64]:
    """Weights in thousandths, most of them small. Coarse weights have ties and zeros."""
    drawn = [int(1000 * dice.random() ** 3) for _ in range(int(np.prod(shape)))]
    if coarse:
        drawn = [code // 100 * 100 for code in drawn]
    return np.array(drawn, np.float64).reshape(shape)


def chained(count: int = 30, seed: int = 14) -> list[Attention]:
    """Attentions with queries and keys for every rule of logits, in binary fractions."""
    dice = random.Random(seed)
    return [_chained(dice, number) for number in range(count)]


def chained_to_shares(seed: int = 16) -> list[Attention]:
    """The attentions of `chained`, which go on to the shares of what the heads write.

    The heads of the last one write nothing.
    """
    dice = random.Random(seed)
    found = []
    for attention in (attentions := chained()):
        shape = attention.weights.shape[:2] + attention.weights.shape[3:]
        norms = [(1 + dice.randrange(512)) / 64 for _ in range(int(np.prod(shape)))]
        if attention is attentions[-1]:
            norms = [0.0] * len(norms)
        seen = np.where(attention.masked, 0, attention.weights).astype(np.float32)
        found.append(
            written(
                replace(attention, weights=seen, norms=np.array(norms, np.float32).reshape(shape))
            )
        )
    return found


def _chained(dice: random.Random, number: int) -> Attention:
    count, size = 1 + number % 4, (1, 2, 3, 4, 6, 8)[number % 6]
    unit = (1 / 64, 1 / 4, 1 / 1024, 4)[number % 4]

    def vectors(*shape: int) -> NDArray[np.float32]:
        drawn = [unit * (dice.randrange(257) - 128) for _ in range(int(np.prod(shape)))]
        return np.array(drawn, np.float32).reshape(shape)

    names = ["(sink)", *("abcd"[: count - 1])] if number % 5 == 4 else list("abcd"[:count])
    tokens = tuple(Token(name, special=name == "(sink)") for name in names)
    sink = tokens[0].special
    masked = (
        ~np.tri(count, dtype=np.bool_) if number % 3 == 1 else np.zeros((count, count), np.bool_)
    )
    if sink:
        masked[0] = True
    # A scale such as 1/√8 is not a binary fraction. Figures print it as a root.
    scale = (1.0, size**-0.5, 0.3, 0.125)[number % 4]
    weights = np.full((1, 2, count, count), 1 / count, np.float32)
    return Attention(
        query_tokens=tokens,
        key_tokens=tokens,
        weights=weights,
        masked=masked[np.newaxis],
        queries=vectors(1, 2, count, size),
        keys=vectors(1, 1 + number % 2, count, size),
        values=vectors(1, 1 + number % 2, count, size) if number % 4 else None,
        logit_terms=LogitTerms(
            scale=np.array([scale], np.float32),
            softcap=np.array([50.0 if number % 7 == 3 else 0.0], np.float32),
            bias=vectors(1, 2, count, count) if number % 6 == 2 else None,
            sinks=np.array([[0.5, -1.25]], np.float32) if sink or number % 8 == 1 else None,
        ),
    )
