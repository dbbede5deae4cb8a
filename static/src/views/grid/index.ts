/** The grid view: a thumbnail of every head, by layer and head or sorted by a score, and one head large. */

import { script_grid as phrases } from "../../../../sphinx_attention/core/phrases/en.json";
import {
  boxOf,
  type Cells,
  type Dispatch,
  element,
  filterOf,
  inFocus,
  type Model,
  numberIn,
  require,
  say,
  setText,
  type State,
  textWidth,
  toggleClass,
  type View,
  type ViewKind,
} from "../shared";
import { nameOfPlace, openLarge } from "./large";
import {
  bounds,
  cellsOfSheet,
  decimals,
  type ThumbnailLayout,
  isKey,
  nameOf,
  scoresBy,
  type Sheet,
  sheetOf,
  split,
  thumbnails,
} from "./sheet";
import { openThumbnails } from "./thumbnails";

export const view: ViewKind = { open, phrases };

/** The font size of labels in the style sheet, in px. */
const LABEL_FONT = 10;
/** The space between two labels, in px. */
const LABEL_APART = 8;

function open(figure: HTMLElement, model: Model, dispatch: Dispatch): View {
  const layout = layoutOf(figure, model);
  let levels: Int8Array | undefined;
  const cells = (sheet: Sheet): Cells =>
    cellsOfSheet((levels ??= thumbnails(model, layout, filterOf(model, options))), sheet, layout);
  const large = openLarge(figure, model, dispatch);
  const headline = require(figure, "headline");
  const shown = require(headline, "shown");
  const scores = namedScores(headline, model);
  const offer = openBounds(figure, model, dispatch);
  let chosen = -1;
  let options: State["options"] = {};
  const showHeadline = (at: number): void => {
    setText(headline.querySelector("b")!, nameOf(model, at));
    setText(shown, say("shown_large", { head: nameOf(model, chosen) }));
    toggleClass(headline, "headline--preview", at !== chosen);
    for (const { place, number } of scores) setText(place, number(at));
  };

  const thumbs = openThumbnails(figure, model, layout, {
    cells,
    choose(at) {
      const [layer, head] = split(model, at);
      dispatch({ type: "layer", value: layer });
      dispatch({ type: "head", value: head });
    },
    preview: (at) => showHeadline(at ?? chosen),
  });

  const layOut = (by: State["options"]): void =>
    thumbs.layOut(sheetOf(model, by, layout, thumbs.room, widest), (at) =>
      announcement(model, at, scores, by["order"]),
    );
  return {
    landmark: require(figure, "mark"),
    get tokens() {
      return large.view().tokens;
    },
    get edges() {
      return large.view().edges ?? false;
    },
    get vector() {
      return large.view().vector ?? true;
    },
    show(state, previous) {
      const { order, least, filter } = state.options;
      const before = previous?.options;
      const focus = inFocus(state);
      options = state.options;
      const at = state.layer * model.heads.length + state.head;
      large.show(state, previous);
      const filtered = before && filter !== before["filter"];
      if (filtered) levels = undefined;
      if (filtered || !before || order !== before["order"] || least !== before["least"]) {
        offer(scoresBy(model, options));
        layOut(options);
      }
      thumbs.choose(at);
      thumbs.cross(focus, (place) => isKey(model, place, state.direction));
      if (at !== chosen) showHeadline((chosen = at));
    },
    destroy: () => large.view().destroy?.(),
  };
}

function layoutOf(figure: HTMLElement, model: Model): ThumbnailLayout {
  const cells = require<SVGElement>(figure, "cells");
  const [pool, cell] = [numberIn(cells, "data-pool"), numberIn(cells, "data-cell")];
  const [left, top] = boxOf(cells);
  const [across = 0, down = 0] = (cells.dataset["step"] ?? "").split(" ").map(Number);
  return {
    left,
    top,
    cell,
    pool,
    rows: Math.ceil(model.queries.length / pool),
    columns: Math.ceil(model.keys.length / pool),
    across,
    down,
  };
}

function widest(labels: readonly string[]): number {
  return LABEL_APART + Math.max(0, ...labels.map((label) => textWidth(label, LABEL_FONT)));
}

interface NamedScore {
  key: string;
  /** The element that holds the number. */
  place: Node;
  number(at: number): string;
  text(at: number): string;
}

/** The scores in the line under the thumbnails. */
function namedScores(headline: HTMLElement, model: Model): NamedScore[] {
  return [...headline.querySelectorAll<HTMLElement>("[data-score]")].map((span) => {
    const key = span.dataset["score"]!;
    const scores = model.headScores[key] ?? [];
    // Other scripts may have wrapped some of its words, so that the number may have other siblings.
    const place = span.querySelector("b")!;
    const around = document.createRange();
    around.selectNodeContents(span);
    around.setEndBefore(place);
    const before = String(around);
    around.selectNodeContents(span);
    around.setStartAfter(place);
    const after = String(around);
    const number = (at: number): string => decimals(scores[at] ?? 0);
    const text = (at: number): string => `${before}${number(at)}${after}`;
    return { key, place, number, text };
  });
}

/** The name of a thumbnail, with the score that heads are sorted by, or else the first score. */
function announcement(model: Model, at: number, scores: readonly NamedScore[], order = ""): string {
  const score = scores.find(({ key }) => key === order) ?? scores[0];
  return nameOfPlace(model, split(model, at)) + (score ? `, ${score.text(at)}` : "");
}

/**
 * Bind the choice "at least". It holds the bounds of all scores, so that an address can name them.
 * The result shows only the bounds of the score that heads are sorted by.
 */
function openBounds(
  figure: HTMLElement,
  model: Model,
  dispatch: Dispatch,
): (scores: readonly (number | null)[] | undefined) => void {
  const select = figure.querySelector<HTMLSelectElement>('select[name="least"]');
  if (!select) return () => {};
  const every = Object.values(model.headScores).flatMap(bounds);
  for (const option of [...select.options].slice(1)) option.remove();
  for (const bound of [...new Set(every)].sort((a, b) => a - b)) {
    select.append(Object.assign(element("option", [], String(bound)), { value: bound }));
  }
  // A bound of one score means nothing for another score.
  figure.addEventListener("change", ({ target }) => {
    const { name, value } = target as HTMLSelectElement;
    if (name !== "order") return;
    dispatch({ type: "set", name: "least", value: "0" });
    dispatch({ type: "set", name, value });
  });
  return (scores) => {
    const offered = scores && bounds(scores);
    select.parentElement!.hidden = !offered?.length;
    for (const option of [...select.options].slice(1)) {
      option.hidden = !offered?.includes(Number(option.value));
    }
  };
}

