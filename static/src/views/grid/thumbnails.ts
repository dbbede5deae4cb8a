/** The thumbnails of all heads: buttons over one canvas, and one of them is the tab stop. */

import {
  ADDED,
  type Cells,
  element,
  findAll,
  focusOn,
  isChord,
  type Model,
  numberIn,
  paint,
  type Place,
  require,
  say,
  setAttributes,
  setText,
  svg,
  take,
  toggleClass,
} from "../shared";
import { openLens } from "./lens";
import { type ThumbnailLayout, hairlines, moved, type Sheet, split } from "./sheet";

/** The padding of the box of thumbnails in the style sheet, in px. */
const PADDING = 6;

/** The functions of the view that thumbnails call. */
interface Callbacks {
  cells(sheet: Sheet): Cells;
  choose(at: number): void;
  /** Called with the thumbnail under the pointer or with the focus, or with null. */
  preview(at: number | null): void;
}

export interface Thumbnails {
  /** The largest width of a sorted sheet, in px. */
  room(): number;
  /** Show a sheet. */
  layOut(sheet: Sheet, name: (at: number) => string): void;
  /** Mark a head as the chosen one. */
  choose(at: number): void;
  /** Mark tokens by lines through all thumbnails. */
  cross(places: readonly Place[], upright: (place: Place) => boolean): void;
}

export function openThumbnails(
  figure: HTMLElement,
  model: Model,
  layout: ThumbnailLayout,
  callbacks: Callbacks,
): Thumbnails {
  const picture = require<SVGSVGElement>(figure, "picture");
  const width = numberIn(picture, "width");
  const canvas = element("canvas", ["attention-canvas"]);
  setAttributes(canvas, { "aria-hidden": "true" });
  const path = svg("path");
  const lines = svg("svg", { class: "attention-hairlines", "aria-hidden": "true" }, path);
  const box = element("div", ["attention-thumbs", ADDED], canvas, lines);
  setAttributes(box, { role: "group", "aria-label": say("heads") });
  picture.after(box);
  const about = require(figure, "headline").id;
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
  const lens = openLens(box, model);
  const preview = (target: EventTarget | null, enlarged = true): void => {
    const at = of(target);
    lens(enlarged ? at : null, at === null ? undefined : buttons[at], layout.columns * layout.cell);
    callbacks.preview(at);
  };
  const draw = (): void => {
    if (!sheet || !canvas.isConnected) return;
    paint(canvas, callbacks.cells(sheet));
    toggleClass(box, "thumbs--painted", true);
  };
  const rove = (button: HTMLElement | undefined): void => {
    if (stop) stop.tabIndex = -1;
    stop = button;
    if (stop) stop.tabIndex = 0;
  };

  box.addEventListener("click", ({ target }) => {
    const at = of(target);
    if (at !== null) callbacks.choose(at);
  });
  box.addEventListener("pointerover", ({ target }) => preview(target));
  box.addEventListener("pointerleave", () => preview(document.activeElement, false));
  box.addEventListener("focusin", ({ target }) => {
    const at = of(target);
    if (at !== null) rove(buttons[at]);
    preview(target, buttons[at ?? 0]!.matches(":focus-visible"));
  });
  box.addEventListener("focusout", () => preview(null));
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
    layOut(next, name) {
      const first = !sheet;
      sheet = next;
      toggleClass(box, "thumbs--sorted", sheet.sorted);
      const { cell, rows, columns } = layout;
      const sizes = {
        left: layout.left,
        top: layout.top,
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
      // Start at the best head, unless the chosen one is not visible then.
      box.scrollTop = 0;
      const low = current?.isConnected ? current.offsetTop + current.offsetHeight : 0;
      if (low > box.clientHeight) box.scrollTop = low - box.clientHeight / 2;
      // The static picture shows the same at first, so the first painting can wait.
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
      markIn(picture, model, layout, at);
    },
    cross(places, upright) {
      setAttributes(path, { d: sheet ? hairlines(sheet, layout, places, upright) : "" });
    },
  };
}

/** The distance from a thumbnail to its mark, in px. */
const AROUND = 2;

/** Mark the chosen head in the picture too, because the picture is what is printed and saved. */
function markIn(picture: SVGSVGElement, model: Model, layout: ThumbnailLayout, at: number): void {
  const [layer, head] = split(model, at);
  setAttributes(require(picture, "mark"), {
    x: layout.left + head * layout.across * layout.cell - AROUND,
    y: layout.top + layer * layout.down * layout.cell - AROUND,
  });
  for (const name of findAll<SVGElement>(picture, "axes > text")) {
    const { at } = name.dataset;
    toggleClass(name, "here", at === `h${head}` || at === `l${layer}`);
  }
}
