/** The cells of a heat map as paths, and the ticks of its colour bar, as in the static pictures. */

import { heatmap } from "../../../../sphinx_attention/core/render/common/constants.json";
import { type Attributes, type Cells, elementsInto, levelOf, LEVELS, ramp, type Scale, weightOf } from "../shared";

/** The most tokens on a side whose cells are paths. Larger maps are painted on a canvas. */
export const MOST_AS_PATHS = heatmap.most_as_paths;

/** The cells of codes in thousandths, row by row. Masked codes have level 0, and differences below 0 have levels below 0. */
export function cellsOf(
  rows: number,
  columns: number,
  codes: ArrayLike<number>,
  scale: Scale,
  most: number,
): Cells {
  const table = Int8Array.from({ length: 1001 }, (_, at) => levelOf(at / most, scale));
  // `Int8Array.from` uses an iterator, which is thirty times as slow.
  const levels = new Int8Array(codes.length);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    levels[at] = Math.sign(code) * table[weightOf(code)]!;
  }
  return { rows, columns, levels };
}

/** Distances between the ticks of a colour bar, in thousandths. */
const STEPS = heatmap.tick_steps;
/** The smallest distance between two ticks, in px. */
const APART = heatmap.tick_distance;

/** The ticks of a colour bar, as codes and positions: 0, the end, and round codes if there is space. */
export function ticks(most: number, scale: Scale, width: number): [code: number, x: number][] {
  const place = (code: number): number => width * ramp(code / most, scale);
  let round = STEPS.filter((step) => step < most);
  if (scale === "linear") {
    const step = STEPS.find((one) => one <= most && place(one) >= APART) ?? most;
    round = [];
    for (let code = step; code < most; code += step) round.push(code);
  }
  const found: [number, number][] = [[most, width]];
  for (const code of round.reverse()) {
    if (place(code) >= APART && place(code) <= found[0]![1] - APART) found.unshift([code, place(code)]);
  }
  return [[0, 0], ...found];
}

/** One path for each level: positive levels in rising order, then negative ones. */
export function levelPaths(
  { rows, columns, levels }: Omit<Cells, "levels"> & { levels: ArrayLike<number> },
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

/** Give a group the paths of some levels. */
export function levelsInto(group: SVGElement, paths: readonly [number, string][]): void {
  const all = paths.map(([level, d]): Attributes => ({
    ...(level < 0 && { class: "attention-negative" }),
    "fill-opacity": Math.abs(level) / LEVELS,
    d,
  }));
  elementsInto(group, "path", all);
}
