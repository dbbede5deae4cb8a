/**
 * The rail of the view steps: it leads through the steps one after the other. The column of the present
 * step is inked, and its panel alone is shown. Where the picture does not fit, as on a phone, the columns
 * of other steps give way to it.
 */

import {
  boxOf,
  clamp,
  type Dispatch,
  find,
  findAll,
  focusOn,
  isChord,
  type Model,
  numberIn,
  require,
  setAttributes,
  take,
  toggleClass,
  type View,
  type ViewKind,
} from "../shared";

export const view: ViewKind = { open };

/** The option whose value is the present step. */
const NAME = "formula";

/** A column of the picture: the number of its step, and its ends in px. */
export type Column = readonly [step: number, x: number, end: number];

/** The appearance of a column. Columns that are away are not drawn. */
export type Ink = "now" | "past" | "later" | "away";

/** The opacity of the numbers of a column. */
const OPACITY: Readonly<Record<Ink, number>> = { now: 1, past: 0.76, later: 0.5, away: 1 };

/** Px that are free at the right of a picture. */
const MARGIN = 5;
/** Px by which a finger moves to turn to another step. */
const SWIPE = 40;

/**
 * The ink of each column at a step, and by how many px the columns move to the left. `room` is the
 * width that the picture has; columns before the present ones give way where it is too small.
 */
export function inked(columns: readonly Column[], step: number, room: number): readonly [Ink[], number] {
  // A step that has no column of its own reads the column before.
  const now = Math.max(...columns.map(([of]) => (of <= step ? of : 0)));
  const inks = columns.map(([of]): Ink => (of < now ? "past" : of === now ? "now" : "later"));
  const last = inks.lastIndexOf("now");
  if (columns.at(-1)![2] + MARGIN <= room) return [inks, 0];
  const [, left] = columns[0]!;
  const most = Math.min(inks.indexOf("now"), columns.findIndex(([, x]) => left + columns[last]![2] - x + MARGIN <= room));
  const start = most < 0 ? inks.indexOf("now") : most;
  return [inks.map((ink, at) => (at < start || at > last ? "away" : ink)), columns[start]![1] - left];
}

/** The places of words of these widths in lines: for each word its left end and its line. */
export function lines(widths: readonly number[], gap: number, most: number): (readonly [number, number])[] {
  let [x, line] = [0, 0];
  return widths.map((width) => {
    if (x && x + width > most) [x, line] = [0, line + 1];
    const place = [x, line] as const;
    x += width + gap;
    return place;
  });
}

function open(root: HTMLElement, _: Model, dispatch: Dispatch): View {
  const rail = find(root, "rail");
  if (!rail) return { tokens: [], show() {} };
  const stage = require(root, "stage");
  const picture = require<SVGSVGElement>(stage, "picture");
  const buttons = [...rail.querySelectorAll<HTMLButtonElement>(`[name=${NAME}]`)];
  const steps = buttons.slice(0, -1).map(({ value }) => value);
  const [back, next] = [require(rail, "back"), require(rail, "next")];
  const rows = require(picture, "rows");
  const columns = require(picture, "heads").dataset["columns"]!.split(",").map((one) => one.split(" ").map(Number)) as unknown as Column[];
  const numbers = rows.dataset["places"]!.split(" ").map(Number);
  const panels = require(root, "panels");
  const [setWords, resetWords] = wordsIn(picture);
  const paper = matchMedia("print");
  const [whole, height] = [numberIn(picture, "width"), numberIn(picture, "height")];
  /** The number of the present step from 0; -1 while all steps are shown. */
  let at = -1;

  const go = (to: number, focus = false): void => {
    const value = steps[to];
    if (value === undefined || to === at) return;
    dispatch({ type: "set", name: NAME, value });
    if (focus) focusOn(buttons[to]!, true);
  };

  /** Ink the columns, and move those that are shown to the names of the rows where room is short. */
  const draw = (full = false): void => {
    const room = stage.clientWidth;
    const card = !full && !paper.matches && at >= 0 && room > 0 && room < whole;
    const [inks, by] = at < 0 ? [[], 0] : inked(columns, at + 1, card ? room : Infinity);
    for (const part of stage.querySelectorAll<HTMLElement>("[data-at]")) part.dataset["ink"] = inks[Number(part.dataset["at"])] ?? "";
    for (const [i, column] of numbers.entries()) {
      const ink = inks[column] ?? "now";
      rows.style.setProperty(`--ink-${i}`, String(OPACITY[ink]));
      rows.style.setProperty(`--seen-${i}`, ink === "away" ? "hidden" : "inherit");
    }
    const grown = card ? setWords(room) : resetWords();
    toggleClass(stage, "stage--card", card);
    // Saved and printed pictures are complete, and not in the middle of a movement.
    toggleClass(stage, "stage--whole", full);
    stage.style.setProperty("--attention-by", `${-by}px`);
    stage.style.setProperty("--attention-grown", `${grown}px`);
    const [width, high] = [card ? room : whole, height + grown];
    setAttributes(picture, { width, height: high, viewBox: `0 ${-grown} ${width} ${high}` });
  };

  rail.addEventListener("click", ({ target }) => {
    if (back.contains(target as Node)) go(at - 1);
    if (next.contains(target as Node)) go(at + 1);
  });
  rail.addEventListener("keydown", (event) => {
    if (isChord(event)) return;
    const on = getComputedStyle(rail).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const turn = /^Arrow(Left|Right)$/.test(event.key) ? (event.key === on ? 1 : -1) : 0;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: steps.length - 1 }[event.key] ?? (turn ? at + turn : null);
    if (to === null) return;
    go(clamp(to, 0, steps.length - 1), buttons.includes(event.target as HTMLButtonElement));
    take(event);
  });
  bindSwipe(stage, (by) => go(at + by));
  if (typeof ResizeObserver !== "undefined") new ResizeObserver(() => draw()).observe(stage);
  paper.addEventListener("change", () => draw());
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw());

  return {
    tokens: [],
    complete() {
      draw(true);
      setTimeout(draw);
    },
    show({ options }, previous) {
      if (previous?.options === options) return;
      const value = options[NAME] ?? "";
      // Where a figure of two measures shows weights, the last step stands for the step that is not there.
      at = value === "written" && !steps.includes(value) ? steps.length - 1 : steps.indexOf(value);
      for (const [i, button] of buttons.entries()) {
        // One of the steps is a tab stop.
        button.tabIndex = i === Math.max(at, 0) || i === steps.length ? 0 : -1;
      }
      setAttributes(back, { "aria-disabled": String(at < 1) });
      setAttributes(next, { "aria-disabled": String(at === steps.length - 1) });
      toggleClass(panels, "panels--one", at >= 0);
      for (const panel of panels.children) toggleClass(panel, "now", (panel as HTMLElement).dataset["step"] === steps[at]);
      draw();
    },
  };
}

/**
 * Two functions: one sets the words of the text in lines of some width, and the other sets them back.
 * Both return by how many px the text is higher than at first.
 */
function wordsIn(picture: SVGSVGElement): [(room: number) => number, () => number] {
  const group = require(picture, "words");
  const all = findAll<SVGGElement>(group, "token").map((word) => {
    const text = word.querySelector("text")!;
    const area = word.querySelector("rect");
    const width = area ? boxOf(area)[2] - 8 : Math.max(24, numberIn(text, "textLength"));
    return { word, width, x: numberIn(text, "x"), y: numberIn(text, "y") };
  });
  const tops = [...new Set(all.map(({ y }) => y))];
  const mirrored = "backwards" in group.dataset;
  const set = (room: number): number => {
    const places = lines(all.map(({ width }) => width), 8, room - 2 * MARGIN);
    const more = (places.at(-1)?.[1] ?? 0) + 1 - tops.length;
    const grown = Math.max(0, more) * 28;
    for (const [i, { word, width, x, y }] of all.entries()) {
      const [left, line] = places[i]!;
      const middle = (mirrored ? room - MARGIN - left - width : MARGIN + left) + width / 2;
      const [right, down] = [middle - x, tops[0]! + 28 * line - grown - y];
      setAttributes(word, { transform: `translate(${right} ${down})` });
    }
    return grown;
  };
  const reset = (): number => {
    for (const { word } of all) word.removeAttribute("transform");
    return 0;
  };
  return [set, reset];
}

/** Call a function where a finger is drawn sideways over a card. */
function bindSwipe(stage: HTMLElement, turn: (by: 1 | -1) => void): void {
  let start: PointerEvent | null = null;
  stage.addEventListener("pointerdown", (event) => (start = event.pointerType === "mouse" ? null : event));
  stage.addEventListener("pointerup", (event) => {
    if (!start || !stage.classList.contains("attention-stage--card")) return;
    const [across, down] = [event.clientX - start.clientX, event.clientY - start.clientY];
    start = null;
    if (Math.abs(across) > Math.max(SWIPE, 2 * Math.abs(down))) turn(across < 0 ? 1 : -1);
  });
}
