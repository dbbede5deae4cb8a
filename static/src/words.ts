/** Every phrase that the browser part writes itself. `core/render` has the same for the first paint. */

import type { Weights } from "./edges";
import type { Side } from "./model";
import type { Direction } from "./state";

export const HINT = "Point at a word, or tap it.";

export const CELL_HINT = "Point at a cell, or tap it.";

/** A row may be empty because nobody computed it, or because all of it is below 0.001. */
export const NOTHING = "nothing that is shown";

export const LOOKS: Record<Direction, string> = { from: "looks at", to: "looked at by" };

export function cutoffNote(share: number, { from, indices }: Weights): string {
  const [one, more] = from === "query" ? ["row", "rows"] : ["column", "columns"];
  return `edges show ${share}\u00a0% of ${indices.length > 1 ? `these ${more}` : `this ${one}`}`;
}

export function scoresLabel(tokens: readonly string[], from: Side): string {
  return `Attention ${from === "query" ? "of" : "to"} ${tokens.join(" + ")}`;
}

/** What a screen reader is told about tokens in focus. */
export function spoken(tokens: readonly string[], from: Side, others: readonly string[]): string {
  const verb = looks(from, tokens.length > 1, false);
  return `${tokens.join(" and ")} ${verb} ${others.join(", ") || NOTHING}`;
}

/** What stands between the tokens in focus and one at the other end, perhaps the most telling. */
export function looks(from: Side, several: boolean, most: boolean): string {
  const strongest = most ? " most" : "";
  if (from === "query") return `${several ? "look" : "looks"}${strongest} at`;
  return `${several ? "are" : "is"} looked at${strongest} by`;
}

/** What the footer says of numbers that are no single weights, and of lines that are left out. */
export function numbersNote(heads: number, tokens: number, rows: boolean, most: number): string {
  const numbers = heads > 1 ? [`the mean of ${heads} heads`] : [];
  if (tokens > 1) numbers.push(`summed over ${tokens} ${rows ? "columns" : "rows"}`);
  const said = numbers.length ? [`numbers are ${numbers.join(", ")}`] : [];
  if (most) said.push(`the ${most} strongest lines are drawn`);
  return said.join("; ");
}

/** The formulas of the view steps as one would read them out, by the kind of their panel. */
export function formulasOf(
  p: Readonly<Record<string, string>>,
  query: string,
  key: string,
): Record<string, string> {
  const scale = p["radicand"] ? ` over the root of ${p["radicand"]}` : ` times ${p["factor"]}`;
  return {
    multiply: `query of ${query}, times key of ${key}, number by number, is ${p["multiplied"]}`,
    dot: `query of ${query}, dot, key of ${key}, is ${p["addends"]}, is ${p["dot"]}`,
    scale: `${p["dot"]}${scale} is ${p["scaled"]}`,
    cap: `${p["cap"]} times tanh of ${p["scaled"]} over ${p["cap"]} is ${p["capped"]}`,
    bias: `${p["capped"]} plus ${p["bias"]} is ${p["score"]}`,
    softmax: `e to the ${p["score"]}, over the sum for all keys, is ${p["share"]}`,
    value: `${p["share"]} times ${p["value"]}, and so on for each key, is ${p["output"]}`,
  };
}
