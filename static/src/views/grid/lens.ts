/** The head under the pointer, enlarged over its thumbnail. */

import { type Cells, clamp, element, levelOf, type Model, paint, setAttributes, setText } from "../shared";
import { nameOf, split } from "./sheet";

/** The sides of the enlarged map, in px. It is three times as wide as a thumbnail, within these. */
const SMALLEST = 110;
const LARGEST = 176;
/** The height of the name below the map, in px. */
const NAME = 20;

/** Shows the head of a thumbnail, or none. */
export type Lens = (at: number | null, thumbnail?: HTMLElement, width?: number) => void;

/** Add a lens to a box of thumbnails. Where the box is too low for it, it shows nothing. */
export function openLens(box: HTMLElement, model: Model): Lens {
  const canvas = element("canvas", ["attention-canvas"]);
  const name = element("span");
  const lens = element("div", ["attention-lens"], canvas, name);
  setAttributes(lens, { "aria-hidden": "true" });
  return (at, thumbnail, width = 0) => {
    const [rows, columns] = [model.queries.length, model.keys.length];
    const wide = clamp(3 * width, SMALLEST, LARGEST);
    const high = Math.round((wide * rows) / columns) + NAME;
    const shown = at !== null && !!thumbnail && high <= box.clientHeight && wide <= box.clientWidth;
    // Pictures are saved from all canvases that are there.
    if (!shown) return lens.remove();
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = thumbnail;
    const left = clamp(offsetLeft + (offsetWidth - wide) / 2, 0, box.clientWidth - wide);
    const top = clamp(offsetTop + (offsetHeight - high) / 2, box.scrollTop, box.scrollTop + box.clientHeight - high);
    for (const [key, value] of Object.entries({ left, top, wide })) lens.style.setProperty(`--${key}`, `${value}px`);
    setText(name, nameOf(model, at));
    box.append(lens);
    paint(canvas, cellsOf(model, at));
  };
}

/** Every weight of a head. */
function cellsOf(model: Model, at: number): Cells {
  const [layer, head] = split(model, at);
  const [rows, columns] = [model.queries.length, model.keys.length];
  const levels = Int8Array.from({ length: rows * columns }, (_, cell) =>
    levelOf(model.code(layer, head, Math.floor(cell / columns), cell % columns) / 1000, "log"),
  );
  return { rows, columns, levels };
}
