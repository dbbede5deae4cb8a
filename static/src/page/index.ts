/** Finds the figures of a page, and takes each over when it comes near the viewport. */

import { factsOf, modelOf } from "../data/model";
import { decode, notePayload, textOf } from "../data/payload";
import { say } from "../data/phrases";
import { fail, take, toggleClass } from "../draw/dom";
import { FIGURE, fragmentOf, read, restore, split } from "../state/address";
import type { FigureController } from "../state/controller";
import type {} from "../link";
import type { State } from "../state/state";
import { acceptViews, isRunning, loadBeside, loadView, viewNamed } from "../views/registry";
import * as shared from "../views/shared";
import { bindFigure, type Watch } from "./figure";
import { addSaveMenu } from "./save-menu";
import type { Choices, Variants } from "../variants";

// Hosts whose pages are replaced by a script have hidden elements in place of scripts. The instant
// navigation of sphinx-immaterial replaces scripts without their types. Any script without a source is
// the payload then.
const PAYLOAD = '[type="application/x-attention"], script:not([src])';
/**
 * The class with which the style sheet shows controls. Controls are hidden while a script is missing
 * that they need.
 */
const LIVE = "figure--live";
/** Figures at this distance from the viewport are taken over, to be ready when they are seen. */
const NEAR = "400px";

/** The figures that were found. Those that are still static have null. */
const found = new WeakMap<Element, Promise<FigureController | null> | null>();
const controllers = new WeakMap<Element, FigureController>();
/** The figures that could not be taken over. They stay static. */
const failed = new WeakSet<Element>();
/** The state in which each figure opened. */
const openings = new WeakMap<FigureController, State>();
/** The attentions of figures that have several. */
const variantsOf = new WeakMap<Element, Variants>();
/** The promises of figures that change their attention, by the figure in which a reader chose it. */
const switching = new WeakMap<Element, Promise<FigureController>>();

const nearby = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) void takeOver(target as HTMLElement);
    }
  },
  { rootMargin: NEAR },
);

/** Take a figure over, unless that was done before. The result is null if that fails. */
function takeOver(figure: HTMLElement): Promise<FigureController | null> {
  nearby.unobserve(figure);
  const taken = found.get(figure) ?? hydrate(figure);
  found.set(figure, taken);
  return taken;
}

async function hydrate(figure: HTMLElement): Promise<FigureController | null> {
  try {
    const variants = variantsOf.get(figure) ?? (await variantsIn(figure));
    if (variants) variantsOf.set(figure, variants);
    const payload = figure.querySelector<HTMLElement>(PAYLOAD) ?? fail("no payload");
    const views = viewsOf(figure).map(loadView);
    const links = figure.dataset["link"] && !globalThis.attentionLinks && loadBeside("attention-link.js");
    const [decoded] = await Promise.all([textOf(payload).then(decode), ...views, links]);
    const model = modelOf(decoded, factsOf(figure, payload));
    const watch: Watch = (one, action, previous) => {
      if (action.type !== "adopt") globalThis.attentionLinks?.share(one, previous);
      if (one.state.options !== previous.options) switching.set(one.figure, showChosen(one));
    };
    const controller = bindFigure(figure, model, watch, variants?.first);
    controllers.set(figure, controller);
    addSaveMenu(controller);
    const { selection } = figure.dataset;
    // The author's selection holds for the attention that is shown, which need not be the first.
    if (selection) restore(controller, new Map([...Object.entries(variants?.shown ?? {}), ...split(selection)]));
    openings.set(controller, controller.state);
    globalThis.attentionLinks?.join(controller);
    return controller;
  } catch (error) {
    // The static picture stays. Its controls are hidden, because they would do nothing.
    failed.add(figure);
    toggleClass(figure, LIVE, false);
    console.error(error);
    return null;
  }
}

/** The script that shows other attentions. It is loaded where a figure has several. */
async function choices(): Promise<Choices> {
  if (!globalThis.attentionChoices) await loadBeside("attention-variants.js");
  return globalThis.attentionChoices ?? fail("no variants");
}

async function variantsIn(figure: HTMLElement): Promise<Variants | null> {
  return figure.querySelector("script[data-at], [type][data-at]") && (await choices()).variantsIn(figure);
}

/** Show the attention that a figure's state chooses, in place of the one that is shown. */
async function showChosen(controller: FigureController): Promise<FigureController> {
  const { figure } = controller;
  const variants = variantsOf.get(figure);
  if (!variants) return controller;
  const { carryOver, chosenIn, figureAt, isSame, replaceFigure } = await choices();
  const at = chosenIn(variants, controller.state);
  if (isSame(at, variants.shown)) return controller;
  const isCurrent = (): boolean => figure.isConnected && isSame(at, chosenIn(variants, controller.state));
  try {
    const next = await figureAt(figure, variants, at);
    // The reader may have chosen another one in the meantime.
    if (!isCurrent()) return controller;
    variantsOf.set(next, { ...variants, shown: at });
    // This comes before the page's observer sees the figure, because the observer would wait until
    // it is near.
    const taking = Promise.resolve().then(() => hydrate(next));
    found.set(next, taking);
    replaceFigure(figure, next);
    const taken = await taking;
    if (taken) {
      carryOver(controller, taken, variants);
      return taken;
    }
    replaceFigure(next, figure);
    throw new Error();
  } catch (error) {
    if (isCurrent()) {
      controller.announce(say("variant_failed", { reason: (error as Error).message }));
      const { options } = controller.state;
      controller.dispatch({ type: "adopt", changes: { options: { ...options, ...variants.shown } } });
    }
    return controller;
  }
}

function watchFiguresIn(root: Document | Element): void {
  const figures = [...root.querySelectorAll<HTMLElement>(FIGURE)];
  if (root instanceof HTMLElement && root.matches(FIGURE)) figures.push(root);
  for (const figure of figures) {
    // While the page is being loaded, the last figure may be incomplete.
    if (found.has(figure) || (isLoading() && !figure.nextSibling)) continue;
    found.set(figure, null);
    const payload = figure.querySelector<HTMLElement>(PAYLOAD);
    if (payload) notePayload(payload);
    nearby.observe(figure);
    showControls(figure);
    takeOverFirst(figure);
  }
}

/** Whether the next figure that is found may be on the first screen. */
let isFirst = true;

/** Take a figure of the first screen over at once. The observer would see it only after the first frame. */
function takeOverFirst(figure: HTMLElement): void {
  isFirst &&= isStyled() && figure.getBoundingClientRect().top < innerHeight;
  if (isFirst && isVisible(figure)) void takeOver(figure);
}

/** Whether all style sheets have arrived or failed. Asking for positions earlier would start transitions. */
function isStyled(): boolean {
  const links = [...document.querySelectorAll<HTMLLinkElement>("[rel=stylesheet]")];
  return links.every(({ sheet, href }) => sheet || performance.getEntriesByName(href)[0]);
}

/** The names of all views of a figure. */
function viewsOf(figure: HTMLElement): string[] {
  return [figure, ...figure.querySelectorAll<HTMLElement>("[data-view]")].map(({ dataset }) => dataset["view"]!);
}

/** Show the controls of a figure as soon as its views are there, even before the figure is taken over. */
function showControls(figure: HTMLElement): void {
  if (!failed.has(figure) && viewsOf(figure).every(viewNamed)) toggleClass(figure, LIVE, true);
}

/** Whether the page is still being loaded. The figures of a long page work before all of it is there. */
function isLoading(): boolean {
  return document.readyState === "loading";
}

/** The figure that an address opened last, and the fragment of its state after that. */
let followed: { controller: FigureController; fragment: string } | null = null;

/**
 * The controller of a figure, after the figure shows the attention that some values name. Without
 * values, the shown attention stays.
 */
async function open(figure: HTMLElement, values?: ReadonlyMap<string, string>): Promise<FigureController | null> {
  const controller = await takeOver(figure);
  const variants = controller && variantsOf.get(figure);
  if (!variants || !values) return controller;
  const at = Object.entries(variants.first).map(([axis, value]) => [axis, values.get(axis) ?? value]);
  const options = { ...controller.state.options, ...Object.fromEntries(at) };
  controller.dispatch({ type: "adopt", changes: { options } });
  return (await switching.get(figure)) ?? controller;
}

/** Scroll to the figure that the address names, and restore its selection. */
async function follow(): Promise<void> {
  const { hash } = location;
  const named = read(hash);
  // The attention comes first, because pins are numbers of its tokens.
  const controller = named && (await open(named.figure, named.values));
  // The address may have changed in the meantime.
  if (location.hash !== hash) return;
  if (controller?.figure !== followed?.controller.figure) leave(hash);
  if (!controller) return;
  const previous = controller.state;
  restore(controller, named!.values);
  globalThis.attentionLinks?.share(controller, previous);
  followed = { controller, fragment: fragmentOf(controller) };
  controller.figure.scrollIntoView();
}

/**
 * Bring the figure that the last address opened back to its own state. Going back in the history
 * always does that.
 */
function leave(hash: string): void {
  if (!followed) return;
  const { controller, fragment } = followed;
  followed = null;
  // When the address names another place on the page, a selection that the reader has made stays.
  if (fragmentOf(controller) !== fragment && hash.length > 1 && hash.slice(1) !== controller.figure.id) return;
  const previous = controller.state;
  const opening = openings.get(controller) ?? controller.first;
  controller.dispatch({ type: "adopt", changes: { ...opening, hovered: null, focused: null } });
  globalThis.attentionLinks?.share(controller, previous);
}

/** Escape unpins in all figures while nothing has the focus. A figure with the focus unpins by itself. */
function unpin(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented || event.target !== document.body) return;
  for (const figure of document.querySelectorAll<HTMLElement>(FIGURE)) {
    const controller = controllers.get(figure);
    if (!controller?.state.pinned.length) continue;
    controller.dispatch({ type: "unpin" });
    // If no such figure is visible, the page may use the key as well.
    if (isVisible(figure)) take(event);
  }
}

function isVisible(figure: HTMLElement): boolean {
  const { top, bottom, width } = figure.getBoundingClientRect();
  return width > 0 && bottom > 0 && top < innerHeight;
}

function start(): void {
  globalThis.attentionOpen = open;
  acceptViews(shared, () => {
    for (const figure of document.querySelectorAll<HTMLElement>(FIGURE)) if (found.has(figure)) showControls(figure);
  });
  // Some themes replace the content of a page without loading another page.
  new MutationObserver((records) => {
    // While a page is being loaded, there are too many records to look at each.
    if (isLoading()) return watchFiguresIn(document);
    for (const { addedNodes } of records) {
      for (const node of addedNodes) if (node instanceof HTMLElement) watchFiguresIn(node);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
  // The listener is not on the document, because Sphinx's own listener there stops Escape if it runs first.
  document.documentElement.addEventListener("keydown", unpin);
  window.addEventListener("hashchange", () => void follow());
  watchFiguresIn(document);
  if (!isLoading()) void follow();
  else {
    document.addEventListener("DOMContentLoaded", () => {
      watchFiguresIn(document);
      void follow();
    });
  }
}

// A page may hold the script more than once, for example in the outputs of a notebook.
if (!isRunning()) start();
