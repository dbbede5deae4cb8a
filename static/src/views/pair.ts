/** The choice between a pair's sentences, which views with the control `filter` offer. */

import type { Model, Side } from "../model";
import type { State } from "../state";

/** Which tokens of each side are left. */
export type Filter = Readonly<Record<Side, (index: number) => boolean>>;

/** What `all`, `aa`, `ab`, `ba` or `bb` leaves: queries of the first letter's text, keys of the other's. */
export function filterOf({ segments }: Model, options: State["options"]): Filter | null {
  const chosen = options["filter"] ?? "";
  if (!segments || !/^[ab]{2}$/.test(chosen)) return null;
  const [from, to] = [...chosen].map((letter) => (letter === "b" ? 1 : 0));
  return {
    query: (index) => segments.queries[index] === from,
    key: (index) => segments.keys[index] === to,
  };
}
