/** All heads of a map as small maps. */

import { clamp, element, focusOn, require, say, setAttributes, type State, take, type ViewKind } from "../shared";
import type { Overview } from "./files";
import type { Stage } from "./index";

export const view = { part } as unknown as ViewKind;

/** The sides of a small map, in px. */
const SIDE = 96;

const boxes = new WeakMap<Element, HTMLElement>();

function part(stage: Stage, state: State): void {
  void showAll(stage, state, state.options["show"] === "all");
}

async function showAll(stage: Stage, state: State, on: boolean): Promise<void> {
  const { root, picture, model, dispatch } = stage;
  let box = boxes.get(picture);
  if (!on && !box) return;
  if (!box) {
    box = element("div", ["attention-map-all", "attention-added"]);
    picture.parentElement!.after(box);
    boxes.set(picture, box);
  }
  box.hidden = !on;
  picture.parentElement!.hidden = on;
  if (!on) return;
  const file = await stage.load<Overview>("overview");
  const heads = model.heads.length;
  box.style.setProperty("--heads", String(heads));
  const { tokens } = stage.common.header;
  const points = file.header.points;
  const places = file.arrays[stage.projection]!;
  const note = element("p", ["attention-note"], say("map_sample", { count: points.length, whole: 2 * tokens.length }));
  const maps = model.layers.flatMap((layer, row) =>
    model.heads.map((head, column) => {
      const number = row * heads + column;
      const button = element("button", [], thumbnail(stage, state, points, places.subarray(number * 2 * points.length, (number + 1) * 2 * points.length)));
      const chosen = row === state.layer && column === state.head;
      setAttributes(button, { type: "button", "aria-label": say("place", { layer, head }), title: `${layer}.${head}`, tabindex: chosen ? 0 : -1, "aria-current": String(chosen) });
      button.onclick = () => {
        dispatch({ type: "layer", value: row });
        dispatch({ type: "head", value: column });
        dispatch({ type: "set", name: "show", value: "head" });
        box.hidden = true;
        picture.parentElement!.hidden = false;
        focusOn(require<SVGElement>(root, "map-field"));
      };
      return button;
    }),
  );
  box.replaceChildren(...maps, note);
  box.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -heads, ArrowDown: heads }[event.key];
    const from = maps.indexOf(event.target as HTMLButtonElement);
    if (!step || from < 0) return;
    const to = maps[from + step];
    if (to) {
      maps[from]!.tabIndex = -1;
      to.tabIndex = 0;
      focusOn(to);
    }
    take(event);
  };
}

/** A small map. Points that are searched for have their full colour. */
function thumbnail(stage: Stage, state: State, points: readonly number[], places: ArrayLike<number>): HTMLCanvasElement {
  const canvas = element("canvas");
  canvas.width = canvas.height = SIDE;
  const image = new ImageData(SIDE, SIDE);
  const pixels = new Int32Array(image.data.buffer);
  const by = state.options["colour"] || "kind";
  const inks = stage.inks(by === "norm" ? "kind" : by, stage.head);
  const count = stage.common.header.tokens.length;
  for (const pass of [false, true]) {
    points.forEach((point, n) => {
      const strong = !stage.isFound || stage.isFound(point % count);
      if (strong !== pass) return;
      const x = clamp(Math.round((places[n]! / 255) * (SIDE - 3)), 0, SIDE - 2);
      const y = clamp(Math.round((places[points.length + n]! / 255) * (SIDE - 3)), 0, SIDE - 2);
      const ink = inks[point]! | ((strong ? 230 : 45) << 24);
      for (const at of [0, 1, SIDE, SIDE + 1]) pixels[y * SIDE + x + at] = ink;
    });
  }
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas;
}
