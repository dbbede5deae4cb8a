/** The vector of a pinned token's weights: its content, and its table. */

import { weights } from "../../../sphinx_attention/core/render/common/constants.json";
import { cell, element, isolated, setAttributes, UNTYPESET } from "../draw/dom";
import { sum, type Weights } from "../draw/edges";
import { MASKED, numeral, type PrintedWeight, printedWeight, type Model, otherSide, type Side, tokensOn, weightOf } from "../data/model";
import { say } from "../data/phrases";
import { vectorLabel } from "../draw/sentences";
import { makeScrollable } from "./overflow";

export interface WeightRow extends Omit<PrintedWeight, "text"> {
  number: string;
  token: string;
  special: boolean;
  /** Whether the row is too small to matter, and folded. */
  small: boolean;
}

export interface WeightVector {
  /** The pinned tokens. The vectors of several are summed. */
  tokens: string[];
  from: Side;
  model: Model;
  rows: WeightRow[];
  /** The text about folded rows; empty without folded rows. */
  fold: string;
}

/** Vectors of more rows than these scroll. */
const LONG = weights.long_vector;

export function weightVectorOf(model: Model, line: Weights): WeightVector {
  const others = tokensOn(model, otherSide(line.from));
  const small = folded(line.codes);
  return {
    model,
    tokens: line.indices.map((index) => tokensOn(model, line.from)[index]!.text),
    from: line.from,
    rows: line.codes.map((code, other) => {
      const { text: token, special } = others[other]!;
      const { text: number, strong, masked } = printedWeight(code, model.signed);
      return { number, token, special, strong, masked, small: small.includes(other) };
    }),
    fold: foldOf(model, small.map((other) => line.codes[other]!)),
  };
}

/** The rows that are too small to matter, masked ones among them. Equal rows are folded together. */
export function folded(codes: readonly number[]): number[] {
  const sizes = codes.map(weightOf);
  let bound = weights.fold_below + 1;
  let small: number[];
  do {
    bound--;
    small = [...sizes.keys()].filter((other) => sizes[other]! < bound);
  } while (sum(small.map((other) => sizes[other]!)) > weights.fold_together);
  return codes.length < weights.fold_vector || small.length < weights.fold_rows ? [] : small;
}

/** The text about folded rows: their number, and their weight together. */
function foldOf({ signed }: Model, codes: readonly number[]): string {
  const known = codes.filter((code) => code !== MASKED);
  const masked = codes.length - known.length;
  return [
    known.length && say("folded", { count: known.length, weight: numeral(sum(known), signed) }),
    masked && say("folded_masked", { count: masked }),
  ]
    .filter(Boolean)
    .join("; ");
}

/** The vector's element, the same as in the static page. */
export function weightVectorElement(vector: WeightVector): HTMLElement {
  const lines = vector.rows.map((row) => {
    const token = cell("th", row.token);
    token.scope = "row";
    return element(
      "tr",
      [
        row.special && "attention-special",
        row.strong && "attention-strong",
        row.masked && "attention-masked",
        row.small && "attention-small",
      ],
      element("td", ["attention-number"], row.number),
      token,
    );
  });
  const name = element("th", ["attention-name"], ...sumOf(vector), " =");
  name.scope = "rowgroup";
  name.rowSpan = lines.length;
  lines[0]?.prepend(name);

  const label = vectorLabel(vector);
  const table = element("table", ["attention-vector", UNTYPESET], element("tbody", [], ...lines));
  setAttributes(table, { "aria-label": label });
  const long = lines.length > LONG;
  const box = element("div", ["attention-scores", long && "attention-scores--long"], table);
  if (vector.fold) box.append(element("details", ["attention-fold"], element("summary", [], vector.fold)));
  box.append(...["", "attention-shade--down"].map((down) => element("span", ["attention-shade", down])));
  box.translate = false;
  if (long) makeScrollable(box, label);
  return box;
}

/** Sums of more terms than these are abridged. */
const TERMS = weights.summed_terms;

/** The name of the vector: α with its token, or a sum of these. */
function sumOf({ tokens, from, model: { signed } }: WeightVector): (string | Node)[] {
  const left = tokens.length > TERMS ? [...tokens.slice(0, TERMS - 1), "", tokens.at(-1)!] : tokens;
  return left.flatMap((token, i) => {
    const sub = element("sub", [], from === "key" ? "·," : "", isolated(token));
    const term = token ? [element("i", [], signed ? "Δα" : "α"), sub] : ["⋯"];
    return i ? [" + ", ...term] : term;
  });
}
