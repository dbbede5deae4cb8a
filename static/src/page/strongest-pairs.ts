/** The strongest pairs of a head, as a table and as the end of the picture's description. */

import { rightToLeft } from "../draw/dom";
import type { Weights } from "../draw/edges";
import { type Model, MASKED, nearest, numeral, weightOf } from "../data/model";
import { type Phrase, say } from "../data/phrases";

export interface Pair {
  query: number;
  key: number;
  code: number;
}

/**
 * The largest weights of a head or of a mean of several heads, or of one line. Equal weights are in
 * the order of the text.
 */
export function strongestPairs(
  model: Model,
  layer: number,
  heads: readonly number[],
  line: Weights | null,
  most: number,
): Pair[] {
  const best: Pair[] = [];
  const offer = (query: number, key: number): void => {
    const codes = heads.map((head) => model.code(layer, head, query, key)).filter((code) => code !== MASKED);
    const code = nearest(codes.reduce((sum, one) => sum + one, 0) / heads.length);
    const size = weightOf(code);
    if (size <= weightOf(best[most - 1]?.code ?? 0)) return;
    let at = best.length;
    while (at > 0 && weightOf(best[at - 1]!.code) < size) at--;
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

/** The layer and heads that are shown, as a text. Empty if there is one map without a name. */
export function placeInWords(
  model: Model,
  aggregate: string,
  layer: number,
  heads: readonly number[],
): string {
  if (model.layers.length * model.heads.length === 1 && !model.label && !aggregate) return "";
  const kind = aggregate ? `_${aggregate.replace(" ", "_")}` : heads.length > 1 ? "_mean" : "";
  const several = heads.length > 1 && !/^(mean|max|rollout|flow)$/.test(aggregate);
  return say(`place${kind}${several ? "_heads" : ""}` as Phrase, {
    layer: model.layers[layer]!,
    head: model.heads[heads[0]!]!,
    heads: heads.map((head) => model.heads[head]).join(" + "),
  });
}

/** The end of the picture's description: the head that is shown, and its strongest pairs. */
export function detail(place: string, model: Model, pairs: readonly Pair[]): string {
  const named = pairs.map(({ query, key, code }) => {
    const itself = model.oneRow && query === key;
    const values = {
      query: isolate(model.queries[query]!.text),
      key: itself ? say("itself") : isolate(model.keys[key]!.text),
      weight: numeral(weightOf(code)),
    };
    return say(!model.signed ? "pair" : code > 0 ? "pair_more" : "pair_less", values, model.phrases);
  });
  const strongest = named.length ? say("strongest", { pairs: named.join(", ") }) : "";
  return [place && `${place.charAt(0).toUpperCase()}${place.slice(1)}.`, strongest].filter(Boolean).join(" ");
}

/** Isolate right-to-left text, so that it does not reorder the punctuation beside it. */
function isolate(text: string): string {
  return rightToLeft(text) ? `\u2068${text}\u2069` : text;
}
