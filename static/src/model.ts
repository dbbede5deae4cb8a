/** What a figure is about: tokens and weights, with names for what the numbers mean. */

import { type Directive, type HeadScores, type Payload, type Tensor, tensorOf } from "./payload";

/** The code of a key that the query may not see. Its wire form is another. */
export const MASKED = -1;
const MASKED_ON_THE_WIRE = 1001;

export type Side = "query" | "key";

/** A token where it stands. In figures of one row every token is a query and a key. */
export interface Place {
  side: Side;
  index: number;
  /** The token at the other end, where one cell, a query and a key, is meant. */
  other?: number;
}

export interface Token {
  text: string;
  special: boolean;
}

/** Whether a key stands for a learnt logit that belongs to no token. */
export function isSink({ special, text }: Token): boolean {
  return special && text === "(sink)";
}

/** Whether a key stands for no single token: for all that are hidden, for a sink, for the rest. */
export function isBin({ special, text }: Token): boolean {
  return special && ["(special)", "(sink)", "(rest)"].includes(text);
}

/**
 * The other token that tells most about one: its heaviest that is neither special nor itself, and the
 * heaviest of all where these have no weight.
 */
export function telling(model: Model, layer: number, head: number, { side, index }: Place): number {
  let best = 0;
  let most = -1;
  for (const [other, { special }] of tokensOn(model, otherSide(side)).entries()) {
    const [query, key] = side === "query" ? [index, other] : [other, index];
    const code = model.code(layer, head, query, key);
    const rank = code > 0 && !special && !(model.oneRow && key === query) ? code + 2000 : code;
    if (rank > most) [best, most] = [other, rank];
  }
  return best;
}

export interface Model {
  /** Names shown to readers; positions in these lists count everywhere else. */
  layers: readonly string[];
  heads: readonly string[];
  part: "encoder" | "decoder" | "cross";
  queries: readonly Token[];
  keys: readonly Token[];
  /** Whether one row of tokens serves as queries and as keys. */
  oneRow: boolean;
  /** By token, which of a pair's texts it is from: 0 or 1. Absent without a pair. */
  segments: { readonly queries: readonly number[]; readonly keys: readonly number[] } | undefined;
  /** Whether special tokens and edges to them step back. */
  dim: boolean;
  headScores: HeadScores;
  cutoff: number;
  label: string;
  /** What the author wrote; absent where the host does not tell. */
  directive: Directive | undefined;
  /** Why the tensors do not lead to the weights; absent where they do, or where there are none. */
  missing: string | undefined;
  /** Thousandths of the weight that a query gives to a key, or `MASKED`. */
  code(layer: number, head: number, query: number, key: number): number;
  /** Numbers beside the weights, by name; each is put together once. */
  tensor(name: string): Tensor | undefined;
}

export function modelOf(payload: Payload): Model {
  const { header, high, low } = payload;
  const [, heads, queries, keys] = header.shape;
  const queryTokens = tokensOf(header.queries, header.specialQueries);
  const tensors = new Map<string, Tensor | undefined>();
  const places: number[] = [];
  header.order?.forEach((head, place) => (places[head] = place));
  return {
    layers: header.layers,
    heads: header.heads,
    part: header.part,
    queries: queryTokens,
    keys: header.keys ? tokensOf(header.keys, header.specialKeys ?? []) : queryTokens,
    oneRow: !header.keys,
    segments: header.segments,
    dim: header.special === "dim",
    headScores: payload.scores,
    cutoff: header.cutoff,
    label: header.label,
    directive: header.directive,
    missing: header.missing,
    code: (layer, head, query, key) => {
      const map = layer * heads + head;
      const at = ((places[map] ?? map) * queries + query) * keys + key;
      const code = (high[at]! << 8) | low[at]!;
      return code === MASKED_ON_THE_WIRE ? MASKED : code;
    },
    tensor: (name) => {
      if (!tensors.has(name)) tensors.set(name, tensorOf(payload, name));
      return tensors.get(name);
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
  return `${Math.floor(code / 1000)}.${String(code % 1000).padStart(3, "0")}`;
}

/** The tokens of one side. */
export function tokensOn(model: Model, side: Side): readonly Token[] {
  return side === "key" ? model.keys : model.queries;
}

export function otherSide(side: Side): Side {
  return side === "key" ? "query" : "key";
}

/** The token at a place. */
export function tokenAt(model: Model, { side, index }: Place): Token {
  return tokensOn(model, side)[index]!;
}

/** The place that an element of a picture stands for. */
export function placeOf({ dataset }: SVGElement): Place {
  return { side: dataset["side"] === "key" ? "key" : "query", index: Number(dataset["token"]) };
}

/** What is shown of a weight as a number. */
export interface Figures {
  text: string;
  strong: boolean;
  masked: boolean;
}

/** Thousandths from which a weight stands out. */
const STRONG = 100;

export function figuresOf(code: number): Figures {
  return { text: numeral(code), strong: code >= STRONG, masked: code === MASKED };
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** To the nearest whole number, halves upwards, as `core` rounds. */
export function nearest(value: number): number {
  return Math.floor(value + 0.5);
}
