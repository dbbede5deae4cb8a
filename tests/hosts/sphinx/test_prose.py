"""Prose that refers to figures, in rST and Markdown, in every builder, and its mistakes."""

from __future__ import annotations

import math
import re

import pytest
from bs4 import BeautifulSoup

from tests.conftest import FOX, FOX_ROWS, indent

FIGURE = f".. attention-figure:: {FOX}\n   :name: fox\n\n{indent(FOX_ROWS)}\n   Brown: :attn:weight:`fox brown -> quick`.\n"
PROSE = (
    "See :attn:focus:`how brown looks at quick <fox 0.0 brown -> quick>` with "
    ":attn:weight:`fox 0.0 brown -> quick`, or :attn:focus:`fox brown`, or "
    ":attn:focus:`the figure <fox>`.\n"
)
PAGE = f"Page\n====\n\n.. toctree::\n\n   other\n\n{PROSE}\n{FIGURE}"
OTHER = f"Other\n=====\n\n{PROSE}"
MARKDOWN = (
    "# Other\n\nSee {attn:focus}`how brown looks at quick <fox 0.0 brown -> quick>` with "
    "{attn:weight}`fox 0.0 brown -> quick`.\n\n```{attn:check} fox\n0.0: brown -> quick > 0.1\n"
    "brown -> quick > 0.2\n```\n"
)


def links(html: str) -> list[tuple[str, str, str]]:
    found = BeautifulSoup(html, "html.parser").find_all("a", class_="attention-focus")
    return [(link.text, link["href"], link["data-selection"]) for link in found]


def test_links_and_numbers(project) -> None:
    made = project({"index.rst": PAGE, "other.rst": OTHER})
    made.build(strict=True)
    assert links(made.html()) == [
        ("how brown looks at quick", "#fox", "layer=0&head=0&pin=2.1"),
        ("brown", "#fox", "layer=0&head=0&pin=2"),
        ("the figure", "#fox", ""),
    ]
    assert [href for _, href, _ in links(made.html("other"))] == ["index.html#fox"] * 3
    # 0.15 in the rows.
    assert 'with <span class="attention-number">0.150</span>, or' in made.html("other")
    caption = BeautifulSoup(made.html(), "html.parser").find("figcaption").text
    assert "Brown: 0.150." in caption


@pytest.mark.parametrize(
    ("builder", "file"),
    [
        ("text", "other.txt"),
        ("latex", "p.tex"),
        ("man", "p.1"),
        ("texinfo", "p.texi"),
        ("xml", "other.xml"),
        ("dirhtml", "other/index.html"),
        ("singlehtml", "index.html"),
        ("epub", "other.xhtml"),
    ],
)
def test_every_builder_prints_the_number(project, builder: str, file: str) -> None:
    made = project({"index.rst": PAGE, "other.rst": OTHER}, 'copyright = "2026"\nversion = "1"\n')
    made.build(builder, strict=True)
    text = (made.folder / "_build" / builder / file).read_text(encoding="utf-8")
    plain = " ".join(re.sub(r"<[^>]*>|\\[a-z]+(\[.*?\])?|[{}]", "", text).split())
    assert "how brown looks at quick" in plain
    assert "0.150" in plain


def test_the_link_of_a_single_page_leads_to_its_figure(project) -> None:
    made = project({"index.rst": PAGE, "other.rst": OTHER})
    made.build("singlehtml", strict=True)
    html = made.html(builder="singlehtml")
    ids = {element["id"] for element in BeautifulSoup(html, "html.parser").find_all(id=True)}
    assert {href.partition("#")[2] for _, href, _ in links(html)} <= ids


def test_the_forms_of_numbers(project) -> None:
    prose = (
        ":attn:weight:`0.00 <fox 0.0 brown -> quick>`, :attn:weight:`0 % <fox brown -> quick>`, "
        ":attn:weight:`fox brown -> The + quick`, :attn:score:`0.00 <fox 0.0 self>`"
    ).replace("The", "the")
    made = project({"index.rst": f"P\n=\n\n{FIGURE}\n{prose}\n"})
    made.build(strict=True)
    spans = BeautifulSoup(made.html(), "html.parser").select("p > .attention-number")
    # The row of brown is 0.05, 0.15, 0.60 and 0.20, and (0.70 + 0.50 + 0.60 + 0.60) / 4 is 0.60.
    assert [span.text for span in spans[-4:]] == ["0.15", "15\u00a0%", "0.200", "0.60"]


TOKENS = """
.. attention-figure::
   :name: marks
   :tokens: <s> a </s>

   0.2 0.3 0.5
   0.1 0.9 0.0
   0.4 0.0 0.6

"""


def test_tokens_in_angle_brackets(project) -> None:
    """The brackets of the reference are those that belong to no token."""
    prose = (
        ":attn:weight:`marks 0.0 <s> -> </s>`, :attn:weight:`marks 0.0 a -> <s>`, "
        ":attn:weight:`0.0 <marks 0.0 <s> -> </s>>`, :attn:weight:`0 % <marks 0.0 a -> a + <s>>`, "
        ":attn:focus:`from start to end <marks 0.0 <s> -> </s>>`, "
        ":attn:focus:`marks 0.0 <s> -> </s>`"
    )
    made = project({"index.rst": f"P\n=\n{TOKENS}\n{prose}\n"})
    made.build(strict=True)
    spans = BeautifulSoup(made.html(), "html.parser").select("p > .attention-number")
    assert [span.text for span in spans[-4:]] == ["0.500", "0.100", "0.5", "100\u00a0%"]
    assert links(made.html()) == [
        ("from start to end", "#marks", "layer=0&head=0&pin=0.2"),
        ("<s> → </s>", "#marks", "layer=0&head=0&pin=0.2"),
    ]


@pytest.mark.parametrize(
    "written",
    [
        "how brown looks\nat quick <fox\n0.0 brown -> quick>",
        "how brown looks at quick\n<fox 0.0 brown -> quick>",
        "how brown looks at quick<fox 0.0 brown -> quick>",
    ],
)
def test_a_role_on_several_lines(project, written: str) -> None:
    prose = f":attn:focus:`{written}` :attn:weight:`0.00\n<fox brown ->\nquick>`"
    made = project({"index.rst": f"P\n=\n\n{FIGURE}\n{prose}\n"})
    made.build(strict=True)
    ((text, href, selection),) = links(made.html())
    assert " ".join(text.split()) == "how brown looks at quick"
    assert (href, selection) == ("#fox", "layer=0&head=0&pin=2.1")
    assert ">0.15</span>" in made.html()


def test_probabilities_and_steps(project) -> None:
    story = (
        ".. attention-figure:: candle seven red candle\n   :name: story\n   :model: builtin\n"
        "   :generate: 2\n   :layer: 1\n   :head: 2\n\n"
        ".. attention-figure:: candle seven\n   :name: small\n   :model: builtin\n"
        "   :view: steps\n   :layer: 1\n   :head: 2\n   :focus: seven\n\n"
    )
    prose = (
        ":attn:probability:`story step=1 seven` | :attn:dot:`small 1.2 seven -> candle` | "
        ":attn:logit:`0.0000 <small seven -> candle>` | "
        ":attn:power:`small seven -> <start> + candle + seven` | :attn:weight:`small seven -> candle`"
        "\n\n.. attn:check:: story step=1\n\n   probability of seven is largest\n"
    )
    made = project({"index.rst": f"P\n=\n\n{story}{prose}"})
    made.build(strict=True)
    page = BeautifulSoup(made.html(), "html.parser")
    texts = [span.text.replace("−", "-") for span in page.select("p > .attention-number")[-5:]]
    probability, dot, logit, total, weight = map(float, texts)
    # A head of this model has 64 dimensions.
    assert logit == pytest.approx(dot / 8, abs=0.0002)
    assert weight == pytest.approx(math.exp(logit) / total, abs=0.001)
    # Two of the words occur twice, and seven followed candle.
    assert 0.5 < probability <= 1
    made.write({"index.rst": f"P\n=\n\n{story}{prose.replace('of seven is', 'of red is')}"})
    made.build()
    assert "index.rst:23: WARNING: " in made.warnings


def test_markdown(project) -> None:
    made = project({"index.rst": PAGE, "other.md": MARKDOWN})
    made.build()
    assert links(made.html("other")) == [
        ("how brown looks at quick", "index.html#fox", "layer=0&head=0&pin=2.1")
    ]
    (warning,) = made.warnings.strip().splitlines()
    assert re.search(r"other\.md:7: WARNING: the claim 'brown -> quick > 0\.2' is false", warning)
    assert "[attention.check]" in warning


def test_claims(project) -> None:
    claims = (
        "\n   0.0: brown -> quick > 0.1\n\n   0.0: brown -> quick > 0.2\n   brown -> quik > 0\n"
    )
    made = project({"index.rst": f"P\n=\n\n{FIGURE}\n.. attn:check:: fox\n{claims}\nEnd.\n"})
    made.build()
    assert "claim" not in made.html()
    text = made.folder.joinpath("index.rst").read_text().splitlines()
    message = re.findall(r"index\.rst:(\d+): WARNING: (.*) \[(.*)\]", made.warnings)
    assert [(text[int(line) - 1].strip(), kind) for line, _, kind in message] == [
        ("0.0: brown -> quick > 0.2", "attention.check"),
        ("brown -> quik > 0", "attention.reference"),
    ]
    assert "is 0.150, not > 0.2" in message[0][1]
    assert "did you mean quick?" in message[1][1]
    # The next build checks a page again that has not changed.
    again = made.warnings
    made.build()
    assert made.warnings == again


@pytest.mark.parametrize(
    ("prose", "says"),
    [
        (":attn:focus:`here <foxx>`", "there is no figure of the name 'foxx' (did you mean fox?)"),
        (":attn:weight:`fox brown->fox`", "the arrow in 'fox brown->fox' needs blanks round it"),
        (":attn:weight:`fox brown`", "'fox brown' names no weight: a weight needs two tokens"),
        (":attn:weight:`fox 3.0 brown -> fox`", "the figure fox has no layer 3, expected 0"),
        (":attn:weight:`fox brwn -> fox`", "(did you mean brown?)"),
        (":attn:focus:`fox brown ->`", "needs one token on each side"),
        (":attn:focus:`fox brown -> the + fox`", "a link shows one token or one pair"),
        (":attn:weight:`0.15 <fox brown -> fox>`", "invalid form '0.15' of a number"),
        (":attn:weight:`a lot <fox brown -> fox>`", "invalid form 'a lot' of a number"),
        (":attn:score:`fox 0.0 slef`", "(did you mean self?)"),
        (":attn:probability:`fox brown`", "the figure fox chooses no next token"),
        (":attn:weight:`fox L0H0 brown -> fox`", "a layer and a head are written with a dot"),
        (":attn:focus:`fox brown->fox`", "an arrow has blanks round it: brown -> quick"),
        (":attn:dot:`fox brown -> fox`", "there is no dot of brown -> fox"),
    ],
)
def test_missing_targets_are_reported_with_their_line(project, prose: str, says: str) -> None:
    made = project({"index.rst": f"P\n=\n\n{FIGURE}\nA line.\n\nSay {prose}.\n"})
    made.build()
    line = made.folder.joinpath("index.rst").read_text().splitlines().index(f"Say {prose}.") + 1
    assert f"index.rst:{line}: WARNING: " in made.warnings
    assert says in made.warnings
    assert "[attention.reference]" in made.warnings
    problem = BeautifulSoup(made.html(), "html.parser").find(class_="attention-problem").text
    assert says in problem


def test_a_name_of_two_figures(project) -> None:
    second = FIGURE.replace("Brown: :attn:weight:`fox brown -> quick`.", "Other.")
    third = "T\n=\n\n:attn:focus:`fox`\n"
    made = project(
        {
            "index.rst": PAGE,
            "other.rst": f"O\n=\n\n{second}\n:attn:focus:`fox`\n",
            "third.rst": third,
        }
    )
    made.build()
    # On a page with a figure of that name, the name means this figure.
    assert [href for _, href, _ in links(made.html("other"))] == ["#fox"]
    assert "the name 'fox' is ambiguous: figures of index or other have it" in made.warnings


def test_a_page_is_written_again_when_a_number_of_another_page_changes(project) -> None:
    made = project({"index.rst": PAGE, "other.rst": OTHER})
    made.build(strict=True)
    made.build(strict=True)
    assert "no targets are out of date" in made.status
    made.write({"index.rst": PAGE.replace("0.15 0.60", "0.25 0.50")})
    made.build(strict=True)
    assert "0.250" in made.html("other")


def test_pages_without_a_figure_load_the_script_of_the_links_alone(project) -> None:
    made = project({"index.rst": PAGE, "other.rst": OTHER, "third.rst": "T\n=\n\nText.\n"})
    made.build()
    assert "attention-prose.js" in made.html("other")
    assert "attention.js" not in made.html("other")
    assert {"attention-prose.js", "attention.js"} <= set(
        re.findall(r"attention[a-z-]*\.js", made.html())
    )
    assert "attention" not in made.html("third")


def test_an_empty_check(project) -> None:
    made = project({"index.rst": f"P\n=\n\n{FIGURE}\n.. attn:check:: fox\n\nEnd.\n"})
    made.build()
    assert "index.rst:14: WARNING: there is nothing to check" in made.warnings


def test_a_check_without_a_figure(project) -> None:
    check = ".. attn:check::\n\n   brown -> fox > 0.1\n"
    made = project({"index.rst": f"P\n=\n\n{FIGURE}\n{check}\nEnd.\n"})
    made.build()
    (message,) = [line for line in made.warnings.splitlines() if line.strip()]
    assert "index.rst:14: WARNING: the name of the figure is missing: write it on the" in message


def test_a_check_without_a_blank_line(project) -> None:
    check = ".. attn:check:: fox\n   brown -> fox > 0.1\n   fox -> fox > 0.1\n"
    made = project({"index.rst": f"P\n=\n\n{FIGURE}\n{check}\nEnd.\n"})
    made.build()
    (message,) = [line for line in made.warnings.splitlines() if "WARNING" in line]
    assert "index.rst:14: WARNING: the line 'brown -> fox > 0.1' belongs to the name" in message


def test_parallel_reading_and_writing_say_the_same(project) -> None:
    pages = {f"p{n}.rst": OTHER for n in range(8)}
    made = project({"index.rst": PAGE, "other.rst": OTHER, **pages}, "exclude_patterns = []\n")
    made.build(parallel=2)
    other = made.html("p3")
    alone = project({"index.rst": PAGE, "other.rst": OTHER, **pages})
    alone.build()
    assert other == alone.html("p3")
    assert links(other)
