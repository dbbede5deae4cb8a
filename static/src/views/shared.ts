/**
 * What all views share. A view imports from its own folder and from this module only. The core script
 * holds all of it, and hands it to the script of each view.
 */

export type { Model, Place, PrintedWeight, Side, Token } from "../data/model";
export {
  clamp,
  isBin,
  isSink,
  MASKED,
  nearest,
  numeral,
  otherSide,
  printedWeight,
  strongestPartner,
  tokenAt,
  tokensOn,
  weightOf,
} from "../data/model";
export type { Phrase } from "../data/phrases";
export { say, sayNodes } from "../data/phrases";
export type { Attributes } from "../draw/dom";
export {
  ADDED,
  boxOf,
  directionIn,
  element,
  elementsInto,
  find,
  findAll,
  focusOn,
  group,
  isChord,
  isolated,
  numberIn,
  require,
  setAttributes,
  setText,
  svg,
  take,
  textWidth,
  toggleClass,
} from "../draw/dom";
export type { Edge, Line, Weights } from "../draw/edges";
export { edgesOf, lineOf, shareOf, short } from "../draw/edges";
export type { Cells, Scale } from "../draw/heatmap";
export { canvasUnder, LEVELS, levelOf, paint, ramp } from "../draw/heatmap";
export { directionOf, labelOf, pictureElement, tokenElement, wordElement } from "../draw/picture-parts";
export { looks, nothing } from "../draw/sentences";
export type { TextToken, TextTokens } from "../draw/token-elements";
export { addHitArea, checkTokens, readTokens, showWeight, SIDES } from "../draw/token-elements";
export type { Filter } from "../state/sentence-filter";
export { filterOf } from "../state/sentence-filter";
export type { Direction, Dispatch, State } from "../state/state";
export { inFocus, same, sameToken } from "../state/state";
export { loadView, viewNamed } from "./registry";
export type { Measures, Reading, TokenElement, View, ViewKind } from "./view";
