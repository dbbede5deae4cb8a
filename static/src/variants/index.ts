/**
 * The attentions of a figure that a reader can choose in place of the first one: of another model,
 * another sentence or another part. The page has the first. Each other one is a file with the markup
 * that Python drew, so that every attention looks as if it were a figure of its own.
 *
 * This is a script of its own, which the core script loads where a figure has several attentions.
 */

import { say } from "../data/phrases";
import { samePlaces } from "../data/words";
import { fail, find, runScript } from "../draw/dom";
import type { FigureController } from "../state/controller";
import { toLocal } from "../state/changes";
import type { State } from "../state/state";

/** A place on the axes along which the attentions of a figure differ, such as `{ sentence: "1" }`. */
export type At = Readonly<Record<string, string>>;

interface Content {
  readonly attributes: Readonly<Record<string, string>>;
  readonly markup: string;
}

/** Another attention: in the page itself, in a file, or the reason why there is none. */
interface Variant {
  readonly at: At;
  readonly content?: Content;
  readonly key?: string;
  readonly src?: string;
  readonly reason?: string;
}

export interface Variants {
  /** The attention with which the figure opened. */
  readonly first: At;
  /** The attention that is shown. */
  readonly shown: At;
  readonly others: readonly Variant[];
  /** The static figure, as it was in the page. */
  readonly original: HTMLElement;
}

declare global {
  var attentionChoices: Choices | undefined;
  var attentionVariants: Record<string, Content> | undefined;
}

/** The attentions of a static figure. Null if it has one. */
function variantsIn(figure: HTMLElement): Variants | null {
  const script = figure.querySelector<HTMLElement>("script[data-at], [type][data-at]");
  if (!script) return null;
  const first = JSON.parse(script.dataset["at"]!) as At;
  const others = JSON.parse(script.textContent!) as Variant[];
  return { first, shown: first, others, original: figure.cloneNode(true) as HTMLElement };
}

/** The attention that a state chooses. */
function chosenIn({ first }: Variants, { options }: State): At {
  return Object.fromEntries(Object.entries(first).map(([axis, value]) => [axis, options[axis] ?? value]));
}

function isSame(one: At, other: At): boolean {
  return Object.entries(one).every(([axis, value]) => other[axis] === value);
}

/** The static figure of an attention, without its caption. Rejects with the reason if it has none. */
async function figureAt(figure: HTMLElement, variants: Variants, at: At): Promise<HTMLElement> {
  if (isSame(at, variants.first)) {
    const copy = variants.original.cloneNode(true) as HTMLElement;
    captionOf(copy)?.remove();
    // The copy may be older than the class that shows controls, and what is hidden gets no focus.
    copy.className = figure.className;
    return copy;
  }
  const variant = variants.others.find((one) => isSame(at, one.at));
  if (!variant || variant.reason) throw new Error(variant?.reason ?? "");
  const { attributes, markup } = await contentOf(variant);
  const copy = figure.cloneNode(false) as HTMLElement;
  for (const name of ["heads", "selection", "measure", "phrases"]) delete copy.dataset[name];
  for (const [name, value] of Object.entries(attributes)) copy.setAttribute(name, value);
  copy.append(...new DOMParser().parseFromString(markup, "text/html").body.childNodes);
  return copy;
}

async function contentOf({ content, key, src }: Variant): Promise<Content> {
  if (content) return content;
  const loaded = (): Content | undefined => globalThis.attentionVariants?.[key!];
  if (!loaded()) await runScript(src!);
  return loaded() ?? fail(`no attention in ${src}`);
}

/** Put a figure in the place of another one, with the caption and what the reader had opened. */
function replaceFigure(old: HTMLElement, next: HTMLElement): void {
  const caption = captionOf(old);
  if (caption) next.append(caption);
  const [before, after] = [old, next].map((figure) => find<HTMLDetailsElement>(figure, "table"));
  if (before && after) after.open = before.open;
  const { activeElement } = document;
  const name = old.contains(activeElement) && activeElement?.getAttribute("name");
  old.replaceWith(next);
  if (name) next.querySelector<HTMLElement>(`[name="${name}"]`)?.focus();
}

function captionOf(figure: HTMLElement): HTMLElement | null {
  return figure.querySelector<HTMLElement>(":scope > figcaption");
}

/** Bring a figure to the selection of the one that it replaces: layer, head and words by their names. */
function carryOver(old: FigureController, next: FigureController, { first }: Variants): void {
  const { model, state } = old;
  const axes = Object.keys(first);
  const options = Object.entries(state.options).filter(([name]) => !axes.includes(name));
  const [layer, head] = [model.layers[state.layer]!, model.heads[state.head]!];
  const own = next.state;
  // At each step of a text that a model writes, the token is pinned that the model has read last.
  let pinned = axes[0] === "step" ? next.first.pinned : samePlaces(model, next.model, state.pinned);
  if (next.kind.alwaysPinned && !pinned.length) pinned = own.pinned;
  const change = {
    layer,
    head,
    heads: state.heads.map((at) => model.heads[at]!),
    direction: state.direction,
    pinned,
    options: Object.fromEntries(options),
  };
  next.dispatch({ type: "adopt", changes: toLocal(next.model, own, change, next.takes) });
  const names = axes.map((axis) => next.label(axis)).join(", ");
  const known = next.model.layers.includes(layer) && next.model.heads.includes(head);
  next.figure.dispatchEvent(new CustomEvent("attention-replaced", { bubbles: true, detail: old.figure }));
  next.announce(known ? names : `${names}. ${say("own_head", { layer, head })}`);
}

const choices = { carryOver, chosenIn, figureAt, isSame, replaceFigure, variantsIn };
export type Choices = typeof choices;
globalThis.attentionChoices = choices;
