/** One weight as the sum it is: queries, keys, their products, scores, weights, weighted values. */

import { canvasUnder, type Cells, levelOf, paint } from "../cells";
import { type Chain, chainOf, fixed, largest, LEAST, type Parts, partsOf } from "../chain";
import { setAttribute as set, setText } from "../dom";
import { short } from "../edges";
import { MASKED, type Model, numeral, type Place } from "../model";
import { isStrong } from "../scores";
import { inFocus, type State } from "../state";
import { formulasOf } from "../words";
import type { TokenElement, View, ViewKind } from "./view";

export const steps: ViewKind = { open };

/** What the static picture is made of. */
export interface Frame {
  /** Names of the columns of numbers. */
  columns: readonly string[];
  /** Length of a bar of weight 1. */
  bar: number;
}

/** A query, and one of its keys. */
export interface Cell {
  query: number;
  key: number;
}

/** All that is shown of one query: a row for each key. */
export interface Table {
  /** Null where only the weights are known. */
  chain: Chain | null;
  codes: readonly number[];
  rows: readonly { numbers: readonly string[]; strong: boolean; masked: boolean }[];
  /** Paths of the weights' bars: of ordinary tokens, and of special ones. */
  bars: readonly [string, string];
}

const PITCH = 24;
const BAR = 10;

/** Which sums a state shows; `rest` is the query whose are shown while none is meant. */
export function cellOf(model: Model, state: State, rest: number): Cell {
  const place = inFocus(state).at(-1);
  if (place?.side === "key") return { query: rest, key: place.index };
  const query = place?.index ?? rest;
  return { query, key: place?.other ?? telling(model, state, query) };
}

/** The heaviest key that is neither special nor the query itself; the heaviest of all, if need be. */
function telling(model: Model, { layer, head }: State, query: number): number {
  let best = 0;
  let most = -1;
  for (const [key, { special }] of model.keys.entries()) {
    const code = model.code(layer, head, query, key);
    const rank = code > 0 && !special && !(model.oneRow && key === query) ? code + 2000 : code;
    if (rank > most) [best, most] = [key, rank];
  }
  return best;
}

/** The rows of one query, their numbers in the order of the picture's columns. */
export function tableOf(
  model: Model,
  { layer, head }: State,
  query: number,
  { columns, bar }: Frame,
): Table {
  const chain = chainOf(model, layer, head, query);
  const codes = model.keys.map((_, key) => model.code(layer, head, query, key));
  const bars: [string, string] = ["", ""];
  const rows = codes.map((code, key) => {
    if (code > 0) {
      const wide = short((code * bar) / 1000);
      const top = key * PITCH + (PITCH - BAR) / 2;
      bars[model.keys[key]!.special ? 1 : 0] += `M0 ${top}h${wide}v${BAR}h-${wide}z`;
    }
    const numbers = columns.map((column) => {
      if (!chain || column === "weight") return numeral(code);
      if (column === "bias" && code === MASKED) return LEAST;
      return fixed(chain[column as "dot" | "scaled" | "capped" | "bias"][key]!);
    });
    return { numbers, strong: isStrong(code), masked: code === MASKED };
  });
  return { chain, codes, rows, bars };
}

/** A vector in its column: the top of its row, from the bottom where below 0, and its numbers. */
type Strip = readonly [top: number, vector: ArrayLike<number>];

const UNIT = 4;
const [INSET, HIGH] = [1, 4]; // in units
const COARSE = 5;

/** Strips as the pixels of one image, each a number wide and a unit high. */
export function stripsOf(strips: readonly Strip[], height: number, full: number): Cells {
  const columns = strips[0]![1].length;
  const rows = height / UNIT;
  const levels = new Int8Array(rows * columns);
  for (const [top, vector] of strips) {
    const first = (top < 0 ? height + top : top) / UNIT + INSET;
    for (let n = 0; n < columns; n++) {
      const share = full ? vector[n]! / full : 0;
      const level = COARSE * Math.floor((levelOf(Math.abs(share), "linear") + 2) / COARSE);
      for (let row = first; row < first + HIGH; row++) {
        levels[row * columns + n] = share < 0 ? -level : level;
      }
    }
  }
  return { rows, columns, levels };
}

/** From the top of the query's strip to that of the first key's row. */
const HEAD = 68;

function open(root: HTMLElement, model: Model): View {
  const picture = root.querySelector<SVGSVGElement>(".attention-stage .attention-picture");
  const data = (selector: string): DOMStringMap => picture!.querySelector<SVGGElement>(selector)!.dataset;
  if (!picture?.querySelector(".attention-steps")) throw new Error("attention: a figure without its picture");
  const all = <Found extends Element>(selector: string): Found[] => [...root.querySelectorAll<Found>(selector)];
  const words = all<SVGGElement>(".attention-words > g");
  const rows = all<SVGGElement>(".attention-rows > g");
  if (words.length !== model.queries.length || rows.length !== model.keys.length) {
    throw new Error("attention: tokens of picture and payload differ");
  }
  const frame: Frame = {
    columns: data(".attention-rows")["columns"]!.split(" "),
    bar: Number(data(".attention-bars")["length"]),
  };
  const rest = Math.max(0, words.findIndex((word) => word.matches(".attention-token--focus")));
  const texts = rows.map((row) => [...row.querySelectorAll(".attention-number")]);
  const bars = all(".attention-bar");
  const mask = picture.querySelector<SVGTextElement>(".attention-mask");
  const fields = all<SVGGElement>(".attention-strips").map((strips) => fieldOf(picture, strips));
  const panels = panelsIn(all);
  let cell: Cell = { query: rest, key: -1 };
  let table: Table | undefined;
  let shown = "";

  const showTable = ({ rows: lines, bars: paths, chain }: Table): void => {
    for (const [key, { numbers, strong, masked }] of lines.entries()) {
      rows[key]!.classList.toggle("attention-token--masked", masked);
      for (const [i, text] of texts[key]!.entries()) setText(text, numbers[i]!);
      texts[key]!.at(-1)!.classList.toggle("attention-number--strong", strong);
    }
    for (const [i, bar] of bars.entries()) set(bar, "d", paths[i]!);
    if (mask) maskInto(mask, lines.map(({ masked }) => masked));
    if (chain) for (const [i, [list, full]] of vectorsOf(chain).entries()) fields[i]?.(list, full);
  };

  return {
    tokens: tokensOf(words, rows, () => cell.query),
    vector: false,
    show(state) {
      const next = cellOf(model, state, rest);
      const of = `${state.layer}.${state.head}.${next.query}`;
      words[cell.query]?.classList.remove("attention-token--focus");
      words[next.query]?.classList.add("attention-token--focus");
      rows[cell.key]?.classList.remove("attention-token--cell");
      rows[next.key]?.classList.add("attention-token--cell");
      if (of === shown && next.key === cell.key) return;
      if (of !== shown || !table) showTable((table = tableOf(model, state, next.query, frame)));
      if (table.chain) {
        const names = [model.queries[next.query]!.text, model.keys[next.key]!.text] as const;
        panels(partsOf(table.chain, next.key, table.codes[next.key]!), ...names);
      }
      [cell, shown] = [next, of];
    },
  };
}

/** A minus infinity in each masked row: one element, which tells the place of each character. */
function maskInto(text: SVGTextElement, masked: readonly boolean[]): void {
  const [x, y] = [Number(text.dataset["x"]), Number(text.dataset["y"])];
  const rows = [...masked.keys()].filter((key) => masked[key]);
  set(text, "x", rows.map(() => `${x} ${x + 7}`).join(" "));
  set(text, "y", rows.map((key) => `${y + key * PITCH} ${y + key * PITCH}`).join(" "));
  setText(text, LEAST.repeat(rows.length));
}

/** The vectors of each column of strips, and what full opacity stands for in it. */
function vectorsOf({ query, keys, values, weights, output, most }: Chain): [Strip[], number][] {
  const below = (vectors: readonly ArrayLike<number>[], top: number): Strip[] =>
    vectors.map((vector, key) => [top + key * PITCH, vector]);
  const products = keys.map((key) => Array.from(key, (value, n) => value * query[n]!));
  const columns: [Strip[], number][] = [
    [[[0, query], ...below(keys, HEAD)], most[0]],
    [below(products, 0), largest(products)],
  ];
  if (values && output) {
    const weighted = values.map((value, key) => Array.from(value, (one) => one * weights[key]!));
    columns.push([[...below(weighted, 0), [-PITCH, output]], largest([...weighted, output])]);
  }
  return columns;
}

/** What paints one column; it takes the place of the static strips. */
function fieldOf(picture: SVGSVGElement, strips: SVGElement): (list: Strip[], full: number) => void {
  const [x, y, width, height] = strips.dataset["box"]!.split(" ").map(Number) as [number, number, number, number];
  const canvas = canvasUnder(picture, { x, y, width });
  canvas.style.aspectRatio = `${width} / ${height}`;
  return (list, full) => paint(canvas, stripsOf(list, height, full));
}

/** What writes the numbers of a cell into the panels. */
function panelsIn(
  all: <Found extends Element>(selector: string) => Found[],
): (parts: Parts, query: string, key: string) => void {
  const places = all<HTMLElement>("[data-part]");
  const tens = all<HTMLElement>(".attention-tens");
  const steps = all<HTMLElement>("[data-step]");
  return (parts, query, key) => {
    const texts: Parts = { ...parts, query, key };
    for (const place of places) setText(place, texts[place.dataset["part"]!] ?? "");
    for (const power of tens) power.hidden = !power.querySelector("sup")!.textContent;
    const formulas = formulasOf(parts, query, key);
    for (const step of steps) {
      step.lastElementChild!.setAttribute("aria-label", formulas[step.dataset["step"]!]!);
    }
  };
}

/** Words stand in lines, but are gone through one after the other. */
function tokensOf(
  words: readonly SVGGElement[],
  rows: readonly SVGGElement[],
  query: () => number,
): TokenElement[] {
  return [
    ...words.map((element, index) => ({ place: { side: "query" as const, index }, element, x: index })),
    ...rows.map((element, index) => ({
      place: { side: "key" as const, index },
      element,
      x: 0,
      y: index + 2,
      cell: (): Place => ({ side: "query", index: query(), other: index }),
    })),
  ];
}
