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
