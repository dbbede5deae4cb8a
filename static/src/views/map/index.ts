/**
 * The map: the queries and keys of a head over many sentences. Points are written as pixels on a canvas
 * under the picture; the labels, the lines and the frame are the picture's own elements.
 */

import { margin as MARGIN, side as SIDE } from "../../../../sphinx_attention/core/render/map/constants.json";
import { script_map as phrases } from "../../../../sphinx_attention/core/phrases/en.json";
import {
  ADDED,
  canvasUnder,
  clamp,
  type Dispatch,
  element,
  find,
  type Model,
  require,
  say,
  setAttributes,
  setText,
  type State,
  type View,
  type ViewKind,
  viewNamed,
} from "../shared";
import { type Common, type File, filesOf, type Head, type Load } from "./files";
import { inksOf, type Look, paintPoints, pointAt, ZOOM_STEP } from "./points";
import { received, rowsOf, type Sentence, sentenceOf } from "./weights";

/** Scripts of the view, which are there before a figure is taken over. */
const PARTS = ["map-keys", "map-marks", "map-all", "map-mean", "map-sentence"];

export const view: ViewKind = { open, phrases, scripts: PARTS };

/** The arguments of a part of the map, which is a script of its own. */
export interface Stage {
  root: HTMLElement;
  picture: SVGSVGElement;
  model: Model;
  common: File<Common>;
  head: File<Head>;
  load: Load;
  dispatch: Dispatch;
  /** The pinned point; -1 for none. */
  point: number;
  /** The point under the pointer; -1 for none. */
  pointed: number;
  look: Look;
  /** The points in the order in which they are labelled. */
  ranked: number[];
  sentence: Sentence | undefined;
  rows: number[][] | undefined;
  projection: string;
  /** Whether a token has the text that the reader looks for; absent without such a text. */
  isFound: ((token: number) => boolean) | undefined;
  inks(by: string, head: File<Head>): Int32Array;
  hands: Hands;
}

/** The actions of keys. */
export interface Hands {
  lookAt(look: Look): void;
  /** Magnify; 0 shows all again. */
  zoomBy(factor: number): void;
  /** Point at a point; -1 for none. */
  point(point: number): void;
  /** Pin a point; -1 for none. */
  pin(point: number): void;
}

/** A part of the map, which is a script of its own. */
export interface Part {
  /** Show the content of the part for a state, or hide it where the state shows something else. */
  part(stage: Stage, state: State): void;
  /** Draw what follows each change of the look and of the pointer. */
  mark?(stage: Stage, state: State): void;
}

function partNamed(name: string): Part {
  return viewNamed(name) as unknown as Part;
}

/** How near the pointer has to be to a point, as a share of the square. */
const REACH = 0.025;
const MOST_ZOOM = 60;
/** The most points that are painted while the reader moves the map. */
const MOVING = 30_000;

function open(root: HTMLElement, model: Model, dispatch: Dispatch): View {
  const picture = require<SVGSVGElement>(root, "picture");
  const field = require<SVGElement>(picture, "map-field");
  const still = require<SVGElement>(picture, "map-points");
  const top = Number(field.getAttribute("y")) - 0.5 + MARGIN;
  const load = filesOf(root.closest(".attention-figure")!);
  const footer = find(root.closest(".attention-figure")!, "footer")!;
  const whole = SIDE + 2 * MARGIN;
  const canvas = canvasUnder(picture, { x: 0, y: top - MARGIN, width: whole });
  canvas.classList.add("attention-map-canvas");
  const search = element("input", ["attention-map-find", ADDED]);
  setAttributes(search, { type: "search", placeholder: say("map_find"), "aria-label": say("map_find") });
  const found = element("span", ["attention-map-found", ADDED]);
  const buttons = (["in", "out", "reset"] as const).map((name) => {
    const button = element("button", ["attention-map-button", ADDED], name === "in" ? "+" : name === "out" ? "−" : "○");
    setAttributes(button, { type: "button", title: say(`map_${name}`), "aria-label": say(`map_${name}`) });
    button.onclick = () => zoomBy(name === "in" ? ZOOM_STEP : name === "out" ? 1 / ZOOM_STEP : 0);
    return button;
  });
  require(footer, "map-fidelity").before(search, found, ...buttons);

  let state: State;
  let stage: Stage | undefined;
  let ranked: number[] = [];
  let inks: Int32Array | undefined;
  let look: Look = { x: 0.5, y: 0.5, zoom: 1 };
  let pointed = -1;
  let pixels: ImageData | undefined;
  let frame = 0;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let strength: Uint8Array | undefined;
  let wanted = "";
  let drawn = "";

  const set = (name: string, value: string): void => dispatch({ type: "set", name, value });
  const places = (): Uint16Array => stage!.head.arrays[stage!.projection] as Uint16Array;
  const count = (): number => stage!.common.header.tokens.length;
  const isOne = (): boolean => (state.options["show"] || "head") === "head";

  /** Which points have their full colour: those of the pinned sentence, or those that are searched for. */
  const strong = (): Uint8Array | undefined => {
    const { sentence, isFound } = stage!;
    if (!sentence && !isFound) return undefined;
    const within = (token: number): boolean =>
      isFound ? isFound(token) : token >= sentence!.first && token < sentence!.first + sentence!.size;
    const tokens = count();
    return Uint8Array.from({ length: 2 * tokens }, (_, point) => +within(point % tokens));
  };

  /** Paint in the next frame. While the reader moves, a map of very many points is a sample of them. */
  const paintSoon = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (stage && canvas.isConnected) paintNow(MOVING);
    });
  };

  const paintNow = (most = Infinity): void => {
    const side = Math.round(whole * Math.min(2, devicePixelRatio || 1));
    if (canvas.width !== side || !pixels) {
      canvas.width = canvas.height = side;
      pixels = new ImageData(side, side);
    }
    const ink = canvas.getContext("2d")!;
    pixels.data.fill(0);
    if (isOne()) {
      // The margin belongs to the canvas, so that points at the edge are whole.
      const around = SIDE / whole;
      const shown = { x: look.x, y: look.y, zoom: look.zoom * around };
      const size = (clamp(9 - 1.6 * Math.log10(2 * count()), 2, 7) * side * Math.sqrt(Math.min(look.zoom, 4))) / whole;
      paintPoints(new Int32Array(pixels.data.buffer), side, places(), shown, inks!, size, strength, Math.ceil((2 * count()) / most) || 1);
    }
    ink.putImageData(pixels, 0, 0);
    // One finger moves a map that is enlarged, and the page otherwise.
    field.style.touchAction = look.zoom > 1 ? "none" : "";
    showMarks();
  };

  /** The labels, the lines of the pinned sentence, and the tip of the point under the pointer. */
  const showMarks = (): void => {
    Object.assign(stage!, { look, pointed, ranked });
    partNamed("map-marks").mark!(stage!, state);
  };

  /** Look at another part. The address keeps where the reader looks, once the reader rests. */
  const lookAt = (next: Look): void => {
    const zoom = clamp(next.zoom, 1, MOST_ZOOM);
    const least = 0.5 / zoom;
    look = { x: clamp(next.x, least, 1 - least), y: clamp(next.y, least, 1 - least), zoom };
    clearTimeout(resting);
    resting = setTimeout(() => {
      set("zoom", zoom === 1 ? "" : [look.x, look.y, zoom].map((n) => String(+n.toFixed(3))).join());
      // Where the reader is back at the start, nothing was set, and all points are painted again, too.
      if (stage) paintNow();
    }, 200);
    if (stage) paintSoon();
  };
  /** Magnify around a place on the square. */
  const zoomBy = (factor: number, x = 0.5, y = 0.5): void => {
    if (!factor) return lookAt({ x: 0.5, y: 0.5, zoom: 1 });
    const zoom = clamp(look.zoom * factor, 1, MOST_ZOOM);
    lookAt({ x: look.x + (x - 0.5) * (1 / look.zoom - 1 / zoom), y: look.y + (y - 0.5) * (1 / look.zoom - 1 / zoom), zoom });
  };

  const pin = (point: number): void => set("point", point < 0 ? "" : `${point < count() ? "q" : "k"}${point % count()}`);
  const point = (next: number): void => {
    if (next === pointed) return;
    pointed = next;
    showMarks();
  };

  bindPointer(field, {
    hover: (x, y) => stage && isOne() && point(pointAt(places(), look, x, y, REACH)),
    leave: () => point(-1),
    click(x, y) {
      if (!stage || !isOne()) return;
      const next = pointAt(places(), look, x, y, REACH);
      pin(next === stage.point ? -1 : next);
    },
    move: (x, y) => lookAt({ x: look.x - x / look.zoom, y: look.y - y / look.zoom, zoom: look.zoom }),
    zoom: zoomBy,
  });
  setAttributes(field, { tabindex: 0, role: "application" });
  field.addEventListener("blur", () => point(-1));
  search.addEventListener("input", () => set("find", search.value));

  const inksFor = (by: string, head: File<Head>): Int32Array => {
    const { arrays, header } = stage!.common;
    return inksOf(by, by === "norm" ? normLevels(head) : arrays[by], header.tokens.length);
  };

  /** Show what is loaded. */
  const refresh = (): void => {
    const { options } = state;
    const { common, head } = stage!;
    const [, side, number] = /^([qk])(\d+)$/.exec(options["point"] ?? "") ?? [];
    const token = Math.min(Number(number), count() - 1);
    const text = (options["find"] ?? "").toLowerCase();
    const tokens = common.header.tokens;
    stage!.point = side ? token + (side === "k" ? count() : 0) : -1;
    stage!.sentence = side ? sentenceOf(common.header, token) : undefined;
    stage!.rows = stage!.sentence && rowsOf(common.header, head, stage!.sentence, !!options["weigh"]);
    stage!.isFound = text ? (one) => tokens[one]!.toLowerCase().includes(text) : undefined;
    look = lookOf(options["zoom"] ?? "");
    if (search.value.toLowerCase() !== text) search.value = options["find"] ?? "";
    setText(found, text ? say("map_found", { count: tokens.filter((one) => one.toLowerCase().includes(text)).length, whole: tokens.length }) : "");
    const colour = options["colour"] || "kind";
    inks = inksFor(colour, head);
    strength = strong();
    still.replaceChildren();
    for (const name of PARTS) partNamed(name).part(stage!, state);
    for (const button of buttons) button.hidden = !isOne();
    paintNow();
  };

  const show = (next: State): void => {
    state = next;
    const projection = next.options["projection"];
    wanted = `head-${next.layer}-${next.head}`;
    const requested = wanted;
    if (drawn === wanted && stage) {
      stage.projection = projection || stage.projection;
      return refresh();
    }
    void Promise.all([load<Common>("common"), load<Head>(wanted)]).then(([common, head]) => {
      if (requested !== wanted || !picture.isConnected) return;
      const first = !stage;
      drawn = wanted;
      stage = { root, picture, model, common, head, load, dispatch, point: -1, pointed, look, ranked, sentence: undefined, rows: undefined, projection: projection || common.header.projections[0]!, isFound: undefined, inks: inksFor, hands: { lookAt, zoomBy, point, pin } };
      const order = received(common.header, head);
      ranked = [...order.keys()].sort((a, b) => order[b]! - order[a]!);
      ranked = [...ranked.map((token) => token + order.length), ...ranked];
      if (first && common.header.point && !state.options["point"]) return set("point", common.header.point);
      refresh();
    });
  };

  return {
    tokens: [],
    vector: false,
    show,
    destroy() {
      for (const one of [canvas, search, found, ...buttons]) one.remove();
    },
  };
}

/** The part of the map that an address names; the whole map if the address is not one of ours. */
function lookOf(text: string): Look {
  const [x, y, zoom, ...more] = text.split(",").map(Number);
  const isLook = zoom! >= 1 && zoom! <= MOST_ZOOM && x! >= 0 && x! <= 1 && y! >= 0 && y! <= 1 && !more.length;
  return isLook ? { x: x!, y: y!, zoom: zoom! } : { x: 0.5, y: 0.5, zoom: 1 };
}

/** The lengths of a head's vectors in eight levels, from the shortest to the longest. */
function normLevels({ arrays, header }: File<Head>): Uint8Array {
  const norms = arrays["norms"]!;
  const half = norms.length / 2;
  const all = Float32Array.from(norms, (norm, n) => norm * header.tops[n < half ? 0 : 1]!);
  // There may be more points than a function takes arguments.
  const [low, high] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  return Uint8Array.from(all, (norm) => Math.min(7, Math.floor((8 * (norm - low)) / (high - low || 1))));
}

interface Pointing {
  hover(x: number, y: number): unknown;
  leave(): void;
  click(x: number, y: number): void;
  /** Called while the reader drags, with the way since the last call. */
  move(x: number, y: number): void;
  zoom(factor: number, x: number, y: number): void;
}

/** Pointer, fingers and wheel on the square. Places are shares of its side. */
function bindPointer(field: SVGElement, on: Pointing): void {
  const held = new Map<number, [number, number]>();
  let way = 0;
  const share = ({ clientX, clientY }: MouseEvent): [number, number] => {
    const { left, top, width } = field.getBoundingClientRect();
    const rim = (MARGIN / (SIDE + 2 * MARGIN)) * width;
    return [(clientX - left - rim) / (width - 2 * rim), (clientY - top - rim) / (width - 2 * rim)];
  };
  const apart = (): number => {
    const [one, other] = [...held.values()];
    return Math.hypot(one![0] - other![0], one![1] - other![1]);
  };
  field.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, share(event));
    way = 0;
  });
  field.addEventListener("pointermove", (event) => {
    const here = share(event);
    const before = held.get(event.pointerId);
    if (!before) return event.pointerType === "touch" || on.hover(...here);
    const wide = held.size > 1 ? apart() : 0;
    held.set(event.pointerId, here);
    way += Math.hypot(here[0] - before[0], here[1] - before[1]);
    if (wide) {
      const [one, other] = [...held.values()];
      on.zoom(apart() / wide, (one![0] + other![0]) / 2, (one![1] + other![1]) / 2);
    } else if (way > 0.01) {
      if (!field.hasPointerCapture(event.pointerId)) field.setPointerCapture(event.pointerId);
      on.move(here[0] - before[0], here[1] - before[1]);
    }
    return undefined;
  });
  const end = (event: PointerEvent): void => {
    if (!held.delete(event.pointerId)) return;
    if (event.type === "pointerup" && way <= 0.01) on.click(...share(event));
  };
  field.addEventListener("pointerup", end);
  field.addEventListener("pointercancel", end);
  field.addEventListener("pointerleave", on.leave);
  // A page must scroll, so the wheel needs a modifier. A pinch on a touch pad counts as one.
  field.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    on.zoom(Math.exp(-event.deltaY / 200), ...share(event));
  }, { passive: false });
}
