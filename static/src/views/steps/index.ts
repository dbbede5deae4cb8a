/** The steps behind each weight: query, keys, products, logits, weights and weighted values. */

import { vector_strips as strip } from "../../../../sphinx_attention/core/render/common/constants.json";
import * as constants from "../../../../sphinx_attention/core/render/steps/constants.json";
import { script_steps as phrases } from "../../../../sphinx_attention/core/phrases/en.json";
import {
  canvasUnder,
  type Cells,
  checkTokens,
  type Dispatch,
  find,
  findAll,
  inFocus,
  levelOf,
  MASKED,
  type Model,
  numeral,
  paint,
  type Place,
  printedWeight,
  require,
  setAttributes,
  setText,
  short,
  type State,
  strongestPartner,
  toggleClass,
  type TokenElement,
  type View,
  type ViewKind,
  viewNamed,
} from "../shared";
import { fixed, type FormulaTexts, formulaTexts, MINUS_INFINITY, spokenFormulas } from "./formulas";
import { incrementally, writeAll } from "./incremental-rows";
import { largest, type LogitTerms, logitTermsOf, type WrittenRow, writtenRowOf } from "./logits";

export const view: ViewKind = { open, scripts: ["rail"], severalPins: false, alwaysPinned: true, phrases };

/** The layout of the static picture, read from its elements. */
export interface StepsLayout {
  /** The names of the columns of numbers. */
  columns: readonly string[];
  /** The length of the bar of weight 1, in px. */
  bar: number;
}

/** A query, and one of its keys. */
export interface Cell {
  query: number;
  key: number;
}

/** The content of the table of one query. It has a row for each key. */
export interface Table {
  /** Null if only the weights are known. */
  terms: LogitTerms | null;
  codes: readonly number[];
  written: WrittenRow | null;
  rows: readonly { numbers: readonly string[]; strong: boolean; masked: boolean }[];
  /** The bars of each column as two paths: for ordinary tokens, and for special ones. */
  bars: readonly string[];
}

/** The height of a row, in px. */
const PITCH = constants.pitch;
/** The height of a bar, in px. */
const BAR = constants.bar_height;

/** The steps that include the sink. */
const AFTER_THE_SINK = ["softmax", "value", "written"];

/** The cell whose steps a state shows. `rest` is the query that is shown at rest. */
export function cellOf(model: Model, state: State, rest: number): Cell {
  const place = inFocus(state).at(-1);
  if (place?.side === "key") return { query: rest, key: place.index };
  const query = place?.index ?? rest;
  return { query, key: place?.other ?? strongestPartner(model, state.layer, state.head, { side: "query", index: query }) };
}

/** The table of one query, with numbers in the order of the picture's columns. */
export function tableOf(
  model: Model,
  { layer, head }: State,
  query: number,
  { columns, bar }: StepsLayout,
): Table {
  const terms = logitTermsOf(model, layer, head, query);
  const codes = model.keys.map((_, key) => model.code(layer, head, query, key));
  const written = writtenRowOf(model, layer, head, query);
  const bars: string[] = [];
  for (const column of written ? [written.codes, codes] : [codes]) {
    const paths = ["", ""] as [string, string];
    for (const [key, code] of column.entries()) {
      if (code <= 0) continue;
      const wide = short((code * bar) / 1000);
      const top = key * PITCH + (PITCH - BAR) / 2;
      paths[model.keys[key]!.special ? 1 : 0] += `M0 ${top}h${wide}v${BAR}h-${wide}z`;
    }
    bars.push(...paths);
  }
  const rows = codes.map((code, key) => {
    const numbers = columns.map((column) => {
      if (column === "weight") return numeral((written?.codes ?? codes)[key]!);
      if (written && (column === "norm" || column === "length")) return fixed(written[column][key]!);
      if (!terms || column === "share") return numeral(code);
      if (column === "bias" && code === MASKED) return MINUS_INFINITY;
      // The sink has no key vector. Its learnt logit stands in the last column of logits.
      if (key === terms.sinkKey) return columns[columns.indexOf(column) + 1] === "weight" ? fixed(terms.sink) : "";
      return fixed(terms[column as "dot" | "scaled" | "capped" | "bias"][key]!);
    });
    const { strong, masked } = printedWeight(code);
    return { numbers, strong, masked };
  });
  return { terms, codes, written, rows, bars };
}

/** A vector in its column. A negative top is measured from the bottom of the column. */
type Strip = readonly [top: number, vector: ArrayLike<number>];

/** The height of a pixel of a strip's image, in px. */
const UNIT = strip.unit;
/** The space above a strip and its height, in units. */
const [INSET, HIGH] = [strip.inset / UNIT, strip.high / UNIT];
/** Strips have only every fifth level of opacity, as in the static picture. */
const COARSE = strip.coarse;

/**
 * Strips as the pixels of one image: a pixel is one number wide and one unit high. Numbers above zero
 * are in the upper half of a strip, and numbers below zero in the lower half.
 */
export function stripsOf(strips: readonly Strip[], height: number, full: number): Cells {
  const columns = strips[0]![1].length;
  const rows = height / UNIT;
  const levels = new Int8Array(rows * columns);
  for (const [top, vector] of strips) {
    const first = (top < 0 ? height + top : top) / UNIT + INSET;
    for (let n = 0; n < columns; n++) {
      const share = full ? vector[n]! / full : 0;
      const level = COARSE * Math.floor((levelOf(Math.abs(share), "linear") + 2) / COARSE);
      for (let row = 0; row < HIGH / 2; row++) {
        levels[(first + row + (share < 0 ? HIGH / 2 : 0)) * columns + n] = share < 0 ? -level : level;
      }
    }
  }
  return { rows, columns, levels };
}

function open(root: HTMLElement, model: Model, dispatch: Dispatch): View {
  const picture = require<SVGSVGElement>(root, "picture");
  const words = findAll<SVGGElement>(root, "words > g");
  const rows = findAll<SVGGElement>(root, "rows > g");
  checkTokens(model, words.length, rows.length);
  const layout: StepsLayout = {
    columns: require(root, "rows").dataset["columns"]!.split(" "),
    bar: Number(require(root, "bars").dataset["length"]),
  };
  const rest = Math.max(0, words.findIndex((word) => word.matches(".attention-token--focus")));
  const texts = rows.map((row) => findAll(row, "number"));
  const bars = findAll(root, "bar");
  const mask = find<SVGTextElement>(picture, "mask");
  const fields = findAll<SVGGElement>(root, "strips").map((strips) => fieldOf(picture, strips));
  const panels = panelsIn(root);
  const reserve = roomIn(root, panels);
  const steps = [...root.querySelectorAll<HTMLElement>("[data-step]")];
  let cell: Cell = { query: rest, key: -1 };
  let table: Table | undefined;
  let shown = "";
  let write = (): void => {};
  const rail = viewNamed("rail")?.open(root, model, dispatch);
  const first = find(root, "cell");
  if (first && typeof ResizeObserver !== "undefined") {
    new ResizeObserver(() => setTimeout(() => picture.isConnected && write())).observe(first);
  }

  const showRows = incrementally(rows, (some, left) => {
    const lines = table!.rows;
    for (const key of some) {
      const { numbers, strong, masked } = lines[key]!;
      toggleClass(rows[key]!, "token--masked", masked);
      for (const [i, text] of texts[key]!.entries()) setText(text, numbers[i]!);
      toggleClass(texts[key]!.at(-1)!, "number--strong", strong);
    }
    if (mask) maskInto(mask, lines.map(({ masked }, key) => masked && !left.has(key)));
  });
  const showStrips = (terms: LogitTerms): void => {
    for (const [i, [list, full]] of vectorsOf(terms).entries()) fields[i]?.(list, full);
  };
  const showTable = ({ bars: paths }: Table, isStatic: boolean): void => {
    showRows(isStatic);
    for (const [i, bar] of bars.entries()) setAttributes(bar, { d: paths[i]! });
  };

  return {
    tokens: tokensOf(words, "backwards" in require(root, "words").dataset ? -1 : 1, rows, () => cell.query),
    vector: false,
    complete() {
      writeAll();
      rail?.complete?.();
    },
    show(state, previous) {
      const next = cellOf(model, state, rest);
      const of = `${state.layer}.${state.head}.${next.query}`;
      rail?.show(state, previous);
      // Panels have another width where all of them are shown.
      if (previous && state.options !== previous.options) write();
      if (of === shown && next.key === cell.key) return;
      if (of !== shown || !table) {
        const made = (table = tableOf(model, state, next.query, layout));
        const strips = (): void => {
          if (made.terms && made === table && picture.isConnected) showStrips(made.terms);
        };
        // Strips read computed styles, which is slow after any change of the page. The static strips
        // show the same at first, so the first painting can wait.
        if (previous) strips();
        else setTimeout(strips);
        showTable(made, !previous);
      }
      for (const [key, row] of rows.entries()) toggleClass(row, "token--cell", key === next.key);
      for (const [query, word] of words.entries()) toggleClass(word, "token--focus", query === next.query);
      if (table.terms) {
        write = () => {
          const names = [model.queries[next.query]!.text, model.keys[next.key]!.text] as const;
          const numbers = formulaTexts(table!.terms!, next.key, table!.codes[next.key]!, table!.written);
          reserve(model, state, () => panels(numbers, ...names));
        };
        // The static panels show the same numbers, so the first state need not be written.
        if (previous) write();
        const atSink = next.key === table.terms.sinkKey;
        for (const step of steps) step.hidden = atSink && !AFTER_THE_SINK.includes(step.dataset["step"]!);
      }
      [cell, shown] = [next, of];
    },
  };
}

/** Write −∞ in each masked row, as one element with a position for each character. */
function maskInto(text: SVGTextElement, masked: readonly boolean[]): void {
  const [x, y] = [Number(text.dataset["x"]), Number(text.dataset["y"])];
  const rows = [...masked.keys()].filter((key) => masked[key]);
  setAttributes(text, {
    x: rows.map(() => `${x} ${x + constants.minus}`).join(" "),
    y: rows.map((key) => `${y + key * PITCH} ${y + key * PITCH}`).join(" "),
  });
  setText(text, MINUS_INFINITY.repeat(rows.length));
}

/** For each column of strips, its vectors and the number that has full opacity. */
function vectorsOf({ query, keys, values, weights, output, most }: LogitTerms): [Strip[], number][] {
  const below = (vectors: readonly ArrayLike<number>[], top: number): Strip[] =>
    vectors.map((vector, key) => [top + key * PITCH, vector]);
  const products = keys.map((key) => scaledBy(key, (n) => query[n]!));
  const columns: [Strip[], number][] = [
    [[[0, query]], most[0]],
    [below(keys, 0), most[0]],
    [below(products, 0), largest(products)],
  ];
  if (values && output) {
    const weighted = values.map((value, key) => scaledBy(value, () => weights[key]!));
    columns.push([[...below(weighted, 0), [-PITCH, output]], largest([...weighted, output])]);
  }
  return columns;
}

/** A vector with each number multiplied. A loop is ten times as fast as `Array.from`. */
function scaledBy(vector: ArrayLike<number>, by: (n: number) => number): number[] {
  const scaled: number[] = [];
  for (let n = 0; n < vector.length; n++) scaled.push(vector[n]! * by(n));
  return scaled;
}

/** A function that paints one column over its static strips. */
function fieldOf(picture: SVGSVGElement, strips: SVGElement): (list: Strip[], full: number) => void {
  const [x, y, width, height] = strips.dataset["box"]!.split(" ").map(Number) as [number, number, number, number];
  let canvas: HTMLCanvasElement | undefined;
  return (list, full) => {
    if (!canvas) {
      canvas = canvasUnder(picture, { x, y, width });
      Object.assign(canvas.dataset, strips.dataset);
      canvas.style.aspectRatio = `${width} / ${height}`;
    }
    paint(canvas, stripsOf(list, height, full));
  };
}

/** A function that writes the texts of a cell into the panels. */
function panelsIn(root: HTMLElement): (numbers: FormulaTexts, query: string, key: string) => void {
  const places = [...root.querySelectorAll<HTMLElement>("[data-part]")];
  const steps = [...root.querySelectorAll<HTMLElement>("[data-step]")];
  const tens = findAll(root, "tens");
  return (numbers, query, key) => {
    const texts: FormulaTexts = { ...numbers, query, key };
    for (const place of places) setText(place, texts[place.dataset["part"]!] ?? "");
    for (const power of tens) power.hidden = !power.querySelector("sup")!.textContent;
    const formulas = spokenFormulas(numbers, query, key);
    for (const step of steps) {
      setAttributes(step.lastElementChild!, { "aria-label": formulas[step.dataset["step"]!]! });
    }
  };
}

/** The number of queries, and of keys of each, that are searched for the longest texts. */
const SEARCHED = 16;

/**
 * A function that reserves the height that the panels need for any cell of a head, so that the page
 * does not move when a reader points at another row. It shows and measures the cells with the longest
 * texts, and then shows the wanted cell. It measures again when the panels have another width.
 */
function roomIn(
  root: HTMLElement,
  panels: ReturnType<typeof panelsIn>,
): (model: Model, state: State, show: () => void) => void {
  const lines = [...root.querySelectorAll<HTMLElement>(".attention-cell, [data-step]")];
  let of = "";
  return (model, { layer, head }, show) => {
    const now = `${layer}.${head} ${lines.map((line) => line.clientWidth)}`;
    if (of === now) return show();
    of = now;
    const heights: number[] = [];
    for (const line of lines) line.style.minHeight = "";
    for (const [numbers, query, key] of longest(model, layer, head)) {
      panels(numbers, query, key);
      for (const [i, line] of lines.entries()) heights[i] = Math.max(heights[i] ?? 0, line.getBoundingClientRect().height);
    }
    show();
    for (const [i, line] of lines.entries()) heights[i] = Math.max(heights[i] ?? 0, line.getBoundingClientRect().height);
    for (const [i, line] of lines.entries()) line.style.minHeight = `${heights[i]}px`;
  };
}

/** For each text of the panels, the cell in which it is longest. */
function longest(model: Model, layer: number, head: number): Set<readonly [FormulaTexts, string, string]> {
  const found = new Map<string, readonly [FormulaTexts, string, string]>();
  const spread = (count: number): number[] => {
    const some = Math.min(count, SEARCHED);
    return Array.from({ length: some }, (_, n) => Math.floor((n * count) / some));
  };
  for (const query of spread(model.queries.length)) {
    const terms = logitTermsOf(model, layer, head, query);
    if (!terms) break;
    const written = writtenRowOf(model, layer, head, query);
    for (const key of spread(model.keys.length)) {
      const names = { query: model.queries[query]!.text, key: model.keys[key]!.text };
      const numbers = { ...formulaTexts(terms, key, model.code(layer, head, query, key), written), ...names };
      for (const [name, text] of Object.entries(numbers)) {
        if (text.length <= (found.get(name)?.[0][name] ?? "").length) continue;
        found.set(name, [numbers, names.query, names.key]);
      }
    }
  }
  return new Set(found.values());
}

/** The words and rows as tokens. Arrow keys go through the words one after the other. */
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
