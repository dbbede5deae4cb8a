/** The interface of a figure that the script has taken over, for shared code. */

import type { Model } from "../data/model";
import type { ViewKind } from "../views/view";
import type { Action, State } from "./state";

export interface FigureController {
  readonly figure: HTMLElement;
  readonly kind: ViewKind;
  readonly model: Model;
  readonly state: State;
  /** The state that the static picture shows. */
  readonly first: State;
  dispatch(action: Action): void;
  /** Whether the figure has a control of this name that can take this value. */
  takes(name: string, value: string): boolean;
  /** The label of a select and its value, as screen readers announce a change. */
  label(name: string): string;
  /** Announce a text to screen readers only. */
  announce(text: string): void;
  /** Draw at once whatever the view would draw later. */
  complete(): void;
}
