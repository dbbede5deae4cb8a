/** All heads of a map as small maps, and the mean weight by position over all sentences. */

import { canvasUnder, clamp, element, focusOn, paint, levelOf, require, say, setAttributes, type State, take, type ViewKind } from "../shared";
import type { File, Head, Overview } from "./files";
import type { Stage } from "./index";

export const view = { part } as unknown as ViewKind;

const SIDE = 96;
/** Rows and columns of the mean, at most. */
const MOST = 64;
const MASKED = 1001;

const boxes = new WeakMap<Element, HTMLElement>();
const means = new WeakMap<Element, HTMLCanvasElement>();

function part(stage: Stage, state: State): void {
  const shown = state.options["show"];
  void showAll(stage, state, shown === "all");
  showMean(stage, shown === "mean");
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

/** The mean weight by the position of the query and of the key, over all sentences that have both. */
export function meanOf(sizes: readonly number[], long: readonly number[], weights: ArrayLike<number>): { side: number; means: Float32Array; count: number } {
  const kept = sizes.filter((_, number) => !long.includes(number));
  const side = Math.min(MOST, Math.max(1, ...kept));
  const sums = new Float32Array(side * side);
  const counts = new Uint32Array(side * side);
  let at = 0;
  for (const size of kept) {
    for (let n = 0; n < size * size; n++) {
      const [row, column] = [Math.floor(n / size), n % size];
      const code = weights[at + n]!;
      if (row >= side || column >= side || code === MASKED) continue;
      sums[row * side + column]! += code / 1000;
      counts[row * side + column]! += 1;
    }
    at += size * size;
  }
  return { side, means: sums.map((total, n) => total / (counts[n] || 1)), count: kept.length };
}

function showMean({ picture, root, common, head }: Stage & { head: File<Head> }, on: boolean): void {
  let canvas = means.get(picture);
  const field = require<SVGElement>(picture, "map-field");
  let note = root.querySelector<HTMLElement>(".attention-map-meaned");
  if (on) {
    const { side, means: found, count } = meanOf(common.header.sizes, common.header.long, head.arrays["weights"]!);
    if (!canvas) {
      canvas = canvasUnder(picture, { x: 8, y: Number(field.getAttribute("y")) + 7.5, width: Number(field.getAttribute("width")) - 15 });
      means.set(picture, canvas);
    }
    const most = Math.max(...found) || 1;
    paint(canvas, { rows: side, columns: side, levels: Int8Array.from(found, (mean) => levelOf(mean / most, "log")) });
    if (!note) {
      note = element("p", ["attention-map-meaned", "attention-note", "attention-added"]);
      picture.parentElement!.after(note);
    }
    note.textContent = `${say("map_meaned", { count })}; 0 – ${most.toFixed(3)}`;
  }
  if (canvas) canvas.hidden = !on;
  if (note) note.hidden = !on;
}
