/**
 * The attentions of a figure that a reader can choose in place of the first one: of another model,
 * another sentence or another part. The page has the first. Each other one is a file with the markup
 * that Python drew, so that every attention looks as if it were a figure of its own.
 */

import { fail, find, runScript } from "../draw/dom";
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
  var attentionVariants: Record<string, Content> | undefined;
}

/** The attentions of a static figure. Null where it has one. */
export function variantsIn(figure: HTMLElement): Variants | null {
  const script = figure.querySelector<HTMLScriptElement>("script[data-at]");
  if (!script) return null;
  const first = JSON.parse(script.dataset["at"]!) as At;
  const others = JSON.parse(script.textContent!) as Variant[];
  return { first, shown: first, others, original: figure.cloneNode(true) as HTMLElement };
}

/** The attention that a state chooses. */
export function chosenIn({ first }: Variants, { options }: State): At {
  return Object.fromEntries(Object.entries(first).map(([axis, value]) => [axis, options[axis] ?? value]));
}

export function isSame(one: At, other: At): boolean {
  return Object.entries(one).every(([axis, value]) => other[axis] === value);
}

/** The static figure of an attention, without its caption. Rejects with the reason where it has none. */
export async function figureAt(figure: HTMLElement, variants: Variants, at: At): Promise<HTMLElement> {
  if (isSame(at, variants.first)) {
    const copy = variants.original.cloneNode(true) as HTMLElement;
    captionOf(copy)?.remove();
    return copy;
  }
  const variant = variants.others.find((one) => isSame(at, one.at));
  if (!variant || variant.reason) throw new Error(variant?.reason ?? "");
  const { attributes, markup } = await contentOf(variant);
  const copy = figure.cloneNode(false) as HTMLElement;
  for (const name of ["heads", "selection"]) delete copy.dataset[name];
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
export function replaceFigure(old: HTMLElement, next: HTMLElement): void {
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
