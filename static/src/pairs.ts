/** The strongest pairs of a head, as a table and as the end of the picture's description. */

import { rightToLeft } from "./dom";
import type { Weights } from "./edges";
import { type Model, nearest, numeral } from "./model";

export interface Pair {
  query: number;
  key: number;
  code: number;
}

/** The heaviest weights of a head or of the mean of several, or of a line; equals in the order of the text. */
export function strongestPairs(
  model: Model,
  layer: number,
  heads: readonly number[],
  line: Weights | null,
  most: number,
): Pair[] {
  const best: Pair[] = [];
  const offer = (query: number, key: number): void => {
    const codes = heads.map((head) => Math.max(0, model.code(layer, head, query, key)));
    const code = nearest(codes.reduce((sum, one) => sum + one, 0) / codes.length);
    if (code <= (best[most - 1]?.code ?? 0)) return;
    let at = best.length;
    while (at > 0 && best[at - 1]!.code < code) at--;
    best.splice(at, 0, { query, key, code });
    best.length = Math.min(best.length, most);
  };
  if (line) {
    for (const index of [...line.indices].sort((a, b) => a - b)) {
      for (const other of line.codes.keys()) {
        if (line.from === "query") offer(index, other);
        else offer(other, index);
      }
    }
  } else {
    for (const query of model.queries.keys()) {
      for (const key of model.keys.keys()) offer(query, key);
    }
  }
  return best;
}

/** A description that speaks of another layer, head or token than the static picture's. */
export function redescribe(
  description: string,
  model: Model,
  layer: number,
  heads: readonly number[],
  pairs: readonly Pair[],
): string {
  const over = description.indexOf(", over: ");
  const end = description.lastIndexOf(" Strongest: ");
  if (over < 0) return description;
  const where = description
    .slice(0, over)
    // Of a mean or a rollout, only one of the two is named.
    .replace(/(, |up to )layer [^,]*(, [^,]*)?$/, (_, before, after) => `${before}layer ${model.layers[layer]}${after ?? ""}`)
    .replace(/, (mean of heads|head) [^,]*$/, () => {
      const names = heads.map((head) => model.heads[head]);
      return `, ${names.length > 1 ? "mean of heads" : "head"} ${names.join(" + ")}`;
    });
  const what = description.slice(over, end < over ? undefined : end);
  const strongest = pairs.map(({ query, key, code }) => {
    const itself = model.oneRow && query === key;
    const other = itself ? "itself" : isolate(model.keys[key]!.text);
    return `${isolate(model.queries[query]!.text)} looks at ${other} (${numeral(code)})`;
  });
  return where + what + (strongest.length ? ` Strongest: ${strongest.join(", ")}.` : "");
}

/** Keep right-to-left text from turning round the punctuation beside it. */
function isolate(text: string): string {
  return rightToLeft(text) ? `\u2068${text}\u2069` : text;
}
