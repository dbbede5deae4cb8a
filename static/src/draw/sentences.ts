/** Sentences about numbers and tokens, made from phrases. */

import type { Weights } from "./edges";
import type { Model, Side } from "../data/model";
import { type Phrase, say } from "../data/phrases";
import type { Direction } from "../state/state";

/** The text for an empty row. Its weights may be masked, or all below 0.001. */
export function nothing(): string {
  return say("nothing");
}

export function directionLabel(direction: Direction, { phrases }: Model): string {
  return say(`turn_${direction}`, {}, phrases);
}

export function cutoffNote(percent: number, { from, indices }: Weights): string {
  const line = from === "query" ? "row" : "column";
  return say(`cutoff_${line}${indices.length > 1 ? "s" : ""}`, { percent });
}

interface Line {
  readonly tokens: readonly string[];
  readonly from: Side;
  readonly model: Model;
}

export function vectorLabel({ tokens, from, model: { signed, phrases } }: Line): string {
  const name = signed ? "scores_difference" : from === "query" ? "scores_from" : "scores_to";
  return say(name, { tokens: tokens.join(" + ") }, phrases);
}

/** The sentence that screen readers announce for tokens in focus. */
export function announcement(model: Model, tokens: readonly string[], from: Side, others: readonly string[]): string {
  const named = tokens.reduce((one, other) => say("and", { one, other }));
  const values = { tokens: named, others: others.join(", ") || nothing() };
  return say(looks(model, from, tokens.length > 1, false), values, model.phrases);
}

/** The phrase for tokens in focus and the tokens they look at. With `most`, it names the heaviest only. */
export function looks({ signed }: Model, from: Side, several: boolean, most: boolean): Phrase {
  if (signed) return "differs";
  const verb = from === "query" ? (several ? "look" : "looks") : several ? "are_seen" : "is_seen";
  return most ? `${verb}_most` : verb;
}
