/** The tokens of a picture, and the numbers beside them, alike in every view. */

import { fail, part, parts, setAttributes, setText } from "../dom";
import { type Figures, type Model, placeOf, type Side } from "../model";
import type { TokenElement } from "./view";

export interface Slot extends TokenElement {
  element: SVGGElement;
  /** What reacts to the pointer. */
  hit: Element;
  /** Its text, where it is shown. */
  word: SVGTextElement | null;
  /** The number beside it. */
  weight: SVGTextElement | null;
}

export type Slots = Record<Side, Slot[]>;

export const SIDES = ["query", "key"] as const;

/** Read the tokens off a picture; throws where they are not the model's. */
export function readSlots(
  picture: Element,
  model: Model,
  where: (hit: Element, word: SVGTextElement | null) => { x: number; y?: number },
  keys: number = model.keys.length,
): Slots {
  const slots: Slots = { query: [], key: [] };
  for (const element of parts<SVGGElement>(picture, "token")) {
    const place = placeOf(element);
    const hit = element.firstElementChild!;
    const word = part<SVGTextElement>(element, "word");
    const weight = part<SVGTextElement>(element, "weight");
    slots[place.side][place.index] = { place, element, hit, word, weight, ...where(hit, word) };
  }
  checkTokens(model, slots.query.length, slots.key.length, keys);
  return slots;
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
  setAttributes(slot.weight, { class: `attention-weight${number.strong ? " attention-weight--strong" : ""}` });
  setText(slot.weight, number.text);
  if (!slot.weight.parentNode) slot.element.append(slot.weight);
}
