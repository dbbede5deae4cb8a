"""The image view in a browser: the numbers of the model, by pointer, finger and keyboard."""

from __future__ import annotations

import functools
import http.server
import subprocess
import sys
import threading
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sphinx_attention.core.sources.builtin import builtin_vision
from sphinx_attention.core.sources.builtin.vision import read
from tests.browser.conftest import (
    CLIPBOARD,
    Watched,
    accessible,
    away,
    copy,
    overflow,
    pressed,
    ready,
    rounded,
    static_copy,
    token,
    watched_page,
)
from tests.browser.image_figures import (
    FIGURE,
    FIGURES,
    OTHER,
    PICTURE,
    Built,
    Handler,
    darkness,
    expected,
    index_of,
    listed,
    readout,
)
from tests.browser.saved import SVG, pixels, rendered, save
from tests.core.pictures import picture_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("image")
    source = folder / "source"
    source.mkdir()
    PICTURE.save(source / "circle.png")
    OTHER.save(source / "cross.png")
    page = "Pictures\n========\n" + "".join(
        FIGURE.format(name=name, more=more) for name, more in FIGURES.items()
    )
    several = page.partition(":name: several")[2]
    named = several.replace("circle.png", "circle.png | cross.png", 1).replace(
        "grey shapes", "grey shapes | a cross", 1
    )
    page = page.replace(several, named)
    (source / "index.rst").write_text(page)
    conf = 'extensions = ["sphinx_attention"]\nhtml_theme = "alabaster"\nhtml_sidebars = {"**": []}\nattention_pictures = "files"\n'
    (source / "conf.py").write_text(conf)
    out = folder / "html"
    subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", str(source), str(out)], check=True)
    handler = functools.partial(Handler, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Built(out, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The model's own weights of head 2.2, in thousandths."""
    request = picture_request(builtin_vision(), tmp_path_factory.mktemp("own"), PICTURE)
    return rounded(read(request).weights[2, 2])


@pytest.fixture
def open_picture(browser: Browser, built: Built) -> Iterator[Callable[..., Page]]:
    watched: list[Watched] = []

    def open_(figure: str, by: str = "http", **options: object) -> Page:
        watched.append(watched_page(browser, 1000, **options))
        page = watched[-1].page
        at = f"{built.server}/index.html" if by == "http" else f"{built.folder.as_uri()}/index.html"
        page.goto(at)
        ready(page, figure)
        return page

    yield open_
    problems = [error for one in watched for error in one.errors]
    for one in watched:
        one.page.context.close()
    assert not problems


@pytest.mark.parametrize("by", ["http", "file"])
def test_pointing_at_a_patch_shows_where_it_looks(
    open_picture, weights: np.ndarray, by: str
) -> None:
    page = open_picture("plain", by)
    # The picture is there, from the one file, under a policy that allows nothing else.
    natural = page.evaluate(
        """async () => {
          const image = new Image();
          image.src = document.querySelector("#plain .attention-seen").href.baseVal;
          await image.decode();
          return [image.naturalWidth, image.naturalHeight, image.src.startsWith("data:")];
        }"""
    )
    assert natural == [48, 48, False]
    np.testing.assert_allclose(darkness(page, "plain"), expected(weights[0]), atol=0.0101)
    assert "Shown: where [CLS] looks" in readout(page, "plain")
    for row, column in ((2, 3), (0, 0), (7, 7)):
        token(page, "plain", index_of(row, column)).hover()
        line = weights[index_of(row, column)]
        np.testing.assert_allclose(darkness(page, "plain"), expected(line), atol=0.0101)
        best = int(line.argmax())
        name = "[CLS]" if best == 0 else f"{(best - 1) // 8},{(best - 1) % 8}"
        assert (
            readout(page, "plain") == f"{row},{column} looks most at {name} {line[best] / 1000:.3f}"
        )
        most = page.locator("#plain .attention-most").text_content()
        assert most == f"{line[1:].max() / 1000:.3f}"
    token(page, "plain", 0).hover()
    np.testing.assert_allclose(darkness(page, "plain"), expected(weights[0]), atol=0.0101)
    away(page)
    np.testing.assert_allclose(darkness(page, "plain"), expected(weights[0]), atol=0.0101)


def test_a_click_pins_and_lists(open_picture, weights: np.ndarray) -> None:
    page = open_picture("plain")
    one, other = index_of(2, 3), index_of(5, 5)
    token(page, "plain", one).click()
    away(page)
    assert pressed(page, "plain") == [one]
    order = [n for n in np.argsort(-weights[one], kind="stable")[:8] if weights[one][n]]
    names = ["[CLS]" if n == 0 else f"{(n - 1) // 8},{(n - 1) % 8}" for n in order]
    rows = [f"{weights[one][n] / 1000:.3f} {name}" for n, name in zip(order, names, strict=True)]
    rest = weights[one].sum() - weights[one][order].sum()
    assert listed(page, "plain")[:-1] == rows
    assert listed(page, "plain")[-1] == f"{65 - len(order)} more, together {rest / 1000:.3f}"
    # Pointing at another patch leaves the list of the pinned one.
    token(page, "plain", other).hover()
    assert listed(page, "plain")[:-1] == rows
    token(page, "plain", other).click(modifiers=["Shift"])
    away(page)
    total = weights[one] + weights[other]
    np.testing.assert_allclose(darkness(page, "plain"), expected(total), atol=0.0101)
    page.keyboard.press("Escape")
    assert pressed(page, "plain") == []
    assert listed(page, "plain") == []


def test_turned_round(open_picture, weights: np.ndarray) -> None:
    page = open_picture("plain")
    page.locator("#plain .attention-direction").click()
    token(page, "plain", index_of(2, 2)).hover()
    column = weights[:, index_of(2, 2)]
    np.testing.assert_allclose(darkness(page, "plain"), expected(column), atol=0.0101)
    assert "2,2 is looked at most by" in readout(page, "plain")


def test_the_keyboard_moves_over_the_grid(open_picture) -> None:
    page = open_picture("plain")
    focused = "document.activeElement.dataset.token"
    token(page, "plain", 0).focus()
    path = [
        ("ArrowDown", index_of(0, 0)),
        ("ArrowRight", index_of(0, 1)),
        ("ArrowDown", index_of(1, 1)),
        ("ArrowDown", index_of(2, 1)),
        ("ArrowLeft", index_of(2, 0)),
        ("ArrowLeft", index_of(2, 0)),
        ("ArrowUp", index_of(1, 0)),
        ("End", index_of(7, 7)),
        ("Home", 0),
    ]
    for key, index in path:
        page.keyboard.press(key)
        assert int(page.evaluate(focused)) == index, key
    page.keyboard.press("ArrowDown")
    assert readout(page, "plain").startswith("0,0 looks most at")
    page.keyboard.press("Enter")
    assert pressed(page, "plain") == [index_of(0, 0)]
    page.keyboard.press("Tab")
    assert not page.evaluate(f"{focused} === undefined ? false : true")
    page.keyboard.press("Shift+Tab")
    assert int(page.evaluate(focused)) == index_of(0, 0)
    live = page.locator("#plain [role=status]").inner_text()
    assert live.startswith("0,0 looks at")


def test_brightness_layers_and_lines(open_picture, weights: np.ndarray) -> None:
    page = open_picture("plain")
    page.locator('#plain select[name="boost"]').select_option("sqrt")
    np.testing.assert_allclose(
        darkness(page, "plain"), expected(weights[0], root=True), atol=0.0101
    )
    page.locator('#plain select[name="boost"]').select_option("none")
    page.locator('#plain select[name="head"]').select_option("0")
    assert np.abs(darkness(page, "plain") - expected(weights[0])).max() > 0.1
    page.locator('#plain select[name="head"]').select_option("2")
    np.testing.assert_allclose(darkness(page, "plain"), expected(weights[0]), atol=0.0101)
    page.locator('#plain select[name="flows"]').select_option("best")
    assert not darkness(page, "plain").any()
    (path,) = page.locator("#plain .attention-flows path").all()
    best = weights[1:].argmax(axis=1)
    itself = best == np.arange(1, 65)
    drawn = path.get_attribute("d")
    assert drawn.count("a") == 2 * itself.sum()
    assert drawn.count("h") == 2 * (best == 0).sum()
    assert drawn.count("L") == 3 * ((best > 0) & ~itself).sum()
    token(page, "plain", index_of(4, 4)).hover()
    assert page.locator("#plain .attention-flows path").get_attribute("d").count("z") <= 1
    assert darkness(page, "plain").any()
    away(page)
    page.locator('#plain select[name="flows"]').select_option("strong")
    between = weights[1:, 1:] * (1 - np.eye(64, dtype=int))
    # 65 tokens: five times an even share is 5 / 65.
    strong = (between >= 77).sum()
    assert f"Shown: all {strong} strong weights between patches. Strong is 0.077" in readout(
        page, "plain"
    )
    drawn = page.locator("#plain .attention-flows path")
    assert sum(one.get_attribute("d").count("M") for one in drawn.all()) == 3 * strong


@pytest.mark.parametrize("figure", [name for name in FIGURES if name != "other"])
def test_the_first_picture_is_the_static_one(open_picture, figure: str) -> None:
    page = open_picture(figure)
    still = static_copy(page, figure)
    for name in ("veil", "flows", "halos"):
        assert page.eval_on_selector_all(
            f"#{figure} .attention-{name} path", "all => all.map(e => e.getAttribute('d'))"
        ) == page.eval_on_selector_all(
            f"#{still} .attention-{name} path", "all => all.map(e => e.getAttribute('d'))"
        )
    for chosen in (".attention-readout", ".attention-strongest", ".attention-guide"):
        texts = [
            ["".join(text.split()) for text in page.locator(f"#{one} {chosen}").all_text_contents()]
            for one in (figure, still)
        ]
        assert texts[0] == texts[1], chosen
    chips = "all => all.map(e => e.getAttribute('fill-opacity'))"
    shown = [page.eval_on_selector_all(f"#{one} .attention-chip", chips) for one in (figure, still)]
    assert shown[0] == shown[1]


def test_linked_figures_share_the_patch(open_picture) -> None:
    page = open_picture("linked")
    ready(page, "other")
    token(page, "linked", index_of(3, 3)).click()
    assert index_of(3, 3) in pressed(page, "other")


def test_addresses_and_directives(open_picture, built: Built) -> None:
    page = open_picture("plain", permissions=CLIPBOARD["permissions"])
    page.locator('#plain select[name="boost"]').select_option("sqrt")
    token(page, "plain", index_of(2, 3)).click()
    away(page)
    link = copy(page, "plain", "link")
    assert "boost=sqrt" in link
    assert f"pin={index_of(2, 3)}" in link
    page.wait_for_timeout(1600)
    directive = copy(page, "plain", "as directive")
    assert ":image: circle.png" in directive
    assert ":boost: sqrt" in directive
    assert ":focus: 2,3" in directive
    again = open_picture("plain")
    again.goto(f"{built.server}/index.html{link[link.index('#') :]}")
    again.reload()
    ready(again, "plain")
    assert pressed(again, "plain") == [index_of(2, 3)]
    assert again.locator('#plain select[name="boost"]').input_value() == "sqrt"


@pytest.mark.parametrize("by", ["http", "file"])
def test_saved_pictures_hold_the_image(open_picture, by: str) -> None:
    page = open_picture("pinned", by, device_scale_factor=2)
    _, drawing = save(page, "pinned", "SVG")
    root = ET.fromstring(drawing)
    (image,) = root.iter(f"{SVG}image")
    assert image.get("{http://www.w3.org/1999/xlink}href", "").startswith("data:image/png;base64,")
    _, raster = save(page, "pinned", "PNG")
    shown, drawn = pixels(raster), rendered(page, drawing)
    assert shown.shape == drawn.shape
    assert np.abs(shown - drawn).mean() < 8
    # The red of the circle is in both.
    for one in (shown, drawn):
        assert ((one[..., 0] > 150) & (one[..., 1] < 110)).mean() > 0.01


def test_a_phone(open_picture) -> None:
    page = open_picture(
        "pinned", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    assert overflow(page) <= 0
    stage = page.locator("#pinned .attention-stage")
    assert stage.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    box = token(page, "pinned", index_of(6, 6)).bounding_box()
    assert min(box["width"], box["height"]) >= 24
    token(page, "pinned", index_of(6, 6)).tap()
    assert pressed(page, "pinned") == [index_of(6, 6)]
    assert token(page, "pinned", 0).bounding_box()["height"] >= 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(open_picture, scheme: str) -> None:
    page = open_picture("plain", color_scheme=scheme)
    accessible(page, "plain", "at rest")
    token(page, "plain", index_of(2, 3)).click()
    accessible(page, "plain", "pinned")
    name = token(page, "plain", index_of(2, 3)).get_attribute("aria-label")
    assert name == "2,3"


def test_without_scripts_and_on_paper_the_picture_is_complete(
    browser: Browser, built: Built
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{built.server}/index.html")
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        image = pixels(page.locator("#plain .attention-picture").screenshot())
        # Where the class token looks, the red of the circle is clear, and elsewhere it is dark.
        red = (image[..., 0] > 170) & (image[..., 1] < 110)
        assert 0.01 < red.mean() < 0.2
        assert page.locator("#plain .attention-value").first.is_visible()
    context.close()


def test_elements_and_speed(open_picture) -> None:
    page = open_picture("plain")
    count = page.locator("#plain *").count()
    assert count < 700
    took = page.evaluate(
        """async () => {
          const patches = [...document.querySelectorAll("#plain .attention-patch")];
          const times = [];
          for (const patch of patches.slice(0, 30)) {
            const start = performance.now();
            patch.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            times.push(performance.now() - start);
          }
          return times.sort((a, b) => a - b)[15];
        }"""
    )
    assert took < 120


def test_readers_choose_among_pictures(open_picture, tmp_path) -> None:
    page = open_picture("several", **CLIPBOARD)
    figure = page.locator("#several")
    choice = figure.locator("select[name=picture]")
    assert choice.locator("option").all_text_contents() == [
        "a red circle beside grey shapes",
        "a cross",
    ]
    before = figure.locator("image").get_attribute("xlink:href")
    choice.select_option("1")
    page.wait_for_function(
        "(before) => document.querySelector('#several image').getAttribute('xlink:href') !== before",
        arg=before,
    )
    ready(page, "several")
    # The patch that was pinned is pinned in the other picture, with that picture's weights.
    own = rounded(read(picture_request(builtin_vision(), tmp_path, OTHER)).weights[2, 2])
    query = 1 + 2 * 8 + 3
    assert pressed(page, "several") == [query]
    best = int(np.argmax(own[query]))
    readout = figure.locator(".attention-readout")
    assert readout.locator("b").inner_text() == f"{own[query, best] / 1000:.3f}"
    assert "picture=1" in copy(page, "several", "link")
    written = copy(page, "several", "as directive")
    assert ":image: circle.png | cross.png" in written
    assert ":selection: picture=1" in written
