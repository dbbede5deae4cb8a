/** Two columns of tokens, laid out as `core/render/columns.py` does: read off a picture, or built. */

import { group, mostlyRightToLeft, numberIn, svg, textWidth } from "../dom";
import { short } from "../edges";
import { clamp, type Model, type Side, type Token } from "../model";
import { say } from "../phrases";
import { directionOf, drawingOf, tokenElement, wordElement } from "./frame";
import type { Slot } from "./slots";

export const ROW = 24;
const BASELINE = 15.5;
const BAR = { top: 20, height: 2.5 };
const HEADING = 22;
const PART = 20;
const MARGIN = 4;
const PAD = 7;
const OFF = 2;
const NUMBER = 36;
const BETWEEN = 6;
const LEAST = 34;
const LONGEST = 150;

/** The tokens of one side: where they stand, and where lines end. */
export interface Column {
  left: number;
  width: number;
  /** Whether lines end at its right. */
  rightwards: boolean;
  /** Of the tokens' rows. */
  tops: readonly number[];
}

export type Frame = Record<Side, Column>;

export function innerOf({ left, width, rightwards }: Column): number {
  return rightwards ? left + width : left;
}

function endOf(column: Column): number {
  return innerOf(column) + (column.rightwards ? OFF : -OFF);
}

/** A line from a query to a key, so far below the rows' middles. */
export function pathOf({ query, key }: Frame, from: number, to: number, lane: number): string {
  const start = query.tops[from]! + ROW / 2;
  const high = short(key.tops[to]! + ROW / 2 - start);
  const wide = endOf(key) - endOf(query);
  const half = short(wide / 2);
  return `M${short(endOf(query))} ${short(start + lane)}c${half} 0 ${half} ${high} ${short(wide)} ${high}`;
}

/** A bar under a token, from one share of the room that it has at most, and so long. */
export function barOf(column: Column, index: number, start: number, share: number): string {
  const way = column.rightwards ? -1 : 1;
  const room = way * (column.width - PAD);
  const x = innerOf(column) + way * PAD + start * room;
  const [wide, back] = [share * room, -share * room].map(short);
  return `M${short(x)} ${short(column.tops[index]! + BAR.top)}h${wide}v${BAR.height}h${back}z`;
}

/** A number beside a token. */
export function weightOf({ left, width, rightwards, tops }: Column, index: number): SVGTextElement {
  const x = rightwards ? left + NUMBER / 2 : left + width - NUMBER / 2;
  const y = short(tops[index]! + BASELINE);
  return svg("text", { x: short(x), y, "font-size": 11 });
}

/** Where a picture has put its tokens: their texts end at the column's inner edge. */
export function columnOf(slots: readonly Slot[], rightwards: boolean): Column {
  const words = slots.map(({ word }) => numberIn(word!, "textLength"));
  const width = widthOf(words);
  const half = words[0]! / 2 + PAD;
  const left = slots[0]!.x + (rightwards ? half - width : -half);
  return { left, width, rightwards, tops: slots.map(({ word }) => numberIn(word!, "y") - BASELINE) };
}

function widthOf(words: readonly number[]): number {
  return NUMBER + BETWEEN + Math.max(LEAST, ...words) + PAD;
}

/** The picture at rest, its lines left to be drawn. */
export function buildHeads(model: Model): SVGSVGElement {
  const mirrored = mostlyRightToLeft([...model.queries, ...model.keys]);
  const sides = [
    { side: "query" as const, tokens: model.queries, parts: model.segments?.queries },
    { side: "key" as const, tokens: model.keys, parts: model.segments?.keys },
  ].map(({ tokens, parts, ...side }) => {
    const words = tokens.map(fitted);
    const begins = tokens.map((_, i) => parts && parts[i] !== parts[i - 1] && "AB"[parts[i]!]);
    let y = HEADING - ROW;
    const tops = begins.map((name) => (y += ROW + (name ? PART : 0)));
    const width = widthOf(words.map(([, wide]) => wide));
    return { ...side, tokens, words, begins, tops, width, bottom: y + ROW };
  });
  const height = Math.max(...sides.map(({ bottom }) => bottom)) + MARGIN;
  const apart = clamp(Math.floor(0.38 * height), 112, 240);
  const width = sides[0]!.width + sides[1]!.width + apart + 2 * MARGIN;

  const columns = sides.flatMap(({ side, tokens, words, begins, tops, width: wide }) => {
    const query = side === "query";
    const way = query === mirrored ? 1 : -1;
    const x = way < 0 ? MARGIN : width - MARGIN - wide;
    const edge = way < 0 ? x + wide - PAD : x + PAD;
    const small = (text: string, y: number): SVGElement =>
      svg(
        "text",
        { class: "attention-small", x: edge, y, "font-size": 11, "text-anchor": query ? "end" : "start" },
        text,
      );
    return [
      small(say(query ? "queries" : "keys"), 13),
      ...begins.flatMap((name, i) => (name ? [small(name, tops[i]! - 6)] : [])),
      ...tokens.map(({ special }, index) => {
        const [text, long] = words[index]!;
        const word = wordElement(text, long, edge + (way * long) / 2, tops[index]! + BASELINE);
        word.setAttribute("font-size", special ? "13" : "16");
        return tokenElement(model, { side, index }, {}, [word]);
      }),
    ];
  });
  const drawn = { fill: "none", stroke: "currentColor" };
  const filled = { fill: "currentColor", stroke: "none" };
  const set = { ...filled, "font-size": 16, "text-anchor": "middle", "pointer-events": "all" };
  return drawingOf(
    width,
    height,
    directionOf(mirrored),
    group("heads", drawn, group("lines"), group("edges"), group("bars", filled)),
    group("tokens attention-columns", set, ...columns),
  );
}

/** A token's text, cut where it is too long, and its width. */
function fitted(token: Token): [text: string, width: number] {
  const widthOf = (text: string): number => Math.ceil(textWidth(text, token.special ? 13 : 16));
  const letters = [...token.text];
  let text = token.text;
  while (letters.length && widthOf(text) > LONGEST) {
    letters.pop();
    text = `${letters.join("").trimEnd()}…`;
  }
  return [text, widthOf(text)];
}
