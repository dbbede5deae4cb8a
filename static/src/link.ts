/** Figures of a page with the same link name share their selection. */

import type { Live } from "./bind";
import type { Model, Place } from "./model";
import type { State } from "./state";

/** What one selection says to figures of other models. */
interface Shared {
  layer?: string;
  head?: string;
  heads?: readonly string[];
  direction?: State["direction"];
  hovered?: Place | null;
  focused?: Place | null;
  pinned?: readonly Place[];
  options?: State["options"];
}

interface Group {
  readonly members: Set<Live>;
  /** All that was said so far, for those who come later. */
  said: Shared;
}

const groups = new Map<string, Group>();

function groupOf({ figure }: Live): Group | undefined {
  const name = figure.dataset["link"];
  if (!name) return undefined;
  let group = groups.get(name);
  if (!group) groups.set(name, (group = { members: new Set(), said: {} }));
  return group;
}

/** Take part; what the others were told before is told now. */
export function join(live: Live): void {
  const group = groupOf(live);
  group?.members.add(live);
  if (group) hear(live, group.said);
}

/** Tell the others of the group what has changed, and nothing else: each opened as its author said. */
export function share(live: Live, previous: State): void {
  const group = groupOf(live);
  if (!group) return;
  const told = changesIn(live, previous);
  group.said = { ...group.said, ...told };
  for (const other of group.members) {
    if (!other.figure.isConnected) group.members.delete(other);
    else if (other !== live) hear(other, told);
  }
}

function changesIn({ model, state }: Live, previous: State): Shared {
  const all: Required<Shared> = {
    ...state,
    layer: model.layers[state.layer]!,
    head: model.heads[state.head]!,
    heads: state.heads.map((head) => model.heads[head]!),
  };
  const changed = Object.entries(all).filter(
    ([name]) => state[name as keyof State] !== previous[name as keyof State],
  );
  return Object.fromEntries(changed);
}

function hear(live: Live, told: Shared): void {
  const changes = heard(live.model, live.state, told, live.takes);
  if (Object.keys(changes).length) live.dispatch({ type: "adopt", changes });
}

/** What a figure of this model makes of what it is told: only what it has itself, and each thing once. */
export function heard(
  model: Model,
  state: State,
  told: Shared,
  takes: (name: string, value: string) => boolean,
): Partial<State> {
  const each = <One>(all: readonly One[]): One[] => [...new Set(all)];
  const has = ({ side, index, other = 0 }: Place): boolean => {
    const [own, others] = side === "key" ? [model.keys, model.queries] : [model.queries, model.keys];
    return index < own.length && other < others.length;
  };
  const changes: { -readonly [Name in keyof State]?: State[Name] } = {};
  const layer = model.layers.indexOf(told.layer ?? "");
  const head = model.heads.indexOf(told.head ?? "");
  const heads = each((told.heads ?? []).map((name) => model.heads.indexOf(name))).filter((at) => at >= 0);
  if (layer >= 0) changes.layer = layer;
  if (head >= 0) changes.head = head;
  if (heads.length) {
    // The head with the numbers is one of those that are drawn.
    const shown = head < 0 && !heads.includes(state.head) ? heads[0]! : (changes.head ?? state.head);
    if (shown !== state.head) changes.head = shown;
    changes.heads = heads.includes(shown) ? heads : [shown, ...heads];
  }
  if (told.direction) changes.direction = told.direction;
  for (const name of ["hovered", "focused"] as const) {
    const place = told[name];
    if (place !== undefined) changes[name] = place && has(place) ? place : null;
  }
  if (told.pinned) {
    const known = new Map(told.pinned.filter(has).map((one) => [`${one.side} ${one.index} ${one.other}`, one]));
    // A row and a column have no sum.
    changes.pinned = [...known.values()].filter(({ side }, _, [one]) => side === one!.side);
  }
  const options = Object.entries(told.options ?? {}).filter(([name, value]) => takes(name, value));
  if (options.length) changes.options = { ...state.options, ...Object.fromEntries(options) };
  return changes;
}
