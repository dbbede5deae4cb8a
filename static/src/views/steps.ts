/** One weight as the sum it is: queries, keys, their products, scores, weights, weighted values. */

import { canvasUnder, type Cells, levelOf, paint } from "../cells";
import { type Chain, chainOf, fixed, largest, LEAST, type Parts, partsOf } from "../chain";
import { mark, needed, part, parts, setAttributes, setText } from "../dom";
import { short } from "../edges";
import { gradually } from "../late";
import { figuresOf, MASKED, type Model, numeral, type Place, telling } from "../model";
import { inFocus, type State } from "../state";
import { formulasOf } from "../words";
import { checkTokens } from "./slots";
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

/** The steps that a sink takes part in. */
const AFTER_THE_SINK = ["softmax", "value"];

/** Which sums a state shows; `rest` is the query whose are shown while none is meant. */
export function cellOf(model: Model, state: State, rest: number): Cell {
  const place = inFocus(state).at(-1);
  if (place?.side === "key") return { query: rest, key: place.index };
  const query = place?.index ?? rest;
  return { query, key: place?.other ?? telling(model, state.layer, state.head, { side: "query", index: query }) };
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
      // It has no key: its score is learnt, and stands where the others' sums end.
      if (key === chain.sinkKey) return column === columns.at(-2) ? fixed(chain.sink) : "";
      return fixed(chain[column as "dot" | "scaled" | "capped" | "bias"][key]!);
    });
    const { strong, masked } = figuresOf(code);
    return { numbers, strong, masked };
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
      levels[first * columns + n] = share < 0 ? -level : level;
    }
    for (let row = 1; row < HIGH; row++) {
      levels.copyWithin((first + row) * columns, first * columns, (first + 1) * columns);
    }
  }
  return { rows, columns, levels };
}

/** From the top of the query's strip to that of the first key's row. */
const HEAD = 68;

function open(root: HTMLElement, model: Model): View {
  const picture = needed<SVGSVGElement>(root, "picture");
  const words = parts<SVGGElement>(root, "words > g");
  const rows = parts<SVGGElement>(root, "rows > g");
  checkTokens(model, words.length, rows.length);
  const frame: Frame = {
    columns: needed(root, "rows").dataset["columns"]!.split(" "),
    bar: Number(needed(root, "bars").dataset["length"]),
  };
  const rest = Math.max(0, words.findIndex((word) => word.matches(".attention-token--focus")));
  const texts = rows.map((row) => parts(row, "number"));
  const bars = parts(root, "bar");
  const mask = part<SVGTextElement>(picture, "mask");
  const fields = parts<SVGGElement>(root, "strips").map((strips) => fieldOf(picture, strips));
  const panels = panelsIn(root);
  const reserve = roomIn(root, panels);
  const steps = [...root.querySelectorAll<HTMLElement>("[data-step]")];
  let cell: Cell = { query: rest, key: -1 };
  let table: Table | undefined;
  let shown = "";
  let write = (): void => {};
  const first = part(root, "cell");
  if (first && typeof ResizeObserver !== "undefined") {
    new ResizeObserver(() => setTimeout(() => picture.isConnected && write())).observe(first);
  }

  const showRows = gradually(rows, (some, left) => {
    const lines = table!.rows;
    for (const key of some) {
      const { numbers, strong, masked } = lines[key]!;
      mark(rows[key]!, "token--masked", masked);
      for (const [i, text] of texts[key]!.entries()) setText(text, numbers[i]!);
      mark(texts[key]!.at(-1)!, "number--strong", strong);
    }
    if (mask) maskInto(mask, lines.map(({ masked }, key) => masked && !left.has(key)));
  });
  const showStrips = (chain: Chain): void => {
    for (const [i, [list, full]] of vectorsOf(chain).entries()) fields[i]?.(list, full);
  };
  const showTable = ({ bars: paths }: Table): void => {
    showRows();
    for (const [i, bar] of bars.entries()) setAttributes(bar, { d: paths[i]! });
  };

  return {
    tokens: tokensOf(words, "backwards" in needed(root, "words").dataset ? -1 : 1, rows, () => cell.query),
    vector: false,
    show(state, previous) {
      const next = cellOf(model, state, rest);
      const of = `${state.layer}.${state.head}.${next.query}`;
      if (of === shown && next.key === cell.key) return;
      if (of !== shown || !table) {
        const made = (table = tableOf(model, state, next.query, frame));
        const strips = (): void => {
          if (made.chain && made === table && picture.isConnected) showStrips(made.chain);
        };
        // They ask for styles, which takes longer once anything has been changed. At first the static
        // strips show the same, until there is time.
        if (previous) strips();
        else setTimeout(strips);
        showTable(made);
      }
      for (const [key, row] of rows.entries()) mark(row, "token--cell", key === next.key);
      for (const [query, word] of words.entries()) mark(word, "token--focus", query === next.query);
      if (table.chain) {
        write = () => {
          const names = [model.queries[next.query]!.text, model.keys[next.key]!.text] as const;
          const numbers = partsOf(table!.chain!, next.key, table!.codes[next.key]!);
          reserve(model, state, () => panels(numbers, ...names));
        };
        // The static panels show the same, with the room of their own numbers, until there is time.
        if (previous) write();
        const atSink = next.key === table.chain.sinkKey;
        for (const step of steps) step.hidden = atSink && !AFTER_THE_SINK.includes(step.dataset["step"]!);
      }
      [cell, shown] = [next, of];
    },
  };
}

/** A minus infinity in each masked row: one element, which tells the place of each character. */
function maskInto(text: SVGTextElement, masked: readonly boolean[]): void {
  const [x, y] = [Number(text.dataset["x"]), Number(text.dataset["y"])];
  const rows = [...masked.keys()].filter((key) => masked[key]);
  setAttributes(text, {
    x: rows.map(() => `${x} ${x + 7}`).join(" "),
    y: rows.map((key) => `${y + key * PITCH} ${y + key * PITCH}`).join(" "),
  });
  setText(text, LEAST.repeat(rows.length));
}

/** The vectors of each column of strips, and what full opacity stands for in it. */
function vectorsOf({ query, keys, values, weights, output, most }: Chain): [Strip[], number][] {
  const below = (vectors: readonly ArrayLike<number>[], top: number): Strip[] =>
    vectors.map((vector, key) => [top + key * PITCH, vector]);
  const products = keys.map((key) => scaledBy(key, (n) => query[n]!));
  const columns: [Strip[], number][] = [
    [[[0, query], ...below(keys, HEAD)], most[0]],
    [below(products, 0), largest(products)],
  ];
  if (values && output) {
    const weighted = values.map((value, key) => scaledBy(value, () => weights[key]!));
    columns.push([[...below(weighted, 0), [-PITCH, output]], largest([...weighted, output])]);
  }
  return columns;
}

/** A vector's numbers, each times another. A loop: `Array.from` takes ten times as long. */
function scaledBy(vector: ArrayLike<number>, by: (n: number) => number): number[] {
  const scaled: number[] = [];
  for (let n = 0; n < vector.length; n++) scaled.push(vector[n]! * by(n));
  return scaled;
}

/** What paints one column; it takes the place of the static strips. */
function fieldOf(picture: SVGSVGElement, strips: SVGElement): (list: Strip[], full: number) => void {
  const [x, y, width, height] = strips.dataset["box"]!.split(" ").map(Number) as [number, number, number, number];
  let canvas: HTMLCanvasElement | undefined;
  return (list, full) => {
    if (!canvas) {
      canvas = canvasUnder(picture, { x, y, width });
      canvas.style.aspectRatio = `${width} / ${height}`;
    }
    paint(canvas, stripsOf(list, height, full));
  };
}

/** What writes the numbers of a cell into the panels. */
function panelsIn(root: HTMLElement): (numbers: Parts, query: string, key: string) => void {
  const places = [...root.querySelectorAll<HTMLElement>("[data-part]")];
  const steps = [...root.querySelectorAll<HTMLElement>("[data-step]")];
  const tens = parts(root, "tens");
  return (numbers, query, key) => {
    const texts: Parts = { ...numbers, query, key };
    for (const place of places) setText(place, texts[place.dataset["part"]!] ?? "");
    for (const power of tens) power.hidden = !power.querySelector("sup")!.textContent;
    const formulas = formulasOf(numbers, query, key);
    for (const step of steps) {
      setAttributes(step.lastElementChild!, { "aria-label": formulas[step.dataset["step"]!]! });
    }
  };
}

/** So many queries, and keys of each, are asked how long their numbers are. */
const ASKED = 16;

/**
 * What gives the panels the room that they take for any cell of a head, so that nothing moves when
 * another row is pointed at: the cells with the longest numbers are shown and measured, and after
 * them the one that is meant. Measured again where the panels have another width.
 */
function roomIn(
  root: HTMLElement,
  panels: ReturnType<typeof panelsIn>,
): (model: Model, state: State, show: () => void) => void {
  const lines = [...root.querySelectorAll<HTMLElement>(".attention-cell, [data-step]")];
  let of = "";
  return (model, { layer, head }, show) => {
    const now = `${layer}.${head} ${lines[0]?.clientWidth}`;
    if (of === now) return show();
    of = now;
    const heights: number[] = [];
    for (const line of lines) line.style.minHeight = "";
    for (const [numbers, query, key] of longest(model, layer, head)) {
      panels(numbers, query, key);
      for (const [i, line] of lines.entries()) heights[i] = Math.max(heights[i] ?? 0, line.offsetHeight);
    }
    show();
    for (const [i, line] of lines.entries()) heights[i] = Math.max(heights[i] ?? 0, line.offsetHeight);
    for (const [i, line] of lines.entries()) line.style.minHeight = `${heights[i]}px`;
  };
}

/** For each number of the panels, the cell in which it is longest, as the panels show it. */
function longest(model: Model, layer: number, head: number): Set<readonly [Parts, string, string]> {
  const found = new Map<string, readonly [Parts, string, string]>();
  const spread = (count: number): number[] => {
    const some = Math.min(count, ASKED);
    return Array.from({ length: some }, (_, n) => Math.floor((n * count) / some));
  };
  for (const query of spread(model.queries.length)) {
    const chain = chainOf(model, layer, head, query);
    if (!chain) break;
    for (const key of spread(model.keys.length)) {
      const names = { query: model.queries[query]!.text, key: model.keys[key]!.text };
      const numbers = { ...partsOf(chain, key, model.code(layer, head, query, key)), ...names };
      for (const [name, text] of Object.entries(numbers)) {
        if (text.length <= (found.get(name)?.[0][name] ?? "").length) continue;
        found.set(name, [numbers, names.query, names.key]);
      }
    }
  }
  return new Set(found.values());
}

/** Words stand in lines, but are gone through one after the other. */
function tokensOf(
  words: readonly SVGGElement[],
  step: 1 | -1,
  rows: readonly SVGGElement[],
  query: () => number,
): TokenElement[] {
  return [
    ...words.map((element, index) => ({ place: { side: "query" as const, index }, element, x: index * step })),
    ...rows.map((element, index) => ({
      place: { side: "key" as const, index },
      element,
      x: 0,
      y: index + 2,
      cell: (): Place => ({ side: "query", index: query(), other: index }),
    })),
  ];
}
