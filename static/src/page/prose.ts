/**
 * Links in the prose that select something in a figure. While a reader points at a link or focuses
 * it, the figure shows its words. A click pins the words. Without this script, the link leads to
 * the figure.
 */

import { take } from "../draw/dom";
import { placeIn, split } from "../state/address";
import type { FigureController } from "../state/controller";
import { toLocal } from "../state/changes";
import { same, type State } from "../state/state";

/** Takes over a figure and shows the attention that the values name, or the present one without values. */
export type Open = (figure: HTMLElement, values?: ReadonlyMap<string, string>) => Promise<FigureController | null>;

declare global {
  var attentionOpen: Open | undefined;
}

interface Shown {
  readonly link: HTMLAnchorElement;
  readonly controller: FigureController;
  /** The state of the figure before, and the state while the reader points at the link. */
  readonly before: State;
  readonly during: State;
}

const { documentElement: page } = document;

let shown: Shown | null = null;
/** The link that is pointed at or focused. Figures are taken over asynchronously. */
let meant: HTMLAnchorElement | null = null;

function linkOf({ target }: Event): HTMLAnchorElement | null {
  return target instanceof Element ? target.closest<HTMLAnchorElement>("a.attention-focus") : null;
}

/** The figure of a link. Null if it is on another page, which gets the selection in its address. */
function figureOf(link: HTMLAnchorElement): HTMLElement | null {
  const { selection } = link.dataset;
  const [id] = link.hash.slice(1).split("&");
  if (link.pathname !== location.pathname) {
    if (selection) link.hash = `${id}&${selection}`;
    return null;
  }
  const named = document.getElementById(decoded(id!));
  const figure = ".attention-figure[data-view]";
  // Some hosts give the name of a figure to an element around it.
  return named && (named.closest<HTMLElement>(figure) ?? named.querySelector<HTMLElement>(figure));
}

/** A text without percent-encoding, or as it stands if it is not correctly encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function open(link: HTMLAnchorElement, values?: ReadonlyMap<string, string>): Promise<FigureController | null> {
  const figure = figureOf(link);
  return figure && globalThis.attentionOpen ? globalThis.attentionOpen(figure, values) : Promise.resolve(null);
}

/**
 * Change a figure and keep a link where it is on the screen. Another attention may make its figure higher
 * or lower, and a link that moves away from under the pointer would end its own preview.
 */
async function steadily(link: HTMLAnchorElement, change: () => Promise<void>): Promise<void> {
  const { style } = page;
  const heightAbove = (): number => link.getBoundingClientRect().top + scrollY;
  let last = heightAbove();
  const keep = (): void => {
    const now = heightAbove();
    // Themes scroll smoothly, and the link must not move at all.
    if (now !== last) scrollBy({ top: now - last, behavior: "instant" });
    last = now;
  };
  let frame = requestAnimationFrame(function each() {
    keep();
    frame = requestAnimationFrame(each);
  });
  // Some browsers would do the same, and twice would be too much.
  style.overflowAnchor = "none";
  await change().finally(() => {
    keep();
    cancelAnimationFrame(frame);
    style.overflowAnchor = "";
  });
}

async function preview(link: HTMLAnchorElement): Promise<void> {
  if (meant === link) return;
  await end();
  meant = link;
  await steadily(link, () => show(link));
}

async function show(link: HTMLAnchorElement): Promise<void> {
  const before = (await open(link))?.state;
  const values = split(link.dataset["selection"] ?? "");
  if (!before || meant !== link) return;
  const controller = await open(link, values);
  if (!controller || meant !== link) return;
  const { model, state, takes } = controller;
  const { layer, head, pin, ...options } = Object.fromEntries(values);
  const change = { ...(layer && { layer }), ...(head && { head }), hovered: placeIn(pin ?? ""), options };
  const { head: at, ...changes } = toLocal(model, state, change, takes);
  const heads = at === undefined ? {} : { head: at, heads: [at] };
  controller.dispatch({ type: "adopt", changes: { ...changes, ...heads, direction: "from" } });
  shown = { link, controller, before, during: controller.state };
}

/** Bring the figure back to what it showed, unless the reader has changed that in the meantime. */
async function end(): Promise<void> {
  const last = shown;
  shown = meant = null;
  if (!last || last.controller.state !== last.during) return;
  const { layer, head, heads, direction, options, pinned } = last.before;
  await steadily(last.link, async () => {
    const controller = await open(last.link, new Map(Object.entries(options)));
    // A word that is pinned may have no partner in the attention that was shown in between.
    const changes = { layer, head, heads, direction, options, pinned, hovered: null };
    controller?.dispatch({ type: "adopt", changes });
  });
}

async function pin(link: HTMLAnchorElement): Promise<void> {
  shown = null;
  meant = link;
  const values = split(link.dataset["selection"] ?? "");
  const controller = await open(link, values);
  if (!controller) return;
  const { model, dispatch, figure, state, takes } = controller;
  const { options } = toLocal(model, state, { options: Object.fromEntries(values) }, takes);
  dispatch({ type: "adopt", changes: { hovered: null, direction: "from", ...(options && { options }) } });
  for (const type of ["layer", "head"] as const) {
    const value = model[`${type}s`].indexOf(values.get(type) ?? "");
    if (value >= 0) dispatch({ type, value });
  }
  const place = placeIn(values.get("pin") ?? "");
  const { pinned } = controller.state;
  if (place && !(pinned.length === 1 && same(pinned[0]!, place))) dispatch({ type: "toggle", place });
  figure.scrollIntoView({ block: "nearest" });
}

for (const type of ["pointerover", "focusin"]) {
  page.addEventListener(type, (event) => {
    const link = linkOf(event);
    // A finger that touches a link follows the link.
    if (link && (event as PointerEvent).pointerType !== "touch") void preview(link);
  });
}
for (const type of ["pointerout", "focusout"]) {
  page.addEventListener(type, (event) => {
    const link = linkOf(event);
    const { relatedTarget } = event as FocusEvent;
    if (link && !(relatedTarget instanceof Node && link.contains(relatedTarget))) void end();
  });
}
page.addEventListener("click", (event) => {
  const link = linkOf(event);
  const { ctrlKey, metaKey, shiftKey, altKey } = event as MouseEvent;
  if (!link || ctrlKey || metaKey || shiftKey || altKey || !figureOf(link) || !globalThis.attentionOpen) return;
  take(event);
  void pin(link);
});
page.addEventListener("keydown", (event) => {
  const link = event.key === "Escape" && linkOf(event);
  if (link) void open(link).then((controller) => controller?.dispatch({ type: "unpin" }));
});
