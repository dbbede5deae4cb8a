/**
 * The selection in the address: `#fox&layer=5&head=11&pin=4,k7&scale=log`. Layers and heads by name,
 * pinned keys with a k before them, cells as `4.7`; any other name is an option of the view.
 */

import type { Live } from "./bind";
import type { Place } from "./model";
import { heard } from "./link";
import type { State } from "./state";

type Values = Map<string, string>;

/** The fragment of a figure's selection, `#` included. */
export function fragmentOf(live: Live): string {
  const { figure, model, state } = live;
  const place: Values = new Map([
    ["layer", model.layers[state.layer]!],
    ["head", model.heads[state.head]!],
  ]);
  return `#${plain(idOf(figure))}&${joined(new Map([...place, ...restOf(live)]))}`;
}

/** What is selected beside layer and head, as far as it is not what the figure opens with. */
export function restOf({ model, state, first }: Pick<Live, "model" | "state" | "first">): Values {
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

/** Values as a fragment has them. */
export function joined(values: Values): string {
  return [...values].map((pair) => pair.map(plain).join("=")).join("&");
}

function plain(text: string): string {
  return encodeURIComponent(text).replace(/%2C/g, ",");
}

/** A figure's own id, or what the ids within it start with. */
export function idOf(figure: HTMLElement): string {
  return figure.id || (figure.querySelector('desc[id$="-desc"]')?.id ?? "").replace(/-desc$/, "");
}

/** Longer addresses were written by nobody who selected something in a figure. */
const LONGEST = 16_384;

/** What was `joined`. Parts that are not percent-encoded as addresses are, are left out. */
export function split(text: string): Values {
  const values: Values = new Map();
  for (const part of text.slice(0, LONGEST).split("&")) {
    try {
      const [name, value] = part.split("=").map(decodeURIComponent);
      values.set(name!, value ?? "");
    } catch {
      // Not an address of ours.
    }
  }
  return values;
}

/** The figure that a fragment names, and what it says of it; null where it names none. */
export function read(fragment: string): { figure: HTMLElement; values: Values } | null {
  // A fragment without a selection is the browser's own business.
  const [id, ...parts] = fragment.replace(/^#/, "").split("&");
  if (!id || !parts.length || fragment.length > LONGEST) return null;
  try {
    const plain = decodeURIComponent(id);
    const named = document.getElementById(plain) ?? document.getElementById(`${plain}-desc`);
    const figure = named?.closest<HTMLElement>(".attention-figure[data-view]");
    return figure ? { figure, values: split(parts.join("&")) } : null;
  } catch {
    return null; // not an address of ours
  }
}

/** Open a figure as an address says: what it leaves out is as it was at first. */
export function restore({ model, state, first, dispatch, takes }: Live, values: Values): void {
  const { layer, head, heads = head, pin, direction, ...options } = Object.fromEntries(values);
  const told = {
    ...(layer && { layer }),
    ...(head && { head }),
    ...(heads !== undefined && { heads: heads.split(",") }),
    ...(pin !== undefined && { pinned: pin.split(",").map(place).filter((one) => one !== null) }),
    direction: direction === "to" ? ("to" as const) : first.direction,
    options: { ...first.options, ...options },
  };
  const changes: Partial<State> = heard(model, state, told, takes);
  dispatch({ type: "adopt", changes });
}

function written({ side, index, other }: Place): string {
  return `${side === "key" ? "k" : ""}${index}${other === undefined ? "" : `.${other}`}`;
}

function place(text: string): Place | null {
  const [, letter, index, other] = /^([qk]?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (index === undefined) return null;
  const side = letter === "k" ? "key" : "query";
  return { side, index: Number(index), ...(other !== undefined && { other: Number(other) }) };
}
