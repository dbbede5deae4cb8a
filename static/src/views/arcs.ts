/** Tokens in a row (or two), and curves from the one in focus. */

import { setAttribute as set, setText, svg } from "../dom";
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
import { MASKED, type Model, numeral, type Place, type Side } from "../model";
import { isStrong } from "../scores";
import { inFocus, type State } from "../state";
import { LOOKS } from "../words";
import type { Dispatch, TokenElement, View, ViewKind } from "./view";

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
  numbers: { text: string; strong: boolean; masked: boolean }[];
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
    numbers: line.codes.map((code) => ({
      text: numeral(code),
      strong: isStrong(code),
      masked: code === MASKED,
    })),
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

/** At most so many edges are drawn while no token is in focus. */
const OVERVIEW = 240;
/** From the height at which edges end to the baselines below a row. */
const NUMBER_BELOW = 41;
const ROW_ABOVE = { end: 48, number: 18 };
const ROW_BELOW = 158;

interface Slot extends TokenElement {
  element: SVGGElement;
  word: SVGTextElement;
  weight: SVGTextElement | null;
}

function open(root: HTMLElement, model: Model, dispatch: Dispatch): View {
  const picture = root.querySelector<SVGSVGElement>(".attention-stage .attention-picture");
  const edges = picture?.querySelector<SVGGElement>(".attention-edges");
  if (!picture || !edges) throw new Error("attention: a figure without its picture");
  const overview = picture.querySelector<SVGGElement>(".attention-overview");
  const turn = root.querySelector<HTMLButtonElement>(".attention-direction");
  const slots = readSlots(picture, model);
  const frame = frameOf(slots, model);
  const slotAt = ({ side, index }: Place): Slot | undefined =>
    slots[model.oneRow ? "query" : side][index];
  let shown = readShown(slots);
  turn?.addEventListener("click", () => dispatch({ type: "turn" }));

  const show = (state: State, previous: State | null): void => {
    const next = draw(model, state, frame);
    strokesInto(edges, next.strokes);
    for (const side of ["query", "key"] as const) {
      const numbers = next.side === side ? next.numbers : [];
      if (next.side === side || shown.side === side) numbersInto(slots[side], numbers, side, frame, model);
    }
    for (const [places, on] of [[shown.focus, false], [next.focus, true]] as const) {
      for (const place of places) slotAt(place)?.element.classList.toggle("attention-token--focus", on);
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
    if (turn) {
      setText(turn, LOOKS[state.direction]);
      root.dataset["direction"] = state.direction;
    }
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

type Slots = Record<Side, Slot[]>;

function readSlots(picture: SVGSVGElement, model: Model): Slots {
  const slots: Slots = { query: [], key: [] };
  for (const element of picture.querySelectorAll<SVGGElement>(".attention-token")) {
    const side: Side = element.dataset["side"] === "key" ? "key" : "query";
    const index = Number(element.dataset["token"]);
    const word = element.querySelector<SVGTextElement>(".attention-word");
    if (!word) throw new Error("attention: a token without its word");
    slots[side][index] = {
      place: { side, index },
      element,
      word,
      weight: element.querySelector<SVGTextElement>(".attention-weight"),
      x: Number(word.getAttribute("x")),
    };
  }
  const keys = model.oneRow ? 0 : model.keys.length;
  if (slots.query.length !== model.queries.length || slots.key.length !== keys) {
    throw new Error("attention: tokens of picture and payload differ");
  }
  return slots;
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

/** Bring the paths of a group to these strokes, using again what is there. */
function strokesInto(group: SVGGElement, strokes: readonly Stroke[]): void {
  for (const [i, stroke] of strokes.entries()) {
    const path = (group.children[i] as SVGPathElement | undefined) ?? newPath(group);
    set(path, "class", `attention-edge${stroke.special ? " attention-edge--special" : ""}`);
    set(path, "data-query", String(stroke.query));
    set(path, "data-key", String(stroke.key));
    set(path, "d", stroke.d);
    set(path, "stroke-width", stroke.width);
  }
  while (group.children.length > strokes.length) group.lastElementChild?.remove();
}

function newPath(group: SVGGElement): SVGPathElement {
  return group.appendChild(svg("path"));
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
    slot.element.classList.toggle("attention-token--masked", number?.masked ?? false);
    if (!number) {
      slot.weight?.remove();
      continue;
    }
    slot.weight ??= newWeight(slot, side, frame, model);
    set(slot.weight, "class", `attention-weight${number.strong ? " attention-weight--strong" : ""}`);
    setText(slot.weight, number.text);
    if (!slot.weight.parentNode) slot.element.append(slot.weight);
  }
}

function newWeight(slot: Slot, side: Side, frame: Frame, model: Model): SVGTextElement {
  const above = side === "key" && !model.oneRow;
  return svg("text", {
    class: "attention-weight",
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
