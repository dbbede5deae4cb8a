/**
 * The slider with which a reader steps through the tokens that a model writes. The steps are a list,
 * which the core script binds as it binds the lists of models and sentences. The slider moves that list.
 */

const RANGE = "attention-range";
/** The keys that move a slider. The page's shortcuts must not see them. */
const KEYS = /^(Arrow.*|Page.*|Home|End)$/;

/** The sliders that follow their list. */
const following = new WeakSet<Element>();

interface Parts {
  range: HTMLInputElement;
  list: HTMLSelectElement;
  value: HTMLElement;
}

function partsOf({ target }: Event): Parts | null {
  if (!(target instanceof HTMLInputElement) || !target.classList.contains(RANGE)) return null;
  const list = target.parentElement?.querySelector("select");
  const value = target.parentElement?.querySelector<HTMLElement>(".attention-value");
  return list && value ? { range: target, list, value } : null;
}

/** Say at once which token a slider stands at. Its figure changes when the reader lets it go. */
function show({ range, list, value }: Parts): void {
  const text = list.options[range.valueAsNumber - 1]?.text ?? "";
  range.setAttribute("aria-valuetext", text);
  if (value.textContent !== text) value.textContent = text;
}

/** Where a step cannot be shown, the core script puts the list and its text back. The slider follows. */
function follow(parts: Parts): void {
  const { range, list, value } = parts;
  if (following.has(range)) return;
  following.add(range);
  new MutationObserver(() => {
    if (value.textContent !== list.selectedOptions[0]?.text || range.value === list.value) return;
    range.value = list.value;
    show(parts);
  }).observe(value, { childList: true });
}

document.addEventListener("input", (event) => {
  const parts = partsOf(event);
  if (parts) show(parts);
});

document.addEventListener("change", (event) => {
  const parts = partsOf(event);
  if (!parts || parts.list.value === parts.range.value) return;
  follow(parts);
  parts.list.value = parts.range.value;
  parts.list.dispatchEvent(new Event("change", { bubbles: true }));
});

// On the capturing way down, because the page's own listener may be on the document too.
window.addEventListener(
  "keydown",
  (event) => {
    if (partsOf(event) && KEYS.test(event.key)) event.stopPropagation();
  },
  true,
);

// The style sheet shows sliders only where this script is there, and the lists elsewhere.
document.documentElement.classList.add("attention-sliders");
