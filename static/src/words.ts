/** What the browser part says of numbers and tokens, put together from phrases. */

import type { Weights } from "./edges";
import type { Side } from "./model";
import { type Phrase, say } from "./phrases";
import type { Direction } from "./state";

/** A row may be empty because nobody computed it, or because all of it is below 0.001. */
export function nothing(): string {
  return say("nothing");
}

export function turnLabel(direction: Direction): string {
  return say(`turn_${direction}`);
}

export function cutoffNote(percent: number, { from, indices }: Weights): string {
  const line = from === "query" ? "row" : "column";
  return say(`cutoff_${line}${indices.length > 1 ? "s" : ""}`, { percent });
}

export function scoresLabel(tokens: readonly string[], from: Side): string {
  return say(from === "query" ? "scores_from" : "scores_to", { tokens: tokens.join(" + ") });
}

/** What a screen reader is told about tokens in focus. */
export function spoken(tokens: readonly string[], from: Side, others: readonly string[]): string {
  const named = tokens.reduce((one, other) => say("and", { one, other }));
  return say(looks(from, tokens.length > 1, false), {
    tokens: named,
    others: others.join(", ") || nothing(),
  });
}

/** The sentence that joins the tokens in focus and those at the other end, perhaps the most telling. */
export function looks(from: Side, several: boolean, most: boolean): Phrase {
  const verb = from === "query" ? (several ? "look" : "looks") : several ? "are_seen" : "is_seen";
  return most ? `${verb}_most` : verb;
}

/** What the footer says of numbers that are no single weights, and of lines that are left out. */
export function numbersNote(heads: number, tokens: number, rows: boolean, most: number): string {
  const numbers = heads > 1 ? [say("mean_of_heads", { count: heads })] : [];
  if (tokens > 1) numbers.push(say(rows ? "summed_columns" : "summed_rows", { count: tokens }));
  const said = numbers.length ? [say("numbers_are", { what: numbers.join(", ") })] : [];
  if (most) said.push(say("strongest_lines", { count: most }));
  return said.join("; ");
}

/** The formulas of the view steps as one would read them out, by the kind of their panel. */
export function formulasOf(
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
  };
}
