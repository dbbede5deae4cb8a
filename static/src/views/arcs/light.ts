/** Lights up the edge of the vector's row under the pointer, and the row of an edge under the pointer. */

import { findAll, otherSide, type Side, type TextToken, toggleClass } from "../shared";

/**
 * Bind the picture in `root` and the vector of its figure.
 *
 * `from` is the side of the pinned tokens, from which edges lead to the rows of the vector, or null while
 * none is pinned. `wordAt` is the token of a row. The result unbinds them.
 */
export function bindLight(
  root: HTMLElement,
  from: () => Side | null,
  wordAt: (side: Side, index: number) => TextToken | undefined,
): () => void {
  const figure = root.closest<HTMLElement>("figure, .attention-pane") ?? root;
  let lit: Element[] = [];

  const indexAt = (target: Element, end: Side): number => {
    const row = target.closest<HTMLTableRowElement>(".attention-vector tr");
    if (row) return row.sectionRowIndex;
    const edge = root.contains(target) ? target.closest<SVGElement>(".attention-edge") : null;
    return Number(edge?.dataset[end] ?? -1);
  };
  const onMove = ({ target, type }: Event): void => {
    for (const one of lit) toggleClass(one, "lit", false);
    lit = [];
    const side = from();
    if (!side || type === "pointerleave") return;
    const end = otherSide(side);
    const index = indexAt(target as Element, end);
    if (index < 0) return;
    const edges = findAll<SVGElement>(root, "edge").filter(({ dataset }) => Number(dataset[end]) === index);
    const row = figure.querySelectorAll(".attention-vector tr")[index];
    const word = wordAt(end, index)?.element;
    lit = [...edges, row, word].filter((one) => one !== undefined);
    for (const one of lit) toggleClass(one, "lit", true);
  };

  const events = ["pointerover", "pointerleave"];
  for (const event of events) figure.addEventListener(event, onMove);
  return () => {
    for (const event of events) figure.removeEventListener(event, onMove);
  };
}
