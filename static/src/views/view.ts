/** What a view is to the rest: it opens on a picture and keeps it true to a state. */

import type { Weights } from "../edges";
import type { Model, Place } from "../model";
import type { Action, State } from "../state";

/** What is said of tokens in focus: their weights, and how much of these is drawn, in whole per cent. */
export interface Reading {
  weights: Weights;
  share: number;
}

export interface View {
  /** The elements that stand for tokens, each focusable and pinnable. Another list: other elements. */
  readonly tokens: readonly TokenElement[];
  /** Whether weights are drawn as edges, of which the cut-off hides some. */
  readonly edges?: boolean;
  /** False where the view itself says all the weights that the vector of pinned tokens would. */
  readonly vector?: boolean;
  /** Of a view that draws several heads at once: what there is to be said of them together. */
  reading?(state: State, places: readonly Place[]): Reading;
  /** Bring the picture to a state; touches only what differs. */
  show(state: State, previous: State | null): void;
  /** Undo what would outlive the picture. */
  destroy?(): void;
}

export interface TokenElement {
  readonly place: Place;
  readonly element: SVGElement | HTMLElement;
  /** The centre, for moving by arrow keys. Tokens of one side stand in a row, or in a column. */
  readonly x: number;
  /** Needed where a side's tokens stand in a column, or where rows and columns meet. */
  readonly y?: number;
  /** What is meant by pointing at it, where that is a cell rather than the token alone. */
  readonly cell?: () => Place;
}

export type Dispatch = (action: Action) => void;

export interface ViewKind {
  /**
   * Take over the picture in the stage that `root` holds. Throws where it is not the view's own.
   * `dispatch` is not to be called before the first `show`.
   */
  open(root: HTMLElement, model: Model, dispatch: Dispatch): View;
  /** The view's picture at rest from nothing, for a stage that holds another's. */
  build?(model: Model): SVGSVGElement;
}
