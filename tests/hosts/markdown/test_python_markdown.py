"""The extension in Python-Markdown alone, and the reading of fences."""

from __future__ import annotations

import logging

import pytest
from bs4 import BeautifulSoup
from markdown import Markdown

import sphinx_attention
from sphinx_attention.hosts.markdown import fence, validate
from sphinx_attention.hosts.markdown.fences import find_fences
from tests.core.pictures import noise, written

OURS = "sphinx_attention.hosts.markdown"
FENCES = "pymdownx.superfences"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def soup(text: str, *extensions: str, **settings: object) -> BeautifulSoup:
    md = Markdown(extensions=[*extensions, OURS], extension_configs={OURS: settings})
    return BeautifulSoup(md.convert(text), "html.parser")


@pytest.mark.parametrize("extensions", [(), ("fenced_code",), (FENCES,)])
def test_a_figure_needs_no_other_extension(extensions: tuple[str, ...]) -> None:
    page = soup(
        'Text.\n\n```attention layer="2" focus="fox"\nthe quick brown fox\n\nA *caption*.\n```\n',
        *extensions,
    )
    (figure,) = page.select("figure.attention-figure")
    assert figure["data-layer"] == "2"
    assert figure.select_one("figcaption em").get_text() == "caption"
    expected = sphinx_attention.attention("the quick brown fox").weights[
        2, int(figure["data-head"]), 4
    ]
    strongest = figure.select_one(".attention-scores .attention-strong .attention-number")
    assert float(strongest.get_text()) == pytest.approx(expected.max(), abs=0.0006)
    # The scripts and the style sheet stand before the figure, once.
    assert len(page.select("style")) == 1
    assert page.select_one(".attention-assets").find_next_sibling() == figure


def test_ids_differ_and_start_again() -> None:
    text = "```attention\nthe quick\n```\n\n```attention\nthe quick\n```\n"
    md = Markdown(extensions=[OURS])
    first = BeautifulSoup(md.convert(text), "html.parser")
    ids = [element["id"] for element in first.select("[id]")]
    assert len(ids) == len(set(ids)) > 2
    again = BeautifulSoup(md.reset().convert(text), "html.parser")
    assert [element["id"] for element in again.select("[id]")] == ids
    assert len(again.select("style")) == 1


def test_where_a_fence_is_text(caplog: pytest.LogCaptureFixture) -> None:
    inner = '```attention layr="1"\nthe quick\n```'
    indented = "".join(f"    {line}\n" for line in inner.splitlines())
    page = soup(
        f"Code:\n\n{indented}\n\n````markdown\n{inner}\n````\n\n~~~\n{inner}\n~~~\n", FENCES
    )
    assert not page.select("figure, .attention-placeholder, .attention-assets")
    assert [code.get_text().strip() for code in page.select("code")] == [inner] * 3
    assert not caplog.records


@pytest.mark.parametrize("extension", ["tables", "fenced_code", "pymdownx.superfences"])
def test_a_backtick_in_the_value_of_an_option(extension: str) -> None:
    source = (
        '```attention caption="The `quick` fox"\nthe quick\n```\n\nThis is ```attention="x"``` code.\n\n'
        '```attention layer="0"\na b\n```\n'
    )
    html = Markdown(extensions=["sphinx_attention.hosts.markdown", extension]).convert(source)
    assert html.count("<figure ") == 2
    assert "<figcaption><p>The <code>quick</code> fox</p></figcaption>" in html.replace("\n", "")


@pytest.mark.parametrize("extension", ["tables", "fenced_code", FENCES])
@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('```attenton layer="1"\nthe quick\n```', "'attenton' is not its name: write 'attention'"),
        ("~~~ Attention\nthe quick\n~~~", "'Attention' is not its name: write 'attention'"),
        ("```atention-check\na\n```", "'atention-check' is not its name: write 'attention-check'"),
        ("```{attention-figure} a\n```", "'attention-figure' is not its name: write 'attention'"),
        ("```{attention}\nthe quick\n```", "'{attention}' is not its name: write 'attention'"),
        ("```attention `a`\nthe quick\n```", "its first line has a backtick: remove the backtick"),
        ("```attention\nthe quick\n", "no line with '```' alone closes it: add the line"),
    ],
)
def test_a_fence_that_is_read_as_something_else(
    extension: str, source: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not soup(f"# P\n\n{source}\n", extension).select("figure")
    assert [record.getMessage() for record in caplog.records] == [
        f"Markdown:3: this fence is not read as a figure, because {why} [attention.option]"
    ]


def test_fences_that_are_no_figures_give_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    soup(
        "```attention``` begins a fence.\n\n```python\nattention = 1\n```\n\n```{intention}\na\n```\n\n"
        "````\n```attenton\na\n```\n````\n",
        FENCES,
    )
    assert not caplog.records


def test_in_lists_quotes_and_admonitions() -> None:
    inner = "```attention\nthe quick\n```"
    deep = "".join(f"    {line}\n" for line in inner.splitlines())
    quoted = "".join(f"> {line}\n" for line in inner.splitlines())
    text = f"1. One\n\n{deep}\n\n!!! note\n\n{deep}\n\n{quoted}\n"
    page = soup(text, FENCES, "admonition")
    assert [figure.parent.name for figure in page.select("figure")] == ["li", "div", "blockquote"]


def test_the_fence_without_the_extension() -> None:
    custom = [{"name": "attention", "class": "attention", "format": fence, "validator": validate}]
    md = Markdown(extensions=[FENCES], extension_configs={FENCES: {"custom_fences": custom}})
    text = '```attention name="fox" layer="1"\nthe quick brown fox\n```\n\n{attn:weight}`fox 1.3 fox -> fox`'
    page = BeautifulSoup(md.convert(text), "html.parser")
    assert page.select_one("figure#fox")["data-layer"] == "1"
    assert len(page.select_one("p .attention-number").get_text()) == 5


@pytest.mark.parametrize(
    ("first", "options", "rest"),
    [
        ('attention layer="1" also="a | b"', {"layer": "1", "also": "a | b"}, ""),
        ("attention layer=1 causal", {"layer": "1", "causal": ""}, ""),
        ("attention note='fox | the \"word\"'", {"note": 'fox | the "word"'}, ""),
        ('{.attention #fox .wide layer="1"}', {"name": "fox", "class": "wide", "layer": "1"}, ""),
        ("attention {#fox}", {"name": "fox"}, ""),
        ("attention the quick fox!", {"the": "", "quick": ""}, "fox!"),
    ],
)
def test_options(first: str, options: dict[str, str], rest: str) -> None:
    (found,) = find_fences(["", f"```{first}", "text", "```"])
    assert (found.options, found.rest, found.line, found.body) == (options, rest, 2, ("text",))


def test_every_kind_of_body(caplog: pytest.LogCaptureFixture, tmp_path) -> None:
    (tmp_path / "rows.csv").write_text("0.7,0.3\n0.2,0.8\n", encoding="utf-8")
    bodies = {
        "": "the quick\n0.7 0.3\n0.2 0.8",
        'tokens="New York"': "0.7 0.3\n0.2 0.8\n\nA caption.",
        'matrix="rows.csv"': "the quick\n\nA caption.",
        'caption="A caption." view="heads"': "the quick\n\n0.7 0.3\n0.2 0.8",
    }
    page = soup("\n\n".join(f"```attention {head}\n{body}\n```" for head, body in bodies.items()))
    assert not caplog.records
    figures = page.select("figure")
    assert [len(figure.select("figcaption")) for figure in figures] == [0, 1, 1, 1]
    for figure in figures:
        assert "0.800" in figure.get_text()


def test_mistakes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        page = soup(
            "```attention\n```\n\n```attention the quick!\nfox\n```\n\n```attention-check\nfox\n```\n\n"
            '```attention name="a"\nthe quick\n```\n\n```attention name="a"\nthe quick\n```\n\n'
            "{attn:focus}`a 9.9 the`\n"
        )
    reported = [record.getMessage() for record in caplog.records]
    assert "Markdown:1: the text is missing" in reported[0]
    assert "Markdown:4: 'quick!' in the first line of the fence is not an option" in reported[1]
    assert "Markdown:16: the name 'a' is taken by a figure above" in reported[2]
    assert "Markdown:8: there is nothing to check" in reported[3]
    assert "Markdown:20: invalid value 9 for layer" in reported[4]
    assert len(reported) == 5
    assert len(page.select(".attention-placeholder")) == 2
    assert "invalid value 9" in page.select_one(".attention-problem").get_text()


def test_the_title_stays_the_first_element() -> None:
    figure = '```attention name="fox" layer="0" head="2"\nthe quick brown fox\n```\n'
    page = soup(
        f"# Of {{attn:focus}}`fox` and {{attn:weight}}`fox fox -> quick`\n\nText.\n\n{figure}"
    )
    assert next(page.children).name == "h1"
    assert page.select_one("h1 + .attention-assets") is not None
    page = soup(f"# Of {{attn:weight}}`fox fox -> quick`\n\nText.\n\n{figure}")
    assert page.select_one("p + .attention-assets + figure") is not None


def test_a_placeholder_alone_has_its_style() -> None:
    page = soup("Text.\n\n```attention layr=1\nfox\n```\n")
    assert page.select_one("style") is not None


def test_hostile_texts_are_data() -> None:
    text = '</script><img src=x onerror="alert(1)"> & \u0002wzxhzdk:0\u0003 fox'
    page = soup(f'```attention\n{text}\n```\n\n```attention layer="<b>"\n<i>&\n```\n')
    assert not page.select("img, i, b")
    assert page.select_one("figure") is not None
    assert "onerror" in page.select_one("figure svg").get_text()


def test_pictures_and_their_descriptions(tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("circle", "cross"):
        (tmp_path / f"{name}.png").write_bytes(written(noise(24, 24, len(name))))
    fence = '```attention image="circle.png | cross.png" model="builtin-vision" alt="{}"\n```\n'
    page = soup(fence.format("a circle | a cross"), FENCES)
    names = [option.get_text() for option in page.select("select[name=picture] option")]
    assert names == ["a circle", "a cross"]
    assert not caplog.records
    soup(fence.format("a circle"), FENCES)
    (record,) = caplog.records
    assert "the picture 'cross.png' has no description" in record.getMessage()
