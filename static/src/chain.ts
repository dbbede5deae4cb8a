/**
 * From queries and keys to weights in the open: the sums behind one row of one head, and their
 * numbers as formulas show them. `core/scoring.py` and `core/render/sums.py` do the same.
 */

import { isSink, MASKED, type Model, numeral } from "./model";
import { say } from "./phrases";

type Numbers = ArrayLike<number>;

/** One query's way to its weights. What has an entry for each key is in the keys' order. */
export interface Chain {
  query: Numbers;
  keys: readonly Numbers[];
  /** Null where the page does not carry any. */
  values: readonly Numbers[] | null;
  dot: number[];
  scale: number;
  scaled: number[];
  /** 0 where scores are not bent. */
  softcap: number;
  capped: number[];
  biased: boolean;
  bias: number[];
  /** Of masked keys too. */
  logits: number[];
  masked: boolean[];
  /** Minus infinity where there is none. */
  sink: number;
  /** Which key stands for the sink, and has it for its logit; -1 where none does. */
  sinkKey: number;
  weights: number[];
  output: number[] | null;
  /** Largest magnitudes in the whole head: of queries and keys, and of values. */
  most: readonly [number, number];
}

/** Null where the page does not carry what it takes, or the sums would not be the model's. */
export function chainOf(model: Model, layer: number, head: number, query: number): Chain | null {
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
  const weights = shares.map((share) => (highest > -Infinity ? share / total : 0));
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

/** A head's vectors; keys and values may be shared by several heads. */
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

function sumOf(count: number, term: (n: number) => number): number {
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

/** What a masked score comes to. */
export const LEAST = "−∞";

/** To three decimals, or to fewer where they say nothing. */
export function fixed(value: number): string {
  return decimal(value, Math.abs(value) < 1000 ? 3 : 1);
}

/** To so many decimals, with a true minus, and none before a zero. */
export function decimal(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) ? `−${text}` : text;
}

/** To five digits, and to six decimals at most. */
export function significant(value: number): string {
  return decimal(value, [10000, 1000, 100, 10, 1, 0.1].filter((limit) => value < limit).length);
}

function components(vector: Numbers, most: number): string[] {
  const digits = [100, 10, 1, 0.1, 0.01, 0.001].filter((limit) => most < limit).length;
  return Array.from(vector, (value) => decimal(value, digits));
}

/** The n of a scale of 1/√n, where that is whole; else nothing. */
export function radicand(scale: number): string {
  const n = 1 / scale ** 2;
  const whole = Math.round(n);
  return whole >= 1 && Math.abs(n - whole) <= 1e-5 * n ? String(whole) : "";
}

/** What a score is called when it is below zero and stands after an operator. */
function enclosed(number: string): string {
  return number.startsWith("−") ? `(${number})` : number;
}

/** The numbers of one cell, by the names that the panels know them by. */
export type Parts = Readonly<Record<string, string>>;

export function partsOf(chain: Chain, key: number, code: number): Parts {
  const masked = chain.masked[key]!;
  const score = (values: readonly number[]): string => decimal(values[key]!, 4);
  const bias = masked ? LEAST : chain.biased ? score(chain.bias) : "0";
  return {
    ...productsOf(chain, key),
    dot: decimal(chain.dot[key]!, 3),
    radicand: radicand(chain.scale),
    factor: significant(chain.scale),
    scaled: score(chain.scaled),
    cap: String(Number(chain.softcap.toPrecision(6))),
    capped: score(chain.capped),
    bias,
    added: enclosed(bias),
    score: masked ? LEAST : score(chain.logits),
    share: code === MASKED ? "0" : numeral(code),
    verdict: code === MASKED ? say("masked") : numeral(code),
    value: chain.values ? vectorText(chain.values[key]!, chain.most[1]) : "",
    output: chain.output ? vectorText(chain.output, chain.most[1]) : "",
    ...softmaxOf(chain, key),
  };
}

/** What is multiplied, the products, and these as the terms of a sum. */
function productsOf({ query, keys, most: [most] }: Chain, key: number): Parts {
  const other = keys[key]!;
  const [q, k] = [components(query, most), components(other, most)];
  const factors = q.map((one, n) => `${one}\u00a0⋅\u00a0${enclosed(k[n]!)}`);
  const multiplied = Array.from(query, (one, n) => one * other[n]!);
  // To hundredths at least, as most factors are.
  const products = components(multiplied, Math.min(largest([multiplied]), 1));
  return {
    products: `(${abridged(factors).join(", ")})`,
    multiplied: `(${abridged(products).join(", ")})`,
    addends: abridged(products.map((one, n) => (n ? enclosed(one) : one))).join(" +\u00a0"),
  };
}

function abridged(terms: readonly string[]): readonly string[] {
  return terms.length > 3 ? [...terms.slice(0, 2), "…", terms.at(-1)!] : terms;
}

function vectorText(vector: Numbers, most: number): string {
  const texts = components(vector, most);
  return `(${[...texts.slice(0, 3), ...(texts.length > 3 ? ["…"] : [])].join(", ")})`;
}

/** The powers of e: of the score, of all tokens' scores together, and of the sink. */
function softmaxOf({ logits, masked, sink, sinkKey }: Chain, key: number): Parts {
  const seen = logits.filter((_, at) => !masked[at] && at !== sinkKey);
  const highest = Math.max(...seen);
  // By way of the highest: powers of large scores have no number.
  const summed = highest + Math.log(sumOf(seen.length, (at) => Math.exp(seen[at]! - highest)));
  return {
    ...power("top", masked[key] ? -Infinity : logits[key]!),
    ...power("sum", seen.length ? summed : -Infinity),
    ...power("sink", sink),
    taken: decimal(1 / (1 + Math.exp(summed - sink)), 3),
  };
}

/** e to the score: digits, and the power of ten they are to be taken by, where it needs one. */
function power(name: string, score: number): Parts {
  const size = score / Math.LN10;
  const ten = score === -Infinity || (size >= -2 && size < 5) ? 0 : Math.floor(size);
  return {
    [name]: score === -Infinity ? "0" : significant(Math.exp(score - ten * Math.LN10)),
    [`${name}Ten`]: ten ? String(ten).replace("-", "−") : "",
  };
}
