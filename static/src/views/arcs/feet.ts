/** Where edges stand over their words: side by side. The Python part computes the same. */

import { feet as constants } from "../../../../sphinx_attention/core/render/arcs/constants.json";

/** An edge that is drawn. */
export interface Standing {
  readonly query: number;
  readonly key: number;
  /** In px. */
  readonly width: number;
}

/** How far the ends of an edge at its query and at its key are from the middles of their words, in px. */
export type Feet = readonly [query: number, key: number];

/** The words of a picture: their middles and widths in px. */
export interface Words {
  readonly queries: readonly number[];
  readonly keys: readonly number[];
  readonly queryWidths: readonly number[];
  readonly keyWidths: readonly number[];
  readonly oneRow: boolean;
}

interface End {
  /** The position of the edge in the list of all. */
  readonly edge: number;
  readonly at: 0 | 1;
  readonly width: number;
  /** The distance to the word at the other end, less than 0 to the left. */
  readonly towards: number;
  /** Which of two edges between the same words is the outer one: 1 at both of its ends. */
  readonly outer: number;
}

interface Loop {
  readonly edge: number;
  readonly width: number;
}

/**
 * Spread the ends of edges over their words. The edges of a word that go to the left stand on its left,
 * and the nearest one is outermost. So they are nested, and do not cross. An edge to the word itself is
 * in the middle.
 */
export function feetOf(edges: readonly Standing[], words: Words): Feet[] {
  const found: [number, number][] = edges.map(() => [0, 0]);
  const ends = { query: new Map<number, End[]>(), key: new Map<number, End[]>() };
  const loops = new Map<number, Loop>();
  const add = (side: "query" | "key", index: number, end: End): void => {
    const all = ends[words.oneRow ? "query" : side];
    all.set(index, [...(all.get(index) ?? []), end]);
  };
  for (const [edge, { query, key, width }] of edges.entries()) {
    if (words.oneRow && query === key) {
      loops.set(query, { edge, width });
      continue;
    }
    const towards = words.keys[key]! - words.queries[query]!;
    const outer = query < key ? 1 : 0;
    add("query", query, { edge, at: 0, width, towards, outer });
    add("key", key, { edge, at: 1, width, towards: -towards, outer });
  }
  for (const index of loops.keys()) if (!ends.query.has(index)) ends.query.set(index, []);
  for (const [index, those] of ends.query) spread(those, loops.get(index), words.queryWidths[index]!, words.oneRow, found);
  for (const [index, those] of ends.key) spread(those, undefined, words.keyWidths[index]!, false, found);
  return found;
}

/** Spread the ends at one word, which is `width` px wide. */
function spread(
  ends: readonly End[],
  loop: Loop | undefined,
  width: number,
  nested: boolean,
  found: [number, number][],
): void {
  const most = Math.max(constants.share * width, constants.least);
  const left = nested ? ends.filter(({ towards }) => towards < 0) : [];
  const right = nested ? ends.filter(({ towards }) => towards >= 0) : [...ends];
  left.sort((a, b) => b.towards - a.towards || a.outer - b.outer);
  right.sort((a, b) => (nested ? b.towards - a.towards || b.outer - a.outer : a.towards - b.towards));
  if (!loop) {
    const row = [...left, ...right];
    const { places, total } = placesOf(row);
    const fit = total ? Math.min(1, most / total) : 1;
    for (const [i, { edge, at }] of row.entries()) found[edge]![at] = (places[i]! - total / 2) * fit;
    return;
  }
  const leg = (constants.leg + constants.leg_grows * loop.width + loop.width) / 2;
  const half = leg + loop.width / 2;
  const sides = [left.reverse(), right].map((side) => ({ side, ...placesOf(side) }));
  const reach = Math.max(half, ...sides.map(({ side, total }) => (side.length ? half + constants.gap + total : 0)));
  const fit = Math.min(1, most / 2 / reach);
  found[loop.edge] = [-leg * fit, leg * fit];
  for (const [n, { side, places }] of sides.entries()) {
    const sign = n ? 1 : -1;
    for (const [i, { edge, at }] of side.entries()) {
      found[edge]![at] = sign * (half + constants.gap + places[i]!) * fit;
    }
  }
}

/** The middles of edges that stand side by side, from 0 on, and how wide they are together. */
function placesOf(ends: readonly End[]): { places: number[]; total: number } {
  let start = 0;
  const places = ends.map(({ width }) => {
    const place = start + width / 2;
    start += width + constants.gap;
    return place;
  });
  return { places, total: Math.max(start - constants.gap, 0) };
}
