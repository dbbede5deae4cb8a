/** A figure comes to life: events become actions, actions a new state, the state what is shown. */

import { bindControls } from "./controls";
import { fail, isChord, parts, setAttributes, take } from "./dom";
import { type Model, type Place, placeOf } from "./model";
import { openPanel } from "./panel";
import { type Action, reduce, sameToken, type State } from "./state";
import { bindTokens } from "./tokens";
import { views } from "./views";
import type { TokenElement } from "./views/view";

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
  const kind = views[figure.dataset["view"] ?? ""];
  if (!kind) fail("no such view");
  const dispatch = (action: Action): void => {
    const previous = state;
    state = reduce(state, action);
    if (state === previous) return;
    show(previous);
    if (worthSaying(action, state)) panel.say(state);
    if (action.type === "adopt") bringIntoView(tokens.at(state.pinned[0]));
    watch(live, action, previous);
  };
  const show = (previous: State | null): void => {
    view.show(state, previous);
    for (const picture of parts<SVGSVGElement>(figure, "picture")) name(picture);
    panel.show(state, previous);
    tokens.show(state.pinned);
    controls.show(state, previous);
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
  bringIntoView(tokens.at(state.pinned[0]));
  return live;
}

function worthSaying(action: Action, state: State): boolean {
  switch (action.type) {
    case "hover":
    case "unpin":
    case "set":
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
function name(picture: SVGSVGElement): void {
  if (picture.getAttribute("role") === "group") return;
  const title = picture.querySelector(":scope > title");
  const description = picture.querySelector(":scope > desc");
  picture.removeAttribute("aria-labelledby");
  setAttributes(picture, {
    role: "group",
    ...(description?.id && { "aria-describedby": description.id }),
    ...(title && { "aria-label": title.textContent ?? "" }),
  });
  title?.remove();
}

/** What is pinned from the start must not lie outside a box that scrolls. The page stays put. */
function bringIntoView(token: TokenElement | undefined): void {
  const stage = token?.element.closest(".attention-stage");
  if (!stage || !token) return;
  const [box, around] = [token.element.getBoundingClientRect(), stage.getBoundingClientRect()];
  const out = box.left < around.left || box.right > around.right;
  if (out && isWide(stage)) stage.scrollLeft += (box.left + box.right - around.left - around.right) / 2;
  const off = box.top < around.top || box.bottom > around.bottom;
  if (off && stage.scrollHeight > stage.clientHeight + 1) {
    stage.scrollTop += (box.top + box.bottom - around.top - around.bottom) / 2;
  }
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

/** A stage wider than its box can be scrolled with the keyboard; one that fits is no tab stop. */
function watchOverflow(stage: HTMLElement): void {
  if (typeof ResizeObserver === "undefined") return;
  new ResizeObserver(() => {
    if (isWide(stage)) stage.tabIndex = 0;
    else stage.removeAttribute("tabindex");
  }).observe(stage);
}
