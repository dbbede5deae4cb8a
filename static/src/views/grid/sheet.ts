/** The sheet of thumbnails: its heads, their order, and the cells of all of them. */

import { shades as SHADES } from "../../../../sphinx_attention/core/render/grid/constants.json";
import {
  type Cells,
  type Direction,
  type Filter,
  levelOf,
  LEVELS,
  type Model,
  nearest,
  type Place,
  type State,
} from "../shared";

/** The layout of the thumbnails in the static picture. */
export interface ThumbnailLayout {
  /** The place of the first thumbnail, in px. */
  left: number;
  top: number;
  /** The side of a cell, in px. */
  cell: number;
  /** A cell represents this many weights in each direction. */
  pool: number;
  /** The cells of a thumbnail. */
  rows: number;
  columns: number;
  /** The distance from a thumbnail to the next, in cells. */
  across: number;
  down: number;
}

/** Thumbnails in lines. */
export interface Sheet {
  /** Whether the heads are sorted by a score, and have labels of their own. */
  sorted: boolean;
  /** The heads in order. Each is layer × heads + head. */
  heads: readonly number[];
  perLine: number;
  across: number;
  down: number;
  /** The cells between the left of a thumbnail's place and the thumbnail. */
  inset: number;
  /** The labels of a sorted sheet's thumbnails. */
  labels: readonly string[];
}

/** The levels of opacity in thumbnails. They are few, so that the static picture compresses well. */
const STEP = LEVELS / (SHADES.length - 1);

/** The levels of the pooled weights that a filter shows, by layer, head, row and column. */
export function thumbnails(
  model: Model,
  { pool, rows, columns }: ThumbnailLayout,
  filter: Filter | null = null,
): Int8Array {
  const table = Int8Array.from(
    { length: 1001 },
    (_, code) => SHADES[nearest(levelOf(code / 1000, "log") / STEP)]!,
  );
  const size = rows * columns;
  const all = new Int8Array(model.layers.length * model.heads.length * size);
  let start = 0;
  for (let layer = 0; layer < model.layers.length; layer++) {
    for (let head = 0; head < model.heads.length; head++, start += size) {
      for (let query = 0; query < model.queries.length; query++) {
        if (filter && !filter.query(query)) continue;
        const row = start + Math.floor(query / pool) * columns;
        for (let key = 0, at = row, left = pool; key < model.keys.length; key++) {
          const level = table[model.code(layer, head, query, key)] ?? 0;
          if (level > all[at]! && (!filter || filter.key(key))) all[at] = level;
          if (--left === 0) [at, left] = [at + 1, pool];
        }
      }
    }
  }
  return all;
}

type Options = State["options"];

/** The scores that heads are sorted by. Undefined if they are in the order of layers and heads. */
export function scoresBy(model: Model, options: Options): readonly (number | null)[] | undefined {
  return model.headScores[options["order"] ?? ""];
}

/** The heads with at least a given score, from the largest to the smallest. Equal heads keep their order. */
export function ranked(scores: readonly (number | null)[], least: number): number[] {
  return scores
    .map((_, head) => head)
    .filter((head) => scores[head] != null && scores[head]! >= least)
    .sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** The round bounds that some heads reach and others do not. */
export function bounds(scores: readonly (number | null)[]): number[] {
  const known = scores.filter((score) => score !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return (high > 1 ? BITS : SHARES).filter((bound) => low < bound && bound <= high);
}

/** Bounds of scores that are shares, and of entropies in bits. */
const SHARES = [0.1, 0.2, 0.3, 0.5, 0.7, 0.9];
const BITS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/**
 * The sheet for the options of a figure. A sorted sheet is at most `room()` px wide. `labelWidth`
 * measures the longest of some labels, in px.
 */
export function sheetOf(
  model: Model,
  options: Options,
  layout: ThumbnailLayout,
  room: () => number,
  labelWidth: (labels: readonly string[]) => number,
): Sheet {
  const scores = scoresBy(model, options);
  const { across, down } = layout;
  if (!scores) {
    const heads = Array.from({ length: model.layers.length * model.heads.length }, (_, i) => i);
    return { sorted: false, heads, perLine: model.heads.length, across, down, inset: 0, labels: [] };
  }
  const heads = ranked(scores, Number(options["least"] ?? 0));
  const labels = heads.map((head) => `${nameOf(model, head)} ${decimals(scores[head]!)}`);
  const wide = Math.max(across, Math.ceil(labelWidth(labels) / layout.cell));
  return {
    sorted: true,
    heads,
    perLine: Math.max(1, Math.floor(room() / (wide * layout.cell))),
    across: wide,
    down: down + Math.ceil(LABEL / layout.cell),
    inset: Math.floor((wide - layout.columns) / 2),
    labels,
  };
}

/** The height of a label, in px. */
const LABEL = 16;

/** All thumbnails of a sheet as one heat map. */
export function cellsOfSheet(all: Int8Array, sheet: Sheet, layout: ThumbnailLayout): Cells {
  const { rows, columns } = layout;
  const wide = sheet.perLine * sheet.across;
  const high = Math.ceil(sheet.heads.length / sheet.perLine) * sheet.down;
  const levels = new Int8Array(wide * high);
  for (const [i, head] of sheet.heads.entries()) {
    const [x, y] = placeOf(sheet, i);
    for (let row = 0; row < rows; row++) {
      const from = (head * rows + row) * columns;
      levels.set(all.subarray(from, from + columns), (y + row) * wide + x);
    }
  }
  return { rows: high, columns: wide, levels };
}

/** The left and top of a thumbnail, in cells. */
function placeOf({ perLine, across, down, inset }: Sheet, i: number): [number, number] {
  return [(i % perLine) * across + inset, Math.floor(i / perLine) * down];
}

/** A hairline through every thumbnail for each token, as the `d` of a path. */
export function hairlines(
  sheet: Sheet,
  layout: ThumbnailLayout,
  places: readonly Place[],
  upright: (place: Place) => boolean,
): string {
  const { cell, rows, columns, pool } = layout;
  let d = "";
  for (const place of places) {
    const at = (Math.floor(place.index / pool) + 0.5) * cell;
    const line = upright(place) ? `v${rows * cell}` : `h${columns * cell}`;
    for (let i = 0; i < sheet.heads.length; i++) {
      const [x, y] = placeOf(sheet, i);
      const [left, top] = upright(place) ? [x * cell + at, y * cell] : [x * cell, y * cell + at];
      d += `M${left} ${top}${line}`;
    }
  }
  return d;
}

/** Whether a token is marked by a column, as keys are. */
export function isKey(model: Model, { side }: Place, direction: Direction): boolean {
  return side === "key" || (model.oneRow && direction === "to");
}

/** The thumbnail to which a key of the keyboard leads. Undefined for keys that thumbnails do not use. */
export function moved({ heads, perLine }: Sheet, from: number, key: string): number | undefined {
  const line = from - (from % perLine);
  const last = heads.length - 1;
  const to = {
    ArrowLeft: from - 1,
    ArrowRight: from + 1,
    ArrowUp: from - perLine,
    ArrowDown: from + perLine,
    Home: line,
    End: Math.min(line + perLine - 1, last),
  }[key];
  return to === undefined || (to >= 0 && to <= last) ? to : from;
}

/** The name of a head, with its layer. */
export function nameOf(model: Model, at: number): string {
  const [layer, head] = split(model, at);
  return `${model.layers[layer]}.${model.heads[head]}`;
}

export function split(model: Model, at: number): [layer: number, head: number] {
  return [Math.floor(at / model.heads.length), at % model.heads.length];
}

/** A score with two decimals. The page carries three. */
export function decimals(score: number): string {
  return (nearest(Math.round(score * 1000) / 10) / 100).toFixed(2);
}
