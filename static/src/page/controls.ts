/**
 * Binds the controls of a figure by their names. `layer` and `head` choose from what the page carries;
 * any other name is an option of the view. A select has one of its values. Of several buttons with one
 * name, one is pressed; a single button is on or off. Of buttons that are steps, one is the current step.
 */

import { find, setAttributes, setText } from "../draw/dom";
import type { Model } from "../data/model";
import type { Dispatch, State } from "../state/state";

type Control = HTMLSelectElement | HTMLButtonElement;
const CONTROL = "select[name], button[name]";

export interface Controls {
  /** The options that the controls of the static figure show. */
  readonly first: Readonly<Record<string, string>>;
  show(state: State, previous: State | null): void;
  /** Whether an option of this name can take this value. */
  takes(name: string, value: string): boolean;
  /** The label of a select and its value, as screen readers announce a change. */
  label(name: string): string;
}

export function bindControls(figure: HTMLElement, model: Model, dispatch: Dispatch): Controls {
  const lists = { layer: model.layers, head: model.heads };
  const isChoice = (name: string): name is keyof typeof lists => name in lists;
  const all = (): Control[] => [...figure.querySelectorAll<Control>(CONTROL)];
  const named = (name: string): Control[] => all().filter((control) => control.name === name);

  const first: Record<string, string> = {};
  for (const control of all()) {
    if (isChoice(control.name)) continue;
    if (control.localName === "select" || isOn(control)) first[control.name] = control.value;
    else first[control.name] ??= "";
  }

  const choose = (name: string, value: string): void => {
    if (isChoice(name)) {
      // A translation of the page may have changed the texts of the choices.
      const at = lists[name].indexOf(value);
      if (at >= 0) dispatch({ type: name, value: at });
    } else dispatch({ type: "set", name, value });
  };
  figure.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLSelectElement && target.name) choose(target.name, target.value);
  });
  figure.addEventListener("click", ({ target }) => {
    const button = target instanceof Element && target.closest<HTMLButtonElement>("button[name]");
    if (!button) return;
    const off = isOn(button) && named(button.name).length === 1;
    choose(button.name, off ? "" : button.value);
  });

  const put = (name: string, value: string): void => {
    for (const control of named(name)) {
      if (control instanceof HTMLSelectElement) {
        if (control.value !== value) control.value = value;
        const plain = find(control.parentElement!, "value");
        if (plain) setText(plain, control.selectedOptions[0]?.text ?? value);
      } else {
        const on = control.value === value;
        setAttributes(control, isStep(control) ? { "aria-current": on ? "step" : "false" } : { "aria-pressed": String(on) });
      }
    }
  };
  return {
    first,
    show(state, previous) {
      for (const name of ["layer", "head"] as const) {
        if (previous && state[name] === previous[name]) continue;
        const value = lists[name][state[name]] ?? "";
        figure.dataset[name] = value;
        put(name, value);
      }
      if (state.options === previous?.options) return;
      for (const [name, value] of Object.entries(state.options)) put(name, value);
    },
    takes(name, value) {
      return named(name).some((control) =>
        control instanceof HTMLSelectElement
          ? [...control.options].some((option) => option.value === value && !option.disabled)
          : control.value === "*" || control.value === value || value === "",
      );
    },
    label(name) {
      const [control] = named(name);
      if (!(control instanceof HTMLSelectElement)) return named(name).find(isOn)?.textContent.trim() ?? "";
      const label = control.parentElement?.firstChild?.textContent?.trim() ?? "";
      return `${label} ${control.selectedOptions[0]?.text ?? ""}`.trim();
    },
  };
}

function isOn(control: Control): boolean {
  return /step|true/.test(control.getAttribute(isStep(control) ? "aria-current" : "aria-pressed")!);
}

function isStep(control: Control): boolean {
  return control.hasAttribute("aria-current");
}
