/**
 * The one place that turns weights into edges: which of them are drawn, and along which curve.
 * `core/render` does the same in Python, to the last digit.
 */

import { MASKED, type Model, type Place } from "./model";
import type { Direction } from "./state";

/** The weights between one token and all that it looks at, or all that look at it. */
export interface Line {
  /** Whether the token in focus is the query of these weights, or their key. */
  from: "query" | "key";
  index: number;
  /** By the other token's index. */
  codes: readonly number[];
}

export interface Edge {
  query: number;
  key: number;
  code: number;
  special: boolean;
}

export function lineOf(
  model: Model,
  layer: number,
  head: number,
  place: Place,
  direction: Direction,
): Line {
  const from = model.oneRow ? (direction === "from" ? "query" : "key") : place.side;
  const others = from === "query" ? model.keys : model.queries;
  const codes = others.map((_, other) =>
    from === "query"
      ? model.code(layer, head, place.index, other)
      : model.code(layer, head, other, place.index),
  );
  return { from, index: place.index, codes };
}

/**
 * The positions of the smallest set of codes, heaviest first, that holds the share `cutoff` of
 * their sum; those as heavy as the last one are in. Zeros and masked ones never are.
 */
export function heaviest(codes: readonly number[], cutoff: number): number[] {
  const order = codes
    .map((_, index) => index)
    .filter((index) => visible(codes[index]!))
    .sort((a, b) => codes[b]! - codes[a]! || a - b);
  const total = sum(order.map((index) => codes[index]!));
  const enough = cutoff * total;
  let mass = 0;
  let last = Infinity;
  const kept: number[] = [];
  for (const index of order) {
    const code = codes[index]!;
    if (mass >= enough && code < last) break;
    kept.push(index);
    mass += code;
    last = code;
  }
  return kept;
}

/** The edges of one token, in the order of the tokens at their other end. */
export function edgesOf(model: Model, line: Line): Edge[] {
  const others = line.from === "query" ? model.keys : model.queries;
  return heaviest(line.codes, model.cutoff)
    .sort((a, b) => a - b)
    .map((other) => ({
      query: line.from === "query" ? line.index : other,
      key: line.from === "query" ? other : line.index,
      code: line.codes[other]!,
      special: others[other]!.special,
    }));
}

/** The share of a line's mass, in whole per cent, that its edges show; never rounded up. */
export function shareOf(line: Line, edges: readonly Edge[]): number {
  const total = sum(line.codes.filter(visible));
  return total ? Math.floor(100 * (sum(edges.map((edge) => edge.code)) / total)) : 100;
}

/** The heaviest edges of a head's ordinary queries, at most `most` of them, by query and key. */
export function edgesAtRest(model: Model, layer: number, head: number, most: number): Edge[] {
  const all = model.queries.map((_, index): Place => ({ side: "query", index }));
  const ordinary = all.filter((place) => !model.queries[place.index]!.special);
  return (ordinary.length ? ordinary : all)
    .flatMap((place) => edgesOf(model, lineOf(model, layer, head, place, "from")))
    .sort((a, b) => b.code - a.code || a.query - b.query || a.key - b.key)
    .slice(0, most)
    .sort((a, b) => a.query - b.query || a.key - b.key);
}

function visible(code: number): boolean {
  return code > 0 && code !== MASKED;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Where the static picture put things. */
export interface Frame {
  /** Centres of the tokens. */
  queries: readonly number[];
  keys: readonly number[];
  /** Heights at which edges end; the same in figures of one row. */
  queryY: number;
  keyY: number;
  /** Free space above a single row; unused between two. */
  headroom: number;
  /** Distance of the two tokens farthest apart; 100 for a token alone. */
  span: number;
}

const RISE = 0.6;

/** Room for edges above a row of this span. */
export function headroomOf(span: number): number {
  return Math.min(150, Math.max(50, 0.3 * span));
}

/**
 * The curve of an edge, as the `d` of a path, starting at the token in focus. Curves that share an
 * end do not cross: their height grows with distance to a power between ½ and 1.
 */
export function curve(frame: Frame, edge: Edge, from: "query" | "key"): string {
  const q = frame.queries[edge.query]!;
  const k = frame.keys[edge.key]!;
  const start = from === "query" ? q : k;
  const end = from === "query" ? k : q;
  if (frame.queryY !== frame.keyY) {
    const startY = from === "query" ? frame.queryY : frame.keyY;
    const endY = from === "query" ? frame.keyY : frame.queryY;
    const middle = (startY + endY) / 2;
    return path`M${start} ${startY}C${start} ${middle} ${end} ${middle} ${end} ${endY}`;
  }
  const y = frame.queryY;
  if (start === end) return balloon(frame, start, y);
  const top = y - handle(frame, Math.abs(end - start));
  return path`M${start} ${y}C${start} ${top} ${end} ${top} ${end} ${y}`;
}

function handle(frame: Frame, distance: number): number {
  return (frame.headroom * (distance / frame.span) ** RISE) / 0.75;
}

/** An edge to itself stays inside the cusp between the arcs to either side. */
function balloon(frame: Frame, x: number, y: number): string {
  const height = Math.min(42, 0.8 * frame.headroom);
  const neck = 0.75 * height;
  const width = Math.min(14, (0.9 * neck ** 2 * frame.span) / handle(frame, frame.span) ** 2);
  const top = y - height;
  return path`M${x} ${y}C${x} ${y - neck} ${x - width} ${top} ${x} ${top}C${x + width} ${top} ${x} ${y - neck} ${x} ${y}`;
}

/** Numbers in attributes: two decimals at most. */
export function short(value: number): string {
  return String(Math.floor(value * 100 + 0.5) / 100);
}

function path(strings: TemplateStringsArray, ...values: number[]): string {
  return strings.reduce((text, part, i) => text + short(values[i - 1]!) + part);
}
