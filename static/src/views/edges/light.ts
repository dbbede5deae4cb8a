/**
 * Lights up a pair of words wherever a figure shows it: its edges, its row in the vector of a pinned word,
 * and the other word. A pair is lit while its edge or its row is under the pointer, and while a cell is in
 * focus, for example because a link in the prose names it. A pin lights nothing: it shows all of its words.
 */

import { type Dispatch, findAll, type Model, otherSide, type Place, sameToken, type Side, type State, type TextTokens, toggleClass } from "../shared";

export interface Light {
  show(state: State): void;
  /** Stop to listen. */
  destroy(): void;
}

/**
 * Bind the picture in `root` and the vector of its figure. `turns` says whether readers can turn edges
 * round. A view without edges gives `dispatch`, to show the cell of a row that is under the pointer.
 */
export function openLight(
  root: HTMLElement,
  model: Model,
  tokens: TextTokens,
  turns: boolean,
  dispatch?: Dispatch,
): Light {
  const figure = root.closest<HTMLElement>("figure, .attention-pane") ?? root;
  let state: State | undefined;
  /** The index of the row or edge under the pointer. */
  let pointed = -1;
  let lit: Element[] = [];

  /** The side from which the edges of a token in focus lead. A cell is that of a query and a key. */
  const from = ({ side, other }: Place): Side =>
    turns && model.oneRow && state!.direction === "to" && other === undefined ? "key" : side;

  const relight = (): void => {
    for (const one of lit) toggleClass(one, "lit", false);
    lit = [];
    const isCell = pointed < 0;
    const place = state && (state.hovered ?? state.focused ?? (isCell ? null : state.pinned[0]));
    const other = isCell ? place?.other : pointed;
    if (!place || other === undefined) return;
    const start = from(place);
    const end = otherSide(start);
    const edges = findAll<SVGElement>(root, "edge").filter(
      ({ dataset }) => Number(dataset[end]) === other && (!isCell || Number(dataset[start]) === place.index),
    );
    // The vector is that of the pinned words, which need not be in focus.
    const isPinned = !isCell || state!.pinned.some((pin) => sameToken(pin, place));
    const row = isPinned && figure.querySelectorAll(".attention-vector tr")[other];
    const word = (tokens[end][other] ?? tokens.query[other])?.element;
    lit = [...edges, row, word].filter((one) => !!one);
    for (const one of lit) toggleClass(one, "lit", true);
  };

  const indexAt = (target: Element): number => {
    const pin = state?.pinned[0];
    if (!pin) return -1;
    const row = target.closest<HTMLTableRowElement>(".attention-vector tr");
    if (row) return row.sectionRowIndex;
    const edge = root.contains(target) ? target.closest<SVGElement>(".attention-edge") : null;
    return Number(edge?.dataset[otherSide(from(pin))] ?? -1);
  };
  const onMove = ({ target, type }: Event): void => {
    const next = type === "pointerleave" ? -1 : indexAt(target as Element);
    if (next === pointed) return;
    pointed = next;
    if (!dispatch) return relight();
    const pin = next < 0 ? undefined : state!.pinned.at(-1);
    dispatch({ type: "hover", place: pin ? { side: from(pin), index: pin.index, other: next } : null });
  };

  const events = ["pointerover", "pointerleave"];
  for (const event of events) figure.addEventListener(event, onMove);
  return {
    show(next) {
      state = next;
      if (!next.pinned.length) pointed = -1;
      // The vector is shown after the picture.
      queueMicrotask(relight);
    },
    destroy() {
      for (const event of events) figure.removeEventListener(event, onMove);
    },
  };
}
