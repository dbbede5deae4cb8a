/** The strongest pairs of a head, as a table and as the end of the picture's description. */

import { rightToLeft } from "./dom";
import type { Weights } from "./edges";
import { type Model, nearest, numeral } from "./model";
import { type Phrase, say } from "./phrases";

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

/** Which layer and heads are shown, in words; empty where there is only one and it has no name. */
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

/** What the picture's description says of the head that is shown, and its strongest pairs. */
export function detail(place: string, model: Model, pairs: readonly Pair[]): string {
  const named = pairs.map(({ query, key, code }) => {
    const itself = model.oneRow && query === key;
    return say("pair", {
      query: isolate(model.queries[query]!.text),
      key: itself ? say("itself") : isolate(model.keys[key]!.text),
      weight: numeral(code),
    });
  });
  const strongest = named.length ? say("strongest", { pairs: named.join(", ") }) : "";
  return [place && `${place.charAt(0).toUpperCase()}${place.slice(1)}.`, strongest].filter(Boolean).join(" ");
}

/** Keep right-to-left text from turning round the punctuation beside it. */
function isolate(text: string): string {
  return rightToLeft(text) ? `\u2068${text}\u2069` : text;
}
