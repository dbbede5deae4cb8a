/** The heads among all heads: arrow keys lead to the next dot in their direction, Enter chooses one. */

import { focusOn, isChord, take } from "../shared";

export interface Around {
  readonly dots: readonly SVGCircleElement[];
  choose(at: number): void;
}

const WAYS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function onKey(event: KeyboardEvent, { dots, choose }: Around): void {
  const dot = (event.target as Element).closest("circle") as SVGCircleElement | null;
  if (!dot || isChord(event)) return;
  const way = WAYS[event.key];
  if (way) {
    const next = nearestDot(dots.map(placeOf), placeOf(dot), way);
    if (next >= 0) focusOn(dots[next]!);
  } else if (event.key === "Enter" || event.key === " ") choose(dots.indexOf(dot));
  else return;
  take(event);
}

type Point = readonly [x: number, y: number, shown?: boolean];

function placeOf(dot: SVGCircleElement): Point {
  return [dot.cx.baseVal.value, dot.cy.baseVal.value, dot.r.baseVal.value > 0];
}

/** The nearest point in a direction; -1 without any. A point beside the line counts as farther. */
export function nearestDot(points: readonly Point[], [x, y]: Point, [dx, dy]: readonly [number, number]): number {
  let best = -1;
  let least = Infinity;
  for (const [at, [px, py, shown = true]] of points.entries()) {
    const along = (px - x) * dx + (py - y) * dy;
    const off = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    if (!shown || along <= 0 || along + 3 * off >= least) continue;
    [best, least] = [at, along + 3 * off];
  }
  return best;
}
