/** The score vector of a pinned token: what stands in it, and its table. */

import { cell, element, isolated, setAttributes } from "./dom";
import type { Weights } from "./edges";
import { type Figures, figuresOf, type Model, otherSide, type Side, tokensOn } from "./model";
import { scoresLabel } from "./words";

export interface Score extends Omit<Figures, "text"> {
  number: string;
  token: string;
  special: boolean;
}

/** By these classes MathJax passes over tokens such as $x$. */
export const UNTYPESET = "mathjax_ignore tex2jax_ignore";

export interface Scores {
  /** The tokens whose vector it is, or the sum of whose vectors. */
  tokens: string[];
  from: Side;
  rows: Score[];
}

const LONG = 24;

export function scoresOf(model: Model, line: Weights): Scores {
  const others = tokensOn(model, otherSide(line.from));
  return {
    tokens: line.indices.map((index) => tokensOn(model, line.from)[index]!.text),
    from: line.from,
    rows: line.codes.map((code, other) => {
      const { text: token, special } = others[other]!;
      const { text: number, strong, masked } = figuresOf(code);
      return { number, token, special, strong, masked };
    }),
  };
}

/** The vector's element, as `core/render` writes it. */
export function scoresElement(scores: Scores): HTMLElement {
  const lines = scores.rows.map((row) => {
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
  const name = element("th", ["attention-name"], ...sumOf(scores), " =");
  name.scope = "rowgroup";
  name.rowSpan = lines.length;
  lines[0]?.prepend(name);

  const label = scoresLabel(scores.tokens, scores.from);
  const table = element("table", ["attention-vector", UNTYPESET], element("tbody", [], ...lines));
  setAttributes(table, { "aria-label": label });
  const long = lines.length > LONG;
  const box = element("div", ["attention-scores", long && "attention-scores--long"], table);
  box.translate = false;
  if (long) makeScrollable(box, label);
  return box;
}

/** More terms than these are not written out. */
const TERMS = 3;

/** The name of the vector: α of its token, or a sum of such. */
function sumOf({ tokens, from }: Scores): (string | Node)[] {
  const left = tokens.length > TERMS ? [...tokens.slice(0, TERMS - 1), "", tokens.at(-1)!] : tokens;
  return left.flatMap((token, i) => {
    const sub = element("sub", [], from === "key" ? "·," : "", isolated(token));
    const term = token ? [element("i", [], "α"), sub] : ["⋯"];
    return i ? [" + ", ...term] : term;
  });
}

/** A box that scrolls must be reached without a pointer. */
export function makeScrollable(box: HTMLElement, label: string): void {
  box.tabIndex = 0;
  setAttributes(box, { role: "region", "aria-label": label });
}
