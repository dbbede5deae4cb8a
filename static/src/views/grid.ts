/** A thumbnail of every head, in its place or sorted by a score, and the chosen one large beside. */

import { type Cells, paint } from "../cells";
import { boxOf, element, focusOn, isChord, mark, needed, numberIn, part, parts, setAttributes, setText, svg, take, textWidth } from "../dom";
import type { Model, Place } from "../model";
import { say } from "../phrases";
import { inFocus, type State } from "../state";
import { views } from ".";
import {
  bounds,
  cellsOfSheet,
  decimals,
  type Frame,
  hairlines,
  isKey,
  moved,
  nameOf,
  type Sheet,
  sheetOf,
  scoresBy,
  split,
  thumbnails,
} from "./grid-sheet";
import { filterOf } from "./pair";
import { openTurn } from "./turn";
import type { Dispatch, View, ViewKind } from "./view";

export const grid: ViewKind = { open };

/** As the style sheet has it, and what keeps labels apart. */
const LABEL_FONT = 10;
const LABEL_APART = 8;
const PADDING = 6;

function open(figure: HTMLElement, model: Model, dispatch: Dispatch): View {
  const frame = frameOf(figure, model);
  let levels: Int8Array | undefined;
  const cells = (sheet: Sheet): Cells =>
    cellsOfSheet((levels ??= thumbnails(model, frame, filterOf(model, options))), sheet, frame);
  const large = openLarge(figure, model, dispatch);
  const headline = needed(figure, "headline");
  const shown = needed(headline, "shown");
  const scores = namedScores(headline, model);
  const offer = openBounds(figure, model, dispatch);
  const showTurn = openTurn(figure, dispatch);
  let chosen = -1;
  let options: State["options"] = {};
  const tell = (at: number): void => {
    setText(headline.querySelector("b")!, nameOf(model, at));
    setText(shown, say("shown_large", { head: nameOf(model, chosen) }));
    mark(headline, "headline--preview", at !== chosen);
    for (const { place, number } of scores) setText(place, number(at));
  };

  const thumbs = openThumbs(figure, model, frame, {
    cells,
    choose(at) {
      const [layer, head] = split(model, at);
      dispatch({ type: "layer", value: layer });
      dispatch({ type: "head", value: head });
    },
    preview: (at) => tell(at ?? chosen),
  });

  const lay = (by: State["options"]): void =>
    thumbs.lay(sheetOf(model, by, frame, thumbs.room(), widest), (at) =>
      spoken(model, at, scores, by["order"]),
    );
  return {
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
        lay(options);
      }
      thumbs.choose(at);
      thumbs.cross(focus, (place) => isKey(model, place, state.direction));
      if (at !== chosen) tell((chosen = at));
      showTurn(state);
    },
    destroy: () => large.view().destroy?.(),
  };
}

interface Large {
  view(): View;
  show(state: State, previous: State | null): void;
}

/** The chosen head in another view, in its own stage. */
function openLarge(figure: HTMLElement, model: Model, dispatch: Dispatch): Large {
  const root = needed(figure, "large");
  const stage = needed(root, "stage");
  let name = root.dataset["view"] ?? "";
  // The arcs that stand there from the start need not be built.
  const first = stage.firstElementChild!;
  let view = views[name]!.open(root, model, dispatch);
  setAttributes(root, { role: "group" });
  return {
    view: () => view,
    show(state, previous) {
      const wanted = state.options["large"] ?? name;
      const kind = views[wanted];
      const other = wanted !== name && !!kind;
      if (other) {
        view.destroy?.();
        // What they show at rest is drawn anew, as it may be of another head by now.
        part(first, "overview")?.replaceChildren();
        stage.replaceChildren(kind.build?.(model) ?? first);
        root.dataset["view"] = name = wanted;
        view = kind.open(root, model, dispatch);
      }
      setAttributes(root, { "aria-label": placeOf(model, [state.layer, state.head]) });
      view.show(state, other ? null : previous);
    },
  };
}

function frameOf(figure: HTMLElement, model: Model): Frame {
  const cells = needed<SVGElement>(figure, "cells");
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
  /** Where its number stands. */
  place: Node;
  number(at: number): string;
  text(at: number): string;
}

/** The scores that these heads have, by their names in the line under the thumbnails. */
function namedScores(headline: HTMLElement, model: Model): NamedScore[] {
  return [...headline.querySelectorAll<HTMLElement>("[data-score]")].map((span) => {
    const key = span.dataset["score"]!;
    const scores = model.headScores[key] ?? [];
    // Scripts of the page may have wrapped words of it: only its text and its number are sure.
    const place = span.querySelector("b")!;
    const [before, after] = span.textContent.split(place.textContent);
    const number = (at: number): string => decimals(scores[at] ?? 0);
    const text = (at: number): string => `${before}${number(at)}${after}`;
    return { key, place, number, text };
  });
}

function placeOf(model: Model, [layer, head]: readonly [number, number]): string {
  return say("place", { layer: model.layers[layer]!, head: model.heads[head]! });
}

/** The name of a thumbnail, with the score that heads are sorted by, or the first there is. */
function spoken(model: Model, at: number, scores: readonly NamedScore[], order = ""): string {
  const score = scores.find(({ key }) => key === order) ?? scores[0];
  return placeOf(model, split(model, at)) + (score ? `, ${score.text(at)}` : "");
}

/**
 * What "at least" may be: bounds of all scores are there, so that an address can name them, and
 * those of the score that sorts are shown.
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
  // A bound of one score says nothing of another.
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

interface Hands {
  cells(sheet: Sheet): Cells;
  choose(at: number): void;
  /** What is under the pointer, or has the keyboard; null where nothing is. */
  preview(at: number | null): void;
}

interface Thumbs {
  /** How wide a sorted sheet may be. */
  room(): number;
  lay(sheet: Sheet, name: (at: number) => string): void;
  /** Mark a head as the chosen one. */
  choose(at: number): void;
  /** Mark tokens in all thumbnails. */
  cross(places: readonly Place[], upright: (place: Place) => boolean): void;
}

/** The thumbnails: buttons over one canvas, and one of them the tab stop. */
function openThumbs(figure: HTMLElement, model: Model, frame: Frame, hands: Hands): Thumbs {
  const picture = needed<SVGSVGElement>(figure, "picture");
  const width = numberIn(picture, "width");
  const canvas = element("canvas", ["attention-canvas"]);
  setAttributes(canvas, { "aria-hidden": "true" });
  const path = svg("path");
  const lines = svg("svg", { class: "attention-hairlines", "aria-hidden": "true" }, path);
  const box = element("div", ["attention-thumbs"], canvas, lines);
  setAttributes(box, { role: "group", "aria-label": say("heads") });
  picture.after(box);
  const about = needed(figure, "headline").id;
  const buttons = Array.from({ length: model.layers.length * model.heads.length }, () => {
    const button = element("button", ["attention-thumb"]);
    button.type = "button";
    button.tabIndex = -1;
    setAttributes(button, { "aria-describedby": about });
    return button;
  });
  const all = new Map<EventTarget | null, number>(buttons.map((button, at) => [button, at]));
  const of = (target: EventTarget | null): number | null => all.get(target) ?? null;
  let sheet: Sheet | undefined;
  let current: HTMLElement | undefined;
  let stop: HTMLElement | undefined;
  const draw = (): void => {
    if (!sheet || !canvas.isConnected) return;
    paint(canvas, hands.cells(sheet));
    mark(box, "thumbs--painted", true);
  };
  const rove = (button: HTMLElement | undefined): void => {
    if (stop) stop.tabIndex = -1;
    stop = button;
    if (stop) stop.tabIndex = 0;
  };

  box.addEventListener("click", ({ target }) => {
    const at = of(target);
    if (at !== null) hands.choose(at);
  });
  box.addEventListener("pointerover", ({ target }) => hands.preview(of(target)));
  box.addEventListener("pointerleave", () => hands.preview(of(document.activeElement)));
  box.addEventListener("focusin", ({ target }) => {
    const at = of(target);
    if (at !== null) rove(buttons[at]);
    hands.preview(at);
  });
  box.addEventListener("focusout", () => hands.preview(null));
  box.addEventListener("keydown", (event) => {
    const at = of(event.target);
    if (at === null || !sheet || isChord(event)) return;
    const next = moved(sheet, sheet.heads.indexOf(at), event.key);
    if (next === undefined) return;
    take(event);
    focusOn(buttons[sheet.heads[next]!]!);
  });

  return {
    room: () => Math.min(width, box.parentElement!.clientWidth) - PADDING,
    lay(next, name) {
      const first = !sheet;
      sheet = next;
      mark(box, "thumbs--sorted", sheet.sorted);
      const { cell, rows, columns } = frame;
      const sizes = {
        left: frame.left,
        top: frame.top,
        picture: width,
        most: numberIn(picture, "height"),
        across: sheet.across * cell,
        down: sheet.down * cell,
        inset: sheet.inset * cell,
        wide: columns * cell,
        high: rows * cell,
        width: sheet.perLine * sheet.across * cell,
        height: Math.ceil(sheet.heads.length / sheet.perLine) * sheet.down * cell,
      };
      for (const [key, value] of Object.entries(sizes)) box.style.setProperty(`--${key}`, `${value}px`);
      box.style.setProperty("--line", String(sheet.perLine));
      for (const [i, at] of sheet.heads.entries()) {
        setText(buttons[at]!, sheet.labels[i] ?? "");
        setAttributes(buttons[at]!, { "aria-label": name(at) });
      }
      box.replaceChildren(canvas, lines, ...sheet.heads.map((at) => buttons[at]!));
      // From the best head on, unless the chosen one is out of sight there.
      box.scrollTop = 0;
      const low = current?.isConnected ? current.offsetTop + current.offsetHeight : 0;
      if (low > box.clientHeight) box.scrollTop = low - box.clientHeight / 2;
      // Until there is time for it, the static picture shows the same.
      if (first) setTimeout(draw);
      else draw();
      if (!stop?.isConnected) rove(current?.isConnected ? current : buttons[sheet.heads[0]!]);
    },
    choose(at) {
      const button = buttons[at]!;
      if (button === current) return;
      current?.removeAttribute("aria-current");
      current = button;
      setAttributes(current, { "aria-current": "true" });
      if (current.isConnected && !box.contains(document.activeElement)) rove(current);
      markIn(picture, model, frame, at);
    },
    cross(places, upright) {
      setAttributes(path, { d: sheet ? hairlines(sheet, frame, places, upright) : "" });
    },
  };
}

/** From a thumbnail to its mark. */
const AROUND = 2;

/** Mark the chosen head in the picture too, which is what is printed and saved. */
function markIn(picture: SVGSVGElement, model: Model, frame: Frame, at: number): void {
  const [layer, head] = split(model, at);
  setAttributes(needed(picture, "mark"), {
    x: frame.left + head * frame.across * frame.cell - AROUND,
    y: frame.top + layer * frame.down * frame.cell - AROUND,
  });
  for (const name of parts<SVGElement>(picture, "axes > text")) {
    const { at } = name.dataset;
    mark(name, "here", at === `h${head}` || at === `l${layer}`);
  }
}
