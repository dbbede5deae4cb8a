/** The arcs view: tokens in one row or two, and curves from the token in focus. */

import { key_line, key_number, most_rest_edges, number, rows_apart, slot, top } from "../../../../sphinx_attention/core/render/arcs/constants.json";
import { edges as curves } from "../../../../sphinx_attention/core/render/common/constants.json";
import {
  addHitArea,
  type Edge,
  edgesAtRest,
  edgesOf,
  find,
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
  same,
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
import { curve, type Frame, headroomOf, opacityAtRest } from "./curves";
import { type EdgePath, pathsIn } from "./paths";
import { openRest } from "./rest";

export const view: ViewKind = { open, reversible: true };

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

/** What the picture shows of a state. */
export interface Drawing {
  focus: readonly Place[];
  strokes: Stroke[];
  /** The side whose tokens have weights beside them; null at rest. */
  side: Side | null;
  /** The weights of that side's tokens. */
  numbers: PrintedWeight[];
}

/** What the picture shows of a state. */
export function draw(model: Model, state: State, frame: Frame): Drawing {
  const focus = inFocus(state);
  if (!focus.length) return { focus, strokes: [], side: null, numbers: [] };
  const line = lineOf(model, state.layer, state.head, focus, state.direction);
  return {
    focus,
    // Edges to special tokens are below the others.
    strokes: edgesOf(model, line)
      .map((edge) => strokeOf(frame, edge, line.from))
      .sort((a, b) => Number(b.special) - Number(a.special)),
    side: model.oneRow || line.from === "key" ? "query" : "key",
    numbers: line.codes.map((code) => printedWeight(code, model.signed)),
  };
}

function strokeOf(frame: Frame, edge: Edge, from: Line["from"]): Stroke {
  return {
    query: edge.query,
    key: edge.key,
    special: edge.special,
    less: edge.code < 0,
    d: curve(frame, edge, from),
    width: short((weightOf(edge.code) * curves.stroke) / 1000),
  };
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
/** The smallest width of a token's hit area, in px. */
const LEAST = slot;
/** The distance from the ends of the edges to the baseline of the weights below a row, in px. */
const NUMBER_BELOW = number;
/** In figures of two rows, the heights of the upper row's parts, and of the lower row, in px. */
const ROW_ABOVE = { end: key_line, number: key_number, top: 6 };
const ROW_BELOW = key_line + rows_apart;

function open(root: HTMLElement, model: Model): View {
  const picture = require(root, "picture");
  const edges = require<SVGGElement>(picture, "edges");
  const overview = find<SVGGElement>(picture, "overview");
  const tokens = readTokens(picture, model, model.oneRow ? 0 : undefined);
  const labels = find<SVGGElement>(picture, "labels");
  const frame = frameOf(tokens, model, labels ? numberIn(labels, "data-band") : 0);
  for (const token of [...tokens.query, ...tokens.key]) {
    const wide = Math.max(numberIn(token.word!, "textLength"), LEAST);
    const [top, high] = isAbove(token.place.side, model) ? [ROW_ABOVE.top, 40] : [frame.queryY + 4, 42];
    addHitArea(token.element, token.x - wide / 2, top, wide, high);
  }
  const tokenAt = ({ side, index }: Place): TextToken | undefined =>
    tokens[model.oneRow ? "query" : side][index];
  const isLarge = tokens.query.length + tokens.key.length > LARGE;
  const edgePaths = pathsIn(edges, ({ dataset }) => nameOf(dataset["query"]!, dataset["key"]!));
  const rest = overview && openRest(overview, (state) => restPaths(model, state, frame), isLarge);
  let shown = readShown(tokens);
  let first: State | undefined;

  const show = (state: State, previous: State | null): void => {
    const next = draw(model, state, frame);
    edgePaths.show(
      next.strokes.map((stroke) => pathOf(stroke, "edge")),
      !previous ? "none" : isSameFocus(state, previous) ? "change" : "grow",
    );
    for (const side of SIDES) {
      const numbers = next.side === side ? next.numbers : [];
      if (next.side === side || shown.side === side) numbersInto(tokens[side], numbers, side, frame, model);
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
  return { tokens: [...tokens.query, ...tokens.key], edges: true, show };
}

/** Whether two states show the edges of the same tokens, perhaps of two heads. */
function isSameFocus(state: State, previous: State): boolean {
  const [now, before] = [inFocus(state), inFocus(previous)];
  const areSame = now.length === before.length && now.every((place, i) => same(place, before[i]!));
  return areSame && state.direction === previous.direction;
}

/** What the static picture shows, so that the first state removes what it does not have. */
function readShown(tokens: TextTokens): Drawing {
  const all = [...tokens.query, ...tokens.key];
  const focused = all.filter(({ element }) => element.classList.contains("attention-token--focus"));
  const side = all.find(({ weight }) => weight?.textContent)?.place.side ?? null;
  return { focus: focused.map(({ place }) => place), strokes: [], side, numbers: [] };
}

/** The layout of the static picture, from the places of its tokens. The author's labels stand in a band above it. */
export function frameOf(tokens: TextTokens, model: Model, band = 0): Frame {
  const queries = tokens.query.map((token) => token.x);
  if (!model.oneRow) {
    const keys = tokens.key.map((token) => token.x);
    return { queries, keys, queryY: ROW_BELOW, keyY: ROW_ABOVE.end, headroom: 0, span: 0 };
  }
  const span = Math.abs(queries[queries.length - 1]! - queries[0]!) || curves.lone_span;
  const headroom = headroomOf(span);
  const y = headroom + top + band;
  return { queries, keys: queries, queryY: y, keyY: y, headroom, span };
}

function numbersInto(
  tokens: readonly TextToken[],
  numbers: Drawing["numbers"],
  side: Side,
  frame: Frame,
  model: Model,
): void {
  for (const [i, token] of tokens.entries()) {
    const number = numbers[i];
    toggleClass(token.element, "token--masked", !!number?.masked);
    showWeight(token, number, () => newWeight(token, side, frame, model));
  }
}

/** Whether a side's tokens are the upper of two rows. */
function isAbove(side: Side, model: Model): boolean {
  return side === "key" && !model.oneRow;
}

function newWeight(token: TextToken, side: Side, frame: Frame, model: Model): SVGTextElement {
  const above = isAbove(side, model);
  return svg("text", {
    x: short(token.x),
    y: short(above ? ROW_ABOVE.number : frame.queryY + NUMBER_BELOW),
    "font-size": "11",
  });
}

/** The edges at rest. Those to special tokens are below the others, and weak ones below strong ones. */
function restPaths(model: Model, { layer, head }: State, frame: Frame): EdgePath[] {
  return edgesAtRest(model, layer, head, OVERVIEW)
    .map((edge) => ({ edge, opacity: opacityAtRest(edge) }))
    .sort((a, b) => Number(b.edge.special) - Number(a.edge.special) || a.opacity - b.opacity)
    .map(({ edge, opacity }) => {
      const { name, attributes } = pathOf(strokeOf(frame, edge, "query"), "rest");
      return { name, attributes: { ...attributes, "stroke-opacity": short(opacity) } };
    });
}
