/** The arcs view: tokens in one row or two, and curves from the token in focus. */

import { key_line, key_number, most_rest_edges, number, rows_apart, slot, top } from "../../../../sphinx_attention/core/render/arcs/constants.json";
import { edges as curves } from "../../../../sphinx_attention/core/render/common/constants.json";
import {
  addHitArea,
  type Attributes,
  type Edge,
  edgesAtRest,
  edgesOf,
  elementsInto,
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
    strokes: edgesOf(model, line).map((edge) => strokeOf(frame, edge, line.from)),
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

function pathOf({ query, key, special, less, d, width }: Stroke): Attributes {
  return {
    class: `attention-edge${special ? " attention-edge--special" : ""}${less ? " attention-edge--less" : ""}`,
    "data-query": query,
    "data-key": key,
    d,
    "stroke-width": width,
  };
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
  const frame = frameOf(tokens, model);
  for (const token of [...tokens.query, ...tokens.key]) {
    const wide = Math.max(numberIn(token.word!, "textLength"), LEAST);
    const [top, high] = isAbove(token.place.side, model) ? [ROW_ABOVE.top, 40] : [frame.queryY + 4, 42];
    addHitArea(token.element, token.x - wide / 2, top, wide, high);
  }
  const tokenAt = ({ side, index }: Place): TextToken | undefined =>
    tokens[model.oneRow ? "query" : side][index];
  const isLarge = tokens.query.length + tokens.key.length > LARGE;
  let shown = readShown(tokens);

  const show = (state: State, previous: State | null): void => {
    const next = draw(model, state, frame);
    elementsInto(edges, "path", next.strokes.map(pathOf));
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
    if (overview) toggleClass(overview, "overview--away", next.focus.length > 0);
    if (overview && state.pinned.length && isLarge) {
      // Edges that are hidden for long are removed, to save elements.
      overview.replaceChildren();
    } else if (overview && !next.focus.length) {
      const head = `${state.layer}.${state.head}`;
      // The static picture already shows the edges of the first head.
      if (!previous && overview.firstChild) overview.dataset["head"] ??= head;
      if (overview.dataset["head"] !== head || !overview.firstChild) overviewInto(overview, model, state, frame);
      overview.dataset["head"] = head;
    }
    shown = next;
  };
  return { tokens: [...tokens.query, ...tokens.key], edges: true, show };
}

/** What the static picture shows, so that the first state removes what it does not have. */
function readShown(tokens: TextTokens): Drawing {
  const all = [...tokens.query, ...tokens.key];
  const focused = all.filter(({ element }) => element.classList.contains("attention-token--focus"));
  const side = all.find(({ weight }) => weight?.textContent)?.place.side ?? null;
  return { focus: focused.map(({ place }) => place), strokes: [], side, numbers: [] };
}

/** The layout of the static picture, from the places of its tokens. */
export function frameOf(tokens: TextTokens, model: Model): Frame {
  const queries = tokens.query.map((token) => token.x);
  if (!model.oneRow) {
    const keys = tokens.key.map((token) => token.x);
    return { queries, keys, queryY: ROW_BELOW, keyY: ROW_ABOVE.end, headroom: 0, span: 0 };
  }
  const span = Math.abs(queries[queries.length - 1]! - queries[0]!) || curves.lone_span;
  const headroom = headroomOf(span);
  const y = headroom + top;
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

/** Draw the edges at rest. Those to special tokens are below the others, and weak ones below strong ones. */
function overviewInto(group: SVGGElement, model: Model, state: State, frame: Frame): void {
  const layers = new Map<string, SVGGElement>();
  for (const edge of edgesAtRest(model, state.layer, state.head, OVERVIEW)) {
    const opacity = short(opacityAtRest(edge));
    const less = edge.code < 0;
    const name = `${edge.special ? 0 : 1} ${opacity} ${less}`;
    const layer =
      layers.get(name) ??
      svg("g", {
        class: `attention-rest${edge.special ? " attention-rest--special" : ""}${less ? " attention-rest--less" : ""}`,
        "stroke-opacity": opacity,
      });
    layers.set(name, layer);
    const { d, width } = strokeOf(frame, edge, "query");
    layer.append(svg("path", { d, "stroke-width": width }));
  }
  group.replaceChildren(...[...layers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, layer]) => layer));
}
