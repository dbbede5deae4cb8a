/**
 * Small squares at the words of the other side, in the colours of heads: they show which head does it.
 * The Python part computes the same.
 */

import { head_colours } from "../../../../sphinx_attention/core/constants.json";
import { squares as constants, weights } from "../../../../sphinx_attention/core/render/common/constants.json";
import {
  find,
  MASKED,
  type Model,
  nearest,
  otherSide,
  ramp,
  say,
  setAttributes,
  short,
  type Side,
  svg,
  tokensOn,
  weightOf,
  type Weights,
} from "../shared";

/** The attributes of a path. */
export type SquarePath = Readonly<Record<string, string>>;

/** The weights of one head, from the tokens in focus or to them. */
export interface HeadWeights {
  readonly head: number;
  readonly weights: Weights;
}

/** The place of a row of squares: its middle or its start, its top, and the width that it may have. */
export interface SquareRoom {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** The squares of a state. */
export interface Squares {
  readonly paths: readonly SquarePath[];
  /** The meaning of the squares, in words. */
  readonly label: string;
}

const { side: SIDE, gap: GAP } = constants;

interface Square {
  readonly head: number;
  readonly code: number;
  readonly other: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** The colour of a head. It follows the head's number, so that it is the same in every figure. */
export function hueOf({ heads: names }: Model, head: number): number {
  const name = names[head]!;
  return (/^\d+$/.test(name) ? Number(name) : head) % head_colours;
}

/**
 * Squares in the middle of each word's room: those of the heads that matter there, as many as fit.
 * `shown` is the head whose edges are drawn. Its square has a ring.
 */
export function squaresUnder(model: Model, all: readonly HeadWeights[], rooms: readonly SquareRoom[], shown: number): Squares {
  const squares = rooms.flatMap(({ x, y, width }, other) => {
    const most = Math.floor((width + GAP) / (SIDE + GAP));
    const strong = all
      .map(({ head, weights: line }) => ({ head, code: meanAt(line, other) }))
      .filter(({ code }) => code >= weights.strong)
      .sort((a, b) => +(b.head === shown) - +(a.head === shown) || b.code - a.code || a.head - b.head)
      .slice(0, most)
      .sort((a, b) => a.head - b.head);
    const start = x - (strong.length * (SIDE + GAP) - GAP) / 2;
    return strong.map((one, rank): Square => ({ ...one, other, x: start + rank * (SIDE + GAP), y, width: SIDE }));
  });
  return squaresOf(model, all, squares, shown, constants.levels_under);
}

/**
 * Squares with a slot for each head, which is the same at every word. `way` is 1 if the slots follow one
 * another to the right, and -1 to the left.
 */
export function squaresInSlots(model: Model, all: readonly HeadWeights[], rooms: readonly SquareRoom[], way: number): Squares {
  const squares = rooms.flatMap(({ x, y, width: room }, other) => {
    const step = Math.min(SIDE + GAP, room / all.length);
    const width = Math.max(step - GAP, step / 2);
    return all.flatMap(({ head, weights: line }, rank): Square[] => {
      const code = meanAt(line, other);
      const start = x + way * rank * step - (way < 0 ? width : 0);
      return code < constants.least ? [] : [{ head, code, other, x: start, y, width }];
    });
  });
  return squaresOf(model, all, squares, -1, constants.levels);
}

/** The mean weight of the tokens in focus at another token, in thousandths. */
function meanAt({ codes, indices }: Weights, other: number): number {
  const code = codes[other]!;
  return code === MASKED ? 0 : nearest(weightOf(code) / indices.length);
}

function squaresOf(model: Model, all: readonly HeadWeights[], squares: readonly Square[], shown: number, levels: number): Squares {
  if (all.length < 2) return { paths: [], label: "" };
  const side = otherSide(all[0]!.weights.from);
  const tokens = tokensOn(model, side);
  const groups = new Map<number, Record<string, string>>();
  for (const { head, code, other, x, y, width } of squares) {
    const { special } = tokens[other]!;
    const level = Math.max(1, nearest(ramp(code / 1000, "log") * levels));
    const order = (head * 2 + Number(special)) * (levels + 1) + level;
    let path = groups.get(order);
    if (!path) {
      const end = `${special ? " attention-square--special" : ""}${head === shown ? " attention-square--shown" : ""}`;
      path = {
        class: `attention-square attention-hue-${hueOf(model, head)}${end}`,
        "data-head": model.heads[head]!,
        d: "",
        ...(level < levels && { "fill-opacity": short(level / levels) }),
      };
      groups.set(order, path);
    }
    path["d"] += `M${short(x)} ${short(y)}h${short(width)}v${short(SIDE)}h${short(-width)}z`;
  }
  const paths = [...groups].sort(([a], [b]) => a - b).map(([, path]) => path);
  return { paths, label: labelOf(model, side, squares) };
}

/** The heads that matter at each word, in words. */
function labelOf(model: Model, side: Side, squares: readonly Square[]): string {
  const heads = new Map<number, string[]>();
  for (const { head, code, other } of squares) {
    if (code >= weights.strong) heads.set(other, [...(heads.get(other) ?? []), model.heads[head]!]);
  }
  const tokens = tokensOn(model, side);
  return [...heads]
    .map(([other, names]) => say("squares_at", { token: tokens[other]!.text, heads: names.join(", ") }))
    .join("; ");
}

/** Show squares in a group of a picture. With `keeps`, their legend stays as it is, so that nothing moves. */
export function squaresInto(parent: Element, { paths, label }: Squares, keeps = false): void {
  while (parent.children.length > paths.length) parent.lastElementChild!.remove();
  for (const [i, attributes] of paths.entries()) {
    const path = parent.children[i] ?? parent.appendChild(svg("path"));
    if (!("fill-opacity" in attributes)) path.removeAttribute("fill-opacity");
    setAttributes(path, attributes);
  }
  if (label) setAttributes(parent, { role: "img", "aria-label": label });
  else for (const name of ["role", "aria-label"]) parent.removeAttribute(name);
  // A large picture beside another one has no legend.
  if (!keeps && !parent.closest(".attention-large")) legendInto(parent.closest<HTMLElement>(".attention-figure")!, paths);
}

/** Name the heads of the squares below the picture. Screen readers have the description of the squares. */
function legendInto(figure: HTMLElement, paths: readonly SquarePath[]): void {
  const hues = new Map(paths.map((path) => [path["data-head"]!, /hue-\d+/.exec(path["class"]!)![0]]));
  let note = find<HTMLElement>(figure, "note--squares");
  if (!note) {
    if (!hues.size) return;
    note = document.createElement("span");
    note.className = "attention-note attention-note--squares";
    note.ariaHidden = "true";
    find(figure, "footer")?.prepend(note);
  }
  const marks = [...hues].flatMap(([head, hue]) => {
    const mark = document.createElement("i");
    mark.className = `attention-${hue}`;
    mark.textContent = head;
    return [" ", mark];
  });
  note.replaceChildren(...(marks.length ? [say("squares_of"), ...marks] : []));
}
