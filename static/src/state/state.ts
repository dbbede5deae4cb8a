/** The selection of a figure, and every way in which it may change. */

import type { Place } from "../data/model";

export type { Place, Side } from "../data/model";

/** `from`: the edges show what the token looks at; `to`: they show what looks at the token. */
export type Direction = "from" | "to";

export interface State {
  /** Positions in the lists of layers and heads that the page carries. */
  readonly layer: number;
  readonly head: number;
  /** The heads that are drawn together. In views that draw one head, this is `head` alone. */
  readonly heads: readonly number[];
  readonly direction: Direction;
  readonly hovered: Place | null;
  readonly focused: Place | null;
  /** Several pins are summed. All are of one side. */
  readonly pinned: readonly Place[];
  /** The values of the view's own controls, by the controls' names. */
  readonly options: Readonly<Record<string, string>>;
}

export type Action =
  | { type: "hover"; place: Place | null }
  | { type: "focus"; place: Place | null }
  /** Pin a place, or unpin it if it is pinned. With `add`, the other pins are kept. */
  | { type: "toggle"; place: Place; add?: boolean }
  | { type: "unpin" }
  | { type: "turn" }
  | { type: "layer"; value: number }
  | { type: "head"; value: number }
  | { type: "heads"; value: readonly number[] }
  | { type: "set"; name: string; value: string }
  /** Show the same state again, because the view has loaded what it needs. */
  | { type: "redraw" }
  /** Changes from outside: from an address, or from a linked figure. */
  | { type: "adopt"; changes: Partial<State> };

export type Dispatch = (action: Action) => void;

/** The next state. It is the same object if nothing changes. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "hover":
      return same(state.hovered, action.place) ? state : { ...state, hovered: action.place };
    case "focus":
      return same(state.focused, action.place) ? state : { ...state, focused: action.place };
    case "toggle":
      return { ...state, pinned: toggled(state.pinned, action.place, action.add ?? false) };
    case "unpin":
      return state.pinned.length ? { ...state, pinned: [] } : state;
    case "turn":
      return { ...state, direction: state.direction === "from" ? "to" : "from" };
    case "layer":
      return state.layer === action.value ? state : { ...state, layer: action.value };
    case "head": {
      const { value } = action;
      if (state.head === value) return state;
      return { ...state, head: value, heads: state.heads.includes(value) ? state.heads : [value] };
    }
    case "heads": {
      const { value } = action;
      if (String(value) === String(state.heads)) return state;
      const head = value.includes(state.head) ? state.head : (value[0] ?? state.head);
      return { ...state, heads: value, head };
    }
    case "set": {
      const { name, value } = action;
      if (state.options[name] === value) return state;
      return { ...state, options: { ...state.options, [name]: value } };
    }
    case "redraw":
      return { ...state };
    case "adopt":
      return { ...state, ...action.changes };
  }
}

function toggled(pinned: readonly Place[], place: Place, add: boolean): readonly Place[] {
  const there = pinned.some((one) => same(one, place));
  if (add && there) return pinned.filter((one) => !same(one, place));
  // A row and a column cannot be summed.
  if (add && pinned.every(({ side }) => side === place.side)) return [...pinned, place];
  return there && pinned.length === 1 ? [] : [place];
}

/** The tokens whose weights are shown. The list is empty at rest. */
export function inFocus(state: State): readonly Place[] {
  const one = state.hovered ?? state.focused;
  return one ? [one] : state.pinned;
}

export function same(a: Place | null, b: Place | null): boolean {
  return a === b || (a !== null && b !== null && sameToken(a, b) && a.other === b.other);
}

/** Whether two places are of the same token, even if they mean different cells. */
export function sameToken(a: Place, b: Place): boolean {
  return a.side === b.side && a.index === b.index;
}
