/** Queries in one column, keys in another, and lines in the colours of their heads. */

import { ramp } from "../cells";
import { elementsInto, mark, needed, part, setAttributes, setText, svg } from "../dom";
import { type Edge, edgesAtRest, edgesOf, type Line, lineOf, short } from "../edges";
import {
  type Figures,
  figuresOf,
  MASKED,
  type Model,
  nearest,
  otherSide,
  type Place,
  type Side,
  tokenAt,
} from "../model";
import { say } from "../phrases";
import { inFocus, sameToken, type State } from "../state";
import { numbersNote } from "../words";
import { barOf, buildHeads, columnOf, type Frame, innerOf, pathOf, ROW, weightOf } from "./heads-picture";
import { type Filter, filterOf } from "./pair";
import { numberInto, reactIn, readSlots } from "./slots";
import { openSwatches } from "./swatches";
import type { Dispatch, Reading, View, ViewKind } from "./view";

export const heads: ViewKind = { open, build: buildHeads };

/** At most so many lines are drawn at rest. */
const REST = 600;
const LEVELS = 8;
const HUES = 32;
/** Of its room, the shortest piece of a bar that is seen. */
const LEAST_BAR = 0.005;

/** The attributes of a path. */
export type Path = Readonly<Record<string, string>>;

interface Stroke extends Edge {
  head: number;
}

interface HeadLine extends Line {
  head: number;
}

/** All that differs between two states of the picture, but for the lines at rest. */
export interface Drawing {
  focus: readonly Place[];
  lines: Path[];
  bars: Path[];
  /** The tokens that have numbers; null while none is in focus. */
  side: Side | null;
  /** By token of that side; null where the filter keeps it from those in focus. */
  numbers: (Figures | null)[];
}

/** What a state looks like. */
export function draw(model: Model, state: State, frame: Frame): Drawing {
  const focus = inFocus(state);
  if (!focus.length) return { focus, lines: [], bars: [], side: null, numbers: [] };
  const lines = linesOf(model, state, focus);
  const { from, indices } = lines[0]!;
  const side = otherSide(from);
  const filter = filterOf(model, state.options);
  const sums = lines.map((line) => sumsOf(line, filter));
  const someone = !filter || indices.some(filter[from]);
  return {
    focus,
    lines: pathsOf(model, state, frame, strokesOf(model, lines, filter)),
    bars: barsOf(model, lines, sums, frame[side]),
    side,
    numbers: meanOf(sums).map((code, other) =>
      someone && (!filter || filter[side](other)) ? figuresOf(code) : null,
    ),
  };
}

/** What is said of tokens in focus: the mean of the heads, and how much of it their lines show. */
export function read(model: Model, state: State, places: readonly Place[]): Reading {
  const lines = linesOf(model, state, places);
  const mass = sumOf(lines.flatMap(({ codes }) => codes));
  const drawn = strokesOf(model, lines, filterOf(model, state.options)).map(({ code }) => code);
  return {
    weights: { ...lines[0]!, codes: meanOf(lines.map(({ codes }) => codes)) },
    share: mass ? Math.floor(100 * (sumOf(drawn) / mass)) : 100,
  };
}

/** The paths of the picture at rest, few for many lines, and whether lines are left out. */
export function atRest(
  model: Model,
  state: State,
  frame: Frame,
): { paths: Path[]; capped: boolean } {
  const filter = filterOf(model, state.options);
  const strokes = inOrder(state)
    .flatMap((head) =>
      edgesAtRest(model, state.layer, head, Infinity).map((edge) => ({ ...edge, head })),
    )
    .filter((stroke) => lets(filter, stroke))
    .sort(heaviestFirst);
  const paths = together(model, state, frame, strokes.slice(0, REST));
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
  return b.code - a.code || a.head - b.head || a.query - b.query || a.key - b.key;
}

/** The sums of a line over the tokens that a filter leaves. */
function sumsOf({ from, indices, rows, codes }: HeadLine, filter: Filter | null): readonly number[] {
  if (!filter) return codes;
  const left = rows.filter((_, i) => filter[from](indices[i]!));
  return codes.map((_, other) => {
    if (!filter[otherSide(from)](other)) return 0;
    const seen = left.map((row) => row[other]!).filter((code) => code !== MASKED);
    return seen.length ? sumOf(seen) : MASKED;
  });
}

/** Token by token; masked only where all are. */
function meanOf(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.map((_, other) => {
    const codes = rows.map((row) => row[other]!);
    if (codes.every((code) => code === MASKED)) return MASKED;
    return nearest(sumOf(codes) / codes.length);
  });
}

function sumOf(codes: readonly number[]): number {
  return codes.reduce((sum, code) => sum + Math.max(0, code), 0);
}

/** Under each token a bar as long as its number, of pieces for the heads; by head, one path. */
function barsOf(
  model: Model,
  lines: readonly HeadLine[],
  sums: readonly (readonly number[])[],
  column: Frame[Side],
): Path[] {
  const most = 1000 * lines.length * lines[0]!.indices.length;
  const start = sums[0]!.map(() => 0);
  return lines.map(({ head }, rank) => {
    const pieces = sums[rank]!.map((code, other) => {
      const share = Math.max(0, code) / most;
      const before = start[other]!;
      start[other] = before + share;
      return share >= LEAST_BAR ? barOf(column, other, before, share) : "";
    });
    return { ...nameOf(model, "bar", head), d: pieces.join("") };
  });
}

/** On a logarithmic ramp small weights are still seen. */
function strengthOf(code: number): number {
  return ramp(code / 1000, "log");
}

/** Px between the lines of two heads: those between the same tokens lie beside one another. */
function stepOf({ heads: shown }: State): number {
  return Math.min(2.5, 14 / Math.max(shown.length - 1, 1));
}

/** How far below the rows' middles a head's lines run. */
function laneOf(state: State, head: number): number {
  return stepOf(state) * (inOrder(state).indexOf(head) - (state.heads.length - 1) / 2);
}

/** A colour by the head's number, so that it is the same in every figure. */
function hueOf({ heads: names }: Model, head: number): number {
  const name = names[head]!;
  return (/^\d+$/.test(name) ? Number(name) : head) % HUES;
}

function nameOf(model: Model, kind: string, head: number, special = false): Path {
  const end = special ? " attention-line--special" : "";
  return {
    class: `attention-${kind} attention-hue-${hueOf(model, head)}${end}`,
    "data-head": model.heads[head]!,
  };
}

function opacity(value: number): Path {
  return value < 1 ? { "stroke-opacity": short(value) } : {};
}

/** Each line of the tokens in focus for itself; past what a page can bear, the faint ones together. */
function pathsOf(model: Model, state: State, frame: Frame, strokes: readonly Stroke[]): Path[] {
  const most = Math.max(12, 1200 - 5 * (model.queries.length + model.keys.length));
  const ordered = strokes.length > most ? [...strokes].sort(heaviestFirst) : strokes;
  return [
    ...together(model, state, frame, ordered.slice(most)),
    ...ordered.slice(0, most).map(({ query, key, code, special, head }) => ({
      ...nameOf(model, "edge", head, special),
      "data-query": String(query),
      "data-key": String(key),
      d: pathOf(frame, query, key, laneOf(state, head)),
      ...opacity(strengthOf(code)),
    })),
  ];
}

/** Lines, heaviest first, as one path a head and strength; to special tokens undermost. */
function together(model: Model, state: State, frame: Frame, strokes: readonly Stroke[]): Path[] {
  const groups = new Map<number, Record<string, string>>();
  for (const { query, key, code, special, head } of [...strokes].reverse()) {
    const level = Math.max(1, nearest(strengthOf(code) * LEVELS));
    const order = ((special ? 0 : LEVELS) + level) * model.heads.length + head;
    let path = groups.get(order);
    if (!path) {
      path = { ...nameOf(model, "line", head, special), d: "", ...opacity(level / LEVELS) };
      groups.set(order, path);
    }
    path["d"] += pathOf(frame, query, key, laneOf(state, head));
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, path]) => path);
}

function open(root: HTMLElement, model: Model, dispatch: Dispatch): View {
  const resting = needed(root, "lines");
  const edges = needed(root, "edges");
  const bars = needed(root, "bars");
  const tokens = needed(root, "columns");
  const slots = readSlots(tokens, model);
  const all = [...slots.query, ...slots.key];
  const rightwards = slots.query[0]!.x < slots.key[0]!.x;
  const frame = { query: columnOf(slots.query, rightwards), key: columnOf(slots.key, !rightwards) };
  for (const slot of all) {
    const { left, width, tops } = frame[slot.place.side];
    [slot.x, slot.y] = [left, tops[slot.place.index]!];
    reactIn(slot.element, slot.x, slot.y, width, ROW);
  }
  const showSwatches = openSwatches(root, model, dispatch);
  const said = part(root, "note--numbers");
  const whole = part(root, "note--whole");
  let paths = [...resting.children];
  let drawn = "";
  let capped = false;

  const rest = (state: State): void => {
    const key = [state.layer, inOrder(state), state.options["filter"]].join();
    if (!drawn && paths.length) {
      // The static picture shows the first state already.
      capped = said?.textContent?.includes(String(REST)) ?? false;
    } else if (key !== drawn) {
      const next = atRest(model, state, frame);
      capped = next.capped;
      elementsInto(resting, "path", next.paths);
      paths = [...resting.children];
    } else if (!resting.firstChild) resting.append(...paths);
    drawn = key;
  };

  const show = (state: State, previous: State | null): void => {
    const { focus, lines, bars: pieces, side, numbers } = draw(model, state, frame);
    // What is not seen is taken out: the page need not carry both.
    if (focus.length) resting.replaceChildren();
    else rest(state);
    elementsInto(edges, "path", lines);
    elementsInto(bars, "path", pieces);
    const filter = filterOf(model, state.options);
    for (const slot of all) {
      const { place, element } = slot;
      const number = place.side === side ? numbers[place.index] : null;
      mark(element, "token--focus", focus.some((one) => sameToken(one, place)));
      mark(element, "token--masked", !!number?.masked);
      mark(element, "token--out", !!filter && !filter[place.side](place.index));
      numberInto(slot, number, () => weightOf(frame[place.side], place.index));
    }
    if (state.heads !== previous?.heads) {
      showSwatches(state);
      setAttributes(edges.parentElement!, { "stroke-width": stepOf(state) < 1.75 ? 1 : 1.75 });
      if (previous) legendInto(tokens, model, inOrder(state), frame);
    }
    const most = capped && !focus.length ? REST : 0;
    const several = new Set(focus.map(({ index }) => index)).size;
    if (said) setText(said, numbersNote(state.heads.length, several, side === "query", most));
    const texts = focus.map((place) => tokenAt(model, place).text);
    const cut = texts.filter((text, i) => {
      const { side: row, index } = focus[i]!;
      return slots[row][index]!.word!.textContent !== text;
    });
    if (whole) setText(whole, cut.join(", "));
  };
  return { tokens: all, edges: true, show, reading: (state, places) => read(model, state, places) };
}

/** Over the lines, where there are several, the names of their heads; too many are counted. */
function legendInto(tokens: Element, model: Model, shown: readonly number[], frame: Frame): void {
  part(tokens, "legend")?.remove();
  if (shown.length < 2) return;
  const [start, end] = [innerOf(frame.query), innerOf(frame.key)];
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
  // Enough room in every font, as `core/render/heads.py` reckons.
  const wide = shown.reduce((sum, head) => sum + 15 + 8 * model.heads[head]!.length, 24);
  if (wide > Math.abs(end - start)) {
    setText(text, say("count_of_heads", { count: shown.length }));
  }
  tokens.prepend(text);
}
