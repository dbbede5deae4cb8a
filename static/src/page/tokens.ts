/** Makes the tokens of every view buttons, for pointer, touch and keyboard alike. */

import { focusOn, isChord, setAttributes, take } from "../draw/dom";
import { clamp, type Model, type Place, tokenAt } from "../data/model";
import { say } from "../data/phrases";
import { type Dispatch, same, sameToken } from "../state/state";
import type { TokenElement, View } from "../views/view";

/** Ms for which a finger rests on a token to add the token to the pins. */
const PRESS = 500;

export interface Tokens {
  /** Bind new elements of the view's tokens, and show which tokens are pinned. */
  show(pinned: readonly Place[]): void;
  at(place: Place | undefined): TokenElement | undefined;
}

/** Bind the tokens. The listeners are on the figure, so that a view may replace its elements at any time. */
export function bindTokens(
  figure: HTMLElement,
  view: View,
  model: Model,
  dispatch: Dispatch,
): Tokens {
  let all: readonly TokenElement[] = [];
  let byElement = new Map<Element, TokenElement>();
  let shown: readonly Place[] | undefined;
  let stop: TokenElement | undefined;

  const of = (target: EventTarget | null): TokenElement | undefined => {
    const found = target instanceof Element ? target.closest("[data-token]") : null;
    return found ? byElement.get(found) : undefined;
  };
  const at = (place: Place | undefined): TokenElement | undefined =>
    place && all.find((token) => sameToken(token.place, place));
  /** Make one token the figure's tab stop. */
  const rove = (token: TokenElement | undefined): void => {
    if (stop) stop.element.tabIndex = -1;
    stop = token;
    if (stop) stop.element.tabIndex = 0;
  };
  const adopt = (pinned: readonly Place[]): void => {
    all = view.tokens;
    byElement = new Map(all.map((token) => [token.element, token]));
    // If a token is shown twice, as a query and as a key, its two names differ.
    const both = all.some(({ place }) => place.side !== all[0]!.place.side);
    for (const { element, place } of all) {
      const { text } = tokenAt(model, place);
      const name = both && place.side === "key" ? say("key_named", { token: text }) : text;
      setAttributes(element, { role: "button", tabindex: -1, "aria-label": name });
    }
    rove(at(stop?.place) ?? at(pinned[0]) ?? all[0]);
  };

  bindPointer(figure, of, dispatch);
  figure.addEventListener("focusin", (event) => {
    const token = of(event.target);
    if (!token) return;
    rove(token);
    // A click gives an element the focus too, but must leave no more than the pin.
    if (token.element.matches(":focus-visible")) dispatch({ type: "focus", place: meant(token) });
  });
  figure.addEventListener("focusout", (event) => {
    if (of(event.target) && !of(event.relatedTarget)) dispatch({ type: "focus", place: null });
  });
  figure.addEventListener("keydown", (event) => {
    const token = of(event.target);
    if (!token || isChord(event)) return;
    if (event.key === "Enter" || event.key === " ") {
      if (!event.repeat) dispatch({ type: "toggle", place: meant(token), add: event.shiftKey });
    } else {
      const next = neighbour(all, token, event.key);
      if (!next) return;
      focusOn(next.element);
    }
    take(event);
  });

  return {
    at,
    show(pinned) {
      if (view.tokens !== all) adopt(pinned);
      else if (pinned === shown) return;
      shown = pinned;
      for (const token of all) {
        const is = (pin: Place): boolean => sameToken(pin, token.place) || same(pin, meant(token));
        setAttributes(token.element, { "aria-pressed": String(pinned.some(is)) });
      }
    },
  };
}

function meant({ place, cell }: TokenElement): Place {
  return cell?.() ?? place;
}

function bindPointer(
  figure: HTMLElement,
  of: (target: EventTarget | null) => TokenElement | undefined,
  dispatch: Dispatch,
): void {
  const hover = (place: Place | null): void => dispatch({ type: "hover", place });
  /** A finger that rests on a token, and whether it has rested long enough. */
  let press: { timer: number; done: () => void } | null = null;
  let held = false;
  const release = (): void => {
    clearTimeout(press?.timer);
    press = null;
  };

  // Touch has no hover, so the reader could not remove the highlight.
  figure.addEventListener("pointerover", (event) => {
    const token = of(event.target);
    if (token && event.pointerType !== "touch") hover(meant(token));
  });
  // A view itself handles the pointer outside of tokens.
  figure.addEventListener("pointerout", (event) => {
    if (of(event.target) && !of(event.relatedTarget)) hover(null);
  });
  figure.addEventListener("pointerleave", () => hover(null));
  figure.addEventListener("click", (event) => {
    const token = of(event.target);
    if (token && !held) dispatch({ type: "toggle", place: meant(token), add: event.shiftKey });
    held = false;
  });
  // A long press does what a click with Shift does.
  figure.addEventListener("pointerdown", (event) => {
    const token = of(event.target);
    held = false;
    release();
    if (!token || event.pointerType !== "touch") return;
    const done = (): void => {
      release();
      held = true;
      dispatch({ type: "toggle", place: token.place, add: true });
    };
    press = { timer: window.setTimeout(done, PRESS), done };
  });
  for (const end of ["pointerup", "pointercancel"]) figure.addEventListener(end, release);
  // Some browsers open a context menu on a long press, perhaps before our own time is over.
  figure.addEventListener("contextmenu", (event) => {
    press?.done();
    if (held) event.preventDefault();
  });
}

/**
 * The token to which a key leads: along the row of a token as it is seen, or to the other row. A
 * column counts as a vertical row. At an end, the key leads back to the same token. The result is
 * undefined for keys that tokens do not use.
 */
export function neighbour(
  all: readonly TokenElement[],
  token: TokenElement,
  key: string,
): TokenElement | undefined {
  const row = all.filter(({ place }) => place.side === token.place.side);
  const other = all.filter(({ place }) => place.side !== token.place.side);
  if (key === "Home") return row[0];
  if (key === "End") return row[row.length - 1];
  const arrow = ARROWS[key];
  if (!arrow) return undefined;
  const [axis, step] = arrow;
  if (axis === (isColumn(row) ? "y" : "x")) {
    const seen = [...row].sort((a, b) => centre(a, axis) - centre(b, axis));
    return seen[clamp(seen.indexOf(token) + step, 0, seen.length - 1)];
  }
  const across = axis === "x" ? "y" : "x";
  const away = (one: TokenElement): number => Math.abs(centre(one, across) - centre(token, across));
  if (!other.length) return undefined;
  const beyond = other.filter((one) => (centre(one, axis) - centre(token, axis)) * step > 0);
  return beyond.sort((a, b) => away(a) - away(b))[0] ?? token;
}

const ARROWS: Readonly<Record<string, readonly ["x" | "y", 1 | -1]>> = {
  ArrowLeft: ["x", -1],
  ArrowRight: ["x", 1],
  ArrowUp: ["y", -1],
  ArrowDown: ["y", 1],
};

function isColumn(row: readonly TokenElement[]): boolean {
  return row.every(({ x, y }) => y !== undefined && x === row[0]!.x);
}

/** The centre of a token on an axis. Without a y of their own, keys are above queries. */
function centre({ x, y, place }: TokenElement, axis: "x" | "y"): number {
  return axis === "x" ? x : (y ?? (place.side === "key" ? 0 : 1));
}
