/**
 * The slider with which a reader steps through the tokens that a model writes. The steps are a list,
 * which the core script binds as it binds the lists of models and sentences. The slider moves that list.
 */

const RANGE = "attention-range";
/** The keys that move a slider. The page's shortcuts must not see them. */
const KEYS = /^(Arrow.*|Page.*|Home|End)$/;

/** The width of the thumb, as in the style sheet, in px. */
const THUMB = 13;

/** The sliders that follow their list. */
const following = new WeakSet<Element>();

interface Parts {
  range: HTMLInputElement;
  list: HTMLSelectElement;
  value: HTMLElement;
}

function partsOf({ target }: Event): Parts | null {
  return partsIn(target);
}

function partsIn(range: EventTarget | null): Parts | null {
  if (!(range instanceof HTMLInputElement) || !range.classList.contains(RANGE)) return null;
  const list = range.parentElement?.querySelector("select");
  const value = range.parentElement?.querySelector<HTMLElement>(".attention-value");
  return list && value ? { range, list, value } : null;
}

/** Say at once which token a slider stands at, even before its figure has changed. */
function show({ range, list, value }: Parts): void {
  const text = list.options[range.valueAsNumber - 1]?.text ?? "";
  range.setAttribute("aria-valuetext", text);
  if (value.textContent !== text) value.textContent = text;
}

/** If a step cannot be shown, the core script restores the list and its text. The slider follows. */
function follow(parts: Parts): void {
  const { range, list, value } = parts;
  if (following.has(range)) return;
  following.add(range);
  new MutationObserver(() => {
    if (value.textContent !== list.selectedOptions[0]?.text || range.value === list.value) return;
    range.value = list.value;
    drag = null;
    show(parts);
  }).observe(value, { childList: true });
}

/** Make the figure show the step of its slider. The result is whether that is another step. */
function choose(parts: Parts): boolean {
  const { range, list } = parts;
  if (list.value === range.value) return false;
  follow(parts);
  list.value = range.value;
  list.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

/**
 * A slider that a mouse drags. Each step replaces the figure, and with it the slider, which would end the
 * browser's own dragging. The pointer therefore moves whichever slider stands in the figure.
 */
interface Drag {
  parts: Parts;
  /** The step under the pointer. */
  step: string;
  /** The step at a position of the pointer. The slider may move as its text changes, so that is fixed. */
  readonly stepAt: (x: number) => string;
  /** Whether a step is being loaded. The next one is chosen after that, so that none are queued. */
  loading: boolean;
  released: boolean;
}

let drag: Drag | null = null;

function beginDrag(event: PointerEvent): void {
  const parts = partsOf(event);
  if (!parts || event.button || event.pointerType !== "mouse") return;
  event.preventDefault();
  const { range } = parts;
  const { left, width } = range.getBoundingClientRect();
  const [least, most] = [Number(range.min), Number(range.max)];
  const mirrored = getComputedStyle(range).direction === "rtl";
  const stepAt = (x: number): string => {
    const share = Math.min(Math.max((x - left - THUMB / 2) / (width - THUMB), 0), 1);
    return String(Math.round(least + (mirrored ? 1 - share : share) * (most - least)));
  };
  range.focus();
  drag = { parts, step: range.value, stepAt, loading: false, released: false };
  const root = document.documentElement;
  root.setPointerCapture(event.pointerId);
  root.addEventListener("pointermove", moveDrag);
  root.addEventListener("lostpointercapture", endDrag, { once: true });
  moveDrag(event);
}

function endDrag(): void {
  document.documentElement.removeEventListener("pointermove", moveDrag);
  if (drag?.loading) drag.released = true;
  else drag = null;
}

function moveDrag({ clientX }: PointerEvent): void {
  if (!drag) return;
  drag.step = drag.stepAt(clientX);
  chooseDragged(drag);
}

/** Move the slider to the step under the pointer, and show that step unless another one is being loaded. */
function chooseDragged(drag: Drag): void {
  drag.parts.range.value = drag.step;
  show(drag.parts);
  if (!drag.loading) drag.loading = choose(drag.parts);
}

window.addEventListener("pointerdown", beginDrag, true);

// A figure was replaced by the one of another step, which has a slider of its own.
document.addEventListener("attention-replaced", ({ target, detail }: CustomEventInit<Element> & Event) => {
  const range = (target as Element).querySelector(`.${RANGE}`);
  if (!drag || !range || !detail?.contains(drag.parts.range)) return;
  drag.parts = partsIn(range) ?? drag.parts;
  drag.loading = false;
  chooseDragged(drag);
  if (drag.released && !drag.loading) drag = null;
});

document.addEventListener("input", (event) => {
  const parts = partsOf(event);
  if (parts) show(parts);
});

document.addEventListener("change", (event) => {
  const parts = partsOf(event);
  if (!parts) return;
  drag = null;
  choose(parts);
});

// The listener is in the capture phase, because the page's own listener may be on the document,
// too.
window.addEventListener(
  "keydown",
  (event) => {
    if (partsOf(event) && KEYS.test(event.key)) event.stopPropagation();
  },
  true,
);

// The style sheet shows sliders only if this script has run, and lists otherwise.
document.documentElement.classList.add("attention-sliders");
