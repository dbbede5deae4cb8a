/**
 * The selection in the address: `#fox&layer=5&head=11&pin=4,k7&scale=log`. Layers and heads by name,
 * pinned keys with a k before them, cells as `4.7`; any other name is an option of the view.
 */

import type { Live } from "./bind";
import type { Place } from "./model";
import { heard } from "./link";
import type { State } from "./state";

/** The fragment of a figure's selection, `#` included. */
export function fragmentOf({ figure, model, state, first }: Live): string {
  const parts: [string, string][] = [
    ["layer", model.layers[state.layer]!],
    ["head", model.heads[state.head]!],
  ];
  if (state.heads.length !== 1) {
    parts.push(["heads", state.heads.map((head) => model.heads[head]).join()]);
  }
  if (state.direction !== first.direction) parts.push(["direction", state.direction]);
  parts.push(["pin", state.pinned.map(written).join()]);
  for (const [name, value] of Object.entries(state.options)) {
    if (value !== first.options[name]) parts.push([name, value]);
  }
  const plain = (text: string): string => encodeURIComponent(text).replace(/%2C/g, ",");
  const rest = parts.map(([name, value]) => `&${plain(name)}=${plain(value)}`);
  return `#${plain(idOf(figure))}${rest.join("")}`;
}

/** A figure's own id, or what the ids within it start with. */
export function idOf(figure: HTMLElement): string {
  return figure.id || (figure.querySelector("desc")?.id ?? "").replace(/-desc$/, "");
}

/** The figure that a fragment names, and what it says of it; null where it names none. */
export function read(fragment: string): { figure: HTMLElement; values: Map<string, string> } | null {
  // A fragment without a selection is the browser's own business.
  const [id, ...parts] = fragment.replace(/^#/, "").split("&");
  if (!id || !parts.length) return null;
  try {
    const plain = decodeURIComponent(id);
    const named = document.getElementById(plain) ?? document.getElementById(`${plain}-desc`);
    const figure = named?.closest<HTMLElement>(".attention-figure[data-view]");
    const pairs = parts.map((part) => part.split("=").map(decodeURIComponent));
    return figure ? { figure, values: new Map(pairs.map(([name, value]) => [name!, value ?? ""])) } : null;
  } catch {
    return null; // not an address of ours
  }
}

/** Open a figure as an address says; what the figure does not have stays as it is. */
export function restore({ model, state, dispatch, takes }: Live, values: ReadonlyMap<string, string>): void {
  const { layer, head, heads, pin, direction, ...options } = Object.fromEntries(values);
  const told = {
    ...(layer && { layer }),
    ...(head && { head, heads: heads?.split(",") ?? [head] }),
    ...(pin !== undefined && { pinned: pin.split(",").map(place).filter((one) => one !== null) }),
    ...(direction === "to" && { direction: "to" as const }),
    options,
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
