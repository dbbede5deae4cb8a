/**
 * Heat-map cells: how strong a weight looks, and what draws many of them at once. The one place for
 * it in the browser; `core/render/cells.py` computes the same levels and paths.
 */

import { type Attributes, element, elementsInto, numberIn, rgbaOf, setAttributes } from "./dom";
import { nearest } from "./model";

export type Scale = "linear" | "log";

/** A cell's opacity is its level, from 0 to this, over this. Numbers with a sign have signed ones. */
export const LEVELS = 50;
/** Tokens a side up to which cells are paths; past it they are painted on a canvas. */
export const MOST_AS_PATHS = 60;

/** Levels row by row. */
export interface Cells {
  rows: number;
  columns: number;
  levels: Int8Array;
}

/** The cells of a map, from codes in thousandths row by row; masked ones (below 0) have level 0. */
export function cellsOf(
  rows: number,
  columns: number,
  codes: ArrayLike<number>,
  scale: Scale,
  most: number,
): Cells {
  const table = Int8Array.from({ length: 1001 }, (_, at) => levelOf(at / most, scale));
  // Not by `from`, which goes through an iterator, thirty times as slow.
  const levels = new Int8Array(codes.length);
  for (let at = 0; at < codes.length; at++) levels[at] = table[codes[at]!] ?? 0;
  return { rows, columns, levels };
}

/** The opacity of a weight that is so large a share of the strongest. */
export function ramp(share: number, scale: Scale): number {
  if (!(share > 0)) return 0;
  const within = Math.min(share, 1);
  return scale === "log" ? 0.05 + 0.95 * Math.log10(1 + 9 * within) : within;
}

export function levelOf(share: number, scale: Scale): number {
  return nearest(LEVELS * ramp(share, scale));
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
/** Pixels between ticks at least. */
const APART = 30;

/** The codes that stand at a colour bar, and where: 0, the end, and round ones where room is. */
export function ticks(most: number, scale: Scale, width: number): [code: number, x: number][] {
  const place = (code: number): number => width * ramp(code / most, scale);
  let round = STEPS.filter((step) => step < most);
  if (scale === "linear") {
    const step = STEPS.find((one) => one <= most && place(one) >= APART) ?? most;
    round = Array.from({ length: Math.ceil(most / step) - 1 }, (_, i) => (i + 1) * step);
  }
  const found: [number, number][] = [[most, width]];
  for (const code of round.reverse()) {
    if (place(code) >= APART && place(code) <= found[0]![1] - APART) found.unshift([code, place(code)]);
  }
  return [[0, 0], ...found];
}

/** One path a level: from the faintest positive one on, then the negative ones likewise. */
export function levelPaths(
  { rows, columns, levels }: Cells,
  [width, height]: readonly [number, number],
  gap = 0,
): [level: number, path: string][] {
  const paths = new Map<number, string>();
  for (let row = 0; row < rows; row++) {
    for (let start = 0, end: number; start < columns; start = end) {
      const level = levels[row * columns + start]!;
      for (end = start + 1; !gap && end < columns && levels[row * columns + end] === level; ) end++;
      if (!level) continue;
      const wide = (end - start) * width - gap;
      const piece = `M${start * width} ${row * height}h${wide}v${height - gap}h-${wide}z`;
      paths.set(level, (paths.get(level) ?? "") + piece);
    }
  }
  return [...paths].sort(([a], [b]) => +(a < 0) - +(b < 0) || Math.abs(a) - Math.abs(b));
}

/** Bring the paths of a group to these levels, using again what is there. */
export function levelsInto(group: SVGElement, paths: readonly [number, string][]): void {
  const all = paths.map(([level, d]): Attributes => ({
    ...(level < 0 && { class: "attention-negative" }),
    "fill-opacity": Math.abs(level) / LEVELS,
    d,
  }));
  elementsInto(group, "path", all);
}

/**
 * A canvas under a picture, where the picture has its cells, in its px. The style sheet keeps it
 * there wherever the stage puts the picture.
 */
export function canvasUnder(
  picture: SVGSVGElement,
  box: { x: number; y: number; width: number },
): HTMLCanvasElement {
  const canvas = element("canvas", ["attention-canvas"]);
  // The picture over it says what there is to say.
  setAttributes(canvas, { "aria-hidden": "true" });
  const whole = numberIn(picture, "width");
  canvas.style.setProperty("--picture", `${whole}px`);
  for (const name of ["x", "y", "width"] as const) {
    canvas.style.setProperty(`--${name}`, String(box[name] / whole));
  }
  picture.before(canvas);
  return canvas;
}

/** What is painted, by canvas, so that it can be painted again in the colours of another theme. */
const painted = new Map<HTMLCanvasElement, { cells: Cells; colours: string }>();

/**
 * Paint cells on a canvas that is in the page, one pixel each; the style sheet makes it as large as
 * it is seen, and names the hue of positive cells as its border's, that of negative ones as its
 * outline's. Painted again whenever the theme changes them.
 */
export function paint(canvas: HTMLCanvasElement, cells: Cells): void {
  watchTheme();
  const colours = coloursOf(canvas);
  const inks = colours.map(rgbaOf);
  const { columns, rows, levels } = cells;
  // Whole pixels by level, least significant byte first, as every machine has them.
  const shades = Uint32Array.from({ length: 2 * LEVELS + 1 }, (_, at) => {
    const [red, green, blue, alpha] = inks[at < LEVELS ? 1 : 0]!;
    const share = Math.abs(at - LEVELS) / LEVELS;
    return (nearest(alpha * share) << 24) | (blue << 16) | (green << 8) | red;
  });
  const pixels = new Uint32Array(levels.length);
  for (let at = 0; at < levels.length; at++) pixels[at] = shades[levels[at]! + LEVELS]!;
  painted.set(canvas, { cells, colours: String(colours) });
  [canvas.width, canvas.height] = [columns, rows];
  // Where no head reaches a bound there is nothing, of which there is no image.
  if (!pixels.length) return;
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), columns, rows);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

function coloursOf(canvas: HTMLCanvasElement): [string, string] {
  const { borderTopColor, outlineColor } = getComputedStyle(canvas);
  return [borderTopColor, outlineColor];
}

let watching: Element | undefined;

function watchTheme(): void {
  // Pages that swap their content may swap the body itself.
  if (watching === document.body) return;
  watching = document.body;
  const again = (): void => {
    for (const [canvas, { cells, colours }] of painted) {
      if (!canvas.isConnected) painted.delete(canvas);
      else if (String(coloursOf(canvas)) !== colours) paint(canvas, cells);
    }
  };
  // Some themes let colours fade into one another.
  const soon = (): void => {
    for (const wait of [0, 250, 1000]) setTimeout(again, wait);
  };
  const observer = new MutationObserver(soon);
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true });
  }
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) {
    matchMedia(query).addEventListener("change", soon);
  }
}
