"""The characters beyond ASCII that pdfTeX can set."""

from __future__ import annotations


def _commands(letters: str, names: str) -> dict[str, str]:
    """Letters with the commands of these names."""
    return {one: f"\\{name}" for one, name in zip(letters, names.split(), strict=True)}


_MATHS = {
    "\u2205": r"\emptyset",
    "\u2212": "-",
    "\u221e": r"\infty",
    "\u221a": r"\surd",
    "\u22c5": r"\cdot",
    "\u2211": r"\sum",
    "\u220f": r"\prod",
    "\u222b": r"\int",
    "\u2202": r"\partial",
    "\u2207": r"\nabla",
    "\u2200": r"\forall",
    "\u2203": r"\exists",
    "\u2208": r"\in",
    "\u2209": r"\notin",
    "\u2227": r"\wedge",
    "\u2228": r"\vee",
    "\u2229": r"\cap",
    "\u222a": r"\cup",
    "\u223c": r"\sim",
    "\u2248": r"\approx",
    "\u2260": r"\neq",
    "\u2261": r"\equiv",
    "\u2264": r"\leq",
    "\u2265": r"\geq",
    "\u2282": r"\subset",
    "\u2283": r"\supset",
    "\u2286": r"\subseteq",
    "\u2190": r"\leftarrow",
    "\u2191": r"\uparrow",
    "\u2192": r"\rightarrow",
    "\u2193": r"\downarrow",
    "\u2194": r"\leftrightarrow",
    "\u21a9": r"\hookleftarrow",
    "\u21aa": r"\hookrightarrow",
    "\u21b5": r"\hookleftarrow",
    "\u21e5": r"\rightarrow\!\vert",
    "\u23ce": r"\hookleftarrow",
    "\u21d0": r"\Leftarrow",
    "\u21d2": r"\Rightarrow",
    "\u21d4": r"\Leftrightarrow",
    "\u22ef": r"\cdots",
    "\u22ee": r"\vdots",
    "\u25b3": r"\triangle",
    "\u25cb": r"\circ",
    "\u25cf": r"\bullet",
    "\u2605": r"\star",
    "\u2713": r"\checkmark",
    "\u27e8": r"\langle",
    "\u27e9": r"\rangle",
    **_commands(
        "αβγδεζηθικλμνξπρστυφχψω",
        "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma "
        "tau upsilon varphi chi psi omega",
    ),
    "ς": r"\varsigma",
    "ϑ": r"\vartheta",
    "ϕ": r"\phi",
    "ϵ": r"\epsilon",
    **_commands("ΓΔΘΛΞΠΣΥΦΨΩ", "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"),
}

DRAWN_BY_PDFTEX = {
    "\u2581": r"\AttentionLowBlock{}",
    "\uff5c": r"\AttentionWide{\textbar{}}",
    "\u2423": r"\textvisiblespace{}",
    "\u2026": r"\textellipsis{}",
    "\u2e2c": r"\textellipsis{}",
    **{one: rf"\ensuremath{{{code}}}" for one, code in _MATHS.items()},
}
"""The characters that are written by commands, because no encoding of pdfTeX has them."""

# The characters of the encodings T1, TS1, OMS and OT1, which LaTeX declares for pdfTeX.
_DECLARED = (
    "A0-125 128-137 139-13E 141-148 14A-165 168-17E 192 1CD-1D4 1E6-1E9 1F0 1F4-1F5 218-21B "
    "232-233 237 2C7 2D8-2D9 2DB 2DD 1E02-1E03 1E0D 1E1E-1E21 1E25 1E30-1E31 1E37 1E43 1E45 1E47 "
    "1E5B 1E63 1E6D 1E8E-1E91 1E9E 1EF2-1EF3 2010-2015 2018-201A 201C-201E 2020-2022 2030 "
    "2039-203A 2044 20AC 2122 FB00-FB06"
)
SETTABLE = frozenset(
    chr(code)
    for run in _DECLARED.split()
    for code in range(int(run.split("-")[0], 16), int(run.split("-")[-1], 16) + 1)
)
"""The characters that pdfTeX sets in every document."""
