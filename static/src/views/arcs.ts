/** Tokens in a row (or two), and curves from the one in focus. */

import { type Attributes, elementsInto, mark, needed, numberIn, part, svg } from "../dom";
import {
  curve,
  type Edge,
  edgesAtRest,
  edgesOf,
  type Frame,
  headroomOf,
  type Line,
  lineOf,
  opacityAtRest,
  short,
} from "../edges";
import { type Figures, figuresOf, type Model, type Place, type Side } from "../model";
import { inFocus, type State } from "../state";
import { numberInto, reactIn, readSlots, SIDES, type Slot, type Slots } from "./slots";
import { openTurn } from "./turn";
import type { Dispatch, View, ViewKind } from "./view";

export const arcs: ViewKind = { open };

export interface Stroke {
  query: number;
  key: number;
  special: boolean;
  d: string;
  width: string;
}

/** All that differs between two states of the picture. */
export interface Drawing {
  focus: readonly Place[];
  strokes: Stroke[];
  /** The tokens whose numbers are shown; null while none is in focus. */
  side: Side | null;
  /** By token of that side. */
  numbers: Figures[];
}

/** What a state looks like. */
export function draw(model: Model, state: State, frame: Frame): Drawing {
  const focus = inFocus(state);
  if (!focus.length) return { focus, strokes: [], side: null, numbers: [] };
  const line = lineOf(model, state.layer, state.head, focus, state.direction);
  return {
    focus,
    strokes: edgesOf(model, line).map((edge) => strokeOf(frame, edge, line.from)),
    side: model.oneRow || line.from === "key" ? "query" : "key",
    numbers: line.codes.map(figuresOf),
  };
}

function strokeOf(frame: Frame, edge: Edge, from: Line["from"]): Stroke {
  return {
    query: edge.query,
    key: edge.key,
    special: edge.special,
    d: curve(frame, edge, from),
    width: short(edge.code / 100),
  };
}

function pathOf({ query, key, special, d, width }: Stroke): Attributes {
  return {
    class: `attention-edge${special ? " attention-edge--special" : ""}`,
    "data-query": query,
    "data-key": key,
    d,
    "stroke-width": width,
  };
}

/** At most so many edges are drawn while no token is in focus. */
const OVERVIEW = 240;
/** So wide at least is the area that reacts to the pointer. */
const LEAST = 36;
/** From the height at which edges end to the baselines below a row. */
const NUMBER_BELOW = 41;
const ROW_ABOVE = { end: 48, number: 18, top: 6 };
const ROW_BELOW = 158;

function open(root: HTMLElement, model: Model, dispatch: Dispatch): View {
  const picture = needed(root, "picture");
  const edges = needed<SVGGElement>(picture, "edges");
  const overview = part<SVGGElement>(picture, "overview");
  const showTurn = openTurn(root, dispatch);
  const slots = readSlots(picture, model, model.oneRow ? 0 : undefined);
  const frame = frameOf(slots, model);
  for (const slot of [...slots.query, ...slots.key]) {
    const wide = Math.max(numberIn(slot.word!, "textLength"), LEAST);
    const [top, high] = isAbove(slot.place.side, model) ? [ROW_ABOVE.top, 40] : [frame.queryY + 4, 42];
    reactIn(slot.element, slot.x - wide / 2, top, wide, high);
  }
  const slotAt = ({ side, index }: Place): Slot | undefined =>
    slots[model.oneRow ? "query" : side][index];
  let shown = readShown(slots);

  const show = (state: State, previous: State | null): void => {
    const next = draw(model, state, frame);
    elementsInto(edges, "path", next.strokes.map(pathOf));
    for (const side of SIDES) {
      const numbers = next.side === side ? next.numbers : [];
      if (next.side === side || shown.side === side) numbersInto(slots[side], numbers, side, frame, model);
    }
    for (const [places, on] of [[shown.focus, false], [next.focus, true]] as const) {
      for (const place of places) {
        const slot = slotAt(place);
        if (slot) mark(slot.element, "token--focus", on);
      }
    }
    if (next.focus.length) overview?.setAttribute("display", "none");
    else overview?.removeAttribute("display");
    if (overview && state.pinned.length) {
      // Elements are few where tokens are many: none that are hidden for long.
      overview.replaceChildren();
    } else if (overview && !next.focus.length) {
      const head = `${state.layer}.${state.head}`;
      // The static picture shows the first head already.
      if (!previous && overview.firstChild) overview.dataset["head"] ??= head;
      if (overview.dataset["head"] !== head || !overview.firstChild) overviewInto(overview, model, state, frame);
      overview.dataset["head"] = head;
    }
    showTurn(state);
    shown = next;
  };
  return { tokens: [...slots.query, ...slots.key], edges: true, show };
}

/** What the static picture shows, so that the first state undoes what it does not have. */
function readShown(slots: Slots): Drawing {
  const all = [...slots.query, ...slots.key];
  const focused = all.filter(({ element }) => element.classList.contains("attention-token--focus"));
  const side = all.find(({ weight }) => weight?.textContent)?.place.side ?? null;
  return { focus: focused.map(({ place }) => place), strokes: [], side, numbers: [] };
}

function frameOf(slots: Slots, model: Model): Frame {
  const queries = slots.query.map((slot) => slot.x);
  if (!model.oneRow) {
    const keys = slots.key.map((slot) => slot.x);
    return { queries, keys, queryY: ROW_BELOW, keyY: ROW_ABOVE.end, headroom: 0, span: 0 };
  }
  const span = Math.abs(queries[queries.length - 1]! - queries[0]!) || 100;
  const headroom = headroomOf(span);
  const y = headroom + 8;
  return { queries, keys: queries, queryY: y, keyY: y, headroom, span };
}

function numbersInto(
  slots: readonly Slot[],
  numbers: Drawing["numbers"],
  side: Side,
  frame: Frame,
  model: Model,
): void {
  for (const [i, slot] of slots.entries()) {
    const number = numbers[i];
    mark(slot.element, "token--masked", !!number?.masked);
    numberInto(slot, number, () => newWeight(slot, side, frame, model));
  }
}

/** Whether a token stands in the upper of two rows. */
function isAbove(side: Side, model: Model): boolean {
  return side === "key" && !model.oneRow;
}

function newWeight(slot: Slot, side: Side, frame: Frame, model: Model): SVGTextElement {
  const above = isAbove(side, model);
  return svg("text", {
    x: short(slot.x),
    y: short(above ? ROW_ABOVE.number : frame.queryY + NUMBER_BELOW),
    "font-size": "11",
  });
}

/** Draw the edges at rest: to special tokens undermost, then the strong over the weak. */
function overviewInto(group: SVGGElement, model: Model, state: State, frame: Frame): void {
  const layers = new Map<string, SVGGElement>();
  for (const edge of edgesAtRest(model, state.layer, state.head, OVERVIEW)) {
    const opacity = short(opacityAtRest(edge));
    const name = `${edge.special ? 0 : 1} ${opacity}`;
    const layer =
      layers.get(name) ??
      svg("g", {
        class: `attention-rest${edge.special ? " attention-rest--special" : ""}`,
        "stroke-opacity": opacity,
      });
    layers.set(name, layer);
    const { d, width } = strokeOf(frame, edge, "query");
    layer.append(svg("path", { d, "stroke-width": width }));
  }
  group.replaceChildren(...[...layers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, layer]) => layer));
}
