/**
 * The selection in the address: `#fox&layer=5&head=11&pin=4,k7&scale=log`. Layers and heads go by
 * their names. A pinned key has the letter k before its number, and a pinned cell is written `4.7`.
 * Any other name is an option of the view.
 */

import type { FigureController } from "./controller";
import type { Place } from "../data/model";
import { toLocal } from "./changes";
import type { State } from "./state";

type Values = Map<string, string>;

/** The fragment for a figure's selection, `#` included. */
export function fragmentOf(controller: FigureController): string {
  const { figure, model, state } = controller;
  const place: Values = new Map([
    ["layer", model.layers[state.layer]!],
    ["head", model.heads[state.head]!],
  ]);
  return `#${plain(idOf(figure))}&${joined(new Map([...place, ...restOf(controller)]))}`;
}

/** The selection without layer and head, as far as it differs from the figure's first state. */
export function restOf({ model, state, first }: Pick<FigureController, "model" | "state" | "first">): Values {
  const { heads, head, direction, pinned, options } = state;
  const rest: Values = new Map();
  if (String(heads) !== String(head)) rest.set("heads", heads.map((at) => model.heads[at]).join());
  if (direction !== first.direction) rest.set("direction", direction);
  rest.set("pin", pinned.map(written).join());
  for (const [name, value] of Object.entries(options)) {
    if (value !== first.options[name]) rest.set(name, value);
  }
  return rest;
}

/** Write values as they stand in a fragment. */
export function joined(values: Values): string {
  return [...values].map((pair) => pair.map(plain).join("=")).join("&");
}

function plain(text: string): string {
  return encodeURIComponent(text).replace(/%2C/g, ",");
}

/** A figure's own id, or the prefix of the ids within it. */
export function idOf(figure: HTMLElement): string {
  return figure.id || (figure.querySelector('desc[id$="-desc"]')?.id ?? "").replace(/-desc$/, "");
}

/** The figures of a page. */
export const FIGURE = ".attention-figure[data-view]";

/** Longer fragments are ignored: no selection in a figure leads to one. */
const LONGEST = 16_384;

/** Read what `joined` wrote. Parts that are not correctly percent-encoded are left out. */
export function split(text: string): Values {
  const values: Values = new Map();
  for (const part of text.slice(0, LONGEST).split("&")) {
    try {
      const [name, value] = part.split("=").map(decodeURIComponent);
      values.set(name!, value ?? "");
    } catch {
      // This part of the fragment was not written by us.
    }
  }
  return values;
}

/** The figure that a fragment names, and the values for it. Null if it names no figure. */
export function read(fragment: string): { figure: HTMLElement; values: Values } | null {
  // The browser itself handles a fragment without a selection.
  const [id, ...parts] = fragment.replace(/^#/, "").split("&");
  if (!id || !parts.length || fragment.length > LONGEST) return null;
  try {
    const plain = decodeURIComponent(id);
    const named = document.getElementById(plain) ?? document.getElementById(`${plain}-desc`);
    const figure = named?.closest<HTMLElement>(FIGURE) ?? named?.querySelector<HTMLElement>(FIGURE);
    return figure ? { figure, values: split(parts.join("&")) } : null;
  } catch {
    return null; // The fragment was not written by us.
  }
}

/** Bring a figure to the selection of an address. Parts that the address leaves out are as in the first state. */
export function restore({ model, state, first, dispatch, takes }: FigureController, values: Values): void {
  const { layer, head, heads = head, pin, direction, ...options } = Object.fromEntries(values);
  const change = {
    ...(layer && { layer }),
    ...(head && { head }),
    ...(heads !== undefined && { heads: heads.split(",") }),
    ...(pin !== undefined && { pinned: pin.split(",").map(placeIn).filter((one) => one !== null) }),
    direction: direction === "to" ? ("to" as const) : first.direction,
    options: { ...first.options, ...options },
  };
  const changes: Partial<State> = toLocal(model, state, change, takes);
  dispatch({ type: "adopt", changes });
}

function written({ side, index, other }: Place): string {
  return `${side === "key" ? "k" : ""}${index}${other === undefined ? "" : `.${other}`}`;
}

/** The place that a pin in an address names. Null if the text was not written by us. */
export function placeIn(text: string): Place | null {
  const [, letter, index, other] = /^([qk]?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (index === undefined) return null;
  const side = letter === "k" ? "key" : "query";
  return { side, index: Number(index), ...(other !== undefined && { other: Number(other) }) };
}
