/** The buttons of the heads: a click switches one on or off, a double click shows it alone. */

import {
  clamp,
  type Dispatch,
  find,
  findAll,
  focusOn,
  isChord,
  type Model,
  setAttributes,
  setText,
  type State,
  take,
} from "../shared";

/** Bind the buttons, if there are any. The result brings them to a state. */
export function bindSwatches(
  root: HTMLElement,
  model: Model,
  dispatch: Dispatch,
): (state: State) => void {
  const group = find(root, "swatches");
  if (!group) return () => {};
  const buttons = findAll(group, "swatch");
  const all = find(group, "all");
  const every = model.heads.map((_, head) => head);
  let shown: readonly number[] = [];
  let first = 0;

  const headOf = (target: EventTarget | null): number =>
    target instanceof Element ? buttons.findIndex((button) => button.contains(target)) : -1;
  const put = (value: readonly number[]): void => dispatch({ type: "heads", value });
  const toggle = (head: number): void => {
    const others = shown.filter((one) => one !== head);
    // The last head cannot be switched off: a picture without heads says nothing.
    if (others.length) put(others.length < shown.length ? others : [...shown, head]);
  };
  const alone = (head: number): void =>
    put(shown.length === 1 && shown[0] === head ? every : [head]);
  /** Make one button the tab stop of the group. */
  const rove = (head: number): void => {
    for (const [i, button] of buttons.entries()) button.tabIndex = i === head ? 0 : -1;
  };

  group.addEventListener("click", (event) => {
    const head = headOf(event.target);
    if (head < 0) return;
    rove(head);
    if (isChord(event)) alone(head);
    else toggle(head);
  });
  group.addEventListener("dblclick", (event) => {
    const head = headOf(event.target);
    if (head >= 0) alone(head);
  });
  group.addEventListener("keydown", (event) => {
    const head = headOf(event.target);
    if (head < 0 || isChord(event)) return;
    const last = buttons.length - 1;
    const to = { ArrowLeft: head - 1, ArrowRight: head + 1, Home: 0, End: last }[event.key];
    if (event.key.toLowerCase() === "s") alone(head);
    else if (to === undefined) return;
    else {
      const next = clamp(to, 0, last);
      rove(next);
      focusOn(buttons[next]!);
    }
    take(event);
  });
  all?.addEventListener("click", () => put(shown.length < every.length ? every : [first]));

  return (state) => {
    if (!shown.length) rove(state.head);
    shown = state.heads;
    first = state.head;
    for (const [head, button] of buttons.entries()) {
      setAttributes(button, { "aria-pressed": String(shown.includes(head)) });
    }
    if (all) setText(all, shown.length < every.length ? "all" : "one");
  };
}
