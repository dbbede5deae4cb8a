/** The tokens of a picture, and the numbers beside them, alike in every view. */

import { fail, mark, numberIn, part, parts, setText, svg } from "../dom";
import { short } from "../edges";
import { type Figures, type Model, placeOf, type Side } from "../model";
import type { TokenElement } from "./view";

export interface Slot extends TokenElement {
  element: SVGGElement;
  x: number;
  y?: number;
  /** Its text, where it is shown. */
  word: SVGTextElement | null;
  /** The number beside it. */
  weight: SVGTextElement | null;
}

export type Slots = Record<Side, Slot[]>;

export const SIDES = ["query", "key"] as const;

/** Read the tokens off a picture, each in the middle of its text; throws where they are not the model's. */
export function readSlots(
  picture: Element,
  model: Model,
  keys: number = model.keys.length,
): Slots {
  const slots: Slots = { query: [], key: [] };
  for (const element of parts<SVGGElement>(picture, "token")) {
    const place = placeOf(element);
    const word = part<SVGTextElement>(element, "word");
    const weight = part<SVGTextElement>(element, "weight");
    slots[place.side][place.index] = { place, element, word, weight, x: word ? numberIn(word, "x") : 0 };
  }
  checkTokens(model, slots.query.length, slots.key.length, keys);
  return slots;
}

/**
 * Give a token the area that reacts to the pointer, and shows where the keyboard is. Of no use
 * without scripts, it is no part of what pages carry.
 */
export function reactIn(element: Element, x: number, y: number, width: number, height: number): void {
  if (part(element, "hit")) return;
  const box = { x: short(x), y: short(y), width: short(width), height: short(height) };
  element.prepend(svg("rect", { class: "attention-hit", fill: "none", ...box }));
}

/** Throws where a picture has other tokens than the model. */
export function checkTokens(
  model: Model,
  queries: number,
  keys: number,
  wanted: number = model.keys.length,
): void {
  if (queries !== model.queries.length || keys !== wanted) fail("not the payload's tokens");
}

/** Put a number beside a token, or take it away. */
export function numberInto(slot: Slot, number: Figures | null | undefined, make: () => SVGTextElement): void {
  if (!number) return slot.weight?.remove();
  slot.weight ??= make();
  mark(slot.weight, "weight", true);
  mark(slot.weight, "weight--strong", number.strong);
  setText(slot.weight, number.text);
  if (!slot.weight.parentNode) slot.element.append(slot.weight);
}
