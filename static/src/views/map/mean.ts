/** The mean weight over the sentences of a map: by position, or by word where the sentences share a template. */

import { canvasUnder, clamp, element, group, paint, levelOf, require, say, setText, type State, svg, textWidth, type ViewKind } from "../shared";
import type { Common, File } from "./files";
import type { Stage } from "./index";
import { masked } from "../../../../sphinx_attention/core/constants.json";

export const view = { part } as unknown as ViewKind;

/** The most rows and columns of the mean by position. */
const MOST = 64;
/** The font size of the words, in px. */
const FONT = 11;
/** The most px that the label of a word takes. */
const LABEL = 120;
/** The px around the cells. */
const EDGE = 8;

/** A mean: rows of queries and columns of keys, with labels where they are words. */
export interface Mean {
  side: number;
  means: Float32Array;
  /** The number of sentences. */
  count: number;
}

/**
 * The mean weight of each query and key. Without `slots`, these are positions, and each pair is averaged over
 * the sentences that have both. With them, tokens with one slot are pieces of one word: what they receive is
 * added, and what they give is averaged.
 */
export function meanOf({ sizes, long }: Pick<Common, "sizes" | "long">, weights: ArrayLike<number>, slots?: ArrayLike<number>, words = 0): Mean {
  const kept = sizes.filter((_, number) => !long.includes(number));
  const side = words || Math.min(MOST, Math.max(1, ...kept));
  const sums = new Float32Array(side * side);
  const counts = new Float32Array(side * side);
  let at = 0;
  let first = 0;
  sizes.forEach((size, number) => {
    if (!long.includes(number)) {
      const place = (n: number): number => (slots ? slots[first + n]! : n);
      // How many pieces each word has.
      const pieces = new Uint8Array(side);
      for (let n = 0; slots && n < size; n++) pieces[place(n)]! += 1;
      const seen = new Set<number>();
      for (let n = 0; n < size * size; n++) {
        const [row, column] = [place(Math.floor(n / size)), place(n % size)];
        const code = weights[at + n]!;
        if (row >= side || column >= side || code === masked) continue;
        const cell = row * side + column;
        sums[cell]! += code / 1000 / (pieces[row] || 1);
        seen.add(cell);
      }
      for (const cell of seen) counts[cell]! += 1;
      at += size * size;
    }
    first += size;
  });
  return { side, means: sums.map((total, n) => total / (counts[n] || 1)), count: kept.length };
}

interface Shown {
  canvas: HTMLCanvasElement | undefined;
  labels: SVGElement;
  note: HTMLElement;
  readout: HTMLElement;
  /** The words that name a query and a key, and the mean; empty outside of the cells. */
  read: (x: number, y: number) => string;
}

const all = new WeakMap<Element, Shown>();

function part(stage: Stage, state: State): void {
  const { picture, common, head } = stage;
  const by = state.options["show"];
  const on = by === "mean" || by === "words";
  const field = require<SVGElement>(picture, "map-field");
  let shown = all.get(picture);
  if (!shown && !on) return;
  if (!shown) {
    const note = element("p", ["attention-map-meaned", "attention-note", "attention-added"]);
    const readout = element("p", ["attention-map-readout", "attention-note", "attention-added"]);
    picture.parentElement!.after(note, readout);
    const labels = group("map-axes attention-added", { fill: "currentColor", "pointer-events": "none" });
    field.before(labels);
    const made: Shown = { canvas: undefined, labels, note, readout, read: () => "" };
    field.addEventListener("pointermove", (event) => {
      const { left, top, width } = field.getBoundingClientRect();
      const px = Number(field.getAttribute("width")) / width;
      setText(made.readout, made.read((event.clientX - left) * px, (event.clientY - top) * px));
    });
    all.set(picture, (shown = made));
  }
  shown.canvas?.remove();
  shown.canvas = undefined;
  shown.labels.replaceChildren();
  shown.read = () => "";
  shown.note.hidden = shown.readout.hidden = !on;
  setText(shown.readout, "");
  if (!on) return;
  const { header, arrays } = common as File<Common>;
  const { words } = header;
  const of = arrays["patch-row"] ? "_pictures" : "";
  if (by === "words" && !words.labels) {
    setText(shown.note, say(`map_unaligned${of}`, { low: words.low!, high: words.high! }));
    return;
  }
  const texts = by === "words" ? words.labels! : [];
  const mean = meanOf(header, head.arrays["weights"]!, texts.length ? arrays["slots"] : undefined, texts.length);
  const { side, means, count } = mean;
  const whole = Number(field.getAttribute("width")) - 2 * EDGE + 1;
  const larger = clamp(picture.viewBox.baseVal.width / (picture.getBoundingClientRect().width || Infinity), 1, 1.8);
  const font = FONT * larger;
  const cuts = texts.map((text) => cut(text, LABEL, font));
  const rim = texts.length ? Math.max(...cuts.map((text) => textWidth(text, font))) + 6 : 0;
  const [left, top] = [EDGE + rim, Number(field.getAttribute("y")) + EDGE - 0.5 + rim];
  const width = whole - rim;
  const cell = width / side;
  shown.canvas = canvasUnder(picture, { x: left, y: top, width });
  const most = Math.max(...means) || 1;
  paint(shown.canvas, { rows: side, columns: side, levels: Int8Array.from(means, (one) => levelOf(one / most, "log")) });
  const each = Math.ceil((font * 0.95) / cell);
  cuts.forEach((text, n) => {
    if (n % each) return;
    const middle = (n + 0.5) * cell + font * 0.35;
    const common = { "font-size": font };
    shown!.labels.append(
      svg("text", { ...common, x: left - 4, y: top + middle, "text-anchor": "end" }, text),
      svg("text", { ...common, transform: `translate(${left + middle} ${top - 4}) rotate(-90)` }, text),
    );
  });
  const fieldTop = Number(field.getAttribute("y"));
  shown.read = (x, y) => {
    const [column, row] = [Math.floor((x - left) / cell), Math.floor((y + fieldTop - top) / cell)];
    if (row < 0 || column < 0 || row >= side || column >= side) return "";
    const named = (n: number): string => texts[n] ?? String(n + 1);
    return say("map_cell", { query: named(row), key: named(column), mean: means[row * side + column]!.toFixed(3) });
  };
  setText(shown.note, `${say(`map_${texts.length ? "worded" : "meaned"}${of}`, { count }, stage.model.phrases)}; 0 – ${most.toFixed(3)}`);
}

function cut(text: string, most: number, font: number): string {
  let length = text.length;
  while (length > 1 && textWidth(text.slice(0, length), font) > most) length--;
  return length < text.length ? `${text.slice(0, length)}…` : text;
}
