/** The filter of figures over a pair of sentences, set by the control `filter`. */

import type { Model, Side } from "../data/model";
import type { State } from "./state";

/** For each side, whether a token is shown. */
export type Filter = Readonly<Record<Side, (index: number) => boolean>>;

/**
 * The filter for the values `aa`, `ab`, `ba` and `bb`: queries of the first letter's text, and keys
 * of the second letter's. Null for any other value, such as `all`.
 */
export function filterOf({ segments }: Model, options: State["options"]): Filter | null {
  const chosen = options["filter"] ?? "";
  if (!segments || !/^[ab]{2}$/.test(chosen)) return null;
  const [from, to] = [...chosen].map((letter) => (letter === "b" ? 1 : 0));
  return {
    query: (index) => segments.queries[index] === from,
    key: (index) => segments.keys[index] === to,
  };
}
