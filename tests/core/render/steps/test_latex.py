"""The formulas of the steps as LaTeX: the numbers are those of the page."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.render.latex.figure import render_latex
from sphinx_attention.core.render.registry import draw
from sphinx_attention.core.sources.builtin.runner import read
from tests.core.render.figures import figure


def test_every_step_has_its_formula_with_the_numbers_of_the_page() -> None:
    context = HostContext(Settings(model="builtin"), Path(), Path)
    spec = parse("the cat sat", {"view": "steps", "focus": "sat"}, None, context)
    made = resolve(spec, read(spec.request))
    view = draw(made).content
    code = render_latex(made).code
    steps = re.findall(r"\\AttentionStep\{(\d)\}\{(.*?)\}\{(.*)\}%", code)
    assert [int(number) for number, _, _ in steps] == [panel.number for panel in view.panels]
    formulas = {panel.kind: line for panel, (_, _, line) in zip(view.panels, steps, strict=True)}
    for kind, part in (("dot", "dot"), ("scale", "scaled"), ("softmax", "share")):
        number = view.parts[part].replace("\u2212", "-")
        assert formulas[kind].endswith(rf"\AttentionResult{{{number}}}")
    assert not re.search("[^\x00-\x7f]", "".join(formulas.values()))


def test_why_there_are_no_sums_is_said() -> None:
    code = render_latex(figure("a b", [[1, 0], [0.5, 0.5]], view="steps")).code
    assert "The sums behind these weights cannot be shown" in code
