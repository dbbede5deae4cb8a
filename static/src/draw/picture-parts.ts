/** The parts of the pictures that views build themselves, the same as in the static pictures. */

import { type Model, type Place, type Side, tokenAt } from "../data/model";
import type { Measures } from "../views/view";
import { type Attributes, group, rightToLeft, svg, UNTYPESET } from "./dom";

export function directionOf(mirrored: boolean): "rtl" | "ltr" {
  return mirrored ? "rtl" : "ltr";
}

/** The root of a picture. */
export function pictureElement(
  width: number,
  height: number,
  direction: string,
  ...content: Node[]
): SVGSVGElement {
  const viewBox = `0 0 ${width} ${height}`;
  return svg("svg", { class: `attention-picture ${UNTYPESET}`, width, height, viewBox, direction }, ...content);
}

/** The text of a token. `x` is its middle. */
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

/** The text of a token as a picture shows it, and its width in px. */
export function labelOf(model: Model, { queries, keys }: Measures, side: Side, index: number): [text: string, width: number] {
  const measure = (side === "key" && keys ? keys : queries)[index]!;
  return typeof measure === "number" ? [tokenAt(model, { side, index }).text, measure] : [...measure];
}

/** The element of a token, with its text if the text is shown. */
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
