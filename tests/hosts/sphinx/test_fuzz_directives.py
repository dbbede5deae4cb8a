"""Any content of a directive gives a figure, an admonition or a located warning.

The documents are parsed by the real parsers in one application, and figures of given numbers are
drawn; nothing is written. A failure is an exception that leaves the parser or the drawing, or a
doctree that cannot be kept or written.
"""

from __future__ import annotations

import contextlib
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sphinx.testing.util import SphinxTestApp
from sphinx.util.docutils import sphinx_domains

from sphinx_attention.core.authoring.options import OPTIONS
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.render.html import render_html
from sphinx_attention.hosts.sphinx.nodes import attention_figure
from sphinx_attention.hosts.sphinx.visitors import figure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils import nodes

pytestmark = pytest.mark.slow

NAMES = [*OPTIONS, "caption", "name", "class", "align", "collapsible", "layr", "x"]

LONG = ["9" * 5000, "[" * 3000, "a" * 5000]
PLACES = ["~nobody/x", "/dev/zero", "../..", "%ff=%"]
SHORT = r'² \ud800 "\ud800" ["a" -1 1e999 nan 0-9999 a#² # | & *a ` |a| { } --- ::: ``` .. \ = <b>'
ODD = st.sampled_from([*LONG, *PLACES, *SHORT.split(), "'", '"', "\x00", "\u2028", "\u202e"])
TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=30
)
WORDS = st.lists(
    st.one_of(
        st.sampled_from(["a", "the", "fox", "[MASK]", "0.5", "1/2", "50%", "-", ",", "nan"]),
        ODD,
        TEXT,
    ),
    max_size=5,
)
VALUE = st.one_of(ODD, TEXT, WORDS.map(" ".join))
OPTION = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "  ", "- ", "\t"]),
    st.sampled_from([":{}: ", ":{}:", "{}=", "{}: ", ":{} "]).flatmap(
        lambda form: st.sampled_from(NAMES).map(form.format)
    ),
    VALUE,
    st.just(""),
)
SOUND = {"a": "1", "[S] b": "1 0\n0.5 0.5", "a b a": "1 0 0\n0 1 -\n0.2 0.3 0.5"}
ROWS = st.lists(
    st.lists(st.sampled_from(["0.5", "1", "0", "-", "nan", "x", "50%", "1e400"]), max_size=4),
    max_size=4,
).map(lambda rows: "\n".join(" ".join(row) for row in rows))
BODY = st.one_of(ROWS, TEXT, OPTION, st.lists(st.one_of(TEXT, OPTION), max_size=3).map("\n".join))


@st.composite
def directives(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    name = draw(st.sampled_from(["attention", "attention-figure"]))
    if draw(st.booleans()):
        text, rows = draw(st.sampled_from(list(SOUND.items())))
        return name, text, [*draw(st.lists(OPTION, max_size=3)), "", *rows.split("\n")]
    own = draw(WORDS.map(" ".join))
    lines = draw(st.lists(st.one_of(OPTION, st.just("")), max_size=4))
    return name, own, [*lines, draw(st.sampled_from(["", "\n"])), *draw(BODY).split("\n")]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SphinxTestApp]:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "conf.py").write_text(
        'extensions = ["sphinx_attention", "myst_parser"]\nmyst_enable_extensions = ["colon_fence"]\n'
        'attention_model = "builtin"\nattention_models = {"m": {"path": "nowhere"}}\n'
    )
    (folder / "index.rst").write_text("P\n=\n")
    (folder / "page.md").write_text("# P\n")
    made = SphinxTestApp("dummy", srcdir=folder)
    made.builder.read()
    yield made
    made.cleanup()


def read(app: SphinxTestApp, docname: str, source: str) -> nodes.document:
    """Read a document as a build does, and check that its doctree can be pickled."""
    path = app.srcdir / app.env.doc2path(docname, base=False)
    path.write_bytes(source.encode("utf-8", "replace"))
    with sphinx_domains(app.env):
        app.builder.read_doc(docname)
    doctree = app.env.get_doctree(docname)
    for figure in doctree.findall(attention_figure):
        spec: Any = figure.spec
        assert pickle.loads(pickle.dumps(spec)).request.key == spec.request.key
        repr(spec).encode()
        with contextlib.suppress(AttentionError):
            drawn = figure_of(app.env, figure)
            render_html(drawn, figure["uid"]).encode()
    doctree.pformat().encode()
    return doctree


BOUNDED = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@BOUNDED
@given(directives())
@example(("attention-figure", "", ["      the quick brown fox"]))
@example(("attention-figure", "a b", [":focus: ²", "", "0.5 0.5", "0.5 0.5"]))
@example(("attention-figure", "a b", [":tokens: " + "[" * 100_000, "", "1"]))
@example(("attention-figure", "a b", [":model: " + "m" * 5000]))
@example(("attention-figure", "a b", [":model: ~nobody/there"]))
@example(("attention-figure", "a b", [":matrix: /dev/zero"]))
@example(("attention", "a b", [":layr:0"]))
def test_any_directive_in_rst(app: SphinxTestApp, written: tuple[str, str, list[str]]) -> None:
    name, own, lines = written
    body = "\n".join(f"   {line}" for line in "\n".join(lines).split("\n"))
    read(app, "index", f"P\n=\n\n.. {name}:: {own}\n{body}\n\nThe rest.\n")


@BOUNDED
@given(directives(), st.sampled_from(["```", ":::", "~~~~"]))
@example(("attention-figure", "a b", [':link: "\\ud800"', ':part: "\\ud800"']), "```")
@example(("attention-figure", "a b", [':name: "\\ud800"']), "```")
@example(("attention-figure", "a b", [':class: "\\ud800"', ':caption: "\\ud800"']), "```")
@example(("attention-figure", "a b", [':tokens: ["\\ud800"]', "", "1"]), "```")
def test_any_directive_in_myst(
    app: SphinxTestApp, written: tuple[str, str, list[str]], fence: str
) -> None:
    name, own, lines = written
    body = "\n".join(lines)
    read(app, "page", f"# P\n\n{fence}{{{name}}} {own}\n{body}\n{fence}\n\nThe rest.\n")
