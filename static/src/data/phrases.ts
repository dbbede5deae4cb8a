/** The phrases of the interface. The scripts hold the English ones; pages in other languages bring theirs. */

import type * as english from "../../../sphinx_attention/core/phrases/en.json";
import { script } from "../../../sphinx_attention/core/phrases/en.json";

/** The sections of the file that scripts use: one that all share, and one for each view that has any. */
type Sections = Omit<typeof english, "page" | "written" | "remarks" | "default">;

export type Phrase = { [Name in keyof Sections]: keyof Sections[Name] }[keyof Sections];
export type Phrases = Readonly<Partial<Record<Phrase, string>>>;

declare global {
  /** Set by the page where its language is not English. */
  var attentionPhrases: Phrases | undefined;
}

const known: Partial<Record<Phrase, string>> = { ...script };

/** Add the phrases of a view. */
export function addPhrases(phrases: Phrases): void {
  Object.assign(known, phrases);
}

/** A phrase with its placeholders. `own` has the phrases of a figure that differ from those of the page. */
export function template(name: Phrase, own?: Phrases): string {
  return own?.[name] ?? globalThis.attentionPhrases?.[name] ?? known[name] ?? "";
}

/** A phrase as text, with its placeholders filled in. */
export function say(name: Phrase, values: Readonly<Record<string, string | number>> = {}, own?: Phrases): string {
  return template(name, own).replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/** A phrase as a list of nodes and texts, with its placeholders filled in by nodes. */
export function sayNodes(
  name: Phrase,
  values: Readonly<Record<string, readonly (Node | string)[]>>,
  own?: Phrases,
): (Node | string)[] {
  const pieces = template(name, own).split(/\{(\w+)\}/);
  return pieces.flatMap((piece, n) => (n % 2 ? (values[piece] ?? []) : piece ? [piece] : []));
}
