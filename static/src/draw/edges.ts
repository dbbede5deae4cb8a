/**
 * Edges: which weights are drawn as edges, and along which curve. The Python part computes the same,
 * to the last digit.
 */

import { clamp, MASKED, type Model, nearest, otherSide, type Place, type Side, tokensOn } from "../data/model";
import type { Direction } from "../state/state";

/**
 * The weights from the tokens in focus to all keys, or from all queries to them. The weights of several
 * tokens are summed.
 */
export interface Weights {
  /** Whether the tokens in focus are queries or keys. */
  from: Side;
  /** The tokens in focus, without repetition. */
  indices: readonly number[];
  /** The summed codes, by the index of the other token. A sum is masked only where all its terms are. */
  codes: readonly number[];
}

export interface Line extends Weights {
  /** For each token in focus, its codes by the index of the other token. */
  rows: readonly (readonly number[])[];
}

export interface Edge {
  query: number;
  key: number;
  code: number;
  special: boolean;
}

/** The line of one or more places. */
export function lineOf(
  model: Model,
  layer: number,
  head: number,
  places: readonly Place[],
  direction: Direction,
): Line {
  const { side, other: cell } = places[0]!;
  // A cell is the weight of a query for a key, in both directions of edges.
  const from = model.oneRow && direction === "to" && cell === undefined ? "key" : side;
  const indices = [...new Set(places.filter((place) => place.side === side).map(({ index }) => index))];
  const others = tokensOn(model, otherSide(from));
  const rows = indices.map((index) =>
    others.map((_, other) =>
      from === "query" ? model.code(layer, head, index, other) : model.code(layer, head, other, index),
    ),
  );
  const codes = rows.length === 1 ? rows[0]! : others.map((_, other) => total(rows, other));
  return { from, indices, rows, codes };
}

function total(rows: readonly (readonly number[])[], other: number): number {
  const seen = rows.map((row) => row[other]!).filter((code) => code !== MASKED);
  return seen.length ? sum(seen) : MASKED;
}

/**
 * The positions of the smallest set of codes that holds the share `cutoff` of their sum, largest first.
 * Codes equal to the last one are included; zeros and masked codes never are.
 */
export function heaviest(codes: readonly number[], cutoff: number): number[] {
  // Code and position are packed into one number, because numbers sort ten times as fast as pairs.
  const packed: number[] = [];
  let all = 0;
  for (const [index, code] of codes.entries()) {
    if (!visible(code)) continue;
    packed.push((0xffff - code) * 0x10000 + index);
    all += code;
  }
  const enough = cutoff * all;
  let mass = 0;
  let last = Infinity;
  const kept: number[] = [];
  for (const one of Uint32Array.from(packed).sort()) {
    const index = one & 0xffff;
    const code = codes[index]!;
    if (mass >= enough && code < last) break;
    kept.push(index);
    mass += code;
    last = code;
  }
  return kept;
}

/** The edges of a line, token by token, each in the order of the other tokens. */
export function edgesOf(model: Model, { from, indices, rows }: Line): Edge[] {
  const others = tokensOn(model, otherSide(from));
  return indices.flatMap((index, i) =>
    heaviest(rows[i]!, model.cutoff)
      .sort((a, b) => a - b)
      .map((other) => ({
        query: from === "query" ? index : other,
        key: from === "query" ? other : index,
        code: rows[i]![other]!,
        special: others[other]!.special,
      })),
  );
}

/**
 * The share of a line's weights that its edges show, in whole per cent, rounded down. A row always
 * counts as 1, even where its visible weights sum to less.
 */
export function shareOf({ from, codes, rows }: Line, edges: readonly Edge[]): number {
  const mass = sum(codes.filter(visible));
  const shown = sum(edges.map((edge) => edge.code));
  const full = from === "query" ? 1000 * rows.filter((row) => row.some(visible)).length : 0;
  return shown === mass ? 100 : Math.floor((100 * shown) / Math.max(mass, full));
}

/** Edges at rest have at least this code. Fainter ones are not visible among many. */
const LEAST_AT_REST = 10;

/** The largest edges of a head's ordinary queries, at most `most` of them, in order of query and key. */
export function edgesAtRest(model: Model, layer: number, head: number, most: number): Edge[] {
  const all = model.queries.map((_, index): Place => ({ side: "query", index }));
  const ordinary = all.filter((place) => !model.queries[place.index]!.special);
  return (ordinary.length ? ordinary : all)
    .flatMap((place) => edgesOf(model, lineOf(model, layer, head, [place], "from")))
    .filter((edge) => edge.code >= LEAST_AT_REST)
    .sort((a, b) => b.code - a.code || a.query - b.query || a.key - b.key)
    .slice(0, most)
    .sort((a, b) => a.query - b.query || a.key - b.key);
}

/** The opacity of an edge at rest, where many edges overlap. */
export function opacityAtRest({ code, special }: Edge): number {
  const opacity = code < 50 ? 0.25 : code < 100 ? 0.35 : code < 200 ? 0.45 : code < 500 ? 0.6 : 0.75;
  return special ? 0.6 * opacity : opacity;
}

function visible(code: number): boolean {
  return code > 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The layout of the static picture, in px. */
export interface Frame {
  /** The centres of the tokens. */
  queries: readonly number[];
  keys: readonly number[];
  /** The heights at which edges end. They are equal in figures of one row. */
  queryY: number;
  keyY: number;
  /** The space above a single row. It is not used between two rows. */
  headroom: number;
  /** The distance between the first and the last token; 100 for one token. */
  span: number;
}

/** The space that edges need above a row of this span. */
export function headroomOf(span: number): number {
  return nearest(clamp(0.22 * span, 50, 140));
}

/**
 * The curve of an edge as the `d` of a path that starts at the token in focus. The Python part proves
 * that curves with a common end do not cross.
 */
export function curve(frame: Frame, edge: Pick<Edge, "query" | "key">, from: Side): string {
  const q = frame.queries[edge.query]!;
  const k = frame.keys[edge.key]!;
  const [start, end] = from === "query" ? [q, k] : [k, q];
  if (frame.queryY !== frame.keyY) {
    const [startY, endY] =
      from === "query" ? [frame.queryY, frame.keyY] : [frame.keyY, frame.queryY];
    const middle = (startY + endY) / 2;
    return path`M${start} ${startY}C${start} ${middle} ${end} ${middle} ${end} ${endY}`;
  }
  const y = frame.queryY;
  if (edge.query === edge.key) return balloon(frame, start, y);
  const top = y - handle(Math.abs(end - start), frame);
  return path`M${start} ${y}C${start} ${top} ${end} ${top} ${end} ${y}`;
}

/** The height of an arc's control points above its ends. */
function handle(distance: number, { span, headroom }: Frame): number {
  const rise = Math.min(headroom, span / 2);
  const fitting = span > 96 ? Math.log(rise / 14) / Math.log(span / 48) : 0.75;
  const nesting = clamp(fitting, 0.55, 0.75);
  return (rise * (distance / span) ** nesting) / 0.75;
}

/** An edge from a token to itself: a drop between the arcs to the left and right. */
function balloon(frame: Frame, x: number, y: number): string {
  const k = frame.span / handle(frame.span, frame) ** 2;
  const height = Math.min(40, 0.8 * frame.headroom);
  const q = k / 4;
  const r = Math.min((2 * q * height + 1 - Math.sqrt(4 * q * height + 1)) / (2 * q), 7);
  const s = height - r;
  const neck = y - Math.min(s, Math.sqrt(r / (0.8 * k)));
  const shoulder = y - s;
  const cheek = y - 0.78 * s;
  const crown = y - s - (4 / 3) * r;
  const left = x - r;
  const right = x + r;
  return (
    path`M${x} ${y}C${x} ${neck} ${left} ${cheek} ${left} ${shoulder}` +
    path`C${left} ${crown} ${right} ${crown} ${right} ${shoulder}` +
    path`C${right} ${cheek} ${x} ${neck} ${x} ${y}`
  );
}

/** A number as an attribute, with two decimals at most. */
export function short(value: number): string {
  return String(nearest(value * 100) / 100);
}

function path(strings: TemplateStringsArray, ...values: number[]): string {
  return strings.reduce((text, part, i) => text + short(values[i - 1]!) + part);
}
