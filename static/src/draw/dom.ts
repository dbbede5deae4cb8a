/** Helpers to find and make elements. Text is always inserted as text, never as markup. */

/** The first element with the class `attention-<name>`, or null. */
export function find<Found extends Element = HTMLElement>(root: ParentNode, name: string): Found | null {
  return root.querySelector<Found>(`.attention-${name}`);
}

/** The first element with the class `attention-<name>`. Throws if there is none. */
export function require<Found extends Element = HTMLElement>(root: ParentNode, name: string): Found {
  return find<Found>(root, name) ?? fail(`no ${name}`);
}

/** All elements with the class `attention-<name>`. */
export function findAll<Found extends Element = HTMLElement>(root: ParentNode, name: string): Found[] {
  return [...root.querySelectorAll<Found>(`.attention-${name}`)];
}

export function fail(what: string): never {
  throw new Error(`attention: ${what}`);
}

/** Add the class `attention-<name>` to an element, or remove it. */
export function toggleClass(node: Element, name: string, on: boolean): void {
  node.classList.toggle(`attention-${name}`, on);
}

/** Whether an event has a modifier key that gives it another meaning. */
export function isChord({ ctrlKey, metaKey, altKey }: KeyboardEvent | MouseEvent): boolean {
  return ctrlKey || metaKey || altKey;
}

/** Handle an event in the figure alone, so that it does not also trigger a shortcut of the page. */
export function take(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}

/** Focus an element visibly. After a click, WebKit shows the focus only where the option asks for it. */
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

/** The class of elements that the script adds to a figure, so that they can be removed again. */
export const ADDED = "attention-added";

/** Classes of elements that MathJax must not typeset, for tokens such as $x$. */
export const UNTYPESET = "mathjax_ignore tex2jax_ignore";

const SVG = "http://www.w3.org/2000/svg";

export type Attributes = Readonly<Record<string, string | number>>;

/** Elements with text of their own. A page's search must not put marks into them. */
const TEXTUAL = /^(text|tspan|title)$/;

/** An element of a picture. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...content: (string | Node)[]
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  setAttributes(made, attributes);
  // Sphinx's search skips this class. Its marks would be HTML within SVG.
  if (TEXTUAL.test(name)) made.classList.add("nohighlight");
  made.append(...content);
  return made;
}

/** A group in a picture. */
export function group(name: string, attributes: Attributes = {}, ...content: Node[]): SVGGElement {
  return svg("g", { class: `attention-${name}`, ...attributes }, ...content);
}

/** Give a group elements with these attributes. Existing elements are used again. */
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

/** The number in an attribute, or a default. */
export function numberIn(node: Element, name: string, plain = 0): number {
  const value = Number.parseFloat(node.getAttribute(name) ?? "");
  return Number.isNaN(value) ? plain : value;
}

/** The x, y, width and height of a rectangle. */
export function boxOf(node: Element): [number, number, number, number] {
  return [numberIn(node, "x"), numberIn(node, "y"), numberIn(node, "width"), numberIn(node, "height")];
}

/** A new canvas and its context. */
export function sheet(
  width: number,
  height: number,
  settings?: CanvasRenderingContext2DSettings,
): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [width, height];
  return [canvas, canvas.getContext("2d", settings) ?? fail("no canvas")];
}

/** A token's text in an element that isolates its direction and excludes it from translation. */
export function isolated(text: string): HTMLElement {
  const made = element("bdi", [], text);
  made.translate = false;
  return made;
}

/**
 * The first character that gives a text its direction. The first group matches right-to-left ones, by
 * their places in Unicode less the marks, digits and signs among them. The rest matches left-to-right
 * ones: letters, spacing marks, and the digits of scripts that have their own.
 */
const STRONG =
  /((?!\p{M}|[\u0600-\u0607\u0609-\u060a\u060c\u060e\u060f\u0660-\u066c\u06dd\u06de\u06e9\u06f0-\u06f9\u07f6-\u07f9\ufb29\ufd3e-\ufd4f\ufdfd-\ufdff])[\u05be-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1eeff}])|[\p{L}\p{Mc}\p{Nl}\u200e]|(?![\d\u0660-\u0669\u06f0-\u06f9\uff10-\uff19\u{1d7ce}-\u{1d7ff}])\p{Nd}/u;

/** 1 if a text's first character that has a direction runs from right to left, -1 if from left to right, else 0. */
export function directionIn(text: string): number {
  const strong = STRONG.exec(text);
  return strong ? (strong[1] ? 1 : -1) : 0;
}

export function rightToLeft(text: string): boolean {
  return directionIn(text) > 0;
}

/** A table cell with a token's text. */
export function cell<Name extends "td" | "th">(name: Name, text: string): HTMLElementTagNameMap[Name] {
  const made = element(name, [], text);
  if (rightToLeft(text)) made.dir = "rtl";
  return made;
}

/** Set a text if it differs. Equal texts cost the browser no new layout. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Set attributes if they differ. */
export function setAttributes(node: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
  }
}

let ruler: CanvasRenderingContext2D | undefined;

/** The approximate width of a text in px, in a common sans-serif font. */
export function textWidth(text: string, size: number): number {
  ruler ??= sheet(0, 0)[1];
  ruler.font = `${size}px Helvetica, Arial, sans-serif`;
  return ruler.measureText(text).width;
}

type Ink = readonly [red: number, green: number, blue: number, alpha: number];

const inks = new Map<string, Ink>();
let drop: CanvasRenderingContext2D | undefined;

/** A computed colour in any notation, as four bytes. */
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

/** The background colour behind an element. */
export function backgroundOf(node: Element): string {
  for (let at: Element | null = node; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (rgbaOf(backgroundColor)[3] === 255) return backgroundColor;
  }
  return "#fff";
}

/**
 * Load a script by a classic script element, because modules fail on `file://`. The promise is
 * fulfilled even if loading fails.
 */
export async function runScript(src: string): Promise<void> {
  const script = element("script");
  script.src = src;
  await new Promise((resolve) => {
    script.onload = script.onerror = resolve;
    document.head.append(script);
  });
  script.remove();
}
