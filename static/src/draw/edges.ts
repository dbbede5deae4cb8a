/** Edges: which weights are drawn as edges. The Python part computes the same. */

import { MASKED, type Model, nearest, otherSide, type Place, type Side, tokensOn, weightOf } from "../data/model";
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
  /** The summed codes, by the index of the other token. A sum is masked only if all its terms are. */
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
 * Codes equal to the last one are included; zeros and masked codes never are. Differences count by their
 * size. Of that set, only the codes of at least `least` thousandths are sorted and returned.
 */
export function heaviest(codes: readonly number[], cutoff: number, least = 1): number[] {
  // Code and position are packed into one number, because numbers sort ten times as fast as pairs.
  const packed: number[] = [];
  let all = 0;
  for (const [index, code] of codes.entries()) {
    const size = weightOf(code);
    all += size;
    if (size >= least) packed.push((0xffff - size) * 0x10000 + index);
  }
  const enough = cutoff * all;
  let mass = 0;
  let last = Infinity;
  const kept: number[] = [];
  for (const one of Uint32Array.from(packed).sort()) {
    const index = one & 0xffff;
    const code = weightOf(codes[index]!);
    if (mass >= enough && code < last) break;
    kept.push(index);
    mass += code;
    last = code;
  }
  return kept;
}

/**
 * The edges of a line, token by token, each in the order of the other tokens. Edges of less than `least`
 * thousandths are left out.
 */
export function edgesOf(model: Model, { from, indices, rows }: Line, least?: number): Edge[] {
  const others = tokensOn(model, otherSide(from));
  return indices.flatMap((index, i) =>
    heaviest(rows[i]!, model.cutoff, least)
      .sort((a, b) => a - b)
      .map((other) => ({
        query: from === "query" ? index : other,
        key: from === "query" ? other : index,
        code: rows[i]![other]!,
        // The hue of an edge shows the sign of a difference.
        special: others[other]!.special && !model.signed,
      })),
  );
}

/**
 * The share of a line's weights that its edges show, in whole per cent, rounded down. A row always
 * counts as 1, even where its visible weights sum to less, unless these are differences.
 */
export function shareOf({ signed }: Model, { from, rows }: Line, edges: readonly Edge[]): number {
  const masses = rows.map((row) => sum(row.map(weightOf)));
  const mass = sum(masses);
  const shown = sum(edges.map(({ code }) => weightOf(code)));
  const full = from === "query" && !signed ? 1000 * masses.filter(Boolean).length : 0;
  return shown === mass ? 100 : Math.floor((100 * shown) / Math.max(mass, full));
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A number as an attribute, with two decimals at most. */
export function short(value: number): string {
  return String(nearest(value * 100) / 100);
}
