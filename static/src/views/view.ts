/** The interface of views: a view opens on a picture, and brings the picture to each state. */

import type { Model, Place } from "../data/model";
import type { Phrases } from "../data/phrases";
import type { Weights } from "../draw/edges";
import type { Dispatch, State } from "../state/state";

/** The weights of tokens in focus, and the share of them that is drawn, in whole per cent. */
export interface Reading {
  weights: Weights;
  share: number;
}

export interface View {
  /** The elements of the tokens, each focusable and pinnable. A new list means new elements. */
  readonly tokens: readonly TokenElement[];
  /** Whether weights are drawn as edges, some of which the cutoff hides. */
  readonly edges?: boolean;
  /** False if the view itself shows all the weights that the vector of pinned tokens would show. */
  readonly vector?: boolean;
  /** The element to scroll into view while nothing is pinned. */
  readonly landmark?: Element;
  /** In views that draw several heads together, the weights of tokens in focus over all heads. */
  reading?(state: State, places: readonly Place[]): Reading;
  /** Bring the picture to a state. Only what differs is changed. */
  show(state: State, previous: State | null): void;
  /** Draw at once whatever would be drawn later, before the picture is saved. */
  complete?(): void;
  /** Remove what would outlive the picture. */
  destroy?(): void;
}

export interface TokenElement {
  readonly place: Place;
  readonly element: SVGElement | HTMLElement;
  /** The centre, for arrow keys. The tokens of one side are in a row, or in a column. */
  readonly x: number;
  /** Needed where the tokens of a side are in a column, or where rows and columns meet. */
  readonly y?: number;
  /** The place that pointing at the element means, if that is a cell instead of the token. */
  readonly cell?: () => Place;
}

/** A text as measured by Python: its width in px, preceded by the cut text if it is cut. */
export type Measure = number | readonly [text: string, width: number];

/** The measures with which a picture is laid out here as in Python. */
export interface Measures {
  readonly queries: readonly Measure[];
  /** Absent if the keys are the queries. */
  readonly keys?: readonly Measure[];
}

/** A view, with the facts about it that shared code needs. Facts have the same names as in Python. */
export interface ViewKind {
  /** The English phrases that only this view uses. */
  readonly phrases?: Phrases;
  /** The names of further scripts that the view needs. */
  readonly scripts?: readonly string[];
  /** Whether the view can draw several heads together. */
  readonly severalHeads?: boolean;
  /** False if the view shows only the last of several pins. */
  readonly severalPins?: boolean;
  /** Whether the view shows a token also while none is pinned: the one that it opened with. */
  readonly alwaysPinned?: boolean;
  /** Whether the view has edges whose direction a reader can reverse. */
  readonly reversible?: boolean;
  /**
   * Take over the picture in the stage of `root`. Throws if the picture is not the view's own.
   * `dispatch` must not be called before the first `show`.
   */
  open(root: HTMLElement, model: Model, dispatch: Dispatch): View;
  /** Build the view's picture at rest, for a stage that holds the picture of another view. */
  build?(model: Model, measures: Measures): SVGSVGElement;
}
