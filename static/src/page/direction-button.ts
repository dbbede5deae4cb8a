/** The button that reverses the edges: what a token looks at, or what looks at the token. */

import { find, setText } from "../draw/dom";
import type { Model } from "../data/model";
import { directionLabel } from "../draw/sentences";
import type { Dispatch, State } from "../state/state";

/** Bind the button, where a figure has one. The result brings it to a state. */
export function bindDirectionButton(figure: HTMLElement, model: Model, dispatch: Dispatch): (state: State) => void {
  const button = find(figure, "direction");
  button?.addEventListener("click", () => dispatch({ type: "turn" }));
  return ({ direction }) => {
    figure.dataset["direction"] = direction;
    if (button) setText(button, directionLabel(direction, model));
  };
}
