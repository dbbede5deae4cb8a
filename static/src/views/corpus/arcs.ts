/** The picture at rest of a sentence, which the view of arcs then takes over. */

import { digits_of_64 as DIGITS, masked, one_digit_below as SMALL } from "../../../../sphinx_attention/core/constants.json";
import { word_row as ROW } from "../../../../sphinx_attention/core/render/common/constants.json";
import { directionOf, group, MASKED, pictureElement, setAttributes, short, svg, wordElement } from "../shared";

/** A sentence as Python has laid it out. */
export interface Sentence {
  /** The sentence, cut to the width of the list. */
  readonly text: string;
  /** The same on a narrow page. */
  readonly short: string;
  readonly tokens: readonly string[];
  readonly special: readonly number[];
  /** The middles and the widths of the tokens, in px. */
  readonly x: readonly number[];
  readonly widths: readonly number[];
  /** The width of the picture, and the height at which edges end. */
  readonly size: readonly [width: number, y: number];
  /** The weights of the head, each as one digit or two. */
  readonly codes: string;
  readonly rtl?: true;
}

export function arcsPicture({ tokens, special, x, widths, size: [width, y], rtl }: Sentence): SVGSVGElement {
  const lines = { fill: "none", stroke: "currentColor" };
  const words = tokens.map((text, i) => {
    const word = wordElement(text, widths[i]!, x[i]!, y + ROW.word);
    const isSpecial = special.includes(i);
    if (isSpecial) setAttributes(word, { "font-size": ROW.special_font });
    return group(`token${isSpecial ? " attention-token--special" : ""}`, { "data-token": i }, word);
  });
  const row = { fill: "currentColor", "font-size": ROW.font, "text-anchor": "middle", "pointer-events": "all" };
  const picture = pictureElement(
    width,
    y + ROW.bottom,
    directionOf(!!rtl),
    group("overview", lines),
    group("edges", lines),
    group("tokens", row, ...words),
  );
  return picture;
}

/** The element that tells how narrow the picture may become before it scrolls. */
export function fitOf({ size: [width] }: Sentence): SVGSVGElement {
  return svg("svg", { class: "attention-fit", width: short(ROW.smallest * width), height: 0, "aria-hidden": "true" });
}

/** The weights in thousandths, row after row. A code below `SMALL` has one digit, any other two. */
export function codesOf({ codes }: Sentence): number[] {
  const found: number[] = [];
  for (let at = 0; at < codes.length; at++) {
    const digit = DIGITS.indexOf(codes[at]!);
    const code = digit < SMALL ? digit : SMALL * (digit - SMALL) + DIGITS.indexOf(codes[++at]!);
    found.push(code === masked ? MASKED : code);
  }
  return found;
}
