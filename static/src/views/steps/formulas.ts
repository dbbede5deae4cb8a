/** The numbers of the steps, as the formulas of the panels print them. */

import {
  least_exponent,
  most_exponent,
  shown_numbers,
  shown_products,
} from "../../../../sphinx_attention/core/render/steps/constants.json";
import { MASKED, numeral, say } from "../shared";
import { largest, type LogitTerms, type Numbers, sumOf, type WrittenRow } from "./logits";

/** How the logit of a masked key is printed. */
export const MINUS_INFINITY = "−∞";

/** A number with three decimals, or with one from 1000 on. */
export function fixed(value: number): string {
  return decimal(value, Math.abs(value) < 1000 ? 3 : 1);
}

/** A number with a fixed count of decimals. Zero has no minus sign. */
export function decimal(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) ? `−${text}` : text;
}

/** A number with five digits, and with six decimals at most. */
export function significant(value: number): string {
  return decimal(value, [10000, 1000, 100, 10, 1, 0.1].filter((limit) => value < limit).length);
}

function components(vector: Numbers, most: number): string[] {
  const digits = [100, 10, 1, 0.1, 0.01, 0.001].filter((limit) => most < limit).length;
  return Array.from(vector, (value) => decimal(value, digits));
}

/** The n of a scale of 1/√n, where n is whole; otherwise an empty text. */
export function radicand(scale: number): string {
  const n = 1 / scale ** 2;
  const whole = Math.round(n);
  return whole >= 1 && Math.abs(n - whole) <= 1e-5 * n ? String(whole) : "";
}

/** A number after an operator: in parentheses if it is negative. */
function enclosed(number: string): string {
  return number.startsWith("−") ? `(${number})` : number;
}

/** The texts of one cell, by the names that the panels use for them. */
export type FormulaTexts = Readonly<Record<string, string>>;

/**
 * The texts of a cell. Where the picture shows shares of what the head writes, `code` is the share, and
 * `written` has the weights.
 */
export function formulaTexts(terms: LogitTerms, key: number, code: number, written?: WrittenRow | null): FormulaTexts {
  const masked = terms.masked[key]!;
  const score = (values: readonly number[]): string => decimal(values[key]!, 4);
  const bias = masked ? MINUS_INFINITY : terms.biased ? score(terms.bias) : "0";
  return {
    ...productsOf(terms, key),
    dot: decimal(terms.dot[key]!, 3),
    radicand: radicand(terms.scale),
    factor: significant(terms.scale),
    scaled: score(terms.scaled),
    cap: String(Number(terms.softcap.toPrecision(6))),
    capped: score(terms.capped),
    bias,
    added: enclosed(bias),
    score: masked ? MINUS_INFINITY : score(terms.logits),
    share: masked ? "0" : numeral(written ? written.codes[key]! : code),
    verdict: code === MASKED ? say("masked") : numeral(code),
    value: terms.values ? vectorText(terms.values[key]!, terms.most[1]) : "",
    output: terms.output ? vectorText(terms.output, terms.most[1]) : "",
    ...softmaxOf(terms, key),
    ...(written && {
      alpha: significant(written.weights[key]!),
      norm: significant(written.norm[key]!),
      length: significant(written.length[key]!),
      lengths: significant(written.total),
      written: !written.total ? say("nothing_written") : masked ? "0.000" : numeral(code),
    }),
  };
}

/** The factors, the products, and the products as terms of a sum. */
function productsOf({ query, keys, most: [most] }: LogitTerms, key: number): FormulaTexts {
  const other = keys[key]!;
  const [q, k] = [components(query, most), components(other, most)];
  const factors = q.map((one, n) => `${one}\u00a0⋅\u00a0${enclosed(k[n]!)}`);
  const multiplied = Array.from(query, (one, n) => one * other[n]!);
  // Two decimals at least, as in most factors.
  const products = components(multiplied, Math.min(largest([multiplied]), 1));
  return {
    products: `(${abridged(factors).join(", ")})`,
    multiplied: `(${abridged(products).join(", ")})`,
    addends: abridged(products.map((one, n) => (n ? enclosed(one) : one))).join(" +\u00a0"),
  };
}

function abridged(terms: readonly string[]): readonly string[] {
  return terms.length > shown_products + 1 ? [...terms.slice(0, shown_products), "…", terms.at(-1)!] : terms;
}

function vectorText(vector: Numbers, most: number): string {
  const texts = components(vector, most);
  return `(${[...texts.slice(0, shown_numbers), ...(texts.length > shown_numbers ? ["…"] : [])].join(", ")})`;
}

/** The powers of e: for the key's logit, summed over all tokens, and for the sink. */
function softmaxOf({ logits, masked, sink, sinkKey }: LogitTerms, key: number): FormulaTexts {
  const seen = logits.filter((_, at) => !masked[at] && at !== sinkKey);
  const highest = Math.max(...seen);
  // The highest logit is taken out first, because powers of large logits overflow.
  const summed = highest + Math.log(sumOf(seen.length, (at) => Math.exp(seen[at]! - highest)));
  return {
    ...power("top", masked[key] ? -Infinity : logits[key]!),
    ...power("sum", seen.length ? summed : -Infinity),
    ...power("sink", sink),
    taken: decimal(1 / (1 + Math.exp(summed - sink)), 3),
  };
}

/** e to the power of the logit: its digits, and a factor of a power of ten if necessary. */
function power(name: string, score: number): FormulaTexts {
  const size = score / Math.LN10;
  const ten = score === -Infinity || (size >= least_exponent && size < most_exponent) ? 0 : Math.floor(size);
  return {
    [name]: score === -Infinity ? "0" : significant(Math.exp(score - ten * Math.LN10)),
    [`${name}Ten`]: ten ? String(ten).replace("-", "−") : "",
  };
}

/** The formulas as screen readers read them, by the name of their panel. */
export function spokenFormulas(
  parts: Readonly<Record<string, string>>,
  query: string,
  key: string,
): Record<string, string> {
  const values = { ...parts, query, key };
  return {
    multiply: say("formula_multiply", values),
    dot: say("formula_dot", values),
    scale: say(parts["radicand"] ? "formula_root" : "formula_factor", values),
    cap: say("formula_cap", values),
    bias: say("formula_bias", values),
    softmax: say("formula_softmax", values),
    value: say("formula_value", values),
    ...(parts["written"] && { written: say("formula_written", values) }),
  };
}
