/** The arcs view: tokens in one row or two, and curves from the token in focus. */

import { most_rest_edges, most_with_squares, number } from "../../../../sphinx_attention/core/render/arcs/constants.json";
import { edges as curves, squares as squareConstants, word_row as row } from "../../../../sphinx_attention/core/render/common/constants.json";
import {
  addHitArea,
  type Edge,
  edgesOf,
  find,
  group,
  inFocus,
  type Line,
  lineOf,
  type Model,
  numberIn,
  type Place,
  type PrintedWeight,
  printedWeight,
  readTokens,
  require,
  short,
  showWeight,
  type Side,
  SIDES,
  type State,
  svg,
  type TextToken,
  type TextTokens,
  toggleClass,
  type View,
  type ViewKind,
  weightOf,
} from "../shared";
import { curve, type ArcsLayout, strengthAtRest } from "./curves";
import { feetOf } from "./feet";
import { edgesAtRest, type EdgePath, isSameFocus, type Motion, openLight, pathsIn, type Squares, squaresInto, squaresUnder } from "../edges/part";
import { layoutIn, putToken, setInOwnFont } from "./layout";
import { openRest } from "./rest";
import { ROW_ABOVE } from "./rows";

export const view: ViewKind = { open, reversible: true, scripts: ["edges"] };

/** An edge as it is drawn. */
export interface Stroke {
  query: number;
  key: number;
  special: boolean;
  /** Whether this is a difference below 0. */
  less: boolean;
  d: string;
  width: string;
}

/** The parts of the picture that depend on the state. */
export interface Drawing {
  focus: readonly Place[];
  strokes: Stroke[];
  /** The side whose tokens have weights beside them; null at rest. */
  side: Side | null;
  /** The weights of that side's tokens. */
  numbers: PrintedWeight[];
  /** The weights of each head of the layer at those tokens. */
  squares: Squares;
}

/** The parts of the picture for a state. */
export function draw(model: Model, state: State, layout: ArcsLayout, hasSquares = true): Drawing {
  const focus = inFocus(state);
  if (!focus.length) return { focus, strokes: [], side: null, numbers: [], squares: NO_SQUARES };
  const line = lineOf(model, state.layer, state.head, focus, state.direction);
  return {
    focus,
    // Edges to special tokens are below the others.
    strokes: strokesOf(layout, edgesOf(model, line), line.from, model.oneRow)
      .sort((a, b) => Number(b.special) - Number(a.special)),
    side: model.oneRow || line.from === "key" ? "query" : "key",
    numbers: line.codes.map((code) => printedWeight(code, model.signed)),
    squares: hasSquares ? squaresAt(model, state, layout, line) : NO_SQUARES,
  };
}

const NO_SQUARES: Squares = { paths: [], label: "" };

/** The squares of all heads of the layer, beside the weights. A difference has none. */
function squaresAt(model: Model, state: State, layout: ArcsLayout, { from }: Line): Squares {
  if (model.signed) return NO_SQUARES;
  const heads = model.heads.map((_, head) => ({
    head,
    weights: lineOf(model, state.layer, head, inFocus(state), state.direction),
  }));
  const isUpper = from === "query" && !model.oneRow;
  const [middles, widths] = isUpper ? [layout.keys, layout.keyWidths] : [layout.queries, layout.queryWidths];
  const y = isUpper ? ROW_ABOVE.squares : layout.queryY + NUMBER_BELOW + BELOW_NUMBER;
  const rooms = middles.map((x, i) => ({ x, y, width: Math.max(widths[i]!, row.least) }));
  return squaresUnder(model, heads, rooms, state.head);
}

/** The strokes of edges that are drawn together, in the same order. */
function strokesOf(layout: ArcsLayout, edges: readonly Edge[], from: Side, oneRow: boolean): Stroke[] {
  const widths = edges.map(({ code }) => (weightOf(code) * curves.stroke) / 1000);
  const feet = feetOf(edges.map(({ query, key }, i) => ({ query, key, width: widths[i]! })), { ...layout, oneRow });
  return edges.map((edge, i) => ({
    query: edge.query,
    key: edge.key,
    special: edge.special,
    less: edge.code < 0,
    d: curve(layout, edge, from, feet[i]!),
    width: short(widths[i]!),
  }));
}

/** A stroke as a path of the class `attention-edge` or `attention-rest`. */
function pathOf({ query, key, special, less, d, width }: Stroke, kind: "edge" | "rest"): EdgePath {
  const name = `attention-${kind}`;
  return {
    name: nameOf(query, key),
    attributes: {
      class: `${name}${special ? ` ${name}--special` : ""}${less ? ` ${name}--less` : ""}`,
      "data-query": query,
      "data-key": key,
      d,
      "stroke-width": width,
    },
  };
}

function nameOf(query: number | string, key: number | string): string {
  return `${query} ${key}`;
}

/** The most edges that are drawn at rest. */
const OVERVIEW = most_rest_edges;
/** In figures of more tokens, edges at rest are removed while a token is pinned. */
const LARGE = 64;
/** The distance from the ends of the edges to the baseline of the weights below a row, in px. */
const NUMBER_BELOW = number;
/** The distance from there to the squares of heads. */
const BELOW_NUMBER = squareConstants.below_number;

function open(root: HTMLElement, model: Model): View {
  const picture = require<SVGSVGElement>(root, "picture");
  const edges = require<SVGGElement>(picture, "edges");
  const overview = find<SVGGElement>(picture, "overview");
  const tokens = readTokens(picture, model, model.oneRow ? 0 : undefined);
  const labels = find<SVGGElement>(picture, "labels");
  const squares = find<SVGGElement>(picture, "squares") ?? group("squares");
  find(picture, "tokens")!.before(squares);
  let layout = layoutIn(tokens, model.oneRow, labels ? numberIn(labels, "data-band") : 0);
  const both = [...tokens.query, ...tokens.key];
  for (const token of both) {
    const [top, high] = isAbove(token.place.side, model) ? [ROW_ABOVE.top, 40] : [layout.queryY + 4, 42];
    addHitArea(token.element, token.x, top, row.least, high);
  }
  /** Set the words in the page's own font. True where they have moved. */
  const settle = (): boolean => {
    // The author's labels point at the words where Python has put them.
    const next = setInOwnFont(picture, tokens, layout, !labels);
    if (next) layout = next;
    for (const [i, token] of tokens.query.entries()) putToken(token, layout.queryWidths[i]!);
    for (const [i, token] of tokens.key.entries()) putToken(token, layout.keyWidths[i]!);
    return !!next;
  };
  const hasMoved = settle();
  const tokenAt = ({ side, index }: Place): TextToken | undefined =>
    tokens[model.oneRow ? "query" : side][index];
  const isLarge = both.length > LARGE;
  // Beside the many thumbnails of a grid, there must be few elements.
  const hasSquares = both.length <= most_with_squares || !root.matches(".attention-large");
  const edgePaths = pathsIn(edges, ({ dataset }) => nameOf(dataset["query"]!, dataset["key"]!));
  const rest = overview && openRest(overview, (state) => restPaths(model, state, layout), { isLarge, isStatic: !hasMoved });
  let shown = readShown(tokens);
  let first: State | undefined;

  const showEdges = ({ strokes }: Drawing, motion: Motion): void =>
    edgePaths.show(strokes.map((stroke) => pathOf(stroke, "edge")), motion);
  const show = (state: State, previous: State | null): void => {
    const next = draw(model, state, layout, hasSquares);
    squaresInto(squares, next.squares, !!state.pinned.length && next.focus !== state.pinned);
    showEdges(next, !previous ? "none" : isSameFocus(state, previous) ? "change" : "grow");
    for (const side of SIDES) {
      const numbers = next.side === side ? next.numbers : [];
      if (next.side === side || shown.side === side) numbersInto(tokens[side], numbers, side, layout, model);
    }
    for (const [places, on] of [[shown.focus, false], [next.focus, true]] as const) {
      for (const place of places) {
        const token = tokenAt(place);
        if (token) toggleClass(token.element, "token--focus", on);
      }
    }
    rest?.show(state, previous);
    // The author's labels belong to the head and the direction that the figure opens with.
    first ??= state;
    const { layer, head, direction } = first;
    const isOther = state.layer !== layer || state.head !== head || state.direction !== direction;
    if (labels) toggleClass(labels, "labels--away", isOther);
    shown = next;
  };
  // A font may arrive after the picture.
  let last: State | undefined;
  const onFonts = (): void => {
    if (!last || !settle()) return;
    const next = draw(model, last, layout, hasSquares);
    showEdges(next, "none");
    squaresInto(squares, next.squares);
    rest?.redraw(last);
  };
  document.fonts?.addEventListener("loadingdone", onFonts);
  const light = openLight(root, model, tokens, true);
  return {
    tokens: both,
    edges: true,
    show(state, previous) {
      show(state, previous);
      light.show(state);
      last = state;
    },
    destroy() {
      document.fonts?.removeEventListener("loadingdone", onFonts);
      light.destroy();
    },
  };
}

/** The content of the static picture, so that the first state removes elements that it does not have. */
function readShown(tokens: TextTokens): Drawing {
  const all = [...tokens.query, ...tokens.key];
  const focused = all.filter(({ element }) => element.classList.contains("attention-token--focus"));
  const side = all.find(({ weight }) => weight?.textContent)?.place.side ?? null;
  return { focus: focused.map(({ place }) => place), strokes: [], side, numbers: [], squares: NO_SQUARES };
}

function numbersInto(
  tokens: readonly TextToken[],
  numbers: Drawing["numbers"],
  side: Side,
  layout: ArcsLayout,
  model: Model,
): void {
  for (const [i, token] of tokens.entries()) {
    const number = numbers[i];
    toggleClass(token.element, "token--masked", !!number?.masked);
    showWeight(token, number, () => newWeight(token, side, layout, model));
  }
}

/** Whether a side's tokens are the upper of two rows. */
function isAbove(side: Side, model: Model): boolean {
  return side === "key" && !model.oneRow;
}

function newWeight(token: TextToken, side: Side, layout: ArcsLayout, model: Model): SVGTextElement {
  const above = isAbove(side, model);
  return svg("text", {
    x: short(token.x),
    y: short(above ? ROW_ABOVE.number : layout.queryY + NUMBER_BELOW),
    "font-size": "11",
  });
}

/** The edges at rest. Those to special tokens are below the others, and weak ones below strong ones. */
function restPaths(model: Model, { layer, head }: State, layout: ArcsLayout): EdgePath[] {
  const all = edgesAtRest(model, layer, head, OVERVIEW);
  const strokes = strokesOf(layout, all, "query", model.oneRow);
  return all
    .map((edge, i) => ({ stroke: strokes[i]!, special: Number(edge.special), strength: strengthAtRest(edge) }))
    .sort((a, b) => b.special - a.special || a.strength - b.strength)
    .map(({ stroke, strength }) => {
      const { name, attributes } = pathOf(stroke, "rest");
      return { name, attributes: { ...attributes, class: `${attributes["class"]} attention-ink-${strength}` } };
    });
}
