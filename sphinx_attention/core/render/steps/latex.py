"""The sums of the steps view as formulas of LaTeX, one line or two for each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx_attention.core.figure.figure import Figure

    from .draw import Steps

_SIGNS = str.maketrans(
    {
        "\u2212": "-",
        "\u22c5": r"\cdot ",
        "\u221e": r"\infty ",
        "…": r"\ldots ",
        "\u00a0": r"\,",
        ",": r",\:",
    }
)
# At a sink, there are no sums before the softmax.
_AT_SINK = frozenset({"softmax", "value", "written"})
_NEXT = r"\\"


def formulas(figure: Figure, view: Steps, text: Callable[[str], str]) -> str:
    """The formulas for the place below the picture.

    Args:
        figure: the figure.
        view: the content of its drawing.
        text: writes a text as LaTeX.
    """
    if view.missing:
        return f"\\AttentionNote{{{text(figure.say('missing', reason=view.missing))}}}%\n"
    rows = []
    for panel in view.panels:
        if view.at_sink and panel.kind not in _AT_SINK:
            continue
        title = text(figure.say(f"panel_{panel.title}"))
        lines = _NEXT.join(_lines(view, panel.kind, text))
        rows.append(f"\\AttentionStep{{{panel.number}}}{{{title}}}{{{lines}}}%\n")
    return f"\\AttentionSteps{{%\n{''.join(rows)}}}%\n" if rows else ""


def _lines(view: Steps, kind: str, text: Callable[[str], str]) -> list[str]:
    """The lines of one formula, with a mark before each equals sign that stands below another."""
    query, key = (rf"_{{\text{{{text(name)}}}}}" for name in (view.query, view.key))
    n = {name: number.translate(_SIGNS) for name, number in view.parts.items()}
    if kind == "multiply":
        return [
            rf"q{query}\times k{key}&={n['products']}",
            rf"&={_bold(n['multiplied'])}",
        ]
    if kind == "scale":
        return [_scale(view, n)]
    if kind == "softmax":
        return [_softmax(view, n)]
    if kind == "written":
        share = view.parts["written"]
        is_number = share.replace(".", "").isdigit()
        return [_written(n, share if is_number else rf"\text{{{text(share)}}}")]
    total = rf"\sum_n q_n k_n={n['addends']}"
    capped = rf"{n['cap']}\tanh\frac{{{n['scaled']}}}{{{n['cap']}}}"
    value = rf"{n['share']}\cdot {n['value']}+\cdots"
    one_line = {
        "dot": rf"q{query}\cdot k{key}&={total}={_bold(n['dot'])}",
        "cap": rf"s&\leftarrow c\tanh\frac{{s}}{{c}}={capped}={_bold(n['capped'])}",
        "bias": rf"s&\leftarrow s+b={n['capped']}+{n['added']}={_bold(n['score'])}",
        "value": rf"o{query}&=\sum_j\alpha_j v_j={value}={_bold(n['output'])}",
    }
    return [one_line[kind]]


def _scale(view: Steps, n: dict[str, str]) -> str:
    both = r"q\cdot k"
    steps = [both]
    if view.shape.scaled and view.shape.root:
        root = rf"\sqrt{{{n['radicand']}}}"
        steps = [rf"\frac{{{one}}}{{{root}}}" for one in (both, n["dot"])]
    elif view.shape.scaled:
        steps = [rf"{n['factor']}\cdot {one}" for one in (both, n["dot"])]
    return f"s&={'='.join(steps)}={_bold(n['scaled'])}"


def _softmax(view: Steps, n: dict[str, str]) -> str:
    letters, total = r"\sum_j e^{s_j}", _power(n, "sum")
    if view.shape.sink:
        letters += r"+e^{\text{sink}}"
        total += f"+{_power(n, 'sink')}"
    steps = [
        rf"\frac{{e^s}}{{{letters}}}",
        rf"\frac{{e^{{{n['score']}}}}}{{{total}}}",
        rf"\frac{{{_power(n, 'top')}}}{{{total}}}",
    ]
    return rf"\alpha&={'='.join(steps)}={_bold(n['share'])}"


def _written(n: dict[str, str], result: str) -> str:
    steps = [
        rf"\frac{{{n['alpha']}\cdot {n['norm']}}}{{{n['lengths']}}}",
        rf"\frac{{{n['length']}}}{{{n['lengths']}}}",
    ]
    share = r"\frac{\alpha\|f(x)\|}{\sum_j\alpha_j\|f(x_j)\|}"
    return rf"{share}&={'='.join(steps)}={_bold(result)}"


def _power(n: dict[str, str], name: str) -> str:
    ten = n[f"{name}Ten"]
    return rf"{n[name]}\times10^{{{ten}}}" if ten else n[name]


def _bold(number: str) -> str:
    return rf"\AttentionResult{{{number}}}"
