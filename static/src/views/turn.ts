/** The button that turns the edges round. */

import { part, setText } from "../dom";
import type { State } from "../state";
import { turnLabel } from "../words";
import type { Dispatch } from "./view";

/** Takes up the button, where there is one; answers with what brings it to a state. */
export function openTurn(root: HTMLElement, dispatch: Dispatch): (state: State) => void {
  const turn = part(root, "direction");
  turn?.addEventListener("click", () => dispatch({ type: "turn" }));
  return ({ direction }) => {
    root.dataset["direction"] = direction;
    if (turn) setText(turn, turnLabel(direction));
  };
}
