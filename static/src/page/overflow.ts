/** Boxes that scroll: they are reachable by keyboard, and important elements are scrolled into view. */

import { backgroundOf, find, numberIn, setAttributes } from "../draw/dom";

/** Px between an element that is scrolled into view and the edge of its box, where the picture fades out. */
const EDGE = 28;

/** Make a box that scrolls a tab stop, so that it can be scrolled without a pointer. */
export function makeScrollable(box: HTMLElement, label: string): void {
  box.tabIndex = 0;
  setAttributes(box, { role: "region", "aria-label": label });
}

/** Whether the picture in a stage is wider than the stage. */
export function isWide(stage: Element): boolean {
  return stage.scrollWidth > stage.clientWidth + 1;
}

/** Whether the content of a box is higher than the box. */
export function isHigh(box: Element): boolean {
  return box.scrollHeight > box.clientHeight + 1;
}

/**
 * Scroll the stage around some elements so that all of them are visible. Where they do not fit
 * together, the first one is visible, with as much as fits on the side of the second. The page
 * itself is not scrolled.
 */
export function bringIntoView(all: readonly (Element | null | undefined)[]): void {
  const stage = all[0]?.closest(".attention-stage");
  if (!stage) return;
  const seen = all.flatMap((one) => (one ? [(find(one, "word") ?? one).getBoundingClientRect()] : []));
  const around = stage.getBoundingClientRect();
  const by = (low: "left" | "top", high: "right" | "bottom"): number => {
    const [start, end] = [Math.min(...seen.map((box) => box[low])), Math.max(...seen.map((box) => box[high]))];
    const [from, to] = [around[low] + EDGE, around[high] - EDGE];
    if (start >= from && end <= to) return 0;
    if (end - start <= to - from) return (start + end - from - to) / 2;
    return seen[0]![low] > start ? seen[0]![high] - to : seen[0]![low] - from;
  };
  if (isWide(stage)) stage.scrollLeft += by("left", "right");
  if (isHigh(stage)) stage.scrollTop += by("top", "bottom");
}

/**
 * Keep a stage reachable by keyboard while it scrolls, and only then. The style sheet learns how far
 * row names must move to stay visible. `laidOut` is called once, as soon as the stage has a size: asking
 * for it earlier would make the browser lay out the page at once.
 */
export function watchOverflow(stage: HTMLElement, laidOut: () => void): void {
  if (typeof ResizeObserver === "undefined") return laidOut();
  const update = (): void => {
    const { scrollLeft, style } = stage;
    // The row names are moved in the units of the picture, which may have been made smaller.
    const picture = scrollLeft ? find<SVGSVGElement>(stage, "picture") : null;
    const scale = picture ? picture.getBoundingClientRect().width / numberIn(picture, "width") : 1;
    style.setProperty("--attention-gone", `${scrollLeft / scale}px`);
    style.setProperty("--attention-page", scrollLeft ? backgroundOf(stage) : "");
  };
  stage.addEventListener("scroll", update, { passive: true });
  let first: (() => void) | null = laidOut;
  new ResizeObserver(() => {
    if (isWide(stage)) {
      const name = find(stage, "picture")?.getAttribute("aria-label");
      makeScrollable(stage, name ?? stage.parentElement?.ariaLabel ?? "");
    } else for (const name of ["tabindex", "role", "aria-label"]) stage.removeAttribute(name);
    first?.();
    first = null;
    update();
  }).observe(stage);
}
