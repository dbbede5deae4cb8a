/** Small helpers for making elements. Text goes in as text, never as markup. */

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

/** An element of a picture. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>> = {},
  ...content: (string | Node)[]
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...content);
  return made;
}

/** A token's text, kept from turning the line it stands in. */
export function isolated(text: string): HTMLElement {
  return element("bdi", [], text);
}

const LETTER = /\p{L}/u;
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Whether a text's first letter is of a script that runs from right to left. */
export function rightToLeft(text: string): boolean {
  return RIGHT_TO_LEFT.test(LETTER.exec(text)?.[0] ?? "");
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

export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

let ruler: CanvasRenderingContext2D | null | undefined;

/** About how wide a text is in px, in a font like the page's own. */
export function textWidth(text: string, size: number): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return 0.6 * size * text.length;
  ruler.font = `${size}px Helvetica, Arial, sans-serif`;
  return ruler.measureText(text).width;
}
