"""Figures on slides by sphinx-revealjs, whose text is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.browser.test_map import alone, live, places, settle, spot, tip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

TEXT = "the cat sat on the mat"
OTHERS = "the dog sat on the log | a fox | the fox and the dog"
VIEWS = {
    "arcs": [":focus: sat"],
    "heads": [":view: heads", ":head: 0,1,2", ":focus: sat"],
    "grid": [":view: grid", ":focus: sat"],
    "matrix": [":view: matrix", ":focus: sat"],
    "steps": [":view: steps", ":focus: sat"],
    "map": [":view: map", ":projection: pca", f":also: {OTHERS}"],
    "corpus": [":view: corpus", f":also: {OTHERS}"],
    "compare": [":also: the dog sat on the log", ":compare: sentence", ":focus: sat"],
    "generate": [":generate: 3"],
    "image": [":image: red.png", ":model: builtin-vision", ":alt: Red"],
    "long": [":view: matrix", ":focus: 3"],
}
LONG = "the fox and the cat and the dog and the bird sat on the mat and the log"


def deck() -> str:
    """A slide for each view, with a heading."""
    slides = ["P", "=", "", "A", "-", ""]
    for name, options in VIEWS.items():
        text = {"long": LONG, "image": ""}.get(name, TEXT)
        given = [":model: builtin", *options] if name != "image" else options
        lines = [f":name: {name}-figure", *given]
        slides += [f"View {name}", "^" * 30, "", f".. attention-figure:: {text}"]
        slides += [*(f"   {line}" for line in lines), ""]
    return "\n".join(slides)


@pytest.fixture
def slides(project, browser: Browser) -> Iterator[Page]:
    """The deck in a browser, at the size for which reveal.js makes slides."""
    conf = 'extensions = ["sphinx_attention", "sphinx_revealjs"]\nexclude_patterns = ["_build"]\n'
    made = project({"index.rst": deck()}, conf)
    Image.new("RGB", (64, 64), "red").save(made.folder / "red.png")
    made.build("revealjs", strict=True)
    page = browser.new_page(viewport={"width": 960, "height": 700})
    page.goto((made.folder / "_build" / "revealjs" / "index.html").as_uri())
    page.wait_for_function("() => globalThis.Reveal?.isReady()")
    page.evaluate("() => Reveal.configure({ transition: 'none' })")
    yield page
    page.close()


def show(page: Page, name: str) -> None:
    """Turn to the slide of a view, and wait for its live figure."""
    page.evaluate("number => Reveal.slide(1, number)", list(VIEWS).index(name) + 1)
    page.wait_for_selector(
        f"#{name}-figure:is(.attention-figure--live, :has(.attention-figure--live))"
    )
    settle(page)


BOX = """name => {
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale();
  const own = document.getElementById(name), box = own.getBoundingClientRect();
  return { inside: slide.contains(own), heading: slide.querySelector("h3").getBoundingClientRect().bottom / scale,
    top: box.top / scale, bottom: box.bottom / scale, slide: slide.offsetHeight, width: box.width / scale };
}"""


@pytest.mark.filterwarnings("ignore")  # warnings of the other package
def test_every_view_fits_on_a_slide_with_a_heading(slides: Page) -> None:
    high = {}
    for name in VIEWS:
        show(slides, name)
        box = slides.evaluate(BOX, f"{name}-figure")
        assert box["inside"], name
        assert box["width"] <= 961, name
        high[name] = round(box["slide"])
    assert {name: height for name, height in high.items() if height > 720} == {}, high
    # Controls are as large as the words of the picture.
    size = "name => parseFloat(getComputedStyle(document.querySelector(name)).fontSize)"
    assert slides.evaluate(size, "#arcs-figure") == 20
    assert slides.evaluate(size, ".reveal") > 2 * 16
    # A comparison is side by side.
    first, second = slides.locator("#compare-figure .attention-pane").all()
    show(slides, "compare")
    assert first.bounding_box()["y"] == pytest.approx(second.bounding_box()["y"], abs=1)
    # The pointer is where the reader sees it, though the view is made smaller.
    show(slides, "steps")
    slides.locator('#steps-figure [data-token="2"]').first.click()
    slides.wait_for_selector('#steps-figure [data-token="2"][aria-pressed="true"]')
    show(slides, "map")
    found = places(live(slides))
    slides.mouse.move(*spot(slides, found[alone(found, len(found) // 2)]))
    assert tip(slides).startswith("query of “")
