/** The elements of a picture's tokens, and the weights beside them, for several views. */

import { type Model, placeOf, type PrintedWeight, type Side } from "../data/model";
import type { TokenElement } from "../views/view";
import { fail, find, findAll, numberIn, setText, svg, toggleClass } from "./dom";
import { short } from "./edges";

/** A token with its texts. */
export interface TextToken extends TokenElement {
  element: SVGGElement;
  x: number;
  y?: number;
  /** The text of the token; null if it is not shown. */
  word: SVGTextElement | null;
  /** The weight beside the token; null if none is shown. */
  weight: SVGTextElement | null;
}

export type TextTokens = Record<Side, TextToken[]>;

export const SIDES = ["query", "key"] as const;

/** Read the tokens from a picture. The x of each is the middle of its text. Throws if they are not the model's. */
export function readTokens(
  picture: Element,
  model: Model,
  keys: number = model.keys.length,
): TextTokens {
  const tokens: TextTokens = { query: [], key: [] };
  for (const element of findAll<SVGGElement>(picture, "token")) {
    const place = placeOf(element);
    const word = find<SVGTextElement>(element, "word");
    const weight = find<SVGTextElement>(element, "weight");
    tokens[place.side][place.index] = { place, element, word, weight, x: word ? numberIn(word, "x") : 0 };
  }
  checkTokens(model, tokens.query.length, tokens.key.length, keys);
  return tokens;
}

/**
 * Add to a token the area that reacts to the pointer and shows the keyboard focus. The page itself
 * does not carry it, because it has no use without a script.
 */
export function addHitArea(element: Element, x: number, y: number, width: number, height: number): void {
  if (find(element, "hit")) return;
  const box = { x: short(x), y: short(y), width: short(width), height: short(height) };
  element.prepend(svg("rect", { class: "attention-hit", fill: "none", ...box }));
}

/** Throws if a picture has not as many tokens as the model. */
export function checkTokens(
  model: Model,
  queries: number,
  keys: number,
  wanted: number = model.keys.length,
): void {
  if (queries !== model.queries.length || keys !== wanted) fail("the picture has other tokens than the payload");
}

/** Show a weight beside a token, or remove it. */
export function showWeight(
  token: TextToken,
  weight: PrintedWeight | null | undefined,
  make: () => SVGTextElement,
): void {
  if (!weight) return token.weight?.remove();
  token.weight ??= make();
  toggleClass(token.weight, "weight", true);
  toggleClass(token.weight, "weight--strong", weight.strong);
  setText(token.weight, weight.text);
  if (!token.weight.parentNode) token.element.append(token.weight);
}
