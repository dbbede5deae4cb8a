/** Tokens in a row (or two), and curves from the one in focus. */

import { setAttribute as set, setText } from "../dom";
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
import type { TokenElement, View } from "./view";

export interface Stroke {
  query: number;
  key: number;
  special: boolean;
  d: string;
  width: string;
}

/** All that differs between two states of the picture. */
export interface Drawing {
  focus: Place | null;
  strokes: Stroke[];
  /** The tokens whose numbers are shown; null while none is in focus. */
  side: Side | null;
  /** By token of that side. */
  numbers: { text: string; strong: boolean; masked: boolean }[];
}

/** What a state looks like. */
export function draw(model: Model, state: State, frame: Frame): Drawing {
  const focus = inFocus(state);
  if (!focus) return { focus, strokes: [], side: null, numbers: [] };
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

const SVG = "http://www.w3.org/2000/svg";

interface Slot extends TokenElement {
  element: SVGGElement;
  word: SVGTextElement;
  weight: SVGTextElement | null;
}

export function openArcs(figure: HTMLElement, model: Model): View {
  const picture = figure.querySelector<SVGSVGElement>(".attention-picture");
  const edges = picture?.querySelector<SVGGElement>(".attention-edges");
  if (!picture || !edges) throw new Error("attention: a figure without its picture");
  const overview = picture.querySelector<SVGGElement>(".attention-overview");
  const slots = readSlots(picture, model);
  const frame = frameOf(slots, model);
  let shown: Drawing = { focus: null, strokes: [], side: null, numbers: [] };
  let head: string | null = null;

  const show = (state: State): void => {
    const next = draw(model, state, frame);
    strokesInto(edges, next.strokes);
    for (const side of ["query", "key"] as const) {
      const numbers = next.side === side ? next.numbers : [];
      if (next.side === side || shown.side === side) numbersInto(slots[side], numbers, side, frame, model);
    }
    mark(shown.focus, false);
    mark(next.focus, true);
    if (next.focus) overview?.setAttribute("display", "none");
    else overview?.removeAttribute("display");
    const name = `${state.layer}.${state.head}`;
    // The static picture shows the first head already.
    if (overview && head !== null && head !== name) overviewInto(overview, model, state, frame);
    head = name;
    shown = next;
  };
  const mark = (place: Place | null, on: boolean): void => {
    if (place) slots[place.side][place.index]?.element.classList.toggle("attention-token--focus", on);
  };

  // What the static picture has in focus is undone by the first state, whatever that is.
  for (const slot of [...slots.query, ...slots.key]) {
    if (slot.element.classList.contains("attention-token--focus")) {
      shown = { ...shown, focus: slot.place };
    }
    if (slot.weight?.textContent) shown = { ...shown, side: slot.place.side };
  }
  return { tokens: [...slots.query, ...slots.key], show };
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
  return group.appendChild(document.createElementNS(SVG, "path"));
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
  const weight = document.createElementNS(SVG, "text");
  const above = side === "key" && !model.oneRow;
  set(weight, "class", "attention-weight");
  set(weight, "x", short(slot.x));
  set(weight, "y", short(above ? ROW_ABOVE.number : frame.queryY + NUMBER_BELOW));
  set(weight, "font-size", "11");
  return weight;
}

/** Draw the edges at rest: to special tokens undermost, then the strong over the weak. */
function overviewInto(group: SVGGElement, model: Model, state: State, frame: Frame): void {
  const layers = new Map<string, SVGGElement>();
  for (const edge of edgesAtRest(model, state.layer, state.head, OVERVIEW)) {
    const opacity = short(opacityAtRest(edge));
    const name = `${edge.special ? 0 : 1} ${opacity}`;
    const layer = layers.get(name) ?? document.createElementNS(SVG, "g");
    layers.set(name, layer);
    set(layer, "class", `attention-rest${edge.special ? " attention-rest--special" : ""}`);
    set(layer, "stroke-opacity", opacity);
    const { d, width } = strokeOf(frame, edge, "query");
    const path = newPath(layer);
    set(path, "d", d);
    set(path, "stroke-width", width);
  }
  group.replaceChildren(...[...layers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, layer]) => layer));
}
