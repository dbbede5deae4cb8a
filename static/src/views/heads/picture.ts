/** Two columns of tokens with the layout of the static picture: read from a picture, or built. */

import { two_columns as constants } from "../../../../sphinx_attention/core/render/common/constants.json";
import {
  clamp,
  directionIn,
  directionOf,
  group,
  labelOf,
  type Measures,
  type Model,
  numberIn,
  pictureElement,
  say,
  short,
  type Side,
  svg,
  type TextToken,
  type Token,
  tokenElement,
  wordElement,
} from "../shared";
import type { SquareRoom } from "../edges/part";

/** The height of a row. This and all further lengths are in px. */
export const ROW = constants.row;
/** The distance from the top of a row to the baseline of its text. */
const BASELINE = constants.baseline;
/** The distance from the top of a row to its bar, and the height of the bar. */
const BAR = { top: constants.bar_top, height: constants.bar_height };
/** The height of the names of the columns. */
const HEADING = constants.heading;
/** The height of the letter above each text of a pair. */
const PART = constants.part;
/** The space around the columns. */
const MARGIN = constants.margin;
/** The space between a text and the inner edge of its column. */
const PAD = constants.pad;
/** The space between a column and the ends of the lines. */
const OFF = constants.off;
/** The width of a weight beside a token. */
const NUMBER = constants.number;
/** The space between a weight and a text. */
const BETWEEN = constants.between;
/** The smallest width of the texts. */
const LEAST = constants.least_word;

/** The layout of the tokens of one side. */
export interface Column {
  left: number;
  width: number;
  /** Whether lines end at the right of the column. */
  rightwards: boolean;
  /** The tops of the tokens' rows. */
  tops: readonly number[];
}

export type ColumnsLayout = Record<Side, Column>;

export function innerOf({ left, width, rightwards }: Column): number {
  return rightwards ? left + width : left;
}

function endOf(column: Column): number {
  return innerOf(column) + (column.rightwards ? OFF : -OFF);
}

/** A line from a query to a key. `lane` is its distance from the middles of the rows. */
export function pathOf({ query, key }: ColumnsLayout, from: number, to: number, lane: number): string {
  const start = query.tops[from]! + ROW / 2;
  const high = short(key.tops[to]! + ROW / 2 - start);
  const wide = endOf(key) - endOf(query);
  const half = short(wide / 2);
  return `M${short(endOf(query))} ${short(start + lane)}c${half} 0 ${half} ${high} ${short(wide)} ${high}`;
}

/** A bar under a token. Its length is a share of the longest bar. */
export function barOf(column: Column, index: number, share: number): string {
  const way = column.rightwards ? -1 : 1;
  const room = way * (column.width - PAD);
  const x = innerOf(column) + way * PAD;
  const [wide, back] = [share * room, -share * room].map(short);
  return `M${short(x)} ${short(column.tops[index]! + BAR.top)}h${wide}v${BAR.height}h${back}z`;
}

/** The places of the squares of heads under the tokens of a column, and the direction of their slots. */
export function squareRooms(column: Column): readonly [SquareRoom[], number] {
  const way = column.rightwards ? -1 : 1;
  const x = innerOf(column) + way * PAD;
  const rooms = column.tops.map((top) => ({ x, y: top + constants.squares_top, width: column.width - PAD }));
  return [rooms, way];
}

/** The element of a weight beside a token. */
export function weightOf({ left, width, rightwards, tops }: Column, index: number): SVGTextElement {
  const x = rightwards ? left + NUMBER / 2 : left + width - NUMBER / 2;
  const y = short(tops[index]! + BASELINE);
  return svg("text", { x: short(x), y, "font-size": 11 });
}

/** The layout of a side, read from its tokens. Their texts end at the column's inner edge. */
export function columnOf(tokens: readonly TextToken[], rightwards: boolean): Column {
  const words = tokens.map(({ word }) => numberIn(word!, "textLength"));
  const width = widthOf(words);
  const half = words[0]! / 2 + PAD;
  const left = tokens[0]!.x + (rightwards ? half - width : -half);
  return { left, width, rightwards, tops: tokens.map(({ word }) => numberIn(word!, "y") - BASELINE) };
}

function widthOf(words: readonly number[]): number {
  return NUMBER + BETWEEN + Math.max(LEAST, ...words) + PAD;
}

/** Whether most of the ordinary tokens that have a direction at all run from right to left. */
export function mostlyRightToLeft(tokens: readonly Token[]): boolean {
  return tokens.reduce((balance, { text, special }) => balance + (special ? 0 : directionIn(text)), 0) > 0;
}

/** The layout of a picture that is built here. */
export function layOut(model: Model, measures: Measures) {
  const mirrored = mostlyRightToLeft([...model.queries, ...model.keys]);
  const sides = [
    { side: "query" as const, tokens: model.queries, parts: model.segments?.queries },
    { side: "key" as const, tokens: model.keys, parts: model.segments?.keys },
  ].map(({ tokens, parts, ...side }) => {
    const words = tokens.map((_, index) => labelOf(model, measures, side.side, index));
    const begins = tokens.map((_, i) => parts && parts[i] !== parts[i - 1] && "AB"[parts[i]!]);
    let y = HEADING - ROW;
    const tops = begins.map((name) => (y += ROW + (name ? PART : 0)));
    const width = widthOf(words.map(([, wide]) => wide));
    return { ...side, tokens, words, begins, tops, width, bottom: y + ROW };
  });
  const height = Math.max(...sides.map(({ bottom }) => bottom)) + MARGIN;
  const wished = clamp(Math.floor(constants.apart * height), constants.least_apart, constants.most_apart);
  const words = sides[0]!.width + sides[1]!.width + 2 * MARGIN;
  const room = constants.phone - words;
  const apart = room < constants.least_on_phone ? wished : Math.min(wished, room);
  const width = words + apart;

  const columns = sides.map((column) => {
    const rightwards = (column.side === "query") !== mirrored;
    const left = rightwards ? MARGIN : width - MARGIN - column.width;
    return { ...column, left, rightwards, edge: rightwards ? left + column.width - PAD : left + PAD };
  });
  return { mirrored, width, height, columns };
}

/** The picture at rest, without its lines. */
export function buildHeads(model: Model, measures: Measures): SVGSVGElement {
  const { mirrored, width, height, columns } = layOut(model, measures);
  const content = columns.flatMap(({ side, tokens, words, begins, tops, rightwards, edge }) => {
    const query = side === "query";
    const way = rightwards ? -1 : 1;
    const small = (text: string, y: number): SVGElement =>
      svg(
        "text",
        { class: "attention-small", x: edge, y, "font-size": 11, "text-anchor": query ? "end" : "start" },
        text,
      );
    return [
      small(say(query ? "queries" : "keys"), constants.heading_baseline),
      ...begins.flatMap((name, i) => (name ? [small(name, tops[i]! - PART + constants.part_baseline)] : [])),
      ...tokens.map(({ special }, index) => {
        const [text, long] = words[index]!;
        const word = wordElement(text, long, edge + (way * long) / 2, tops[index]! + BASELINE);
        word.setAttribute("font-size", String(special ? constants.special_font : constants.font));
        return tokenElement(model, { side, index }, {}, [word]);
      }),
    ];
  });
  const drawn = { fill: "none", stroke: "currentColor" };
  const filled = { fill: "currentColor", stroke: "none" };
  const set = { ...filled, "font-size": constants.font, "text-anchor": "middle", "pointer-events": "all" };
  return pictureElement(
    width,
    height,
    directionOf(mirrored),
    group("heads", drawn, group("lines"), group("edges"), group("bars", filled)),
    group("tokens attention-columns", set, ...content),
  );
}
