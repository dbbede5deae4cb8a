/** Two columns of tokens, laid out as `core/render/columns.py` does: read off a picture, or built. */

import { rightToLeft, svg, textWidth } from "../dom";
import { short } from "../edges";
import type { Model, Side, Token } from "../model";

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
  return svg("text", { class: "attention-weight", x: short(x), y, "font-size": 11 });
}

/** Where a picture has put its tokens. */
export function columnOf(hits: readonly Element[], rightwards: boolean): Column {
  const read = (hit: Element, name: string): number => Number(hit.getAttribute(name));
  const [left, width] = ["x", "width"].map((name) => read(hits[0]!, name));
  return { left: left!, width: width!, rightwards, tops: hits.map((hit) => read(hit, "y")) };
}

type Attributes = Readonly<Record<string, string | number>>;

/** The picture at rest, its lines left to be drawn. */
export function buildHeads(model: Model): SVGSVGElement {
  const ordinary = [...model.queries, ...model.keys].filter(({ special }) => !special);
  const mirrored = 2 * ordinary.filter(({ text }) => rightToLeft(text)).length > ordinary.length;
  const sides = [
    { side: "query", tokens: model.queries, parts: model.segments?.queries },
    { side: "key", tokens: model.keys, parts: model.segments?.keys },
  ].map(({ tokens, parts, ...side }) => {
    const words = tokens.map(fitted);
    const begins = tokens.map((_, i) => parts && parts[i] !== parts[i - 1] && "AB"[parts[i]!]);
    let y = HEADING - ROW;
    const tops = begins.map((name) => (y += ROW + (name ? PART : 0)));
    const width = NUMBER + BETWEEN + Math.max(LEAST, ...words.map(([, wide]) => wide)) + PAD;
    return { ...side, tokens, words, begins, tops, width, bottom: y + ROW };
  });
  const height = Math.max(...sides.map(({ bottom }) => bottom)) + MARGIN;
  const apart = Math.min(Math.max(Math.floor(0.38 * height), 112), 240);
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
      small(query ? "queries" : "keys", 13),
      ...begins.flatMap((name, i) => (name ? [small(name, tops[i]! - 6)] : [])),
      ...tokens.map(({ special }, i) => {
        const [text, long] = words[i]!;
        const y = tops[i]!;
        return group(
          `token${special ? " attention-token--special" : ""}`,
          { "data-token": i, "data-side": side },
          svg("rect", { class: "attention-hit", x, y, width: wide, height: ROW, fill: "none" }),
          svg(
            "text",
            {
              class: "attention-word",
              x: edge + (way * long) / 2,
              y: y + BASELINE,
              textLength: long,
              lengthAdjust: "spacingAndGlyphs",
              "font-size": special ? 13 : 16,
              direction: rightToLeft(text) ? "rtl" : "ltr",
            },
            text,
          ),
        );
      }),
    ];
  });
  const drawn = { fill: "none", stroke: "currentColor" };
  const filled = { fill: "currentColor", stroke: "none" };
  const set = { ...filled, "font-size": 16, "text-anchor": "middle", "pointer-events": "all" };
  return svg(
    "svg",
    {
      class: "attention-picture",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      direction: mirrored ? "rtl" : "ltr",
    },
    group("heads", drawn, group("lines"), group("edges"), group("bars", filled)),
    group("tokens attention-columns", set, ...columns),
  );
}

function group(name: string, attributes: Attributes = {}, ...content: Node[]): SVGGElement {
  return svg("g", { class: `attention-${name}`, ...attributes }, ...content);
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
