/** Changes of a selection, in names that figures of other models understand. */

import type { Model, Place } from "../data/model";
import type { State } from "./state";

/** A change of a selection, in names that figures of other models understand. */
export interface Change<Where> {
  layer?: string;
  head?: string;
  heads?: readonly string[];
  direction?: State["direction"];
  hovered?: Where | null;
  focused?: Where | null;
  pinned?: readonly Where[];
  options?: State["options"];
}

/**
 * Translate a shared change into the terms of one figure. Names and tokens that the figure does not
 * have are left out, and repeated values count once.
 */
export function toLocal(
  model: Model,
  state: State,
  change: Change<Place>,
  takes: (name: string, value: string) => boolean,
): Partial<State> {
  const each = <One>(all: readonly One[]): One[] => [...new Set(all)];
  const has = ({ side, index, other = 0 }: Place): boolean => {
    const [own, others] = side === "key" ? [model.keys, model.queries] : [model.queries, model.keys];
    return index < own.length && other < others.length;
  };
  const changes: { -readonly [Name in keyof State]?: State[Name] } = {};
  const layer = model.layers.indexOf(change.layer ?? "");
  const head = model.heads.indexOf(change.head ?? "");
  const heads = each((change.heads ?? []).map((name) => model.heads.indexOf(name))).filter((at) => at >= 0);
  if (layer >= 0) changes.layer = layer;
  if (head >= 0) changes.head = head;
  if (heads.length) {
    // The head whose numbers are shown must be one of the heads that are drawn.
    const shown = head < 0 && !heads.includes(state.head) ? heads[0]! : (changes.head ?? state.head);
    if (shown !== state.head) changes.head = shown;
    changes.heads = heads.includes(shown) ? heads : [shown, ...heads];
  }
  if (change.direction) changes.direction = change.direction;
  for (const name of ["hovered", "focused"] as const) {
    const place = change[name];
    if (place !== undefined) changes[name] = place && has(place) ? place : null;
  }
  if (change.pinned) {
    const known = new Map(change.pinned.filter(has).map((one) => [`${one.side} ${one.index} ${one.other}`, one]));
    // A row and a column cannot be summed, so all pins must be of the first one's side.
    changes.pinned = [...known.values()].filter(({ side }, _, [one]) => side === one!.side);
  }
  const options = Object.entries(change.options ?? {}).filter(([name, value]) => takes(name, value));
  if (options.length) changes.options = { ...state.options, ...Object.fromEntries(options) };
  return changes;
}
