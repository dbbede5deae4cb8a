"""Figures of pictures in a Sphinx project: files, dependencies, messages, and frozen builds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from sphinx.util.docutils import patch_docutils

from tests.core.pictures import noise, written
from training.vision.pictures import SCENES
from training.vision.shapes import paint

if TYPE_CHECKING:
    from tests.conftest import Project

CIRCLE = written(Image.fromarray(paint(SCENES["circle"], 96)))
FIGURE = """
.. attention-figure::
   :image: {image}
   :model: builtin-vision
   :alt: a red circle
"""
SEEN = "   :image: pictures/circle.png\n   :model: builtin-vision\n   :alt: x\n"
HREF = re.compile(r'<image class="attention-seen"[^>]* xlink:href="([^"]+)"')


def made_with(project, files: dict[str, str], conf: str = "", **pictures: bytes) -> Project:
    made = project(files, conf)
    (made.folder / "pictures").mkdir()
    for name, data in (pictures or {"circle": CIRCLE}).items():
        (made.folder / "pictures" / f"{name}.png").write_bytes(data)
    return made


def index(*images: str) -> str:
    return "I\n=\n" + "".join(FIGURE.format(image=image) for image in images)


def test_a_picture_is_one_file_of_all_pages(project) -> None:
    files = {
        "index.rst": index("pictures/circle.png", "/pictures/circle.png"),
        "below/page.rst": ":orphan:\n\nP\n=\n" + FIGURE.format(image="../pictures/circle.png"),
        "below/myst.md": "---\norphan: true\n---\n# M\n\n```{attention-figure}\n"
        ":image: /pictures/circle.png\n:model: builtin-vision\n:alt: a red circle\n```\n",
    }
    made = made_with(project, files)
    made.build(strict=True)
    out = made.folder / "_build" / "html"
    (picture,) = out.rglob("attention-*.png")
    for page, before in (("index", ""), ("below/page", "../"), ("below/myst", "../")):
        urls = HREF.findall(made.html(page))
        assert urls
        assert set(urls) == {f"{before}_static/attention/{picture.name}"}
        assert "data:image" not in made.html(page)
    with Image.open(picture) as seen:
        assert seen.size == (48, 48)
    # The search finds the description, and no number.
    found = (out / "searchindex.js").read_text(encoding="utf-8")
    assert '"circl"' in found


def test_a_changed_picture_is_captured_again(project) -> None:
    made = made_with(project, {"index.rst": index("pictures/circle.png")})
    made.build(strict=True)
    first = HREF.findall(made.html("index"))
    made.build(strict=True)
    assert HREF.findall(made.html("index")) == first
    cross = written(Image.fromarray(paint(SCENES["cross"], 96)))
    (made.folder / "pictures" / "circle.png").write_bytes(cross)
    made.build(strict=True)
    assert HREF.findall(made.html("index")) != first
    assert len(list((made.folder / "_attention").rglob("*.attn"))) == 2


def test_a_frozen_build_needs_neither_the_model_nor_pytorch(project) -> None:
    made = made_with(project, {"index.rst": index("pictures/circle.png")})
    made.build(strict=True)
    shown = made.html("index")
    code = (
        "import sys; from sphinx.cmd.build import main; "
        f"end = main(['-q', '-W', '-D', 'attention_mode=frozen', {str(made.folder)!r}, "
        f"{str(made.folder / 'frozen')!r}]); "
        "assert 'torch' not in sys.modules; "
        "assert 'sphinx_attention.core.sources.builtin.vision' not in sys.modules; sys.exit(end)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    frozen = (made.folder / "frozen" / "index.html").read_text(encoding="utf-8")
    assert HREF.findall(frozen) == HREF.findall(shown)


@pytest.mark.parametrize(
    ("figure", "kind", "says"),
    [
        (
            "   :image: gone.png\n   :model: builtin-vision\n   :alt: x\n",
            "picture",
            "image: gone.png cannot be read",
        ),
        (
            "   :image: pictures/circle.pgn\n   :model: builtin-vision\n   :alt: x\n",
            "picture",
            "did you mean circle.png?",
        ),
        (
            "   :image: /etc/passwd\n   :model: builtin-vision\n   :alt: x\n",
            "picture",
            "cannot be read",
        ),
        (
            "   :image: ../../x.png\n   :model: builtin-vision\n   :alt: x\n",
            "picture",
            "outside the folder of the sources",
        ),
        (
            "   :image: index.rst\n   :model: builtin-vision\n   :alt: x\n",
            "picture",
            "is not a picture that can be read",
        ),
        (
            "   :image: https://x.org/a.png\n   :model: builtin-vision\n   :alt: x\n",
            "picture",
            "is an address",
        ),
        ("   :image:\n   :alt: x\n", "option", "expected some text"),
        (
            "   :image: pictures/circle.png\n   :model: builtin\n   :alt: x\n",
            "model",
            "takes text, not pictures: name a model of pictures in the option model, such as bu",
        ),
        (
            "   :image: pictures/circle.png\n   :alt: x\n",
            "model",
            "there is no model that sees the picture",
        ),
        (
            "   :image: pictures/circle.png\n   :model: builtin-vision\n   :alt: x\n   :pair: y\n",
            "option",
            "pair does not go with the option image",
        ),
        (
            SEEN + "   :generate: 3\n",
            "option",
            "generate does not go with the option image",
        ),
        (
            "   :image: pictures/circle.png\n   :alt: x\n\n   1 0\n   0 1\n",
            "option",
            "image needs a model",
        ),
        (
            SEEN + "   :view: matrix\n   :boost: sqrt\n",
            "option",
            "boost belongs to the view image",
        ),
        (
            SEEN + "   :focus: 9,9\n",
            "option",
            "invalid value '9,9' for focus",
        ),
    ],
)
def test_mistakes_name_their_line(project, figure: str, kind: str, says: str) -> None:
    made = made_with(project, {"index.rst": f"I\n=\n\n.. attention-figure::\n{figure}"})
    made.build()
    reported = " ".join(made.warnings.split())
    assert says in reported
    assert f"[attention.{kind}]" in reported
    assert re.search(r"index\.rst:(4|8|7|9)", reported)
    assert made.warnings.count("WARNING") == 1


def test_a_view_of_pictures_without_one(project) -> None:
    made = made_with(
        project,
        {"index.rst": "I\n=\n\n.. attention:: the fox\n   :view: image\n"},
        'attention_model = "builtin"\n',
    )
    made.build()
    assert "the view image shows a picture, and this figure has none" in made.warnings


def test_a_picture_without_a_description_is_drawn_with_a_warning(project) -> None:
    figure = FIGURE.replace("   :alt: a red circle\n", "").format(image="pictures/circle.png")
    made = made_with(project, {"index.rst": f"I\n=\n{figure}"})
    made.build()
    assert "the picture 'pictures/circle.png' has no description" in made.warnings
    assert "[attention.picture]" in made.warnings
    assert HREF.findall(made.html("index"))
    made.build(
        strict=True, freshenv=True, confoverrides={"suppress_warnings": ["attention.picture"]}
    )


def test_no_file_is_read_where_docutils_may_read_none(project) -> None:
    made = made_with(project, {"index.rst": index("pictures/circle.png")})
    with patch_docutils(made.folder):
        made.build(docutils_conf="[general]\nfile_insertion_enabled: no\n")
    assert "is not read, because file_insertion_enabled is off" in made.warnings


def test_the_default_view_of_a_project_is_for_its_texts(project) -> None:
    files = {"index.rst": index("pictures/circle.png") + "\n.. attention:: the fox\n"}
    conf = 'attention_model = "builtin"\nattention_view = "matrix"\n'
    made = made_with(project, files, conf)
    made.build(strict=True)
    assert re.findall(r'data-view="(\w+)"', made.html("index")) == ["image", "matrix"]


def test_other_views_draw_patches_too(project) -> None:
    views = ("arcs", "heads", "matrix", "grid", "steps")
    figures = "".join(
        FIGURE.format(image="pictures/circle.png")
        + f"   :view: {view}\n   :layer: 1\n   :head: 0\n"
        for view in views
    )
    made = made_with(project, {"index.rst": f"I\n=\n{figures}"})
    made.build(strict=True)
    assert re.findall(r'figure[^>]*data-view="(\w+)"', made.html("index")) == list(views)


@pytest.mark.parametrize("builder", ["latex", "text", "epub", "man", "gettext"])
def test_other_builders(project, builder: str) -> None:
    made = made_with(project, {"index.rst": index("pictures/circle.png")})
    about = {"version": "1", "copyright": "nobody", "epub_copyright": "nobody"}
    made.build(builder, strict=True, confoverrides=about)


def test_a_real_photograph_format(project) -> None:
    made = made_with(
        project, {"index.rst": index("pictures/photo.png")}, photo=written(noise(), "JPEG")
    )
    made.build(strict=True)
    assert HREF.findall(made.html("index"))


def test_on_paper_the_picture_is_seen_through_what_lies_on_it(project) -> None:
    made = made_with(project, {"index.rst": index("pictures/circle.png")})
    app = made.build("latex", strict=True)
    (tex,) = app.outdir.glob("*.tex")
    text = tex.read_text(encoding="utf-8")
    (name,) = re.findall(r"\\AttentionImage(?:\{[\d.]+\}){4}\{([\w.-]+)\}", text)
    with Image.open(app.outdir / name) as seen:
        assert seen.width == seen.height >= 48
    # The darkness is black of several strengths, and no grey that would hide the picture.
    strengths = re.findall(
        r"\\AttentionClear\{([\d.]+)\}\{\\AttentionFill\{rgb,255:red,0;green,0;blue,0\}", text
    )
    assert len(set(strengths)) >= 3
    assert max(map(float, strengths)) == pytest.approx(0.72, abs=0.01)


def test_a_text_has_the_description_once(project) -> None:
    made = made_with(project, {"index.rst": index("pictures/circle.png")})
    app = made.build("text", strict=True)
    text = (app.outdir / "index.txt").read_text(encoding="utf-8")
    assert text.count("a red circle") == 1


CROSS = written(Image.fromarray(paint(SCENES["cross"], 96)))
SEVERAL = """
.. attention-figure::
   :image: pictures/circle.png | pictures/cross.png
   :model: builtin-vision
"""


def test_several_pictures_are_copied_once_and_have_their_descriptions(project) -> None:
    figure = f"{SEVERAL}   :alt: a red circle | a cross\n"
    made = made_with(project, {"index.rst": f"I\n=\n{figure}{figure}"}, circle=CIRCLE, cross=CROSS)
    app = made.build(strict=True)
    page = made.html("index")
    assert page.count('<option value="1">a cross</option>') == 2
    assert len(list(app.outdir.rglob("attention-*.png"))) == 2
    noted = {Path(path).name for path in app.env.dependencies["index"]}
    assert {"circle.png", "cross.png"} <= noted


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "the picture 'pictures/cross.png' has no description"),
        ("   :alt: a circle\n", "the picture 'pictures/cross.png' has no description"),
        ("   :alt: a | b | c\n", "expected a description of each of the 2 pictures"),
        ("   :alt: a | b\n   :view: corpus\n", "the view corpus shows one picture"),
        ("   :alt: a | b\n   :also: c\n", "further pictures stand in image"),
    ],
)
def test_mistakes_with_several_pictures(project, more: str, message: str) -> None:
    made = made_with(project, {"index.rst": f"I\n=\n{SEVERAL}{more}"}, circle=CIRCLE, cross=CROSS)
    made.build()
    assert message in made.warnings
    assert "pictures/circle.png' has no" not in made.warnings or not more


def test_a_picture_that_is_damaged_leaves_the_others(project) -> None:
    figure = f"{SEVERAL}   :alt: a red circle | a cross\n"
    made = made_with(
        project, {"index.rst": f"I\n=\n{figure}"}, circle=CIRCLE, cross=CROSS[: len(CROSS) // 2]
    )
    made.build()
    assert "pictures/cross.png' is damaged" in made.warnings
    assert re.search(r'<option value="1" disabled title="[^"]*damaged', made.html("index"))
    assert HREF.findall(made.html("index"))


def test_text_says_what_the_names_of_patches_mean(project) -> None:
    made = made_with(project, {"index.rst": index("pictures/circle.png")})
    made.build("text", strict=True)
    text = (made.folder / "_build" / "text" / "index.txt").read_text(encoding="utf-8")
    assert "3,5 is row 3, column 5, from 0" in " ".join(text.split())
