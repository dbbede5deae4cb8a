/** The keys of a map: to the neighbouring head, from point to point, and where the reader looks. Two fingers zoom. */

import { isChord, require, type State, take, type ViewKind } from "../shared";
import type { Stage } from "./index";
import { ZOOM_STEP } from "./points";

export const view = { part } as unknown as ViewKind;

const WAYS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

interface Bound {
  stage: Stage;
  state: State;
  /** Whether arrow keys go from point to point, as after the key Enter. */
  walking: boolean;
}

const bound = new WeakMap<Element, Bound>();

function part(stage: Stage, state: State): void {
  const { picture } = stage;
  const field = require<SVGElement>(picture, "map-field");
  const heads = stage.model.layers.length * stage.model.heads.length;
  const known = bound.get(picture);
  if (known) return void Object.assign(known, { stage, state });
  const here: Bound = { stage, state, walking: false };
  bound.set(picture, here);
  field.addEventListener("blur", () => (here.walking = false));
  // One finger scrolls the page. Without this, the browser would take two fingers for scrolling too, and
  // would cancel their pointer events.
  const keepPinch = (event: TouchEvent): void => {
    if (event.touches.length > 1) event.preventDefault();
  };
  field.addEventListener("touchmove", keepPinch, { passive: false });
  field.addEventListener("keydown", (event) => {
    if (isChord(event) || (here.state.options["show"] || "head") !== "head") return;
    if (pressed(here, event, heads > 1)) take(event);
  });
}

/** Whether a key means something here, and what it means is done. */
function pressed(here: Bound, { key, shiftKey }: KeyboardEvent, several: boolean): boolean {
  const { stage, state } = here;
  const { look, pointed, hands } = stage;
  const way = WAYS[key];
  if (way) {
    const [right, down] = way;
    if (shiftKey) hands.lookAt({ x: look.x + (right * 0.2) / look.zoom, y: look.y + (down * 0.2) / look.zoom, zoom: look.zoom });
    else if (several && !here.walking) neighbour(stage, state, right, down);
    else hands.point(pointed < 0 ? start(stage) : pointBeside(stage.head.arrays[stage.projection]!, pointed, right, down));
  } else if (/^[+=]$/.test(key)) hands.zoomBy(ZOOM_STEP);
  else if (key === "-") hands.zoomBy(1 / ZOOM_STEP);
  else if (key === "0") hands.zoomBy(0);
  else if (/^(Enter| )$/.test(key)) {
    if (pointed < 0) hands.point(start(stage));
    else hands.pin(pointed === stage.point ? -1 : pointed);
    here.walking = true;
  } else if (key !== "Escape") return false;
  else if (stage.point >= 0) hands.pin(-1);
  else if (here.walking) {
    here.walking = false;
    hands.point(-1);
  } else return false;
  return true;
}

/** The point with which walking begins: the pinned one, or else the one that is labelled first. */
function start({ point, ranked }: Stage): number {
  return point < 0 ? ranked[0]! : point;
}

/** Open the head beside this one: of the same layer, or of the layer above or below in the overview. */
function neighbour({ model, dispatch }: Stage, { layer, head }: State, right: number, down: number): void {
  const [row, column] = [layer + down, head + right];
  if (down && row in model.layers) dispatch({ type: "layer", value: row });
  if (right && column in model.heads) dispatch({ type: "head", value: column });
}

/** The nearest point in a direction; the point itself if there is none. */
export function pointBeside(places: ArrayLike<number>, from: number, right: number, down: number): number {
  const half = places.length / 2;
  let best = from;
  let least = Infinity;
  for (let point = 0; point < half; point++) {
    const x = places[point]! - places[from]!;
    const y = places[half + point]! - places[half + from]!;
    const along = x * right + y * down;
    const aside = Math.abs(x * down) + Math.abs(y * right);
    // Within a right angle around the direction, what lies aside counts double.
    const apart = along + 2 * aside;
    if (along > 0 && aside <= along && apart < least) [best, least] = [point, apart];
  }
  return best;
}
