/** The image view: the picture that the model saw, with its patches as bright as they are looked at. */

import { listed as LISTED } from "../../../../sphinx_attention/core/render/image/constants.json";
import { script_image, script_matrix } from "../../../../sphinx_attention/core/phrases/en.json";
import {
  ADDED,
  boxOf,
  element,
  elementsInto,
  find,
  findAll,
  focusOn,
  inFocus,
  isChord,
  isolated,
  LEVELS,
  lineOf,
  looks,
  type Model,
  nearest,
  nothing,
  numeral,
  otherSide,
  type Place,
  require,
  say,
  sayNodes,
  setAttributes,
  setText,
  type State,
  svg,
  take,
  toggleClass,
  type TokenElement,
  tokensOn,
  type View,
  type ViewKind,
  weightOf,
} from "../shared";
import { bestFlows, type Flows, type Grid, strongFlows } from "./flows";

export const view: ViewKind = { open, phrases: { ...script_image, ...pick(script_matrix) }, reversible: true };

/** The phrases of the matrix that this view uses as well. */
function pick({ looks_most, look_most, is_seen_most, are_seen_most }: typeof script_matrix) {
  return { looks_most, look_most, is_seen_most, are_seen_most };
}

/** The weights that the picture shows. */
export interface Shown {
  /** For each token, its weight in thousandths; 0 if it is masked. */
  line: readonly number[];
  /** The largest weight of a patch, which is fully bright; at least 1. */
  most: number;
  /** The names of the tokens whose weights these are. Empty for the mean of all patches. */
  tokens: readonly string[];
  from: Place["side"];
}

/** The weights of the tokens in focus; at rest, those of the class token, or the mean of all patches. */
export function shownOf(model: Model, state: State, grid: Grid, rest: number): Shown {
  const focus = inFocus(state);
  const places: readonly Place[] = focus.length || rest < 0 ? focus : [{ side: "query", index: rest }];
  const { layer, head, direction } = state;
  const patches = indicesOf(grid);
  let line: number[];
  let tokens: string[] = [];
  let from: Place["side"] = "query";
  if (places.length) {
    const one = lineOf(model, layer, head, places, focus.length ? direction : "from");
    line = one.codes.map(weightOf);
    ({ from } = one);
    tokens = one.indices.map((index) => tokensOn(model, from)[index]!.text);
  } else {
    line = model.keys.map((_, key) => {
      const total = patches.reduce((sum, query) => sum + weightOf(model.code(layer, head, query, key)), 0);
      return nearest(total / patches.length);
    });
  }
  return { line, most: Math.max(1, ...patches.map((index) => line[index]!)), tokens, from };
}

function indicesOf({ first, rows, columns }: Grid): number[] {
  return Array.from({ length: rows * columns }, (_, at) => first + at);
}

/** How bright a weight is, from 0 to `LEVELS`. */
export function brightness(weight: number, most: number, boost: boolean): number {
  const share = Math.min(weight / most, 1);
  return nearest(LEVELS * (boost ? Math.sqrt(share) : share));
}

/** The darkness over the patches: of each level, the `d` of a path. */
export function veilOf({ line, most }: Shown, { first, rows, columns, cell }: Grid, boost: boolean): Map<number, string> {
  const paths = new Map<number, string>();
  for (let row = 0; row < rows; row++) {
    for (let start = 0, end = 0; start < columns; start = end) {
      const dark = (column: number): number =>
        LEVELS - brightness(line[first + row * columns + column]!, most, boost);
      const level = dark(start);
      while (end < columns && dark(end) === level) end++;
      if (!level) continue;
      const wide = (end - start) * cell;
      const piece = `M${start * cell} ${row * cell}h${wide}v${cell}h-${wide}z`;
      paths.set(level, (paths.get(level) ?? "") + piece);
    }
  }
  return paths;
}

function open(root: HTMLElement, model: Model): View {
  const picture = require<SVGSVGElement>(root, "picture");
  const field = require<SVGElement>(picture, "field");
  const marks = require(picture, "marks");
  const veil = require(picture, "veil");
  const layers = ["halos", "flows"].map((name) => require(picture, name));
  const end = require(picture, "most");
  const figure = root.closest<HTMLElement>(".attention-figure")!;
  const readout = require(figure, "readout");
  const footer = require(figure, "footer");
  const [left, top, width] = boxOf(field);
  const number = (name: string): number => Number(field.dataset[name]);
  const columns = number("columns");
  const grid: Grid = { first: number("first"), rows: number("rows"), columns, cell: width / columns, left, top };
  const rest = number("rest");

  // The static picture marks the pinned patches. From now on, each patch is an element of its own.
  marks.replaceChildren();
  const chips = findAll<SVGGElement>(picture, "token");
  const tokens: TokenElement[] = chips.map((chip) => {
    const [x, y, wide, high] = boxOf(require(chip, "chip"));
    return { place: { side: "query", index: Number(chip.dataset["token"]) }, element: chip, x: x + wide / 2, y: y + high / 2 };
  });
  for (const index of indicesOf(grid)) {
    const [x, y] = cornerOf(grid, index);
    const { cell } = grid;
    const patch = svg("rect", { class: `attention-patch ${ADDED}`, "data-token": index, x, y, width: cell, height: cell, fill: "none" });
    field.before(patch);
    tokens.push({ place: { side: "query", index }, element: patch, x: x + cell / 2, y: y + cell / 2 });
  }
  tokens.sort((a, b) => a.place.index - b.place.index);

  const show = (state: State): void => {
    const { options, layer, head } = state;
    const focus = inFocus(state);
    const shown = shownOf(model, state, grid, rest);
    const boost = options["boost"] === "sqrt";
    const lines = options["flows"] ?? "";
    const veiled = focus.length > 0 || !/best|strong/.test(lines);
    const dark = veiled ? [...veilOf(shown, grid, boost)].sort(([a], [b]) => a - b) : [];
    elementsInto(veil, "path", dark.map(([level, d]) => ({ "fill-opacity": level / LEVELS, d })));
    setText(end, numeral(shown.most));
    for (const chip of chips) {
      const level = brightness(shown.line[Number(chip.dataset["token"])]!, shown.most, boost);
      setAttributes(require(chip, "chip"), { "fill-opacity": level / (2 * LEVELS) });
    }
    const from = focus.map(({ index }) => index);
    const code = (query: number, key: number): number => weightOf(model.code(layer, head, query, key));
    const flows =
      lines === "best"
        ? bestFlows(model.keys.length, code, grid, from)
        : lines === "strong"
          ? strongFlows(model.keys.length, code, grid, from)
          : { paths: [], count: 0, least: 0 };
    const paths = flows.paths.map(([opacity, d]) => ({ "stroke-opacity": opacity, d }));
    for (const one of layers) elementsInto(one, "path", paths);
    const inside = new Set([...focus, ...state.pinned].map(({ index }) => index));
    elementsInto(
      marks,
      "rect",
      [...inside].filter((index) => isPatch(grid, index)).flatMap((index) => marksOf(grid, index)),
    );
    for (const chip of chips) {
      const on = inside.has(Number(chip.dataset["token"]));
      toggleClass(chip, "token--focus", on);
      setAttributes(require(chip, "chip"), { "stroke-opacity": on ? 0.9 : 0.3 });
    }
    readout.replaceChildren(...readoutOf(model, shown, focus.length > 0, lines, flows));
    listInto(figure, footer, state.pinned.length ? shownOf(model, { ...state, hovered: null, focused: null }, grid, rest) : null, model);
  };

  bindArrows(picture, () => tokens);
  field.style.pointerEvents = "none";
  return { tokens, vector: false, show };
}

function isPatch({ first, rows, columns }: Grid, index: number): boolean {
  return index >= first && index < first + rows * columns;
}

function cornerOf({ first, columns, cell, left, top }: Grid, index: number): [number, number] {
  const at = index - first;
  return [left + (at % columns) * cell, top + Math.floor(at / columns) * cell];
}

/** A white frame with a black edge, which is visible on every picture. */
function marksOf(grid: Grid, index: number) {
  const [x, y] = cornerOf(grid, index);
  const box = { x, y, width: grid.cell, height: grid.cell };
  return [{ ...box, stroke: "#000", "stroke-width": 4 }, box];
}

function readoutOf(
  model: Model,
  { line, tokens, from }: Shown,
  focused: boolean,
  lines: string,
  { count, least, whole = 0 }: Flows,
): (Node | string)[] {
  const names = tokens.slice(0, 3).flatMap((token, i) => [i ? ", " : "", isolated(token)]);
  if (!focused) {
    const rest = lines === "best" || lines === "strong" ? lines : tokens.length ? "token" : "mean";
    const values = { token: names, count: [`${count}`], whole: [`${whole}`], weight: [numeral(least)] };
    return sayNodes(whole > count ? "rest_thinned" : `rest_${rest}`, values, model.phrases);
  }
  const most = Math.max(...line);
  const best = line.indexOf(most);
  const others = most ? [isolated(tokensOn(model, otherSide(from))[best]!.text), " ", element("b", [], numeral(most))] : [nothing()];
  const more = tokens.length > 3 ? " …" : "";
  return sayNodes(looks(model, from, tokens.length > 1, most > 0), { tokens: [...names, more], others }, model.phrases);
}

/** The strongest weights of the pinned tokens, and the sum of the others. */
function listInto(figure: HTMLElement, footer: Element, shown: Shown | null, model: Model): void {
  const old = find(figure, "strongest");
  if (!shown) return old?.remove();
  const { line, from } = shown;
  const others = tokensOn(model, otherSide(from));
  const order = [...line.keys()].filter((index) => line[index]).sort((a, b) => line[b]! - line[a]! || a - b);
  const listed = order.slice(0, LISTED);
  const rest = [...line.keys()].filter((index) => !listed.includes(index));
  const rows = listed.map((index) =>
    element("li", [], element("span", ["attention-number"], numeral(line[index]!)), " ", isolated(others[index]!.text)),
  );
  if (rest.length) {
    const weight = numeral(rest.reduce((sum, index) => sum + line[index]!, 0));
    rows.push(element("li", ["attention-special"], say("folded", { count: rest.length, weight })));
  }
  const list = old ?? element("ol", ["attention-strongest", "mathjax_ignore", "tex2jax_ignore"]);
  list.translate = false;
  list.replaceChildren(...rows);
  if (!old) footer.before(list);
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The nearest token in a direction: in the same line, or in the nearest line that way. */
export function neighbour(
  all: readonly TokenElement[],
  { x, y = 0 }: TokenElement,
  [across, down]: readonly [number, number],
): TokenElement | undefined {
  const away = (one: TokenElement): readonly [number, number] => {
    const ahead = across ? (one.x - x) * across : ((one.y ?? 0) - y) * down;
    const aside = Math.abs(across ? (one.y ?? 0) - y : one.x - x);
    return [ahead, aside];
  };
  const beyond = all.filter((one) => {
    const [ahead, aside] = away(one);
    return ahead > 1 && (!across || aside < 1);
  });
  const rank = (one: TokenElement): number => {
    const [ahead, aside] = away(one);
    return Math.round(ahead) * 10_000 + aside;
  };
  return beyond.sort((a, b) => rank(a) - rank(b))[0];
}

/** Let arrow keys move over the grid and the tokens above it. */
function bindArrows(picture: SVGSVGElement, tokens: () => readonly TokenElement[]): void {
  picture.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    const all = tokens();
    const token = arrow && !isChord(event) && all.find(({ element: one }) => one === event.target);
    if (!token) return;
    const next = neighbour(all, token, arrow);
    if (next) focusOn(next.element);
    take(event);
  });
}
