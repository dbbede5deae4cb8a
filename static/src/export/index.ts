/** The export script. It is loaded when a reader first opens the menu that saves. */

import { script_save as phrases } from "../../../sphinx_attention/core/phrases/en.json";
import type { Phrases, say } from "../data/phrases";
import type { FigureController } from "../state/controller";
import { buttons } from "./buttons";

export interface Pictures {
  /** The English phrases that only this script uses. */
  readonly phrases: Phrases;
  /** The buttons of the menu. */
  buttons(controller: FigureController, phrase: typeof say): HTMLElement[];
}

declare global {
  var attentionPictures: Pictures | undefined;
}

globalThis.attentionPictures = { phrases, buttons };
