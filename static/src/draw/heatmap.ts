/** Cells of heat maps: their opacity, and canvases on which many of them are painted. */

import { heatmap } from "../../../sphinx_attention/core/render/common/constants.json";
import { ADDED, element, find, numberIn, rgbaOf, setAttributes } from "./dom";
import { nearest } from "../data/model";

export type Scale = "linear" | "log";

/** A cell's opacity is its level divided by this number. Signed numbers have signed levels. */
export const LEVELS = heatmap.levels;

/** The levels of a heat map, row by row. */
export interface Cells {
  rows: number;
  columns: number;
  levels: Int8Array;
}

/** The opacity of a weight, given as a share of the largest one. */
export function ramp(share: number, scale: Scale): number {
  if (!(share > 0)) return 0;
  const within = Math.min(share, 1);
  return scale === "log" ? 0.05 + 0.95 * Math.log10(1 + 9 * within) : within;
}

export function levelOf(share: number, scale: Scale): number {
  return nearest(LEVELS * ramp(share, scale));
}

/**
 * Add a canvas under a picture, at a box in px of the picture. The style sheet keeps it there wherever
 * the picture stands in its stage.
 */
export function canvasUnder(
  picture: SVGSVGElement,
  box: { x: number; y: number; width: number },
): HTMLCanvasElement {
  const canvas = element("canvas", ["attention-canvas", ADDED]);
  // The picture over the canvas has the accessible content.
  setAttributes(canvas, { "aria-hidden": "true" });
  const whole = numberIn(picture, "width");
  const fit = picture.parentElement && find(picture.parentElement, "fit");
  canvas.style.setProperty("--picture", `${whole}px`);
  canvas.style.setProperty("--least", `${fit ? numberIn(fit, "width") : whole}px`);
  for (const name of ["x", "y", "width"] as const) {
    canvas.style.setProperty(`--${name}`, String(box[name] / whole));
  }
  picture.before(canvas);
  return canvas;
}

/** The cells of each canvas, so that it can be painted again in the colours of another theme. */
const painted = new Map<HTMLCanvasElement, { cells: Cells; colours: string }>();

/**
 * Paint cells on a canvas of the page, one pixel each. The style sheet scales the canvas. It also sets
 * the hue of positive cells as the colour of the canvas's border, and that of negative cells as the
 * colour of its outline. The canvas is painted again when a theme changes these colours.
 */
export function paint(canvas: HTMLCanvasElement, cells: Cells): void {
  watchTheme();
  const colours = coloursOf(canvas);
  const inks = colours.map(rgbaOf);
  const { columns, rows, levels } = cells;
  // Whole pixels by level. The bytes are little-endian, as on all machines that run browsers.
  const shades = Uint32Array.from({ length: 2 * LEVELS + 1 }, (_, at) => {
    const [red, green, blue, alpha] = inks[at < LEVELS ? 1 : 0]!;
    const share = Math.abs(at - LEVELS) / LEVELS;
    return (nearest(alpha * share) << 24) | (blue << 16) | (green << 8) | red;
  });
  const pixels = new Uint32Array(levels.length);
  for (let at = 0; at < levels.length; at++) pixels[at] = shades[levels[at]! + LEVELS]!;
  painted.set(canvas, { cells, colours: String(colours) });
  [canvas.width, canvas.height] = [columns, rows];
  // Without any cells, no image can be made. This happens where no head reaches a bound.
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
  // Themes that replace the content of a page may replace the body itself.
  if (watching === document.body) return;
  watching = document.body;
  const again = (): void => {
    for (const [canvas, { cells, colours }] of painted) {
      if (!canvas.isConnected) painted.delete(canvas);
      else if (String(coloursOf(canvas)) !== colours) paint(canvas, cells);
    }
  };
  // Some themes change colours by a transition.
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
