/** A figure comes to life: events become actions, actions a new state, the state what is shown. */

import { bindControls } from "./controls";
import { backgroundOf, fail, isChord, mark, part, parts, setAttributes, take } from "./dom";
import { type Model, otherSide, type Place, placeOf, telling } from "./model";
import { openPanel } from "./panel";
import { makeScrollable } from "./scores";
import { type Action, reduce, sameToken, type State } from "./state";
import { bindTokens } from "./tokens";
import { views } from "./views";

/** A figure that is alive. */
export interface Live {
  readonly figure: HTMLElement;
  readonly model: Model;
  readonly state: State;
  /** What the static picture shows. */
  readonly first: State;
  dispatch(action: Action): void;
  /** Whether the figure has a control of this name that can take this value. */
  takes(name: string, value: string): boolean;
  tell(text: string): void;
}

export type Watch = (live: Live, action: Action, previous: State) => void;

/** Bind a figure whose payload is there. Throws where its picture is not as expected. */
export function bind(figure: HTMLElement, model: Model, watch: Watch): Live {
  const wanted = figure.dataset["view"] ?? "";
  const kind = Object.keys(views).includes(wanted) ? views[wanted] : null;
  if (!kind) fail("no such view");
  sweep(figure);
  const dispatch = (action: Action): void => {
    const previous = state;
    state = reduce(state, action);
    if (state === previous) return;
    show(previous);
    if (action.type === "set") panel.tell(controls.said(action.name));
    else if (worthSaying(action, state)) panel.say(state);
    if (action.type === "adopt") bringIntoView(inSight());
    watch(live, action, previous);
  };
  const show = (previous: State | null): void => {
    view.show(state, previous);
    for (const picture of parts<SVGSVGElement>(figure, "picture")) entitle(picture);
    panel.show(state, previous);
    tokens.show(state.pinned);
    controls.show(state, previous);
  };

  /** What a reader should see first: the word that asks and its answer, or the mark of the chosen head. */
  const inSight = (): (Element | null | undefined)[] => {
    const [place] = state.pinned;
    if (!place) return [part(figure, "mark")];
    const { layer, head } = state;
    const index = place.other ?? telling(model, layer, head, place);
    const answer = tokens.at({ side: otherSide(place.side), index }) ?? tokens.at({ side: place.side, index });
    return [tokens.at(place)?.element, answer?.element];
  };

  const pinned = pinnedIn(figure);
  const view = kind.open(figure, model, dispatch);
  const panel = openPanel(figure, model, view);
  const controls = bindControls(figure, model, dispatch);
  const tokens = bindTokens(figure, view, model, dispatch);
  const first = firstState(figure, model, pinned, controls.first);
  let state = first;
  const live: Live = {
    figure,
    model,
    first,
    dispatch,
    get state() {
      return state;
    },
    takes: controls.takes,
    tell: panel.tell,
  };
  show(null);
  figure.addEventListener("keydown", (event) => {
    if (isChord(event)) return;
    if (event.key === "Escape" && state.pinned.length) {
      dispatch({ type: "unpin" });
      take(event);
    } else if (answers(event.target as Element, event.key)) event.stopPropagation();
  });
  for (const stage of parts(figure, "stage")) watchOverflow(stage);
  bringIntoView(inSight());
  return live;
}

function worthSaying(action: Action, state: State): boolean {
  switch (action.type) {
    case "hover":
    case "unpin":
    case "adopt":
      return false;
    case "focus":
      return action.place !== null;
    case "toggle":
      return state.pinned.length > 0;
    default:
      return true;
  }
}

/** What the script adds to a figure: a copy of a figure that was alive has it already. */
const ADDED = ["live", "save", "stage > canvas", "thumbs", "cross"];

/** Take away what an earlier life has left, where a page puts in a copy of what it has kept. */
function sweep(figure: HTMLElement): void {
  for (const name of ADDED) for (const left of parts(figure, name)) left.remove();
}

/** What the static picture shows. */
function firstState(
  figure: HTMLElement,
  model: Model,
  pinned: readonly Place[],
  options: State["options"],
): State {
  const at = (names: readonly string[], name = ""): number => Math.max(0, names.indexOf(name));
  const { layer, head, heads } = figure.dataset;
  const shown = (heads ?? head ?? "").split(",").map((name) => at(model.heads, name));
  return {
    layer: at(model.layers, layer),
    head: at(model.heads, head),
    heads: shown,
    direction: "from",
    hovered: null,
    focused: null,
    pinned,
    options,
  };
}

function pinnedIn(figure: HTMLElement): Place[] {
  const places: Place[] = [];
  for (const place of parts<SVGElement>(figure, "token--focus").map(placeOf)) {
    if (!places.some((one) => sameToken(one, place))) places.push(place);
  }
  return places;
}

/** The picture is now a group of buttons. A `<title>` in it would pop up over every one of them. */
function entitle(picture: SVGSVGElement): void {
  if (picture.getAttribute("role") === "group") return;
  const title = picture.querySelector(":scope > title");
  const [about, detail] = picture.querySelectorAll(":scope > desc");
  const name = title?.textContent ?? "";
  // The title that is made for an author who gave none is the same for many figures.
  const longer = name && about?.textContent?.startsWith(name);
  if (longer && about) setAttributes(picture, { "aria-labelledby": about.id });
  else picture.removeAttribute("aria-labelledby");
  const described = [longer ? undefined : about, detail].flatMap((one) => one?.id || []);
  setAttributes(picture, {
    role: "group",
    ...(described.length && { "aria-describedby": described.join(" ") }),
    ...(title && { "aria-label": name }),
  });
  title?.remove();
}

/** Px between what is brought into view and the edge of its box. */
const EDGE = 4;

/**
 * Scroll the box that these elements are in so that all of them are seen where they fit, and the
 * first where they do not, with as much as fits on the side of the second. The page stays put.
 */
function bringIntoView(all: readonly (Element | null | undefined)[]): void {
  const stage = all[0]?.closest(".attention-stage");
  if (!stage) return;
  const seen = all.flatMap((one) => (one ? [(part(one, "word") ?? one).getBoundingClientRect()] : []));
  const around = stage.getBoundingClientRect();
  const by = (low: "left" | "top", high: "right" | "bottom"): number => {
    const [start, end] = [Math.min(...seen.map((box) => box[low])), Math.max(...seen.map((box) => box[high]))];
    const [from, to] = [around[low] + EDGE, around[high] - EDGE];
    if (start >= from && end <= to) return 0;
    if (end - start <= to - from) return (start + end - from - to) / 2;
    return seen[0]![low] > start ? seen[0]![high] - to : seen[0]![low] - from;
  };
  if (isWide(stage)) stage.scrollLeft += by("left", "right");
  if (stage.scrollHeight > stage.clientHeight + 1) stage.scrollTop += by("top", "bottom");
}

/** Whether a control or a box that scrolls answers a key by itself: it is then no shortcut of the page. */
function answers(target: Element, key: string): boolean {
  if (target.matches("select")) return /^(.|Arrow.*|Page.*|Home|End|Enter)$/.test(key);
  if (target.matches("button, summary")) return /^(Enter| )$/.test(key);
  if (!target.matches(".attention-stage, .attention-scores, .attention-thumbs")) return false;
  if (/^Arrow(Left|Right)$/.test(key)) return isWide(target);
  return /^(Arrow.*|Page.*|Home|End| )$/.test(key) && target.scrollHeight > target.clientHeight + 1;
}

/** Whether a stage is wider than its box. */
function isWide(stage: Element): boolean {
  return stage.scrollWidth > stage.clientWidth + 1;
}

/**
 * A stage wider than its box can be scrolled with the keyboard; one that fits is no tab stop. The
 * style sheet is told on which sides there is more, and how far names of rows go to stay in sight.
 */
function watchOverflow(stage: HTMLElement): void {
  if (typeof ResizeObserver === "undefined") return;
  const tell = (): void => {
    const { scrollLeft, scrollWidth, clientWidth, style } = stage;
    const gone = Math.abs(scrollLeft);
    mark(stage, "stage--before", gone > 1);
    mark(stage, "stage--after", gone < scrollWidth - clientWidth - 1);
    style.setProperty("--attention-gone", `${scrollLeft}px`);
    if (gone > 1) style.setProperty("--attention-page", backgroundOf(stage));
  };
  stage.addEventListener("scroll", tell, { passive: true });
  new ResizeObserver(() => {
    if (isWide(stage)) {
      const name = part(stage, "picture")?.getAttribute("aria-label");
      makeScrollable(stage, name ?? stage.parentElement?.ariaLabel ?? "");
    } else for (const name of ["tabindex", "role", "aria-label"]) stage.removeAttribute(name);
      tell();
  }).observe(stage);
}
