/** Every phrase that the browser part writes itself. `core/render` has the same for the first paint. */

import type { Line } from "./edges";
import type { Direction } from "./state";

export const HINT = "Point at a word, or tap it.";

export const LOOKS: Record<Direction, string> = { from: "looks at", to: "looked at by" };

export function cutoffNote(share: number, from: Line["from"]): string {
  return `edges show ${share}\u00a0% of this ${from === "query" ? "row" : "column"}`;
}

export function scoresLabel(token: string, from: Line["from"]): string {
  return `Attention ${from === "query" ? "of" : "to"} ${token}`;
}

/** What a screen reader is told about a token in focus. */
export function spoken(token: string, from: Line["from"], others: readonly string[]): string {
  const verb = from === "query" ? "looks at" : "is looked at by";
  return `${token} ${verb} ${others.join(", ") || "nothing"}`;
}
