/** The phrases of the interface. The bundle holds the English ones; other languages are loaded with it. */

import { script } from "../../../sphinx_attention/core/phrases/en.json";

export type Phrase = keyof typeof script;

declare global {
  /** Set by the page where its language is not English. */
  var attentionPhrases: Partial<Record<Phrase, string>> | undefined;
}

function template(name: Phrase): string {
  return globalThis.attentionPhrases?.[name] ?? script[name];
}

/** A phrase as text, with its placeholders filled in. */
export function say(name: Phrase, values: Readonly<Record<string, string | number>> = {}): string {
  return template(name).replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/** A phrase as a list of nodes and texts, with its placeholders filled in by nodes. */
export function sayNodes(
  name: Phrase,
  values: Readonly<Record<string, readonly (Node | string)[]>>,
): (Node | string)[] {
  const pieces = template(name).split(/\{(\w+)\}/);
  return pieces.flatMap((piece, n) => (n % 2 ? (values[piece] ?? []) : piece ? [piece] : []));
}
