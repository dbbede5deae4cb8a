/** The heads view: queries in one column, keys in another, and lines in the colours of their heads. */

import * as drawing from "../../../../sphinx_attention/core/render/heads/constants.json";
import { script_heads as phrases } from "../../../../sphinx_attention/core/phrases/en.json";
import {
  addHitArea,
  type Dispatch,
  type Edge,
  edgesOf,
  elementsInto,
  type Filter,
  filterOf,
  find,
  group,
  inFocus,
  type Line,
  lineOf,
  MASKED,
  type Model,
  nearest,
  otherSide,
  type Place,
  type PrintedWeight,
  printedWeight,
  ramp,
  type Reading,
  readTokens,
  require,
  sameToken,
  say,
  setAttributes,
  setText,
  shareOf,
  short,
  showWeight,
  type Side,
  type State,
  svg,
  toggleClass,
  tokenAt,
  type View,
  type ViewKind,
  weightOf as sizeOf,
} from "../shared";
import { barOf, buildHeads, columnOf, type ColumnsLayout, innerOf, pathOf, ROW, squareRooms, weightOf } from "./picture";
import { edgesAtRest, hueOf, isSameFocus, type Motion, openLight, pathsIn, type Squares, squaresInSlots, squaresInto } from "../edges/part";
import { bindSwatches } from "./swatches";

export const view: ViewKind = { open, build: buildHeads, scripts: ["edges"], severalHeads: true, phrases };

/** The most lines that are drawn at rest. */
const REST = drawing.most_at_rest;
/** The most lines that go over from one head or layer to another. More of them change at once. */
const MOVING = 300;
/** Levels of opacity of lines that are drawn as one path. */
const LEVELS = drawing.levels;
/** The shortest piece of a bar that is drawn, as a share of the longest bar. */
const LEAST_BAR = drawing.least_bar;

/** The attributes of a path. */
export type Path = Readonly<Record<string, string>>;

interface Stroke extends Edge {
  head: number;
}

interface HeadLine extends Line {
  head: number;
}

/** The picture of a state, apart from the lines at rest. */
export interface Drawing {
  focus: readonly Place[];
  lines: Path[];
  bars: Path[];
  squares: Squares;
  /** The side whose tokens have weights beside them; null at rest. */
  side: Side | null;
  /** The weights of that side's tokens; null if the filter hides the cell. */
  numbers: (PrintedWeight | null)[];
}

/** Compute the picture of a state. */
export function draw(model: Model, state: State, layout: ColumnsLayout): Drawing {
  const focus = inFocus(state);
  if (!focus.length) return { focus, lines: [], bars: [], squares: NO_SQUARES, side: null, numbers: [] };
  const lines = linesOf(model, state, focus);
  const { from, indices } = lines[0]!;
  const side = otherSide(from);
  const filter = filterOf(model, state.options);
  const sums = lines.map((line) => sumsOf(line, filter));
  const someone = !filter || indices.some(filter[from]);
  return {
    focus,
    lines: pathsOf(model, state, layout, strokesOf(model, lines, filter)),
    // Differences have no whole. Several heads have squares instead.
    bars: model.signed || lines.length > 1 ? [] : barsOf(model, lines[0]!, sums[0]!, layout[side]),
    squares: model.signed ? NO_SQUARES : squaresAt(model, lines, sums, layout[side]),
    side,
    numbers: meanOf(sums).map((code, other) =>
      someone && (!filter || filter[side](other)) ? printedWeight(code, model.signed) : null,
    ),
  };
}

/** The weights of tokens in focus, as the mean of the heads, and how much of them the lines show. */
export function read(model: Model, state: State, places: readonly Place[]): Reading {
  const lines = linesOf(model, state, places);
  const all = {
    ...lines[0]!,
    codes: lines.flatMap(({ codes }) => codes),
    rows: lines.flatMap(({ rows }) => rows),
  };
  return {
    weights: { ...lines[0]!, codes: meanOf(lines.map(({ codes }) => codes)) },
    share: shareOf(model, all, strokesOf(model, lines, filterOf(model, state.options))),
  };
}

/** The lines at rest, joined into few paths, and whether some are left out. */
export function atRest(
  model: Model,
  state: State,
  layout: ColumnsLayout,
): { paths: Path[]; capped: boolean } {
  const filter = filterOf(model, state.options);
  const strokes = inOrder(state)
    .flatMap((head) =>
      edgesAtRest(model, state.layer, head, Infinity).map((edge) => ({ ...edge, head })),
    )
    .filter((stroke) => lets(filter, stroke))
    .sort(heaviestFirst);
  const paths = grouped(model, state, layout, strokes.slice(0, REST));
  return { paths, capped: strokes.length > REST };
}

function lets(filter: Filter | null, { query, key }: Edge): boolean {
  return !filter || (filter.query(query) && filter.key(key));
}

function inOrder({ heads: shown }: State): number[] {
  return [...shown].sort((a, b) => a - b);
}

function linesOf(model: Model, state: State, places: readonly Place[]): HeadLine[] {
  return inOrder(state).map((head) => ({
    head,
    ...lineOf(model, state.layer, head, places, "from"),
  }));
}

function strokesOf(model: Model, lines: readonly HeadLine[], filter: Filter | null): Stroke[] {
  return lines.flatMap((line) =>
    edgesOf(model, line)
      .filter((edge) => lets(filter, edge))
      .map((edge) => ({ ...edge, head: line.head })),
  );
}

function heaviestFirst(a: Stroke, b: Stroke): number {
  return sizeOf(b.code) - sizeOf(a.code) || a.head - b.head || a.query - b.query || a.key - b.key;
}

/** The summed weights of the tokens that a filter shows. */
function sumsOf({ from, indices, rows, codes }: HeadLine, filter: Filter | null): readonly number[] {
  if (!filter) return codes;
  const left = rows.filter((_, i) => filter[from](indices[i]!));
  return codes.map((_, other) => {
    if (!filter[otherSide(from)](other)) return 0;
    const seen = left.map((row) => row[other]!).filter((code) => code !== MASKED);
    return seen.length ? sumOf(seen) : MASKED;
  });
}

/** The mean of several rows, token by token. It is masked only if all of them are. */
function meanOf(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.map((_, other) => {
    const codes = rows.map((row) => row[other]!);
    if (codes.every((code) => code === MASKED)) return MASKED;
    return nearest(sumOf(codes) / codes.length);
  });
}

function sumOf(codes: readonly number[]): number {
  return codes.reduce((sum, code) => sum + (code === MASKED ? 0 : code), 0);
}

/** Under each token, a bar as long as its weight from a head that is drawn alone. */
function barsOf(model: Model, { head, indices }: HeadLine, sums: readonly number[], column: ColumnsLayout[Side]): Path[] {
  const most = 1000 * indices.length;
  const pieces = sums.map((code, other) => {
    const share = Math.max(0, code) / most;
    return share >= LEAST_BAR ? barOf(column, other, share) : "";
  });
  return [{ ...nameOf(model, "bar", head), d: pieces.join("") }];
}

const NO_SQUARES: Squares = { paths: [], label: "" };

/** Under each token, a square of each head. */
function squaresAt(
  model: Model,
  lines: readonly HeadLine[],
  sums: readonly (readonly number[])[],
  column: ColumnsLayout[Side],
): Squares {
  const [rooms, way] = squareRooms(column);
  const heads = lines.map((line, rank) => ({ head: line.head, weights: { ...line, codes: sums[rank]! } }));
  return squaresInSlots(model, heads, rooms, way);
}

/** The opacity of a line. On a logarithmic ramp, small weights are still visible. */
function strengthOf(code: number): number {
  return ramp(sizeOf(code) / 1000, "log");
}

/** The distance in px between the lines of two heads, which lie side by side between the same tokens. */
function stepOf({ heads: shown }: State): number {
  return Math.min(drawing.lane, drawing.lanes / Math.max(shown.length - 1, 1));
}

/** The distance of a head's lines from the middles of the rows, in px. */
function laneOf(state: State, head: number): number {
  return stepOf(state) * (inOrder(state).indexOf(head) - (state.heads.length - 1) / 2);
}

/** The attributes of a path. In a difference, the hue shows the sign of `code`. */
function nameOf(model: Model, kind: string, head: number, special = false, code = 0): Path {
  const hue = !model.signed ? hueOf(model, head) : code < 0 ? "less" : "more";
  const end = special ? " attention-line--special" : "";
  return {
    class: `attention-${kind} attention-hue-${hue}${end}`,
    "data-head": model.heads[head]!,
  };
}

function opacity(value: number): Path {
  return value < 1 ? { "stroke-opacity": short(value) } : {};
}

/** The lines of the tokens in focus, one path each. Past a limit, the faint ones are joined into few paths. */
function pathsOf(model: Model, state: State, layout: ColumnsLayout, strokes: readonly Stroke[]): Path[] {
  const tokens = model.queries.length + model.keys.length;
  const most = Math.max(drawing.least_alone, drawing.elements - drawing.elements_of_a_token * tokens);
  const ordered = strokes.length > most ? [...strokes].sort(heaviestFirst) : strokes;
  return [
    ...grouped(model, state, layout, ordered.slice(most)),
    ...ordered.slice(0, most).map(({ query, key, code, special, head }) => ({
      ...nameOf(model, "edge", head, special, code),
      "data-query": String(query),
      "data-key": String(key),
      d: pathOf(layout, query, key, laneOf(state, head)),
      ...opacity(strengthOf(code)),
    })),
  ];
}

/** Join lines, given heaviest first, into one path for each head and opacity. Special tokens come first. */
function grouped(model: Model, state: State, layout: ColumnsLayout, strokes: readonly Stroke[]): Path[] {
  const groups = new Map<number, Record<string, string>>();
  for (const { query, key, code, special, head } of [...strokes].reverse()) {
    const level = Math.max(1, nearest(strengthOf(code) * LEVELS));
    const sign = code < 0 ? 0 : 0.5;
    const order = ((special ? 0 : LEVELS) + level) * model.heads.length + head + sign;
    let path = groups.get(order);
    if (!path) {
      path = { ...nameOf(model, "line", head, special, code), d: "", ...opacity(level / LEVELS) };
      groups.set(order, path);
    }
    path["d"] += pathOf(layout, query, key, laneOf(state, head));
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, path]) => path);
}

/** The name of a line: its head, query and key. Lines that are drawn as one path have a name in common. */
function nameOfLine(path: Path): string {
  const { "data-head": head, "data-query": query, "data-key": key } = path;
  return query ? `${head} ${query} ${key}` : `${path["class"]} ${path["stroke-opacity"]}`;
}

function nameOfElement(path: Element): string {
  return nameOfLine(Object.fromEntries([...path.attributes].map(({ name, value }) => [name, value])));
}

function open(root: HTMLElement, model: Model, dispatch: Dispatch): View {
  const resting = require<SVGGElement>(root, "lines");
  const edges = require<SVGGElement>(root, "edges");
  const bars = require(root, "bars");
  const columns = require(root, "columns");
  const tokens = readTokens(columns, model);
  const all = [...tokens.query, ...tokens.key];
  const rightwards = tokens.query[0]!.x < tokens.key[0]!.x;
  const layout = { query: columnOf(tokens.query, rightwards), key: columnOf(tokens.key, !rightwards) };
  for (const token of all) {
    const { left, width, tops } = layout[token.place.side];
    [token.x, token.y] = [left, tops[token.place.index]!];
    addHitArea(token.element, token.x, token.y, width, ROW);
  }
  const squares = find(root, "squares") ?? group("squares", { stroke: "none" });
  bars.after(squares);
  const restPaths = pathsIn(resting, nameOfElement);
  const edgePaths = pathsIn(edges, nameOfElement);
  const light = openLight(root, model, tokens, false);
  const showSwatches = bindSwatches(root, model, dispatch);
  const notes = find(root, "note--numbers");
  const whole = find(root, "note--whole");
  const isStatic = !!resting.firstChild;
  let drawn = "";
  let capped = false;
  /** The lines at rest, while they are hidden. */
  let hidden: readonly Element[] = [];

  const rest = (state: State, motion: Motion): void => {
    const key = [state.layer, inOrder(state), state.options["filter"]].join();
    if (!drawn && isStatic) {
      // The static picture already shows the lines of the first state.
      capped = notes?.dataset["capped"] !== undefined;
    } else if (key !== drawn) {
      const next = atRest(model, state, layout);
      capped = next.capped;
      restPaths.show(next.paths.map((path, i) => ({ name: `${key} ${i}`, attributes: path })), motion);
    } else if (!resting.firstChild) resting.append(...hidden);
    drawn = key;
  };

  const show = (state: State, previous: State | null): void => {
    const { focus, lines, bars: pieces, squares: shown, side, numbers } = draw(model, state, layout);
    const motion = previous && lines.length <= MOVING && isSameFocus(state, previous) ? "change" : "none";
    // The lines at rest are removed while they are hidden, to save elements.
    if (focus.length && resting.firstChild) {
      hidden = [...resting.children];
      resting.replaceChildren();
    }
    if (!focus.length) rest(state, motion);
    edgePaths.show(lines.map((path) => ({ name: nameOfLine(path), attributes: { "stroke-opacity": "1", ...path } })), motion);
    elementsInto(bars, "path", pieces);
    // This view has a legend of its own.
    squaresInto(squares, shown, true);
    light.show(state);
    const filter = filterOf(model, state.options);
    for (const token of all) {
      const { place, element } = token;
      const number = place.side === side ? numbers[place.index] : null;
      toggleClass(element, "token--focus", focus.some((one) => sameToken(one, place)));
      toggleClass(element, "token--masked", !!number?.masked);
      toggleClass(element, "token--out", !!filter && !filter[place.side](place.index));
      showWeight(token, number, () => weightOf(layout[place.side], place.index));
    }
    if (state.heads !== previous?.heads) {
      showSwatches(state);
      setAttributes(edges.parentElement!, { "stroke-width": stepOf(state) < drawing.widest ? drawing.thinnest : drawing.widest });
      if (previous && !model.signed) legendInto(columns, model, inOrder(state), layout);
    }
    const most = capped && !focus.length ? REST : 0;
    const several = new Set(focus.map(({ index }) => index)).size;
    if (notes) setText(notes, numbersNote(state.heads.length, several, side === "query", most));
    const texts = focus.map((place) => tokenAt(model, place).text);
    const cut = texts.filter((text, i) => {
      const { side: row, index } = focus[i]!;
      return tokens[row][index]!.word!.textContent !== text;
    });
    if (whole) setText(whole, cut.join(", "));
  };
  return { tokens: all, edges: true, show, reading: (state, places) => read(model, state, places), destroy: light.destroy };
}

/** Write the names of several heads above the lines, or their count where the names do not fit. */
function legendInto(columns: Element, model: Model, shown: readonly number[], layout: ColumnsLayout): void {
  find(columns, "legend")?.remove();
  if (shown.length < 2) return;
  const [start, end] = [innerOf(layout.query), innerOf(layout.key)];
  const text = svg("text", {
    class: "attention-small attention-legend",
    x: (start + end) / 2,
    y: 13,
    "font-size": 11,
  });
  for (const head of shown) {
    const mark = svg("tspan", { class: `attention-hue-${hueOf(model, head)}` }, "■");
    text.append(text.firstChild ? " " : "", mark, model.heads[head]!);
  }
  // The estimate is large enough for every font. The static picture uses the same.
  const wide = shown.reduce(
    (sum, head) => sum + drawing.legend_mark + drawing.legend_letter * model.heads[head]!.length,
    2 * drawing.legend_margin,
  );
  if (wide > Math.abs(end - start)) {
    setText(text, say("count_of_heads", { count: shown.length }));
  }
  columns.prepend(text);
}

/** The footer's note on weights that are means or sums, and on lines that are left out. */
export function numbersNote(heads: number, tokens: number, rows: boolean, most: number): string {
  const numbers = heads > 1 ? [say("mean_of_heads", { count: heads })] : [];
  if (tokens > 1) numbers.push(say(rows ? "summed_columns" : "summed_rows", { count: tokens }));
  const notes = numbers.length ? [say("numbers_are", { what: numbers.join(", ") })] : [];
  if (most) notes.push(say("strongest_lines", { count: most }));
  return notes.join("; ");
}
