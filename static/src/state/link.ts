/** Figures of a page with the same link name share their selection. */

import type { Model, Place } from "../data/model";
import { type NamedPlace, namedPlace, placeNamed } from "../data/words";
import type { FigureController } from "./controller";
import type { State } from "./state";

/** A change of a selection, in names that figures of other models understand. */
interface Change<Where> {
  layer?: string;
  head?: string;
  heads?: readonly string[];
  direction?: State["direction"];
  hovered?: Where | null;
  focused?: Where | null;
  pinned?: readonly Where[];
  options?: State["options"];
}

/** Tokens go by their words, because another text has the same word at another place. */
type SharedChange = Change<NamedPlace>;

interface Group {
  readonly members: Set<FigureController>;
  /** All changes so far, merged, for figures that join later. */
  history: SharedChange;
}

const groups = new Map<string, Group>();

function groupOf({ figure }: FigureController): Group | undefined {
  const name = figure.dataset["link"];
  if (!name) return undefined;
  let group = groups.get(name);
  if (!group) groups.set(name, (group = { members: new Set(), history: {} }));
  return group;
}

/** Add a figure to its group, and apply the changes that the group has made before. */
export function join(controller: FigureController): void {
  const group = groupOf(controller);
  group?.members.add(controller);
  if (group) apply(controller, group.history);
}

/**
 * Send the changes of a figure to the other members of its group. Only changes are sent, because
 * each figure opened with its author's own selection.
 */
export function share(controller: FigureController, previous: State): void {
  const group = groupOf(controller);
  if (!group) return;
  const change = changesIn(controller, previous);
  group.history = { ...group.history, ...change };
  for (const other of group.members) {
    if (!other.figure.isConnected) group.members.delete(other);
    else if (other !== controller) apply(other, change);
  }
}

function changesIn({ model, state }: FigureController, previous: State): SharedChange {
  const all: Required<Change<Place>> = {
    ...state,
    layer: model.layers[state.layer]!,
    head: model.heads[state.head]!,
    heads: state.heads.map((head) => model.heads[head]!),
  };
  const changed = Object.entries(all).filter(
    ([name]) => state[name as keyof State] !== previous[name as keyof State],
  );
  return withPlaces(Object.fromEntries(changed), (place: Place) => namedPlace(model, place));
}

/** The same change with its places written in another way. Places that cannot be written so are left out. */
function withPlaces<From, To>(change: Change<From>, write: (place: From) => To | null): Change<To> {
  const entries = Object.entries(change).map(([name, value]) => [
    name,
    name === "pinned"
      ? value.flatMap((place: From) => write(place) ?? [])
      : /^(hovered|focused)$/.test(name) && value
        ? write(value)
        : value,
  ]);
  return Object.fromEntries(entries);
}

function apply(controller: FigureController, change: SharedChange): void {
  const { model, state, takes } = controller;
  const changes = toLocal(model, state, withPlaces(change, (place: NamedPlace) => placeNamed(model, place)), takes);
  if (Object.keys(changes).length) controller.dispatch({ type: "adopt", changes });
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
