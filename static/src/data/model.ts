/** The data of a figure: tokens, weights, and the names of layers and heads. */

import { full as FULL, masked as MASKED_IN_PAYLOAD, rest_bin as REST, sink_bin as SINK, special_bin as SPECIAL } from "../../../sphinx_attention/core/constants.json";
import { weights } from "../../../sphinx_attention/core/render/common/constants.json";
import { type Directive, type Header, type HeadScores, type Payload, type Tensor, tensorOf } from "./payload";
import type { Phrases } from "./phrases";

/** The code of a key that the query may not see. */
export const MASKED = -9999;

export type Side = "query" | "key";

/** A token, as a query or as a key. In figures of one row every token is both. */
export interface Place {
  side: Side;
  index: number;
  /** The token of the other side, where a single cell is meant: one query and one key. */
  other?: number;
}

export interface Token {
  text: string;
  special: boolean;
}

/** Whether a key stands for a learnt logit that belongs to no token. */
export function isSink({ special, text }: Token): boolean {
  return special && text === SINK;
}

/** Whether a key stands for something else than one token: hidden tokens, a sink, or a remainder. */
export function isBin({ special, text }: Token): boolean {
  return special && [SPECIAL, SINK, REST].includes(text);
}

/**
 * The token of the other side with the largest weight, where special tokens and the token itself
 * count only if no other token has any weight.
 */
export function strongestPartner(model: Model, layer: number, head: number, { side, index }: Place): number {
  let best = 0;
  let most = -1;
  for (const [other, { special }] of tokensOn(model, otherSide(side)).entries()) {
    const [query, key] = side === "query" ? [index, other] : [other, index];
    const code = weightOf(model.code(layer, head, query, key));
    const rank = code > 0 && !special && !(model.oneRow && key === query) ? code + 2000 : code;
    if (rank > most) [best, most] = [other, rank];
  }
  return best;
}

export interface Model {
  /** The names that readers see. All other code uses positions in these lists. */
  layers: readonly string[];
  heads: readonly string[];
  part: "encoder" | "decoder" | "cross";
  queries: readonly Token[];
  keys: readonly Token[];
  /** Whether one row of tokens is both the queries and the keys. */
  oneRow: boolean;
  /** For each token, its text in a pair of texts: 0 or 1. Absent without a pair. */
  segments: { readonly queries: readonly number[]; readonly keys: readonly number[] } | undefined;
  /** For each token, the number of its word. Absent if every word is one token. */
  words: Header["words"] | undefined;
  /** Whether special tokens, and edges to them, are drawn fainter. */
  dim: boolean;
  /** Whether the weights are differences, from -1000 to 1000 thousandths. */
  signed: boolean;
  headScores: HeadScores;
  cutoff: number;
  label: string;
  /** The author's directive. Absent if the host does not provide it. */
  directive: Directive | undefined;
  /** The phrases of a figure whose numbers are not weights. */
  phrases: Phrases | undefined;
  /** Why the weights cannot be computed from the tensors. Absent if they can, or without tensors. */
  missing: string | undefined;
  /** The weight that a query gives to a key, in thousandths, or `MASKED`. */
  code(layer: number, head: number, query: number, key: number): number;
  /** A tensor that the payload carries beside the weights. Each is unpacked once. */
  tensor(name: string): Tensor | undefined;
}

/** The facts about a figure that its payload, which is that of an attention, does not have. */
export interface Facts {
  readonly cutoff: number;
  readonly dim?: boolean;
  readonly directive?: Directive | undefined;
  readonly phrases?: Phrases | undefined;
}

/** The facts of a static figure, whose payload is in an element of its own. */
export function factsOf({ dataset }: HTMLElement, payload: HTMLElement): Facts {
  const { directive } = payload.dataset;
  return {
    cutoff: Number(dataset["cutoff"]),
    dim: dataset["special"] === "dim",
    directive: directive ? (JSON.parse(directive) as Directive) : undefined,
    phrases: JSON.parse(dataset["phrases"] ?? "{}") as Phrases,
  };
}

export function modelOf(payload: Payload, { cutoff, dim = false, directive, phrases }: Facts): Model {
  const { header, high, low } = payload;
  const [, heads, queries, keys] = header.shape;
  const queryTokens = tokensOf(header.queries, header.specialQueries);
  const tensors = new Map<string, Tensor | undefined>();
  const places: number[] = [];
  const signed = !!header.signed;
  const zero = signed ? FULL : 0;
  const codeAt = (at: number): number => (high[at]! << 8) | low[at]!;
  header.order?.forEach((head, place) => (places[head] = place));
  return {
    layers: header.layers,
    heads: header.heads,
    part: header.part,
    queries: queryTokens,
    keys: header.keys ? tokensOf(header.keys, header.specialKeys ?? []) : queryTokens,
    oneRow: !header.keys,
    segments: header.segments,
    words: header.words,
    dim: dim && !signed,
    signed,
    headScores: payload.scores,
    cutoff,
    label: header.label,
    directive,
    phrases,
    missing: header.missing,
    code: (layer, head, query, key) => {
      const map = layer * heads + head;
      const row = ((places[map] ?? map) * queries + query) * keys;
      let code = codeAt(row + key) - zero;
      if (code === MASKED_IN_PAYLOAD) return MASKED;
      // The sum of the other weights tells the first one. A masked code counts as 0.
      if (header.remainders && !key) {
        code += FULL - header.remainders;
        for (let at = row + keys; --at > row; ) code -= codeAt(at) % MASKED_IN_PAYLOAD;
        code = ((code % MASKED_IN_PAYLOAD) + MASKED_IN_PAYLOAD) % MASKED_IN_PAYLOAD;
      }
      return code;
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

/**
 * A code as it is printed everywhere: `0.467`, or an en dash where the key is masked. With `signed`, it
 * is a difference, which has its sign: `+0.123`.
 */
export function numeral(code: number, signed = false): string {
  if (code === MASKED) return "–";
  const size = Math.abs(code);
  return `${code < 0 ? "−" : signed && code ? "+" : ""}${Math.floor(size / 1000)}.${String(size % 1000).padStart(3, "0")}`;
}

/** The size of a code, which is its weight for sums. 0 if the code is masked. */
export function weightOf(code: number): number {
  return code === MASKED ? 0 : Math.abs(code);
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

/** The place that an element of a picture represents. */
export function placeOf({ dataset }: SVGElement): Place {
  return { side: dataset["side"] === "key" ? "key" : "query", index: Number(dataset["token"]) };
}

/** A weight as it is printed. */
export interface PrintedWeight {
  text: string;
  strong: boolean;
  masked: boolean;
}

/** Weights of at least this many thousandths are emphasised. */
const STRONG = weights.strong;

export function printedWeight(code: number, signed = false): PrintedWeight {
  return { text: numeral(code, signed), strong: weightOf(code) >= STRONG, masked: code === MASKED };
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** The nearest whole number; halves are rounded up, as in `core`. */
export function nearest(value: number): number {
  return Math.floor(value + 0.5);
}
