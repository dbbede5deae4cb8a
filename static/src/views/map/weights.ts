/** The weights of one head over all sentences. */

import { masked } from "../../../../sphinx_attention/core/constants.json";
import { line as LEAST, lines as MOST } from "../../../../sphinx_attention/core/render/map/constants.json";
import type { Common, File, Head } from "./files";

/** A sentence by its number: its tokens, from the first to before the last one. */
export interface Sentence {
  number: number;
  first: number;
  size: number;
}

/** The sentence of a token. */
export function sentenceOf({ sizes }: Common, token: number): Sentence {
  let first = 0;
  let number = 0;
  while (token >= first + sizes[number]!) first += sizes[number++]!;
  return { number, first, size: sizes[number]! };
}

/**
 * The rows of a sentence, each with the share of every key; absent for long sentences. With `weighed`, a
 * weight is multiplied with the length of the key's value, and a row is made to sum to its old sum again.
 */
export function rowsOf(common: Common, head: File<Head>, { number, first, size }: Sentence, weighed = false): number[][] | undefined {
  if (common.long.includes(number)) return undefined;
  let at = 0;
  for (let n = 0; n < number; n++) if (!common.long.includes(n)) at += common.sizes[n]! ** 2;
  const { weights, values } = head.arrays;
  return Array.from({ length: size }, (_, row) => {
    const shares = Array.from({ length: size }, (_, key) => {
      const code = weights![at + row * size + key]!;
      return code === masked ? 0 : code / 1000;
    });
    if (!weighed || !values) return shares;
    const products = shares.map((share, key) => share * values[first + key]!);
    const scale = sum(shares) / (sum(products) || 1);
    return products.map((product) => product * scale);
  });
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The keys to which lines of a row lead: the strongest ones that are not too weak. */
export function linesOf(row: readonly number[]): number[] {
  const keys = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
  return keys.slice(0, MOST).filter((key) => row[key]! >= LEAST);
}

/** For each token, the weight that it receives in its sentence as a key. */
export function received(common: Common, head: File<Head>): Float32Array {
  const found = new Float32Array(common.tokens.length);
  const { weights } = head.arrays;
  let first = 0;
  let at = 0;
  for (const [number, size] of common.sizes.entries()) {
    if (!common.long.includes(number)) {
      for (let n = 0; n < size * size; n++) {
        const code = weights![at + n]!;
        if (code !== masked) found[first + (n % size)]! += code;
      }
      at += size * size;
    }
    first += size;
  }
  return found;
}
