/** The matrix view: a heat map of one head, with a row for each query and a column for each key. */

import { special_bin } from "../../../../sphinx_attention/core/constants.json";
import { named as NAMED } from "../../../../sphinx_attention/core/render/matrix/constants.json";
import { script_matrix as phrases } from "../../../../sphinx_attention/core/phrases/en.json";
import {
  ADDED,
  type Attributes,
  canvasUnder,
  type Cells,
  clamp,
  type Dispatch,
  element,
  elementsInto,
  find,
  focusOn,
  group,
  inFocus,
  isBin,
  isChord,
  isolated,
  isSink,
  lineOf,
  looks,
  MASKED,
  type Measures,
  type Model,
  nothing,
  numeral,
  otherSide,
  paint,
  type Phrase,
  type Place,
  readTokens,
  require,
  same,
  sameToken,
  say,
  sayNodes,
  type Scale,
  setAttributes,
  SIDES,
  type State,
  take,
  type TextTokens,
  toggleClass,
  tokensOn,
  type View,
  type ViewKind,
  weightOf,
} from "../shared";
import { openLight } from "../edges/part";
import { cellsOf, levelPaths, levelsInto, MOST_AS_PATHS } from "./cells";
import {
  addHitAreas,
  buildMatrix,
  columnAt,
  everyOf,
  type CellLayout,
  layoutOf,
  gapOf,
  legendInto,
  ticksInto,
  wordOf,
} from "./picture";

export const view: ViewKind = { open, build: buildMatrix, scripts: ["edges"], phrases };

/** A cell by its row and column. -1 means all rows or all columns. */
export type Spot = readonly [row: number, column: number];

/** The content of the line under the picture. */
export interface Readout {
  tokens: string[];
  /** The phrase that joins the tokens and the other token. */
  verb: Phrase;
  /** The other token. Empty if all weights are 0 or masked. */
  other: string;
  number: string;
}

/** The picture of a state, apart from the cells. */
export interface Drawing {
  /** The row, the column and the cell in focus. Empty at rest. */
  cross: Spot[];
  /** The rows, columns and cells that are pinned. */
  marks: Spot[];
  /** The tokens with emphasised labels, the most important first. */
  focus: Place[];
  readout: Readout | null;
}

/** Compute the picture of a state. */
export function draw(model: Model, state: State): Drawing {
  // A linked figure may show what looks at a token. Then the token means its column here.
  const turned = (place: Place): Place =>
    model.oneRow && state.direction === "to" && place.other === undefined ? { ...place, side: "key" } : place;
  const pointed = [state.hovered ?? state.focused ?? []].flat().map(turned);
  const pinned = state.pinned.map(turned);
  return {
    cross: [...pointed.flatMap(endsOf), ...cellsIn(pointed)].map(spotOf),
    marks: [...pinned.map((pin) => endsOf(pin)[0]!), ...cellsIn(pinned)].map(spotOf),
    focus: [...pointed, ...pinned].flatMap(endsOf),
    readout: readoutOf(model, state),
  };
}

/** The tokens of a place: one, or the two of a cell. */
function endsOf({ side, index, other }: Place): Place[] {
  return [{ side, index }, ...(other === undefined ? [] : [{ side: otherSide(side), index: other }])];
}

function cellsIn(places: readonly Place[]): Place[] {
  return places.filter(({ other }) => other !== undefined);
}

function spotOf({ side, index, other = -1 }: Place): Spot {
  return side === "query" ? [index, other] : [other, index];
}

function readoutOf(model: Model, state: State): Readout | null {
  const places = inFocus(state);
  if (!places.length) return null;
  const { from, indices, codes } = lineOf(model, state.layer, state.head, places, state.direction);
  const cell = places.length === 1 ? places[0]!.other : undefined;
  const { signed } = model;
  const sizes = codes.map(weightOf);
  const best = cell ?? sizes.indexOf(Math.max(...sizes));
  const code = codes[best]!;
  const some = cell !== undefined || !!sizes[best];
  return {
    tokens: indices.map((index) => tokensOn(model, from)[index]!.text),
    verb: looks(model, from, indices.length > 1, cell === undefined && some),
    other: some ? tokensOn(model, otherSide(from))[best]!.text : "",
    number: !some ? "" : code === MASKED && !signed ? maskedWord(model, from === "query" ? indices[0]! : best) : numeral(code, signed),
  };
}

/** The word for a masked cell. Rows of hidden special tokens were left out, others were never computed. */
function maskedWord({ queries }: Model, query: number): string {
  const token = queries[query]!;
  if (token.special && token.text === special_bin) return say("left_out");
  return say(isSink(token) ? "not_at_all" : "masked");
}

function scaleOf({ options }: State): Scale {
  return options["scale"] === "log" ? "log" : "linear";
}

/**
 * The cells of a head in the order of the picture, the code at the end of the colour ramp, and all
 * codes. Columns are mirrored where they run from right to left. Where special tokens are dimmed, their
 * cells have the second hue, and the ramp ends at the largest weight between other tokens. A key that
 * represents several tokens or a sink never sets the end of the ramp.
 */
export function headOf(
  model: Model,
  state: State,
  mirrored = false,
): { cells: Cells; most: number; beyond: boolean; codes: Int16Array } {
  const { queries, keys, dim } = model;
  const seen = [...keys.keys()];
  if (mirrored) seen.reverse();
  const rowOf = (at: number): number => Math.floor(at / keys.length);
  const columnOf = (at: number): number => seen[at % keys.length]!;
  const codes = new Int16Array(queries.length * keys.length).map((_, at) =>
    model.code(state.layer, state.head, rowOf(at), columnOf(at)),
  );
  const special = (at: number): boolean => queries[rowOf(at)]!.special || keys[columnOf(at)]!.special;
  const top = (all: Int16Array): number => all.reduce((most, code) => Math.max(most, weightOf(code)), 0);
  const strongest = top(codes);
  const aside = dim ? special : (at: number): boolean => isBin(keys[columnOf(at)]!);
  const most = top(codes.filter((_, at) => !aside(at))) || strongest || 1;
  const cells = cellsOf(queries.length, keys.length, codes, scaleOf(state), most);
  if (dim) cells.levels.forEach((level, at) => special(at) && (cells.levels[at] = -level));
  return { cells, most, beyond: most < strongest, codes };
}

/** The tokens that show their labels: all marked ones, and some others at a distance. */
export function labelled(count: number, every: number, marked: readonly number[]): Set<number> {
  const shown = new Set<number>();
  const show = (index: number): void => {
    if ([...shown].every((other) => Math.abs(index - other) >= every)) shown.add(index);
  };
  marked.forEach(show);
  for (let index = 0; index < count; index += every) show(index);
  return shown;
}

function open(root: HTMLElement, model: Model, dispatch: Dispatch): View {
  const picture = require<SVGSVGElement>(root, "picture");
  const shades = require<SVGElement>(picture, "cells");
  const hatch = require(picture, "hatch");
  const field = require<SVGElement>(picture, "field");
  const marks = require(picture, "marks");
  const layout = layoutOf(picture, field, model);
  const { dataset } = require<SVGElement>(picture, "tokens");
  // Python has measured the labels that are left out.
  const measures = everyOf(layout) > 1 && (JSON.parse(dataset["measures"]!) as Measures);
  const tokens = readTokens(picture, model);
  const all = [...tokens.query, ...tokens.key];
  addHitAreas(tokens, layout);
  const large = Math.max(layout.rows, layout.columns) > MOST_AS_PATHS;
  let canvas: HTMLCanvasElement | undefined;
  const cross = group(`cross ${ADDED}`, { fill: "none" });
  marks.after(cross);
  const footer = find(root.closest(".attention-figure")!, "footer");
  const given = footer && find(footer, "readout");
  const readout = given ?? element("span", ["attention-readout", ADDED]);
  if (!given) footer?.prepend(readout);

  const light = openLight(root, model, tokens, true, dispatch);
  let focused: Place | null = null;
  let drawn = "";

  const showCells = (state: State): void => {
    const { cells, most, beyond, codes } = headOf(model, state, layout.mirrored);
    const size = [layout.cell, layout.cell] as const;
    if (large) {
      canvas ??= canvasUnder(picture, { x: layout.left, y: layout.top, width: layout.columns * layout.cell });
      paint(canvas, cells);
    } else levelsInto(shades, levelPaths(cells, size, gapOf(layout)));
    const masked = codes.map((code) => +(code === MASKED));
    setAttributes(hatch, { d: levelPaths({ ...cells, levels: masked }, size)[0]?.[1] ?? "" });
    ticksInto(picture, most, beyond, scaleOf(state), model.signed);
    legendInto(picture, state.layer);
  };

  const show = (state: State, previous: State | null): void => {
    const next = draw(model, state);
    const wanted = `${state.layer} ${state.head} ${scaleOf(state)}`;
    // The static cells show the first state, unless the browser has restored another scale.
    const there = !previous && shades.firstChild && scaleOf(state) === "linear";
    if (wanted !== drawn && !there) showCells(state);
    // The canvas of a large matrix can be painted later: the static image shows the same.
    if (there && large) setTimeout(() => canvas || (picture.isConnected && showCells(state)));
    drawn = wanted;
    elementsInto(cross, "rect", next.cross.map((spot) => boxAt(layout, spot)));
    elementsInto(marks, "rect", next.marks.map((spot) => boxAt(layout, spot)));
    const focus = new Set(next.focus.map(({ side, index }) => tokens[side][index]));
    for (const token of all) toggleClass(token.element, "token--focus", focus.has(token));
    if (measures) showLabels(tokens, next.focus, layout, model, measures);
    readoutInto(readout, model, next.readout);
    light.show(state);
    focused = state.focused;
  };

  bindField(field, layout, dispatch);
  bindKeys(picture, tokens, layout, dispatch, () => focused, cross);
  return {
    tokens: all,
    show,
    destroy() {
      light.destroy();
      canvas?.remove();
      if (!given) readout.remove();
    },
  };
}

/** A rectangle around a row, a column or a cell, in the gap between cells if there is a gap. */
function boxAt(layout: CellLayout, [row, column]: Spot): Attributes {
  const { cell, left, top, columns, rows } = layout;
  const more = 1 - gapOf(layout);
  return {
    x: left - 0.5 + (column < 0 ? 0 : columnAt(layout, column) - cell / 2),
    y: top - 0.5 + Math.max(row, 0) * cell,
    width: (column < 0 ? columns : 1) * cell + more,
    height: (row < 0 ? rows : 1) * cell + more,
  };
}

/** Show the labels of tokens in focus where labels are left out, and hide labels that are too near. */
function showLabels(
  tokens: TextTokens,
  focus: readonly Place[],
  layout: CellLayout,
  model: Model,
  measures: Measures,
): void {
  const every = everyOf(layout);
  for (const side of SIDES) {
    const marked = focus.filter((one) => one.side === side).map(({ index }) => index);
    const shown = labelled(tokens[side].length, every, marked);
    tokens[side].forEach((token, index) => {
      const on = shown.has(index);
      if (on && !token.word) token.element.append((token.word = wordOf(layout, model, measures, token.place)));
      if (token.word) setAttributes(token.word, { display: on ? "inline" : "none" });
    });
  }
}

function readoutInto(line: HTMLElement, model: Model, readout: Readout | null): void {
  toggleClass(line, "readout--hint", !readout);
  if (!readout) return line.replaceChildren(say("hint_cell"));
  const { tokens, verb, other, number } = readout;
  const names = tokens.slice(0, NAMED).flatMap((token, i) => [i ? ", " : "", isolated(token)]);
  const others = other ? [isolated(other), " ", element("b", [], number)] : [nothing()];
  line.replaceChildren(...sayNodes(verb, { tokens: [...names, tokens.length > NAMED ? " …" : ""], others }, model.phrases));
}

function bindField(field: SVGElement, layout: CellLayout, dispatch: Dispatch): void {
  const under = (event: MouseEvent): Place => {
    const { left, top, width, height } = field.getBoundingClientRect();
    const at = (share: number, count: number): number =>
      clamp(Math.floor(share * count), 0, count - 1);
    const seen = at((event.clientX - left) / width, layout.columns);
    const index = at((event.clientY - top) / height, layout.rows);
    return { side: "query", index, other: layout.mirrored ? layout.columns - 1 - seen : seen };
  };
  // Touch has no hover, so the reader could not remove the highlight.
  field.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch") dispatch({ type: "hover", place: under(event) });
  });
  field.addEventListener("pointerleave", () => dispatch({ type: "hover", place: null }));
  field.addEventListener("click", (event) => {
    dispatch({ type: "toggle", place: under(event), add: event.shiftKey });
  });
}

const STEPS: Readonly<Record<string, Spot>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

/** The cell or label to which a key leads. Labels are row -1 and column -1, and their corner is no place. */
export function moved(place: Place, key: string, layout: CellLayout): Place | null {
  const step = STEPS[key];
  if (!step) return null;
  const [row, column] = spotOf(place);
  const arrow = key[0] === "A";
  const down = clamp(row + step[0], -1, layout.rows - 1);
  const sideways = arrow && layout.mirrored ? -step[1] : step[1];
  const across = clamp(column + sideways, arrow ? -1 : 0, layout.columns - 1);
  if (down < 0) return across < 0 ? place : { side: "key", index: across };
  return { side: "query", index: down, ...(across >= 0 && { other: across }) };
}

/** Let arrow keys move the focus from cell to cell. The DOM focus stays on the label of the row. */
function bindKeys(
  picture: SVGSVGElement,
  tokens: TextTokens,
  layout: CellLayout,
  dispatch: Dispatch,
  current: () => Place | null,
  cross: SVGElement,
): void {
  picture.addEventListener("keydown", (event) => {
    const focused = current();
    if (!focused || isChord(event)) return;
    const next = moved(focused, event.key, layout);
    if (!next) {
      // Only cells are handled here. Labels are handled as in all views.
      if (focused.other === undefined || !/^(Enter| )$/.test(event.key)) return;
      if (!event.repeat) dispatch({ type: "toggle", place: focused, add: event.shiftKey });
    } else if (!same(next, focused)) {
      const { element: token } = tokens[next.side][next.index]!;
      if (!sameToken(next, focused)) focusOn(token, true);
      dispatch({ type: "focus", place: next });
      // A sticky footer may cover the bottom of the page, so the cell goes to the middle.
      const block = picture.previousElementSibling ? "center" : "nearest";
      (next.other === undefined ? token : cross.lastElementChild!).scrollIntoView({ block, inline: "nearest" });
    }
    take(event);
  });
}
