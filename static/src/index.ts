/** Finds the figures of a page and brings each to life when it comes near the viewport. */

import { fragmentOf, read, restore, split } from "./address";
import { bind, type Live } from "./bind";
import { fail, mark, take } from "./dom";
import { join, share } from "./link";
import { modelOf } from "./model";
import { decode, textOf } from "./payload";
import { offer } from "./save";
import type { State } from "./state";

const FIGURE = ".attention-figure[data-view]";
// Material's instant navigation renews scripts and forgets their types: any without a source will do.
const PAYLOAD = 'script[type="application/x-attention"], script:not([src])';
/** The class by which the style sheet shows controls: where no script comes, there are none to be seen. */
const LIVE = "figure--live";
/** So far from the viewport that a figure is ready by the time it is seen. */
const NEAR = "400px";

const seen = new WeakMap<Element, Promise<Live | null> | null>();
const living = new WeakMap<Element, Live>();
/** How each figure opened, before anything was selected in it. */
const openings = new WeakMap<Live, State>();

const nearby = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) void wake(target as HTMLElement);
    }
  },
  { rootMargin: NEAR },
);

/** Bring a figure to life, unless that was done already. */
function wake(figure: HTMLElement): Promise<Live | null> {
  nearby.unobserve(figure);
  const waking = seen.get(figure) ?? hydrate(figure);
  seen.set(figure, waking);
  return waking;
}

async function hydrate(figure: HTMLElement): Promise<Live | null> {
  try {
    const payload = figure.querySelector<HTMLScriptElement>(PAYLOAD) ?? fail("no payload");
    const model = modelOf(await decode(await textOf(payload)));
    const live = bind(figure, model, (one, action, previous) => {
      if (action.type !== "adopt") share(one, previous);
    });
    living.set(figure, live);
    offer(live);
    const { selection } = figure.dataset;
    if (selection) restore(live, split(selection));
    openings.set(live, live.state);
    join(live);
    return live;
  } catch (error) {
    // The static picture stays, without controls that would do nothing.
    mark(figure, LIVE, false);
    console.error(error);
    return null;
  }
}

function find(root: Document | Element): void {
  const figures = [...root.querySelectorAll(FIGURE)];
  if (root instanceof Element && root.matches(FIGURE)) figures.push(root);
  for (const figure of figures) {
    // Of the last figure there may be only the beginning, as long as the page is being read.
    if (seen.has(figure) || (isLoading() && !figure.nextSibling)) continue;
    seen.set(figure, null);
    nearby.observe(figure);
    mark(figure, LIVE, true);
  }
}

/** A long page is read piece by piece: what is in view answers before the rest is there. */
function isLoading(): boolean {
  return document.readyState === "loading";
}

/** The figure that an address has opened last, and how it left it. */
let followed: { live: Live; fragment: string } | null = null;

/** Open the figure that the address names, as it was left, wherever on the page it is. */
async function follow(): Promise<void> {
  const { hash } = location;
  const found = read(hash);
  const live = found && (await wake(found.figure));
  // The reader has gone on meanwhile.
  if (location.hash !== hash) return;
  if (live?.figure !== followed?.live.figure) leave(hash);
  if (!live) return;
  const previous = live.state;
  restore(live, found.values);
  share(live, previous);
  followed = { live, fragment: fragmentOf(live) };
  live.figure.scrollIntoView();
}

/** Bring the figure that the last address has opened back to how it opened, on the way back for sure. */
function leave(hash: string): void {
  if (!followed) return;
  const { live, fragment } = followed;
  followed = null;
  // Elsewhere on the page, what the reader has selected since then stays.
  if (fragmentOf(live) !== fragment && hash.length > 1 && hash.slice(1) !== live.figure.id) return;
  const previous = live.state;
  const opening = openings.get(live) ?? live.first;
  live.dispatch({ type: "adopt", changes: { ...opening, hovered: null, focused: null } });
  share(live, previous);
}

/** Escape unpins everywhere where nothing has the keyboard. A figure that has it unpins by itself. */
function unpin(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented || event.target !== document.body) return;
  for (const figure of document.querySelectorAll<HTMLElement>(FIGURE)) {
    const live = living.get(figure);
    if (!live?.state.pinned.length) continue;
    live.dispatch({ type: "unpin" });
    // Of a figure that nobody sees, the page's own use of the key is as good.
    if (isSeen(figure)) take(event);
  }
}

function isSeen(figure: HTMLElement): boolean {
  const { top, bottom, width } = figure.getBoundingClientRect();
  return width > 0 && bottom > 0 && top < innerHeight;
}

// Some themes swap the content of a page without loading another.
new MutationObserver((records) => {
  // Far too many, while a page is being read, to look into one by one.
  if (isLoading()) return find(document);
  for (const { addedNodes } of records) {
    for (const node of addedNodes) if (node instanceof HTMLElement) find(node);
  }
}).observe(document.documentElement, { childList: true, subtree: true });
// Not on the document: whichever script came first, Sphinx's own listener there takes Escape away.
document.documentElement.addEventListener("keydown", unpin);
window.addEventListener("hashchange", () => void follow());
find(document);
if (!isLoading()) void follow();
else {
  document.addEventListener("DOMContentLoaded", () => {
    find(document);
    void follow();
  });
}
