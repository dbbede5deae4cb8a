/** The vector of a pinned token's weights: its content, and its table. */

import { weights } from "../../../sphinx_attention/core/render/common/constants.json";
import { cell, element, isolated, setAttributes, UNTYPESET } from "../draw/dom";
import type { Weights } from "../draw/edges";
import { type PrintedWeight, printedWeight, type Model, otherSide, type Side, tokensOn } from "../data/model";
import { vectorLabel } from "../draw/sentences";
import { makeScrollable } from "./overflow";

export interface WeightRow extends Omit<PrintedWeight, "text"> {
  number: string;
  token: string;
  special: boolean;
}

export interface WeightVector {
  /** The pinned tokens. The vectors of several are summed. */
  tokens: string[];
  from: Side;
  signed: boolean;
  rows: WeightRow[];
}

/** Vectors of more rows than these scroll. */
const LONG = weights.long_vector;

export function weightVectorOf(model: Model, line: Weights): WeightVector {
  const others = tokensOn(model, otherSide(line.from));
  return {
    signed: model.signed,
    tokens: line.indices.map((index) => tokensOn(model, line.from)[index]!.text),
    from: line.from,
    rows: line.codes.map((code, other) => {
      const { text: token, special } = others[other]!;
      const { text: number, strong, masked } = printedWeight(code, model.signed);
      return { number, token, special, strong, masked };
    }),
  };
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
  box.translate = false;
  if (long) makeScrollable(box, label);
  return box;
}

/** Sums of more terms than these are abridged. */
const TERMS = weights.summed_terms;

/** The name of the vector: α with its token, or a sum of these. */
function sumOf({ tokens, from, signed }: WeightVector): (string | Node)[] {
  const left = tokens.length > TERMS ? [...tokens.slice(0, TERMS - 1), "", tokens.at(-1)!] : tokens;
  return left.flatMap((token, i) => {
    const sub = element("sub", [], from === "key" ? "·," : "", isolated(token));
    const term = token ? [element("i", [], signed ? "Δα" : "α"), sub] : ["⋯"];
    return i ? [" + ", ...term] : term;
  });
}
