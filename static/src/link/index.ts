/**
 * Figures of a page with the same link name share their selection.
 *
 * This is a script of its own, which the core script loads where a figure has a link name.
 */

import type { Place } from "../data/model";
import { type NamedPlace, namedPlace, placeNamed } from "../data/words";
import { type Change, toLocal } from "../state/changes";
import type { FigureController } from "../state/controller";
import type { State } from "../state/state";

declare global {
  var attentionLinks: Links | undefined;
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
function join(controller: FigureController): void {
  const group = groupOf(controller);
  group?.members.add(controller);
  if (group) apply(controller, group.history);
}

/**
 * Send the changes of a figure to the other members of its group. Only changes are sent, because
 * each figure opened with its author's own selection.
 */
function share(controller: FigureController, previous: State): void {
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

const links = { join, share };
export type Links = typeof links;
// A page may run the script more than once.
globalThis.attentionLinks ??= links;
