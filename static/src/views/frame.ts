/** What the pictures that views build are made of, as the static ones are. */

import { type Attributes, group, rightToLeft, svg } from "../dom";
import { type Model, type Place, tokenAt } from "../model";
import { UNTYPESET } from "../scores";

export function directionOf(mirrored: boolean): "rtl" | "ltr" {
  return mirrored ? "rtl" : "ltr";
}

export function drawingOf(
  width: number,
  height: number,
  direction: string,
  ...content: Node[]
): SVGSVGElement {
  const viewBox = `0 0 ${width} ${height}`;
  return svg("svg", { class: `attention-picture ${UNTYPESET}`, width, height, viewBox, direction }, ...content);
}

/** The text of a token, about its middle. */
export function wordElement(text: string, textLength: number, x: number, y: number): SVGTextElement {
  return svg(
    "text",
    {
      class: "attention-word",
      x,
      y,
      textLength,
      lengthAdjust: "spacingAndGlyphs",
      direction: directionOf(rightToLeft(text)),
    },
    text,
  );
}

/** A token's element, with its text where that is shown. */
export function tokenElement(
  model: Model,
  place: Place,
  attributes: Attributes,
  words: readonly Node[],
): SVGGElement {
  const special = tokenAt(model, place).special ? " attention-token--special" : "";
  return group(
    `token${special}`,
    { "data-token": place.index, "data-side": place.side, ...attributes },
    ...words,
  );
}
