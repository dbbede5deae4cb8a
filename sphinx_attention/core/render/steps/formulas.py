"""The sums behind one weight, as numbers that a reader can check step by step."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import numpy as np

from sphinx_attention.core.codes import format_thousandths
from sphinx_attention.core.phrases import ENGLISH
from sphinx_attention.core.render.common.constants import constants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sphinx_attention.core.analysis.logits import Chain
    from sphinx_attention.core.phrases import Phrases

MINUS = "\u2212"
INFINITY = "\u221e"
ELLIPSIS = "…"

_STEPS = constants("steps")
# The most numbers of a vector that are written.
_SHOWN: int = _STEPS["shown_numbers"]
# The most first products that are written. The last product is written, too.
_TERMS: int = _STEPS["shown_products"]
# The decimal exponents between which a power of e is written in full.
_LEAST: int = _STEPS["least_exponent"]
_MOST: int = _STEPS["most_exponent"]


def fixed(value: float) -> str:
    """A number with three decimals, or fewer if the number is large."""
    return decimal(value, 3 if abs(value) < 1000 else 1)


def score(value: float) -> str:
    """A score with four decimals. With fewer, its power of e would differ from the printed one."""
    return decimal(value, 4)


def decimal(value: float, digits: int) -> str:
    """A number with that many decimals.

    Halves are rounded away from zero, and the minus is U+2212.
    """
    # The exact binary value decides, as in `toFixed` of browsers.
    rounded = abs(Decimal(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return (MINUS if value < 0 and rounded else "") + f"{rounded:f}"


def significant(value: float) -> str:
    """A number of at least 0 with five digits, and with six decimals at most.

    With fewer digits, the share of one power of e would not have three right decimals.
    """
    digits = sum(value < limit for limit in (10_000, 1000, 100, 10, 1, 0.1))
    return decimal(value, digits)


def components(vector: NDArray[np.float64], most: float) -> list[str]:
    """The numbers of a vector, with three digits of the largest among similar numbers."""
    digits = sum(most < limit for limit in (100, 10, 1, 0.1, 0.01)) + (most < 0.001)
    return [decimal(float(value), digits) for value in vector]


def radicand(scale: float) -> str:
    """The whole number n of a scale of 1/√n; empty for other scales."""
    n = 1 / scale**2 if scale > 0 else 0
    return str(round(n)) if round(n) >= 1 and abs(n - round(n)) <= 1e-5 * n else ""


def parts(
    chain: Chain, key: int, code: int, most: tuple[float, float], say: Phrases = ENGLISH
) -> dict[str, str]:
    """The numbers of one cell for the formulas.

    Args:
        chain: the sums of the query.
        key: position of the key.
        code: the model's weight in thousandths.
        most: the largest magnitude in the head's queries and keys, and in its values.
        say: the phrases of the figure's language.

    Returns:
        Texts by their names in the template and in the browser part.
    """
    masked = bool(chain.masked[key])
    least = MINUS + INFINITY
    written = {
        **_products(chain, key, most[0]),
        "dot": decimal(float(chain.dot[key]), 3),
        "radicand": radicand(chain.scale),
        "factor": significant(chain.scale),
        "scaled": score(float(chain.scaled[key])),
        "cap": f"{chain.softcap:g}",
        "capped": score(float(chain.capped[key])),
        "bias": least if masked else score(float(chain.bias[key])) if chain.biased else "0",
        "score": least if masked else score(float(chain.logits[key])),
        "share": "0" if masked else format_thousandths(code),
        **_softmax(chain, key, masked=masked),
        "value": "",
        "output": "",
    }
    if chain.values is not None and chain.output is not None:
        written["value"] = _vector(components(chain.values[key], most[1]))
        written["output"] = _vector(components(chain.output, most[1]))
    written["added"] = enclosed(written["bias"])
    written["verdict"] = say("masked") if masked else format_thousandths(code)
    return written


def labels(
    parts: Mapping[str, str], query: str, key: str, say: Phrases = ENGLISH
) -> dict[str, str]:
    """Each formula in words for reading aloud, by the kind of its panel."""
    values = {**parts, "query": query, "key": key}
    kinds = ["multiply", "dot", "scale", "cap", "bias", "softmax", "value"]
    if "written" in parts:
        kinds.append("written")
    names = {kind: f"formula_{kind}" for kind in kinds}
    names["scale"] = "formula_root" if parts["radicand"] else "formula_factor"
    return {kind: say(name, **values) for kind, name in names.items()}


def enclosed(number: str) -> str:
    """A number after an operator: in parentheses if it is negative."""
    return f"({number})" if number.startswith(MINUS) else number


def _products(chain: Chain, key: int, most: float) -> dict[str, str]:
    """The factors, the products, and the products as terms of a sum."""
    pairs = zip(components(chain.query, most), components(chain.keys[key], most), strict=True)
    factors = [f"{q}\u00a0⋅\u00a0{enclosed(k)}" for q, k in pairs]
    multiplied = chain.query * chain.keys[key]
    # Products have at least two decimals, as most factors have.
    products = components(multiplied, min(float(np.abs(multiplied).max()), 1.0))
    first, *others = products
    return {
        "products": f"({', '.join(_abridged(factors))})",
        "multiplied": f"({', '.join(_abridged(products))})",
        "addends": " +\u00a0".join(_abridged([first, *map(enclosed, others)])),
    }


def _abridged(terms: list[str]) -> list[str]:
    return [*terms[:_TERMS], ELLIPSIS, terms[-1]] if len(terms) > _TERMS + 1 else terms


def _vector(numbers: Sequence[str]) -> str:
    shown = [*numbers[:_SHOWN], *([ELLIPSIS] if len(numbers) > _SHOWN else [])]
    return "(" + ", ".join(shown) + ")"


def _softmax(chain: Chain, key: int, *, masked: bool) -> dict[str, str]:
    """The powers of e: of the score, of all tokens' scores together, and of the sink."""
    seen = ~chain.masked
    if chain.sink_key is not None:
        seen[chain.sink_key] = False
    logits = chain.logits[seen]
    sink = -math.inf if chain.sink is None else chain.sink
    highest = float(logits.max(initial=-math.inf))
    # All scores are taken relative to the highest, because powers of large scores overflow.
    total = float(np.exp(logits - highest).sum()) if logits.size else 0.0
    summed = highest + math.log(total) if total else -math.inf
    return {
        **_power("top", -math.inf if masked else float(chain.logits[key])),
        **_power("sum", summed),
        **_power("sink", sink),
        "taken": decimal(1 / (1 + math.exp(min(summed - sink, 700))) if sink > -math.inf else 0, 3),
    }


def _power(name: str, score: float) -> dict[str, str]:
    """A power of e: its digits, and a factor of a power of ten if necessary."""
    if score == -math.inf:
        return {name: "0", f"{name}Ten": ""}
    size = score / math.log(10)
    ten = 0 if _LEAST <= size < _MOST else math.floor(size)
    return {
        name: significant(math.exp(score - ten * math.log(10))),
        f"{name}Ten": str(ten).replace("-", MINUS) if ten else "",
    }
