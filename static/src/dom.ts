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

/** A token's text, kept from turning the line it stands in. */
export function isolated(text: string): HTMLElement {
  return element("bdi", [], text);
}

/** Set text or an attribute only where it differs: the browser need not look at the rest again. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
