/** A figure comes to life: events become actions, actions a new state, the state what is shown. */

import type { Model, Place } from "./model";
import { openPanel } from "./panel";
import { type Action, reduce, same, type State } from "./state";
import { views } from "./views";
import type { TokenElement, View } from "./views/view";

export interface Live {
  dispatch(action: Action): void;
}

/** Bind a figure whose payload is there. Throws where its picture is not as expected. */
export function bind(figure: HTMLElement, model: Model): Live {
  const open = views[figure.dataset["view"] ?? ""];
  const picture = figure.querySelector<SVGSVGElement>(".attention-picture");
  if (!open || !picture) throw new Error(`attention: no view ${figure.dataset["view"]}`);
  let state = firstState(figure, model);
  const view = open(figure, model);
  const panel = openPanel(figure, model);
  const tokens = bindTokens(view, model);

  const dispatch = (action: Action): void => {
    const previous = state;
    state = reduce(state, action);
    if (state === previous) return;
    view.show(state);
    panel.show(state, previous);
    if (!same(state.pinned, previous.pinned)) tokens.press(state.pinned);
    if (worthSaying(action, state)) panel.say(state);
  };

  tokens.press(state.pinned);
  tokens.rove(tokens.at(state.pinned) ?? view.tokens[0]);
  name(picture);
  view.show(state);
  panel.show(state, null);
  bindPointer(picture, tokens, dispatch);
  bindKeyboard(picture, tokens, dispatch);
  bindControls(figure, model, dispatch);
  watchOverflow(figure);
  bringIntoView(figure, tokens.at(state.pinned));
  return { dispatch };
}

function worthSaying(action: Action, state: State): boolean {
  switch (action.type) {
    case "hover":
    case "unpin":
      return false;
    case "focus":
      return action.place !== null;
    case "toggle":
      return state.pinned !== null;
    default:
      return true;
  }
}

/** What the static picture shows. */
function firstState(figure: HTMLElement, model: Model): State {
  const focus = figure.querySelector<SVGElement>(".attention-token--focus");
  const place: Place | null = focus && {
    side: focus.dataset["side"] === "key" ? "key" : "query",
    index: Number(focus.dataset["token"]),
  };
  return {
    layer: Math.max(0, model.layers.indexOf(Number(figure.dataset["layer"]))),
    head: Math.max(0, model.heads.indexOf(Number(figure.dataset["head"]))),
    direction: "from",
    hovered: null,
    focused: null,
    pinned: place,
  };
}

/** The picture is now a group of buttons. A `<title>` in it would pop up over every one of them. */
function name(picture: SVGSVGElement): void {
  const title = picture.querySelector(":scope > title");
  const description = picture.querySelector(":scope > desc");
  picture.setAttribute("role", "group");
  picture.removeAttribute("aria-labelledby");
  if (description?.id) picture.setAttribute("aria-describedby", description.id);
  if (title) picture.setAttribute("aria-label", title.textContent ?? "");
  title?.remove();
}

interface Tokens {
  all: readonly TokenElement[];
  /** The token that an event happened on. */
  of(target: EventTarget | null): TokenElement | null;
  at(place: Place | null): TokenElement | undefined;
  press(place: Place | null): void;
  /** Make one token the figure's tab stop. */
  rove(token: TokenElement | undefined): void;
}

function bindTokens(view: View, model: Model): Tokens {
  const all = view.tokens;
  const byElement = new Map<Element, TokenElement>(all.map((token) => [token.element, token]));
  let stop: TokenElement | undefined;
  for (const { element, place } of all) {
    const row = place.side === "key" ? model.keys : model.queries;
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
    element.setAttribute("aria-pressed", "false");
    element.setAttribute("aria-label", row[place.index]!.text);
  }
  const at = (place: Place | null): TokenElement | undefined =>
    place ? all.find((token) => same(token.place, place)) : undefined;
  return {
    all,
    at,
    of(target) {
      const found = target instanceof Element ? target.closest("[data-token]") : null;
      return (found && byElement.get(found)) ?? null;
    },
    press(place) {
      for (const token of all) {
        const pressed = String(same(token.place, place));
        if (token.element.getAttribute("aria-pressed") !== pressed) {
          token.element.setAttribute("aria-pressed", pressed);
        }
      }
    },
    rove(token) {
      stop?.element.setAttribute("tabindex", "-1");
      stop = token;
      stop?.element.setAttribute("tabindex", "0");
    },
  };
}

type Dispatch = (action: Action) => void;

function bindPointer(picture: SVGSVGElement, tokens: Tokens, dispatch: Dispatch): void {
  const hover = (place: Place | null): void => dispatch({ type: "hover", place });
  picture.addEventListener("pointerover", (event) => {
    // A finger has no hover: what it would leave behind, it could not take away.
    if (event.pointerType !== "touch") hover(tokens.of(event.target)?.place ?? null);
  });
  picture.addEventListener("pointerleave", () => hover(null));
  picture.addEventListener("click", (event) => {
    const token = tokens.of(event.target);
    if (token) dispatch({ type: "toggle", place: token.place });
  });
}

function bindKeyboard(picture: SVGSVGElement, tokens: Tokens, dispatch: Dispatch): void {
  picture.addEventListener("focusin", (event) => {
    const token = tokens.of(event.target);
    if (!token) return;
    tokens.rove(token);
    // A click focuses too, but what it leaves behind is the pin alone.
    if (token.element.matches(":focus-visible")) dispatch({ type: "focus", place: token.place });
  });
  picture.addEventListener("focusout", (event) => {
    if (!tokens.of(event.relatedTarget)) dispatch({ type: "focus", place: null });
  });
  picture.addEventListener("keydown", (event) => {
    const token = tokens.of(event.target);
    if (!token || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") {
      if (!event.repeat) dispatch({ type: "toggle", place: token.place });
    } else {
      const next = neighbour(tokens.all, token, event.key);
      if (!next) return;
      next.element.focus();
    }
    event.preventDefault();
  });
}

/** Where a key leads from a token: left and right as seen, up and down between rows. */
export function neighbour(
  all: readonly TokenElement[],
  token: TokenElement,
  key: string,
): TokenElement | undefined {
  const row = all.filter(({ place }) => place.side === token.place.side);
  const other = all.filter(({ place }) => place.side !== token.place.side);
  const seen = [...row].sort((a, b) => a.x - b.x);
  const at = seen.indexOf(token);
  const nearest = (): TokenElement | undefined =>
    [...other].sort((a, b) => Math.abs(a.x - token.x) - Math.abs(b.x - token.x))[0];
  switch (key) {
    case "ArrowLeft":
      return seen[Math.max(0, at - 1)];
    case "ArrowRight":
      return seen[Math.min(seen.length - 1, at + 1)];
    case "ArrowUp":
      return token.place.side === "query" ? nearest() : undefined;
    case "ArrowDown":
      return token.place.side === "key" ? nearest() : undefined;
    case "Home":
      return row[0];
    case "End":
      return row[row.length - 1];
    default:
      return undefined;
  }
}

function bindControls(figure: HTMLElement, model: Model, dispatch: Dispatch): void {
  figure.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLSelectElement)) return;
    const shown = Number(target.value);
    if (target.name === "layer") dispatch({ type: "layer", value: model.layers.indexOf(shown) });
    if (target.name === "head") dispatch({ type: "head", value: model.heads.indexOf(shown) });
  });
  figure
    .querySelector(".attention-direction")
    ?.addEventListener("click", () => dispatch({ type: "turn" }));
}

/** What is pinned from the start must not lie outside a box that scrolls. The page stays put. */
function bringIntoView(figure: HTMLElement, token: TokenElement | undefined): void {
  const stage = figure.querySelector<HTMLElement>(".attention-stage");
  if (!stage || !token || stage.scrollWidth <= stage.clientWidth + 1) return;
  const [box, around] = [token.element.getBoundingClientRect(), stage.getBoundingClientRect()];
  if (box.left >= around.left && box.right <= around.right) return;
  stage.scrollLeft += (box.left + box.right - around.left - around.right) / 2;
}

/** A stage wider than its box can be scrolled with the keyboard; one that fits is no tab stop. */
function watchOverflow(figure: HTMLElement): void {
  const stage = figure.querySelector<HTMLElement>(".attention-stage");
  if (!stage || typeof ResizeObserver === "undefined") return;
  new ResizeObserver(() => {
    if (stage.scrollWidth > stage.clientWidth + 1) stage.tabIndex = 0;
    else stage.removeAttribute("tabindex");
  }).observe(stage);
}
