/** What a view is to the rest: it opens on a figure's static picture and keeps it true to a state. */

import type { Model, Place } from "../model";
import type { State } from "../state";

export interface View {
  /** The elements that stand for tokens, each focusable and pinnable. */
  readonly tokens: readonly TokenElement[];
  /** Bring the picture to a state; touches only what differs. */
  show(state: State): void;
}

export interface TokenElement {
  readonly place: Place;
  readonly element: SVGElement | HTMLElement;
  /** Centre along the row, for moving by arrow keys. */
  readonly x: number;
}

/** Throws where the figure does not hold the picture that the view knows. */
export type OpenView = (figure: HTMLElement, model: Model) => View;
