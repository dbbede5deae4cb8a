"""Faults in the layout of a page's figures, measured by the boxes of their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

MEASURE = r"""
only => {
  const faults = [];
  const SLACK = 1.5;
  /* Lines of text are higher than their letters by this share at the top and at the bottom. */
  const LEADING = 0.22;
  const cuts = (element, ...values) => {
    const { overflowX, overflowY } = getComputedStyle(element);
    return values.includes(overflowX) || values.includes(overflowY);
  };
  const seen = element => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && !element.closest(".attention-live, select, option, title, desc, defs, mask");
  const corners = ({ left, top, right, bottom }) => [[left, top], [right, top], [right, bottom], [left, bottom]];
  /* A text of a picture may be turned: its corners as they stand on the screen. */
  const turned = text => {
    const { x, y, width, height } = text.getBBox();
    const matrix = text.getScreenCTM();
    const cut = height * LEADING;
    return corners({ left: x, top: y + cut, right: x + width, bottom: y + height - cut })
      .map(([px, py]) => new DOMPoint(px, py).matrixTransform(matrix)).map(point => [point.x, point.y]);
  };
  /* How far two convex shapes reach into one another, by the axis on which that is least. */
  const overlap = (one, other) => {
    let least = Infinity;
    for (const shape of [one, other]) {
      for (let i = 0; i < shape.length; i++) {
        const [[ax, ay], [bx, by]] = [shape[i], shape[(i + 1) % shape.length]];
        const length = Math.hypot(bx - ax, by - ay) || 1;
        const along = points => points.map(([x, y]) => (x * (ay - by) + y * (bx - ax)) / length);
        const [first, second] = [along(one), along(other)];
        least = Math.min(least, Math.min(Math.max(...first), Math.max(...second)) - Math.max(Math.min(...first), Math.min(...second)));
      }
    }
    return least;
  };
  const around = shape => ({
    left: Math.min(...shape.map(([x]) => x)), right: Math.max(...shape.map(([x]) => x)),
    top: Math.min(...shape.map(([, y]) => y)), bottom: Math.max(...shape.map(([, y]) => y)),
  });
  /* Whether scrolling boxes let so much of a box through that it can be read. */
  const shownIn = (box, element, root) => {
    let { left, top, right, bottom } = box;
    for (let at = element.parentElement; at && at !== root.parentElement; at = at.parentElement) {
      if (at instanceof SVGElement || !cuts(at, "auto", "scroll", "hidden", "clip")) continue;
      const edge = at.getBoundingClientRect();
      left = Math.max(left, edge.left); right = Math.min(right, edge.right);
      top = Math.max(top, edge.top); bottom = Math.min(bottom, edge.bottom);
    }
    return right - left > 0.5 * (box.right - box.left) && bottom - top > 0.5 * (box.bottom - box.top);
  };
  for (const figure of document.querySelectorAll("figure.attention-figure, .attention-placeholder")) {
    if (only && figure.id !== only) continue;
    const name = figure.id || "placeholder";
    const bounds = figure.getBoundingClientRect();
    const boxes = [];
    const add = (owner, said, shape) => {
      const box = around(shape);
      if (box.right - box.left < 1 || box.bottom - box.top < 1) return;
      const picture = owner.closest("svg");
      if (picture && !cuts(picture, "visible")) {
        const frame = picture.getBoundingClientRect();
        if (box.left < frame.left - SLACK || box.right > frame.right + SLACK || box.bottom > frame.bottom + SLACK || box.top < frame.top - SLACK)
          faults.push(`${name}: "${said}" reaches out of its picture`);
      }
      if (!shownIn(box, owner, figure)) return;
      if (box.left < bounds.left - SLACK || box.right > bounds.right + SLACK) {
        const scrolling = [...(function* () { for (let at = owner.parentElement; at && at !== figure; at = at.parentElement) yield at; })()]
          .some(at => !(at instanceof SVGElement) && cuts(at, "auto", "scroll"));
        if (!scrolling) faults.push(`${name}: "${said}" reaches out of its figure`);
      }
      boxes.push({ owner, said, shape, ...box });
    };
    for (const text of figure.querySelectorAll("svg text")) {
      if (seen(text) && text.textContent.trim() && !text.hasAttribute("data-y")) add(text, text.textContent.trim(), turned(text));
    }
    const walker = document.createTreeWalker(figure, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
      const element = node.parentElement;
      if (!node.data.trim() || element.closest("svg") || !seen(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const { left, top, right, bottom } of range.getClientRects()) {
        const cut = (bottom - top) * LEADING;
        add(element, node.data.trim(), corners({ left, right, top: top + cut, bottom: bottom - cut }));
      }
    }
    for (const control of figure.querySelectorAll("select, button, summary")) {
      if (!control.checkVisibility() || control.matches(".attention-thumb")) continue;
      add(control, control.name || control.textContent.trim(), corners(control.getBoundingClientRect()));
    }
    boxes.sort((a, b) => a.left - b.left);
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) {
        if (b.left > a.right - SLACK) break;
        if (a.owner.contains(b.owner) || b.owner.contains(a.owner)) continue;
        const by = overlap(a.shape, b.shape);
        if (by > SLACK) faults.push(`${name}: "${a.said}" and "${b.said}" overlap by ${by.toFixed(1)}`);
      }
    }
    for (const element of [figure, ...figure.querySelectorAll(":not(svg *, svg)")]) {
      if (!seen(element) || cuts(element, "auto", "scroll") || getComputedStyle(element).display === "inline") continue;
      /* The arrow of a selector lies over it; names in formulas and thumbnails are cut on purpose. */
      if (element.matches(".attention-choice, .attention-formula sub *, .attention-thumb, canvas")) continue;
      const over = element.scrollWidth - element.clientWidth;
      if (element.clientWidth && over > 1) faults.push(`${name}: ${element.localName}.${element.className} is cut by ${over}`);
    }
  }
  /* Themes have such faults of their own. */
  const sideways = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const by = sideways();
  const figures = [...document.querySelectorAll("figure.attention-figure, .attention-placeholder")];
  for (const figure of figures) figure.style.display = "none";
  if (by > Math.max(sideways(), 0)) faults.push(`figures make the page scroll sideways by ${by}`);
  for (const figure of figures) figure.style.display = "";
  return faults;
}
"""


def layout_faults(page: Page, figure: str | None = None) -> list[str]:
    """Overlapping texts and controls, texts outside their boxes, and a page that scrolls sideways.

    Args:
        page: a page with figures.
        figure: the id of the only one to look at; None looks at all.
    """
    return page.evaluate(MEASURE, figure)


# Functions of a page's colours, which a test's function begins with.
COLOURS = r"""
  const canvas = document.createElement("canvas");
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  const bytes = (...colours) => {
    ink.clearRect(0, 0, 1, 1);
    for (const colour of colours) { ink.fillStyle = colour; ink.fillRect(0, 0, 1, 1); }
    return [...ink.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(byte => byte / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const page = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (bytes(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const contrast = (colour, behind) => {
    const [one, other] = [light(bytes(behind, colour)), light(bytes(behind))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
"""

CONTRAST = (
    rf"() => {{{COLOURS}"
    r"""
  const faults = new Set();
  const check = (element, colour, behind, least, name) => {
    const found = contrast(colour, behind);
    if (found < least) faults.add(`${name}: ${found.toFixed(2)} on ${behind}`);
  };
  let ground = 1;
  for (const figure of document.querySelectorAll("figure.attention-figure")) {
    const behind = page(figure);
    ground = light(bytes(behind));
    for (const text of figure.querySelectorAll("svg text")) {
      if (!text.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || !text.textContent.trim()) continue;
      const style = getComputedStyle(text);
      if (style.fill !== "none") check(text, style.fill, behind, 4.5, `${figure.id} ${text.textContent.trim().slice(0, 20)}`);
    }
    /* In a colour with an opacity, a weight is told by the opacity. The colour itself has to stand out. */
    for (const path of figure.querySelectorAll(".attention-edge, .attention-square")) {
      const { stroke, fill } = getComputedStyle(path);
      /* The colours of 32 heads differ in lightness, too, so that not all of them can reach 3. */
      const least = path.classList.value.includes("attention-hue-") ? 2.5 : 3;
      check(path, path.matches(".attention-square") ? fill : stroke, behind, least, `${figure.id} ${path.classList.value}`);
    }
  }
  return [ground, [...faults]];
}
"""
)


def contrast_faults(page: Page) -> tuple[float, list[str]]:
    """The luminance of the ground of the figures, and all that does not stand out from the ground.

    Texts of pictures need a contrast of 4.5 and edges one of 3 (WCAG 2.2, 1.4.3 and 1.4.11). The
    lines and squares of heads need one of 2.5.
    """
    ground, faults = page.evaluate(CONTRAST)
    return ground, faults


def pin_in_every_figure(page: Page) -> None:
    """Pin the third token of every figure that has none pinned."""
    page.evaluate(
        """() => {
          for (const figure of document.querySelectorAll("figure.attention-figure[data-view]")) {
            const tokens = figure.querySelectorAll("[data-token][role=button]");
            if (!tokens.length || figure.querySelector("[data-token][aria-pressed=true]")) continue;
            tokens[Math.min(2, tokens.length - 1)].dispatchEvent(new MouseEvent("click", {bubbles: true}));
          }
        }"""
    )
