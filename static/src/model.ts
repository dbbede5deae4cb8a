/** What a figure is about: tokens and weights, with names for what the numbers mean. */

import type { Payload } from "./payload";

/** The code of a key that the query may not see. */
export const MASKED = 1001;

export type Side = "query" | "key";

/** A token where it stands. In figures of one row every token is a query and a key. */
export interface Place {
  side: Side;
  index: number;
}

export interface Token {
  text: string;
  special: boolean;
}

export interface Model {
  /** Numbers shown to readers; positions in these lists count everywhere else. */
  layers: readonly number[];
  heads: readonly number[];
  queries: readonly Token[];
  keys: readonly Token[];
  /** Whether one row of tokens serves as queries and as keys. */
  oneRow: boolean;
  cutoff: number;
  label: string;
  /** Thousandths of the weight that a query gives to a key, or `MASKED`. */
  code(layer: number, head: number, query: number, key: number): number;
}

export function modelOf({ header, high, low }: Payload): Model {
  const [, heads, queries, keys] = header.shape;
  const queryTokens = tokensOf(header.queries, header.specialQueries);
  return {
    layers: header.layers,
    heads: header.heads,
    queries: queryTokens,
    keys: header.keys ? tokensOf(header.keys, header.specialKeys ?? []) : queryTokens,
    oneRow: !header.keys,
    cutoff: header.cutoff,
    label: header.label,
    code: (layer, head, query, key) => {
      const at = ((layer * heads + head) * queries + query) * keys + key;
      return (high[at]! << 8) | low[at]!;
    },
  };
}

function tokensOf(texts: string[], special: number[]): Token[] {
  const marked = new Set(special);
  return texts.map((text, index) => ({ text, special: marked.has(index) }));
}

/** The number as it is printed everywhere: `0.467`, or an en dash where the key is masked. */
export function numeral(code: number): string {
  if (code === MASKED) return "–";
  return `${code < 1000 ? 0 : 1}.${String(code % 1000).padStart(3, "0")}`;
}

/** The text of the token at a place. */
export function tokenAt(model: Model, place: Place): Token {
  return (place.side === "key" ? model.keys : model.queries)[place.index]!;
}
