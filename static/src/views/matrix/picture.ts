/** The picture of the matrix at rest and its parts, with the layout of the static picture. */

import * as constants from "../../../../sphinx_attention/core/render/matrix/constants.json";
import {
  addHitArea,
  type Attributes,
  boxOf,
  directionOf,
  find,
  group,
  labelOf,
  type Measures,
  type Model,
  numberIn,
  numeral,
  pictureElement,
  type Place,
  say,
  type Scale,
  setAttributes,
  setText,
  short,
  SIDES,
  svg,
  type TextTokens,
  tokenElement,
  tokensOn,
  wordElement,
} from "../shared";
import { ticks } from "./cells";

/** The height of a label, in px. */
const LINE = constants.line;
/** The distance between the cells and their labels, in px. */
const OFF = constants.off;
/** Cells of at least this size have slanted labels; others have upright ones. */
const SLANT_FROM = constants.slant_from;

/** The layout of the cells, in px. */
export interface CellLayout {
  rows: number;
  columns: number;
  cell: number;
  left: number;
  top: number;
  mirrored: boolean;
}

/** Read the layout from a picture. */
export function layoutOf(picture: SVGSVGElement, field: SVGElement, model: Model): CellLayout {
  const [left, top, width] = boxOf(field);
  const mirrored = picture.getAttribute("direction") === "rtl";
  const columns = model.keys.length;
  return { rows: model.queries.length, columns, cell: width / columns, left, top, mirrored };
}

export function gapOf({ cell }: CellLayout): number {
  return cell >= constants.gap_from ? 1 : 0;
}

/** The distance between two labels that are shown, in tokens. */
export function everyOf({ cell }: CellLayout): number {
  return cell >= LINE - 1 ? 1 : Math.ceil(LINE / cell);
}

/** The centre of a column, from the left of the cells. */
export function columnAt({ columns, cell, mirrored }: CellLayout, column: number): number {
  return ((mirrored ? columns - 1 - column : column) + 0.5) * cell;
}

function fontOf(cell: number): number {
  return constants.fonts.find(([from]) => cell >= from!)![1]!;
}

/** The layout of a picture's parts by Python, in px. */
export interface Layout extends Measures, Omit<CellLayout, "rows" | "columns"> {
  readonly width: number;
  readonly height: number;
  readonly bar: Attributes;
  /**
   * The sample of masked cells, and the meaning of hatched cells in each layer. Absent without such
   * cells.
   */
  readonly legend?: { readonly box: Attributes; readonly text: Attributes; readonly texts: readonly string[] };
}

/** The element of a token's label, within the token's element. */
export function wordOf(layout: CellLayout, model: Model, measures: Measures, place: Place): SVGTextElement {
  const [text, wide, x, y] = labelAt(layout, model, measures, place);
  return wordElement(text, wide, x, y);
}

/** The text of a token's label, its width, its middle and its baseline. */
export function labelAt(
  layout: CellLayout,
  model: Model,
  measures: Measures,
  place: Place,
): [text: string, width: number, x: number, y: number] {
  const [text, wide] = labelOf(model, measures, place.side, place.index);
  const { left, top, columns, cell, mirrored } = layout;
  const row = place.side === "query";
  const edge = row ? (mirrored ? left + columns * cell + OFF : left - OFF) : 0;
  const x = edge + (row === mirrored ? wide / 2 : -wide / 2);
  return [text, wide, x, (row ? top + (place.index + 0.5) * cell : 0) + constants.middle * fontOf(cell)];
}

/**
 * Write the numbers at a colour bar that ends at `most`. `beyond` says whether there are larger weights.
 * The bar of differences has two ends and 0 in the middle, and no other numbers.
 */
export function ticksInto(
  picture: SVGSVGElement,
  most: number,
  beyond: boolean,
  scale: Scale,
  signed: boolean,
): void {
  const bar = find(picture, "ramp");
  if (!bar) return;
  const [x, y, width] = boxOf(bar);
  const marks = signed ? [[-most, 0], [0, width / 2], [most, width]] : ticks(most, scale, width);
  find(picture, "ticks")?.replaceChildren(
    ...(marks as [number, number][]).map(([code, at]) =>
      svg(
        "text",
        { x: short(x + at), y: y + constants.bar_height + constants.ticks_below },
        signed && code ? numeral(code, signed) : `${beyond && code === most ? "≥\u2009" : ""}${code / 1000}`,
      ),
    ),
  );
}

/** Write the meaning of hatched cells in a layer into the legend, or hide the legend if there are none. */
export function legendInto(picture: SVGSVGElement, layer: number): void {
  const legend = find(picture, "hatched");
  if (!legend) return;
  const texts = JSON.parse(legend.dataset["texts"]!) as string[];
  // One mask may hold for all layers.
  const words = texts[layer] ?? texts[0]!;
  setAttributes(legend, { display: words ? "inline" : "none" });
  setText(legend.lastElementChild!, words);
}

let built = 0;
const RULE = { fill: "none", stroke: "currentColor", "stroke-opacity": 0.16 };

/** The picture at rest, without its cells. */
export function buildMatrix(model: Model, measures: Measures): SVGSVGElement {
  const id = `attention-matrix-${++built}`;
  const { width: whole, height: tall, bar, legend, ...at } = measures as Layout;
  const layout: CellLayout = { rows: model.queries.length, columns: model.keys.length, ...at };
  const { cell, left: x, top: y, mirrored } = layout;
  const [width, height] = [layout.columns * cell, layout.rows * cell];
  const more = 1 + gapOf(layout);
  const edge = mirrored ? x + width + OFF : x - OFF;
  const place = { transform: `translate(${x} ${y})` };
  const hatch = { fill: `url(#${id}-hatch)`, "fill-opacity": 0.45 };
  const axis = (text: string, at: number): SVGTextElement =>
    svg("text", { direction: "ltr", "text-anchor": mirrored ? "start" : "end", x: edge, y: at }, text);
  const tokens = SIDES.flatMap((side) =>
    tokensOn(model, side).map((_, index) => tokenOf(layout, model, measures, { side, index })),
  );
  return pictureElement(
    whole,
    tall,
    directionOf(mirrored),
    resources(id),
    group(model.dim ? "cells attention-cells--dim" : "cells", { "shape-rendering": "crispEdges", ...place }),
    svg("path", { class: "attention-hatch", ...hatch, ...place }),
    svg("rect", {
      ...RULE,
      x: x + 0.5 - more,
      y: y + 0.5 - more,
      width: width + more,
      height: height + more,
    }),
    svg("rect", { class: "attention-field", x, y, width, height, fill: "none" }),
    group("marks", { fill: "none", "stroke-width": 1.5 }),
    group(
      "tokens",
      {
        fill: "currentColor",
        "font-size": fontOf(cell),
        "text-anchor": "middle",
        "pointer-events": "all",
        "data-measures": JSON.stringify(measures),
      },
      ...tokens,
    ),
    group(
      "guide",
      { "font-size": constants.small, "text-anchor": "middle" },
      axis(say(mirrored ? "key_axis_mirrored" : "key_axis"), y - OFF - constants.axis_line),
      axis(say("query_axis"), y - OFF),
      svg("rect", { class: "attention-ramp", ...RULE, ...bar, fill: `url(#${id}-ramp)` }),
      group("ticks"),
      ...(legend
        ? [
            group(
              "hatched",
              { "data-texts": JSON.stringify(legend.texts) },
              svg("rect", { ...RULE, ...legend.box, ...hatch }),
              svg("text", { direction: "ltr", "text-anchor": "start", ...legend.text }),
            ),
          ]
        : []),
    ),
  );
}

/** The gradient of the colour bar, and the pattern of masked cells. */
function resources(id: string): SVGDefsElement {
  const strokes = { d: "M-1 1l2-2M0 5l5-5M4 6l2-2", stroke: "currentColor", "stroke-width": 0.75 };
  return svg(
    "defs",
    {},
    svg(
      "linearGradient",
      { id: `${id}-ramp` },
      svg("stop", { "stop-opacity": 0 }),
      svg("stop", { offset: 1 }),
    ),
    svg(
      "pattern",
      { id: `${id}-hatch`, width: 5, height: 5, patternUnits: "userSpaceOnUse" },
      svg("path", strokes),
    ),
  );
}

/** The element of a token, with its label if the label is shown. */
function tokenOf(layout: CellLayout, model: Model, measures: Measures, place: Place): SVGGElement {
  const { cell, left, top, mirrored } = layout;
  const { side, index } = place;
  const key = side === "key";
  const angle = (cell >= SLANT_FROM ? constants.slant : constants.upright) * (mirrored ? 1 : -1);
  const transform = `translate(${left + columnAt(layout, index)} ${top - OFF})rotate(${angle})`;
  const words = index % everyOf(layout) ? [] : [wordOf(layout, model, measures, place)];
  return tokenElement(model, place, key ? { transform } : {}, words);
}

/** Add the hit areas of all tokens. Each is as long as the token's label, or the longest of its side. */
export function addHitAreas(tokens: TextTokens, { cell, left, top, columns, mirrored }: CellLayout): void {
  for (const side of SIDES) {
    const words = tokens[side].map(({ word }) => (word ? numberIn(word, "textLength") : 0));
    const key = side === "key";
    const widest = Math.max(...words);
    const edge = mirrored ? left + columns * cell + OFF : left - OFF;
    const thick = key && cell >= SLANT_FROM ? 0.71 * cell : cell;
    for (const [index, { element }] of tokens[side].entries()) {
      const wide = 8 + ((key && words[index]) || widest);
      const x = (key ? 0 : edge) + (key === mirrored ? 4 - wide : -4);
      addHitArea(element, x, key ? -thick / 2 : top + index * cell, wide, thick);
    }
  }
}
