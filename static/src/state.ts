/** The one selection of a figure, and every way in which it may change. */

import type { Place } from "./model";

/** `from`: whom the token looks at; `to`: who looks at the token. */
export type Direction = "from" | "to";

export interface State {
  /** Positions among the layers and heads that the figure carries. */
  readonly layer: number;
  readonly head: number;
  readonly direction: Direction;
  readonly hovered: Place | null;
  readonly focused: Place | null;
  readonly pinned: Place | null;
}

export type Action =
  | { type: "hover"; place: Place | null }
  | { type: "focus"; place: Place | null }
  | { type: "toggle"; place: Place }
  | { type: "unpin" }
  | { type: "turn" }
  | { type: "layer"; value: number }
  | { type: "head"; value: number };

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "hover":
      return same(state.hovered, action.place) ? state : { ...state, hovered: action.place };
    case "focus":
      return same(state.focused, action.place) ? state : { ...state, focused: action.place };
    case "toggle":
      return { ...state, pinned: same(state.pinned, action.place) ? null : action.place };
    case "unpin":
      return state.pinned ? { ...state, pinned: null } : state;
    case "turn":
      return { ...state, direction: state.direction === "from" ? "to" : "from" };
    case "layer":
      return state.layer === action.value ? state : { ...state, layer: action.value };
    case "head":
      return state.head === action.value ? state : { ...state, head: action.value };
  }
}

/** The token whose edges are drawn. */
export function inFocus(state: State): Place | null {
  return state.hovered ?? state.focused ?? state.pinned;
}

export function same(a: Place | null, b: Place | null): boolean {
  return a === b || (a !== null && b !== null && a.side === b.side && a.index === b.index);
}
