/** Small helpers for finding and making elements. Text goes in as text, never as markup. */

import type { Token } from "./model";

/** The first part of a figure that has this class. */
export function part<Found extends Element = HTMLElement>(root: ParentNode, name: string): Found | null {
  return root.querySelector<Found>(`.attention-${name}`);
}

/** The same, where a figure without it is broken. */
export function needed<Found extends Element = HTMLElement>(root: ParentNode, name: string): Found {
  return part<Found>(root, name) ?? fail(`no ${name}`);
}

/** Every part that has this class. */
export function parts<Found extends Element = HTMLElement>(root: ParentNode, name: string): Found[] {
  return [...root.querySelectorAll<Found>(`.attention-${name}`)];
}

export function fail(what: string): never {
  throw new Error(`attention: ${what}`);
}

/** Give an element a class, or take it away. */
export function mark(node: Element, name: string, on: boolean): void {
  node.classList.toggle(`attention-${name}`, on);
}

/** Whether a key does something else than it does alone. */
export function isChord({ ctrlKey, metaKey, altKey }: KeyboardEvent | MouseEvent): boolean {
  return ctrlKey || metaKey || altKey;
}

/** Keep an event for the figure: the page's own shortcuts, such as turning the page, must not answer it too. */
export function take(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}

/** Give an element the keyboard, and show that: WebKit shows it only on demand where a click came before. */
export function focusOn(node: HTMLElement | SVGElement, preventScroll = false): void {
  node.focus({ focusVisible: true, preventScroll });
}

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  classes: readonly (string | false)[] = [],
  ...content: (string | Node)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  const kept = classes.filter(Boolean).join(" ");
  if (kept) made.className = kept;
  made.append(...content);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export type Attributes = Readonly<Record<string, string | number>>;

/** Elements whose own text a page's search would mark, and break the picture by it. */
const TEXTUAL = /^(text|tspan|title)$/;

/** An element of a picture. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...content: (string | Node)[]
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  setAttributes(made, attributes);
  // Sphinx's search passes over this class; `core/render/svg.py` says why.
  if (TEXTUAL.test(name)) made.classList.add("nohighlight");
  made.append(...content);
  return made;
}

/** A group in a picture. */
export function group(name: string, attributes: Attributes = {}, ...content: Node[]): SVGGElement {
  return svg("g", { class: `attention-${name}`, ...attributes }, ...content);
}

/** Bring the elements of a group to these attributes, using again what is there. */
export function elementsInto(
  parent: Element,
  name: "path" | "rect",
  all: readonly Attributes[],
): void {
  for (const [i, attributes] of all.entries()) {
    const made = parent.children[i] ?? parent.appendChild(svg(name));
    for (const old of made.getAttributeNames()) if (!(old in attributes)) made.removeAttribute(old);
    setAttributes(made, attributes);
  }
  while (parent.children.length > all.length) parent.lastElementChild?.remove();
}

/** The number that an attribute holds. */
export function numberIn(node: Element, name: string, plain = 0): number {
  const value = Number.parseFloat(node.getAttribute(name) ?? "");
  return Number.isNaN(value) ? plain : value;
}

/** Where a rectangle stands: x, y, width and height. */
export function boxOf(node: Element): [number, number, number, number] {
  return [numberIn(node, "x"), numberIn(node, "y"), numberIn(node, "width"), numberIn(node, "height")];
}

/** A canvas, and what draws on it. */
export function sheet(
  width: number,
  height: number,
  settings?: CanvasRenderingContext2DSettings,
): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [width, height];
  return [canvas, canvas.getContext("2d", settings) ?? fail("no canvas")];
}

/** A token's text, kept from turning the line it stands in, and from being translated. */
export function isolated(text: string): HTMLElement {
  const made = element("bdi", [], text);
  made.translate = false;
  return made;
}

const LETTER = /\p{L}/u;
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Whether a text's first letter is of a script that runs from right to left. */
export function rightToLeft(text: string): boolean {
  return RIGHT_TO_LEFT.test(LETTER.exec(text)?.[0] ?? "");
}

/** Whether most of the ordinary tokens are of such a script. */
export function mostlyRightToLeft(tokens: readonly Token[]): boolean {
  const ordinary = tokens.filter(({ special }) => !special);
  return 2 * ordinary.filter(({ text }) => rightToLeft(text)).length > ordinary.length;
}

/** A table cell with a token's text. */
export function cell<Name extends "td" | "th">(name: Name, text: string): HTMLElementTagNameMap[Name] {
  const made = element(name, [], text);
  if (rightToLeft(text)) made.dir = "rtl";
  return made;
}

/** Set text or an attribute only where it differs: the browser need not look at the rest again. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttributes(node: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
  }
}

let ruler: CanvasRenderingContext2D | undefined;

/** About how wide a text is in px, in a font like the page's own. */
export function textWidth(text: string, size: number): number {
  ruler ??= sheet(0, 0)[1];
  ruler.font = `${size}px Helvetica, Arial, sans-serif`;
  return ruler.measureText(text).width;
}

type Ink = readonly [red: number, green: number, blue: number, alpha: number];

const inks = new Map<string, Ink>();
let drop: CanvasRenderingContext2D | undefined;

/** A computed colour, in whatever notation, as four bytes. */
export function rgbaOf(colour: string): Ink {
  let ink = inks.get(colour);
  if (ink) return ink;
  drop ??= sheet(1, 1, { willReadFrequently: true })[1];
  drop.clearRect(0, 0, 1, 1);
  drop.fillStyle = colour;
  drop.fillRect(0, 0, 1, 1);
  inks.set(colour, (ink = [...drop.getImageData(0, 0, 1, 1).data] as unknown as Ink));
  return ink;
}

/** The colour that the page has behind an element. */
export function backgroundOf(node: Element): string {
  for (let at: Element | null = node; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (rgbaOf(backgroundColor)[3] === 255) return backgroundColor;
  }
  return "#ffffff";
}

/** Run a script by a classic element, whether that goes well or not: modules fail on `file://`. */
export async function runScript(src: string): Promise<void> {
  const script = element("script");
  script.src = src;
  await new Promise((resolve) => {
    script.onload = script.onerror = resolve;
    document.head.append(script);
  });
  script.remove();
}
