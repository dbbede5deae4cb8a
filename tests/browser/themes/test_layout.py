"""Figures in several themes: nothing overlaps, nothing is cut, and no font is missing."""

from __future__ import annotations

import re

import pytest

from tests.browser.layout import COLOURS, contrast_faults, layout_faults, pin_in_every_figure
from tests.browser.themes import DARK_THEMES, MORE_THEMES, STYLE, THEMES, WIDTHS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_overlaps_and_nothing_is_cut(open_in, theme: str) -> None:
    page = open_in(theme)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert layout_faults(page) == [], f"{theme} at {width} px"
        if width == WIDTHS[0]:
            cut = page.evaluate(
                """[...document.querySelectorAll(".attention-stage:has(.attention-steps)")]
                  .map(stage => stage.scrollWidth - stage.clientWidth)"""
            )
            assert cut == [0, 0], f"steps in {theme}"


@pytest.mark.parametrize("theme", MORE_THEMES)
def test_nothing_overlaps_in_other_themes(open_in, theme: str) -> None:
    page = open_in(theme)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert layout_faults(page) == [], f"{theme} at {width} px"


@pytest.mark.parametrize("theme", [*THEMES, *MORE_THEMES])
def test_pinned_figures_in_light_and_dark(open_in, theme: str) -> None:
    page = open_in(theme, color_scheme="dark")
    pin_in_every_figure(page)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(300)  # edges go over to other colours
            assert layout_faults(page) == [], f"{theme}, {scheme}, at {width} px"
            ground, faults = contrast_faults(page)
            assert faults == [], f"{theme}, {scheme}, at {width} px"
            assert (ground < 0.2) == (scheme == "dark" and theme in DARK_THEMES)


@pytest.mark.parametrize(
    "name", ["built-arcs", "built-steps", "bert-heads", "bert-grid", "bert-matrix"]
)
def test_the_menu_opens_below_the_line_of_its_name(open_in, name: str) -> None:
    page = open_in("alabaster")
    figure = page.locator(f"#{name}")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        summary = figure.locator(".attention-save summary")
        before = summary.bounding_box()
        summary.click()
        page.mouse.move(0, 0)
        after = summary.bounding_box()
        assert (before["x"], before["width"]) == (after["x"], after["width"]), name
        for button in figure.locator(".attention-save button").all():
            assert button.bounding_box()["y"] >= after["y"] + after["height"] - 1, name
        assert layout_faults(page, name) == []
        summary.click()


def test_underlines_use_the_shorthand_of_every_browser() -> None:
    """WebKit ignores a shorthand that sets more than the line."""
    shorthands = re.findall(r"text-decoration:([^;}]*)", STYLE.read_text("utf-8"))
    assert set(shorthands) <= {"none", "underline"}


@pytest.mark.parametrize(
    "what", [".attention-direction", ".attention-save summary", ".attention-all"]
)
def test_clickable_text_is_underlined(open_in, what: str) -> None:
    page = open_in("alabaster")
    style = "e => { const s = getComputedStyle(e); return [s.textDecorationLine, s.textDecorationStyle, s.textDecorationThickness]; }"
    for one in page.locator(what).all():
        assert one.evaluate(style) == ["underline", "dotted", "1px"]


def test_formulas_are_set_in_the_shipped_font_alone(open_in) -> None:
    page = open_in("alabaster")
    page.evaluate("document.fonts.ready")
    client = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        client.send(f"{domain}.enable")
    root = client.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    found: dict[str, set[str]] = {}
    for selector in (
        ".attention-formula i",
        ".attention-formula span",
        ".attention-formula b",
        ".attention-formula sup",
        ".attention-symbol",
        ".attention-italic",
        ".attention-name i",
        ".attention-scores td",
    ):
        nodes = client.send("DOM.querySelectorAll", {"nodeId": root, "selector": selector})[
            "nodeIds"
        ]
        assert nodes, selector
        for node in nodes:
            fonts = client.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
            found.setdefault(selector, set()).update(
                font["familyName"] for font in fonts if not font["isCustomFont"]
            )
    assert {selector: fonts for selector, fonts in found.items() if fonts} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_a_placeholder_has_padding(open_in, theme: str) -> None:
    page = open_in(theme, "layout-placeholder")
    sides = page.locator(".attention-placeholder").evaluate(
        "e => ['Left', 'Right', 'Top', 'Bottom'].map(side => parseFloat(getComputedStyle(e)['padding' + side]))"
    )
    assert min(sides) >= 8
    assert layout_faults(page) == []


# Stable sizes


@pytest.mark.parametrize("width", [1280, 500])
def test_figures_keep_their_size_under_the_pointer(open_in, width: int) -> None:
    page = open_in("alabaster", width=width)
    # Material has this rule for all figures.
    page.add_style_tag(content=".document figure { width: fit-content; }")
    # Every figure is live, however long the page is.
    for figure in page.locator("figure.attention-figure[data-view]").all():
        figure.scroll_into_view_if_needed()
        figure.locator("[data-token][role=button]").first.wait_for(state="attached")
    # A font that arrives later would change the size of formulas.
    page.evaluate("Promise.all([...document.fonts].map(font => font.load())).then(() => null)")
    page.wait_for_timeout(200)
    moved, shifts = page.evaluate(
        """async () => {
          const moved = [];
          const shifts = [];
          // A formula and a sentence of the steps are other texts for other words.
          const retold = ".attention-formula, .attention-cell, .attention-why";
          const seen = (list) => {
            for (const { node } of list.getEntries().flatMap(one => one.sources)) {
              const element = node instanceof Element ? node : node?.parentElement;
              if (element && !element.closest(retold)) shifts.push(element.outerHTML.slice(0, 80));
            }
          };
          new PerformanceObserver(seen).observe({ type: "layout-shift" });
          const frame = () => new Promise(requestAnimationFrame);
          for (const figure of document.querySelectorAll("figure.attention-figure")) {
            figure.scrollIntoView({ block: "center" });
            await frame();
            await frame();
            const size = () => {
              const { width, height } = figure.getBoundingClientRect();
              return `${width.toFixed(1)} x ${height.toFixed(1)}`;
            };
            const sizes = new Set([size()]);
            for (const token of [...figure.querySelectorAll("[data-token]")].slice(0, 40)) {
              const say = name => token.dispatchEvent(
                new PointerEvent(name, { bubbles: true, pointerType: "mouse" }));
              say("pointerover");
              sizes.add(size());
              // The browser itself tells whether anything has moved on the screen.
              await frame();
              say("pointerout");
            }
            sizes.add(size());
            if (sizes.size > 1) moved.push([figure.id, ...sizes]);
          }
          await frame();
          await frame();
          return [moved, shifts];
        }"""
    )
    assert moved == []
    assert shifts == []


def test_a_floating_figure_keeps_its_width(open_in) -> None:
    page = open_in("alabaster")
    page.add_style_tag(content="#bert-matrix, #given-heads { float: left; }")
    page.evaluate(
        "for (const id of ['bert-matrix', 'given-heads']) document.getElementById(id).classList.add('align-left')"
    )
    for figure in ("bert-matrix", "given-heads"):
        found = page.locator(f"#{figure}")
        before = found.bounding_box()["width"]
        found.locator(".attention-footer").evaluate("e => e.append('word '.repeat(60))")
        assert found.bounding_box()["width"] == before


# Colours


READABLE = (
    f"() => {{{COLOURS}"
    """
  const figure = document.querySelector("#bert-heads");
  const behind = page(figure);
  const probe = document.createElement("div");
  figure.append(probe);
  const found = {};
  for (const [name, least] of [["grey", 3], ["muted", 4.5], ["accent", 3]]) {
    probe.style.backgroundColor = `var(--attention-${name})`;
    found[name] = [contrast(getComputedStyle(probe).backgroundColor, behind), least];
  }
  probe.remove();
  for (const part of document.querySelectorAll(".attention-footer *, .attention-scores td, .attention-step, .attention-why")) {
    if (!part.checkVisibility() || ![...part.childNodes].some(node => node.data?.trim())) continue;
    if (part.matches("option, .attention-swatch")) continue;
    const { webkitTextFillColor: colour } = getComputedStyle(part);
    found[`${part.className} ${part.textContent.slice(0, 20)}`] = [contrast(colour, behind), 4.5];
  }
  return Object.entries(found).filter(([, [is, least]]) => is < least).map(([name, [is]]) => `${name}: ${is.toFixed(2)}`);
}
"""
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", THEMES)
def test_grey_edges_and_words_stand_out_from_the_page(open_in, theme: str, scheme: str) -> None:
    page = open_in(theme, color_scheme=scheme)
    assert page.evaluate(READABLE) == []


def test_colours_follow_a_theme_that_changes_the_text_alone(open_in) -> None:
    """Chromium does not recompute a value that depends on an inherited `color`."""
    page = open_in("alabaster")
    page.evaluate(
        """() => {
          const body = document.querySelector("div.body");
          body.style.background = "#111";
          body.style.color = "#eee";
        }"""
    )
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate(READABLE) == []


def test_labels_of_a_matrix_are_large_enough_for_a_finger(open_in) -> None:
    page = open_in("alabaster")
    sides = page.eval_on_selector_all(
        '#bert-matrix [data-side="query"] .attention-hit',
        "all => all.map(e => e.getBoundingClientRect()).map(b => Math.min(b.width, b.height))",
    )
    assert len(sides) == 15
    assert min(sides) >= 24


def test_paper_breaks_steps_between_their_panels(open_in) -> None:
    page = open_in("alabaster")
    page.emulate_media(media="print")
    figure = page.locator("#built-steps")
    inside = "e => getComputedStyle(e).breakInside"
    assert figure.evaluate(inside) == "auto"
    assert figure.locator(".attention-stage").evaluate(inside) == "avoid"
    assert {one.evaluate(inside) for one in figure.locator(".attention-panels > li").all()} == {
        "avoid"
    }
    assert page.locator("#bert-matrix").evaluate(inside) == "avoid"
