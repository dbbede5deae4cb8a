"""The image view from numbers by hand: brightness, chips, lines, the list, and the words."""

from __future__ import annotations

import re
from base64 import b64decode
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from sphinx_attention.core.attention import Attention, Picture, Token
from sphinx_attention.core.figure.resolve import resolve
from sphinx_attention.core.figure.spec import FigureSpec
from sphinx_attention.core.render.description import describe, whole_texts
from sphinx_attention.core.render.files import standalone_svg
from sphinx_attention.core.render.html import images_as_files, render_html
from sphinx_attention.core.render.image.draw import draw, png
from sphinx_attention.core.render.image.flows import best_flows, strong_flows
from sphinx_attention.core.render.image.layout import lay_out
from sphinx_attention.core.request import ImageFile, ModelSource, Request
from sphinx_attention.core.sources.pictures import patch_tokens

if TYPE_CHECKING:
    from sphinx_attention.core.figure.figure import Figure

PALETTE = np.array([[0, 0, 0], [250, 10, 20], [9, 200, 30]], dtype=np.uint8)
PIXELS = np.arange(24, dtype=np.uint8).reshape(4, 6) % 3

# [CLS], and six patches in two rows of three.
ROWS = np.array(
    [
        [0.0, 0.1, 0.4, 0.1, 0.0, 0.3, 0.1],
        [0.2, 0.5, 0.0, 0.0, 0.3, 0.0, 0.0],
        [0.6, 0.0, 0.1, 0.0, 0.0, 0.3, 0.0],
        [0.0, 0.0, 0.0, 0.2, 0.0, 0.8, 0.0],
        [0.0, 0.0, 0.7, 0.0, 0.3, 0.0, 0.0],
        [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ]
)


def figure(weights: np.ndarray = ROWS, before: tuple[str, ...] = ("[CLS]",), **spec: Any) -> Figure:
    tokens = (*(Token(name, special=True) for name in before), *patch_tokens(2, 3))
    attention = Attention(
        query_tokens=tokens,
        key_tokens=tokens,
        weights=weights.astype(np.float32)[None, None],
        masked=np.zeros((1, len(tokens), len(tokens)), np.bool_),
        label="tiny",
        picture=Picture(PIXELS, PALETTE, 2, 3),
    )
    request = Request(ModelSource("tiny"), "", image=ImageFile("pets/cat.png", "0" * 64))
    return resolve(FigureSpec(request, view="image", **spec), attention)


def page(shown: Figure) -> BeautifulSoup:
    return BeautifulSoup(render_html(shown, "f"), "html.parser")


def darkness(soup: BeautifulSoup, cell: int, rows: int = 2, columns: int = 3) -> np.ndarray:
    """The opacity over each patch, read from the paths."""
    found = np.zeros((rows, columns))
    for path in soup.select(".attention-veil path"):
        for x, y, wide in re.findall(r"M(\d+) (\d+)h(\d+)", path["d"]):
            start = int(x) // cell
            found[int(y) // cell, start : start + int(wide) // cell] = float(path["fill-opacity"])
    return found


def test_at_rest_the_class_tokens_row_is_shown() -> None:
    soup = page(figure())
    # The largest weight of a patch is fully bright.
    expected = 1 - ROWS[0, 1:].reshape(2, 3) / 0.4
    np.testing.assert_allclose(darkness(soup, 112), expected, atol=0.0101)
    assert soup.select_one(".attention-most").text == "0.400"
    assert "Shown: where [CLS] looks" in soup.select_one(".attention-readout").text
    assert soup.select_one(".attention-strongest") is None


def test_without_a_class_token_the_mean_of_all_patches_is_shown() -> None:
    rows = np.array([[0.5, 0.5, 0, 0, 0, 0], [0.1, 0.3, 0, 0, 0, 0.6], *np.eye(6)[2:]])
    soup = page(figure(rows, before=()))
    mean = rows.mean(axis=0).reshape(2, 3)
    np.testing.assert_allclose(darkness(soup, 112), 1 - mean / mean.max(), atol=0.0101)
    assert "where all patches look on average" in soup.select_one(".attention-readout").text
    assert not soup.select(".attention-chip")


def test_a_pinned_patch_shows_its_row_and_its_strongest_weights() -> None:
    soup = page(figure(focus="0,1"))
    # 0.3 is the largest weight of a patch; [CLS] has more.
    expected = 1 - ROWS[2, 1:].reshape(2, 3) / 0.3
    np.testing.assert_allclose(darkness(soup, 112), expected, atol=0.0101)
    assert soup.select_one(".attention-readout").text.strip() == "0,1 looks most at [CLS] 0.600"
    listed = [" ".join(one.text.split()) for one in soup.select(".attention-strongest li")]
    assert listed == ["0.600 [CLS]", "0.300 1,1", "0.100 0,1", "4 more, together 0.000"]
    marked = soup.select(".attention-marks [data-token]")
    assert [one["data-token"] for one in marked] == ["2"]
    # The chip of [CLS] is as strong as its weight, and no stronger than full.
    assert soup.select_one(".attention-chip")["fill-opacity"] == "0.5"


def test_several_pins_are_summed() -> None:
    soup = page(figure(focus="0,0 | 1,0"))
    total = (ROWS[1] + ROWS[4])[1:].reshape(2, 3)
    np.testing.assert_allclose(darkness(soup, 112), 1 - total / 0.7, atol=0.0101)
    assert "0,0, 1,0 look most at 0,1 0.700" in soup.select_one(".attention-readout").text


def test_the_square_root_makes_weak_weights_brighter() -> None:
    soup = page(figure(selection=(("boost", "sqrt"),)))
    expected = 1 - np.sqrt(ROWS[0, 1:].reshape(2, 3) / 0.4)
    np.testing.assert_allclose(darkness(soup, 112), expected, atol=0.0101)
    assert soup.select_one('select[name="boost"] option[selected]')["value"] == "sqrt"


def test_hidden_special_tokens_are_one_chip() -> None:
    from sphinx_attention.core.analysis.special import hide_special

    shown = figure()
    hidden = hide_special(shown.attention)
    soup = page(resolve(shown.spec, hidden))
    assert [one.text for one in soup.select(".attention-word")] == ["(special)"]
    field = soup.select_one(".attention-field")
    assert (field["data-first"], field["data-rest"]) == ("1", "-1")


def test_the_picture_is_the_one_that_the_model_saw() -> None:
    image = page(figure()).select_one("image.attention-seen")
    uri = image["xlink:href"]
    pixels = np.asarray(Image.open(BytesIO(b64decode(uri.partition(",")[2]))).convert("RGB"))
    np.testing.assert_array_equal(pixels, PALETTE[PIXELS])
    assert image["image-rendering"] == "pixelated"
    assert (image["width"], image["height"]) == ("336", "224")


def test_large_pictures_are_not_shown_in_pixels() -> None:
    shown = figure()
    from dataclasses import replace

    smooth = replace(
        shown.attention, picture=Picture(np.zeros((224, 336), np.uint8), PALETTE, 2, 3)
    )
    image = page(resolve(shown.spec, smooth)).select_one("image.attention-seen")
    assert not image.has_attr("image-rendering")


def test_each_picture_is_written_once() -> None:
    files: dict[str, bytes] = {}

    def write(name: str, data: bytes) -> str:
        files[name] = data
        return f"_static/{name}"

    pages = [render_html(figure(focus=focus), "f", seen_file=write) for focus in ("0,0", "1,1")]
    names = {re.search(r'xlink:href="_static/([^"]+)"', one)[1] for one in pages}  # type: ignore[index]
    assert len(names) == 1
    (name,) = names
    assert files[name] == png(figure().attention.picture)  # type: ignore[arg-type]
    assert sorted(files) == sorted([name, name.replace(".png", ".js")])
    assert "data:" not in pages[0]
    assert images_as_files(pages[0], write) == pages[0]


class TestLines:
    GRID = lay_out(figure().attention.key_tokens, Picture(PIXELS, PALETTE, 2, 3), "1.000").grid
    CODES = (ROWS * 1000).round().astype(int)

    def test_each_patch_leads_to_its_best_key(self) -> None:
        flows = best_flows(self.CODES, self.GRID, ())
        ((opacity, path),) = flows.paths
        assert (opacity, flows.count, flows.least) == ("1", 6, 400)
        # Circles: 0,0 and 1,2 look at themselves. A square: 0,1 looks at [CLS]. The others: arrows.
        assert path.count("a") == 2 * 2
        assert path.count("h") == 2
        assert path.count("L") == 3 * 3
        x, y = self.GRID.centre(3)
        to_x, to_y = self.GRID.centre(5)
        assert f"M{x:g} {y:g}L{to_x:g} {to_y:g}" in path

    def test_with_a_focus_only_its_lines_are_drawn(self) -> None:
        assert best_flows(self.CODES, self.GRID, (3,)).count == 1
        assert best_flows(self.CODES, self.GRID, (0,)).paths == ()

    def test_strong_weights_are_between_different_patches(self) -> None:
        flows = strong_flows(self.CODES, self.GRID, ())
        # Of 7 tokens each has 1/7 where the query looks at all alike. Strong is five times as much.
        between = ROWS[1:, 1:] * (1 - np.eye(6))
        assert flows.count == flows.whole == (between >= 5 / 7).sum() == 1
        assert flows.least == 715
        assert flows.paths[-1][1].count("M") == 3

    def test_all_strong_weights_are_drawn(self) -> None:
        codes = np.zeros((401, 401), np.int64)
        rows = np.random.default_rng(2).permutation(400)[:300]
        codes[1 + rows, 1 + (rows + 7) % 400] = np.linspace(10, 900, 300).astype(int)
        codes[1:, 0] = 500
        flows = strong_flows(codes, self.large(), ())
        between = codes[1:, 1:]
        assert flows.count == flows.whole == (between >= 1000 * 5 / 401).sum() == 298
        assert flows.least == 13
        assert [opacity for opacity, _ in flows.paths] == ["0.25", "0.5", "0.75", "1"]
        drawn = "".join(path for _, path in flows.paths)
        assert drawn.count("M") == 3 * 298

    def test_of_very_many_the_strongest_are_drawn_and_all_are_counted(self) -> None:
        codes = np.zeros((401, 401), np.int64)
        codes[1:, 1:21] = 40
        codes[1:, 1] = 60
        flows = strong_flows(codes, self.large(), ())
        assert flows.count == 1000
        assert flows.whole == 400 * 20 - 20
        assert flows.least == 40

    def large(self) -> Any:
        picture = Picture(np.zeros((20, 20), np.uint8), PALETTE, 20, 20)
        tokens = (Token("[CLS]", special=True), *patch_tokens(20, 20))
        return lay_out(tokens, picture, "1").grid

    @pytest.mark.parametrize("flows", ["best", "strong"])
    def test_lines_stand_on_a_clear_picture_at_rest(self, flows: str) -> None:
        soup = page(figure(selection=(("flows", flows),)))
        assert not soup.select(".attention-veil path")
        assert len(soup.select(".attention-flows path")) == len(
            soup.select(".attention-halos path")
        )
        focused = page(figure(selection=(("flows", flows),), focus="0,2"))
        assert focused.select(".attention-veil path")
        readout = soup.select_one(".attention-readout").text
        assert ("A circle means itself" in readout) == (flows == "best")
        assert ("all 1 strong weights between patches. Strong is 0.715 and more" in readout) == (
            flows == "strong"
        )


def test_the_words() -> None:
    shown = figure(alt="a cat on a mat")
    reported = describe(shown)
    assert "over a picture of 2 × 3 patches" in reported
    assert "[CLS]" not in reported.split("Strongest")[0]
    assert "1,2 looks at itself (1.000)" in reported
    assert whole_texts(shown) == [("", "a cat on a mat")]
    assert whole_texts(figure()) == [("", "cat.png")]
    soup = page(shown)
    assert soup.select_one("title").text == "a cat on a mat"
    assert "3,5 is row 3, column 5" in soup.text


def test_the_drawing_fits_a_phone_and_a_file() -> None:
    drawing = draw(figure())
    assert drawing.width * drawing.smallest <= 280
    drawn = standalone_svg(figure(focus="0,1", selection=(("flows", "best"),)))
    assert "var(" not in drawn
    assert "data-first" not in drawn
    assert 'xlink:href="data:image/png;base64,' in drawn


def test_many_tokens_above_the_picture_wrap() -> None:
    names = tuple(f"[REG{n}]" for n in range(12))
    tokens = (*(Token(name, special=True) for name in names), *patch_tokens(2, 3))
    layout = lay_out(tokens, Picture(PIXELS, PALETTE, 2, 3), "1.000")
    assert len({chip.y for chip in layout.chips}) > 1
    assert max(chip.x + chip.width for chip in layout.chips) <= layout.width
    boxes = [(chip.x, chip.y, chip.width) for chip in layout.chips]
    for (x, y, width), (next_x, next_y, _) in pairwise(boxes):
        assert next_y > y or next_x >= x + width


def test_a_large_grid_stays_small() -> None:
    tokens = patch_tokens(37, 37)
    weights = np.random.default_rng(0).dirichlet(np.full(1369, 0.2), size=1369)
    attention = Attention(
        query_tokens=tokens,
        key_tokens=tokens,
        weights=weights.astype(np.float32)[None, None],
        masked=np.zeros((1, 1369, 1369), np.bool_),
        label="tiny",
        picture=Picture(np.zeros((518, 518), np.uint8), PALETTE, 37, 37),
    )
    shown = resolve(FigureSpec(figure().spec.request, view="image"), attention)
    assert draw(shown).content.layout.grid.lattice == ""
    assert len(draw(shown).content.veil) <= 50


def test_words_beside_the_picture_are_chips_and_the_last_one_is_shown_at_rest() -> None:
    tokens = (*patch_tokens(1, 2), Token("what", word=0), Token("is", word=1), Token("it", word=2))
    rows = np.tril(np.ones((5, 5)))
    rows[4] = [0.5, 0.1, 0.2, 0.1, 0.1]
    rows /= rows.sum(axis=1, keepdims=True)
    attention = Attention(
        query_tokens=tokens,
        key_tokens=tokens,
        weights=rows.astype(np.float32)[None, None],
        masked=np.triu(np.ones((1, 5, 5), np.bool_), 1),
        label="tiny",
        picture=Picture(PIXELS[:2, :4], PALETTE, 1, 2),
    )
    request = Request(ModelSource("tiny"), "what is it", image=ImageFile("cat.png", "0" * 64))
    shown = resolve(FigureSpec(request, view="image"), attention)
    soup = page(shown)
    assert [one.text for one in soup.select(".attention-word")] == ["what", "is", "it"]
    assert "Shown: where it looks" in soup.select_one(".attention-readout").text
    np.testing.assert_allclose(darkness(soup, 168, 1, 2), [[0, 0.8]], atol=0.0101)
    reported = describe(shown)
    assert "over a picture of 1 × 2 patches, over: what is it" in reported
    assert whole_texts(shown) == [("picture", "cat.png"), ("", "what is it")]
