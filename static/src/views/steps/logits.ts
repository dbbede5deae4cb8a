/**
 * The logits behind one row of one head, from queries and keys to weights and output. The Python
 * part computes the same numbers.
 */

import { isSink, MASKED, type Model } from "../shared";

/** A vector. */
export type Numbers = ArrayLike<number>;

/** All steps of one query. Lists with an entry for each key are in the order of the keys. */
export interface LogitTerms {
  query: Numbers;
  keys: readonly Numbers[];
  /** Null if the page does not carry values. */
  values: readonly Numbers[] | null;
  dot: number[];
  scale: number;
  scaled: number[];
  /** The soft cap of the logits; 0 if the model has none. */
  softcap: number;
  capped: number[];
  biased: boolean;
  bias: number[];
  /** The logits, those of masked keys included. */
  logits: number[];
  masked: boolean[];
  /** The logit of the sink; minus infinity if there is no sink. */
  sink: number;
  /** The key that represents the sink, whose logit is `sink`; -1 without a sink. */
  sinkKey: number;
  weights: number[];
  output: number[] | null;
  /** The largest magnitudes in the whole head: of queries and keys, and of values. */
  most: readonly [number, number];
}

/** From the weights of a row to the shares of what the head writes. */
export interface WrittenRow {
  /** The weights, in thousandths. */
  codes: number[];
  /** The numbers of each column of the picture. */
  weights: Numbers;
  norm: Numbers;
  length: number[];
  /** The sum of all lengths. */
  total: number;
}

/** What each key adds to the output of a query. Null if the page shows weights. */
export function writtenRowOf(model: Model, layer: number, head: number, query: number): WrittenRow | null {
  const [alphas, norms] = [model.tensor("weights"), model.tensor("norms")];
  if (!alphas || !norms) return null;
  const keys = model.keys.length;
  const at = layer * model.heads.length + head;
  const row = (at * model.queries.length + query) * keys;
  const weights = alphas.data.subarray(row, row + keys);
  const norm = norms.data.subarray(at * keys, (at + 1) * keys);
  const length = Array.from(weights, (weight, key) => weight * norm[key]!);
  return {
    // The rule of the Python part: a number such as 0.0005 lies a little below its decimal.
    codes: length.map((_, key) => (model.code(layer, head, query, key) === MASKED ? MASKED : Math.round(weights[key]! * 1000 + 1e-6))),
    weights,
    norm,
    length,
    total: sumOf(keys, (key) => length[key]!),
  };
}

/** The steps of a query. Null if the page does not carry the tensors, or they do not lead to the weights. */
export function logitTermsOf(model: Model, layer: number, head: number, query: number): LogitTerms | null {
  const [scale, queries] = [model.tensor("scale"), vectorsOf(model, "queries", layer, head)];
  const keys = vectorsOf(model, "keys", layer, head);
  if (model.missing || !scale || !queries || !keys) return null;
  const values = vectorsOf(model, "values", layer, head);
  const vector = queries[query]!;
  const dot = keys.map((key) => sumOf(key.length, (n) => key[n]! * vector[n]!));
  const scaled = dot.map((score) => scale.data[layer]! * score);
  const softcap = model.tensor("softcap")?.data[layer] ?? 0;
  const capped = softcap ? scaled.map((score) => softcap * Math.tanh(score / softcap)) : scaled;
  const rows = model.tensor("bias");
  const perLayer = rows ? rows.data.length / rows.shape[0]! : 0;
  const at = rows
    ? layer * perLayer + ((rows.shape[1]! > 1 ? head : 0) * rows.shape[2]! + query) * keys.length
    : 0;
  const bias = keys.map((_, key) => rows?.data[at + key] ?? 0);
  const logits = capped.map((score, key) => score + bias[key]!);
  const masked = keys.map((_, key) => model.code(layer, head, query, key) === MASKED);
  const sinks = model.tensor("sinks");
  const sink = sinks ? sinks.data[layer * sinks.shape[1]! + head]! : -Infinity;
  const sinkKey = sink > -Infinity ? model.keys.findIndex(isSink) : -1;
  if (sinkKey >= 0) logits[sinkKey] = sink;
  const highest = Math.max(sink, ...logits.filter((_, key) => !masked[key]));
  const shares = logits.map((score, key) => (masked[key] ? 0 : Math.exp(score - highest)));
  const beside = sinkKey < 0 ? Math.exp(sink - highest) : 0;
  const total = sumOf(shares.length, (key) => shares[key]!) + beside;
  // If all keys are masked, the total is 0 or not a number.
  const weights = shares.map((share) => (total > 0 ? share / total : 0));
  return {
    query: vector,
    keys,
    values,
    dot,
    scale: scale.data[layer]!,
    scaled,
    softcap,
    capped,
    biased: rows?.data.subarray(layer * perLayer, (layer + 1) * perLayer).some(Boolean) ?? false,
    bias,
    logits,
    masked,
    sink,
    sinkKey,
    weights,
    output:
      values &&
      Array.from({ length: values[0]!.length }, (_, n) =>
        sumOf(values.length, (key) => weights[key]! * values[key]![n]!),
      ),
    most: [Math.max(largest(queries), largest(keys)), largest(values ?? [])],
  };
}

/** The vectors of a head. Several heads may share keys and values. */
function vectorsOf(model: Model, name: string, layer: number, head: number): Float32Array[] | null {
  const tensor = model.tensor(name);
  if (!tensor) return null;
  const [, heads, count, size] = tensor.shape as [number, number, number, number];
  const own = Math.floor((head * heads) / model.heads.length);
  const start = (layer * heads + own) * count;
  return Array.from({ length: count }, (_, row) =>
    tensor.data.subarray((start + row) * size, (start + row + 1) * size),
  );
}

export function sumOf(count: number, term: (n: number) => number): number {
  let sum = 0;
  for (let n = 0; n < count; n++) sum += term(n);
  return sum;
}

/** The largest magnitude among some vectors. */
export function largest(vectors: readonly Numbers[]): number {
  let most = 0;
  for (const vector of vectors) {
    for (let n = 0; n < vector.length; n++) most = Math.max(most, Math.abs(vector[n]!));
  }
  return most;
}
