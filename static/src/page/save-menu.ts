/** The menu that saves the picture and copies the directive or the address. */

import { addPhrases, say } from "../data/phrases";
import { ADDED, element, find } from "../draw/dom";
import type { FigureController } from "../state/controller";
import { loadBeside } from "../views/registry";

/**
 * Add the menu to a figure's footer. Its buttons are in the export script, which is loaded when a
 * reader first opens the menu. Most readers never do.
 */
export function addSaveMenu(controller: FigureController): void {
  const menu = element("details", ["attention-save", ADDED], element("summary", [], say("save")));
  const fill = async (): Promise<void> => {
    if (!globalThis.attentionPictures) await loadBeside("attention-pictures.js");
    const pictures = globalThis.attentionPictures;
    if (pictures) {
      addPhrases(pictures.phrases);
      menu.append(...pictures.buttons(controller, say));
    } else menu.append(say("failed"));
  };
  menu.addEventListener("toggle", () => void fill(), { once: true });
  find(controller.figure, "footer")?.append(menu);
}
