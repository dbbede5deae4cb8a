"""Maps of several pictures."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.capture.wire import read_requests, write_requests
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.figure.variants import resolve_all
from sphinx_attention.core.render.html import render_html
from sphinx_attention.core.render.map.colours import NONE, colouring, colours_of
from sphinx_attention.core.store.base import MemoryStore

if TYPE_CHECKING:
    from sphinx_attention.core.figure.spec import FigureSpec

PICTURES = Path(__file__).parents[3] / "example_docs" / "pictures"


def spec_of(folder: Path, text: str = "", **options: str) -> FigureSpec:
    for name in ("circle.png", "cross.png"):
        shutil.copy(PICTURES / name, folder / name)
    context = HostContext(Settings(model="builtin-vision"), folder, lambda name: folder / name)
    return parse(
        text,
        {"view": "map", **({"projection": "pca"} if "view" not in options else {}), **options},
        None,
        context,
    )


def test_patches_have_a_row_a_column_and_the_label_of_their_picture(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("circle.png\tround\ncross.png\tcrossed\n")
    spec = spec_of(tmp_path, file="list.txt", colour="row")
    assert [base.subject for base in spec.request.bases] == ["circle.png", "cross.png"]
    (answer,) = dict(Library(MemoryStore()).compute([spec.request])).values()
    figure: Any = resolve_all(spec, [answer])
    tokens = [token for one in figure.attention.summary.sentences for token in one]
    assert colours_of(figure)[-3:] == ("label", "row", "column")
    for axis, by in enumerate(("row", "column")):
        found = colouring(figure, by)
        places = np.array([-1 if one.patch is None else one.patch[axis] for one in tokens])
        for point in np.flatnonzero(places < 0):
            assert found.colours[found.of[point]] == NONE
        # The grid has eight rows and columns, as a ramp has steps.
        assert places.max() == 7
        assert (found.of[: len(tokens)][places >= 0] == places[places >= 0]).all()
    labels = colouring(figure, "label")
    assert [one.text for one in labels.legend[2:]] == ["round", "crossed"]


def test_both_ways_to_name_pictures_ask_for_the_same(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("circle.png\ncross.png\n")
    requested = spec_of(tmp_path, file="list.txt").request
    assert spec_of(tmp_path, image="circle.png | cross.png").request.key == requested.key
    assert spec_of(tmp_path, image="cross.png | circle.png").request.key != requested.key
    assert read_requests(write_requests([requested])) == [requested]


def test_a_file_of_pictures_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("circle.png\n")
    with pytest.raises(AttentionError, match="give the pictures alone"):
        spec_of(tmp_path, "a text", file="list.txt")


def test_a_file_names_pictures_alone_or_has_sentences_alone(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("circle.png\nit rains\ncross.png\n")
    with pytest.raises(AttentionError, match=r"names pictures, such as .*'it rains'"):
        spec_of(tmp_path, file="list.txt")


def test_a_picture_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("circle.png\nnone.png\n")
    with pytest.raises(AttentionError, match=r"none\.png"):
        spec_of(tmp_path, file="list.txt")


def test_readers_read_of_pictures_and_patches(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, image="circle.png | cross.png")
    (answer,) = dict(Library(MemoryStore()).compute([spec.request])).values()
    page = render_html(resolve_all(spec, [answer]), "f")
    assert ">mean by patch</option>" in page
    assert ">number of tokens</option>" in page
    assert not re.search(r">[^<]*\b(?:sentences?|words?)\b[^<]*</", page)


def test_pictures_have_no_mean_of_sentences(tmp_path: Path) -> None:
    with pytest.raises(AttentionError, match="and this one has 2 pictures: remove the option"):
        spec_of(tmp_path, image="circle.png | cross.png", view="image", aggregate="mean sentences")
