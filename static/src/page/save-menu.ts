/** The menu that saves the picture and copies the directive or the address. */

import { fragmentOf, idOf } from "../state/address";
import type { FigureController } from "../state/controller";
import { loadBeside } from "../views/registry";
import { ADDED, element, fail, find } from "../draw/dom";
import { say } from "../data/phrases";
import type { Pictures } from "../export";

/** Ms for which a button says that it has done its work. */
const SAID = 1500;

/** Add the menu to a figure's footer. */
export function addSaveMenu(controller: FigureController): void {
  const { figure, model } = controller;
  const { directive } = model;
  const menu = element("details", ["attention-save", ADDED], element("summary", [], say("save")));
  const add = (label: string, work: () => void | Promise<void>, done: string): void => {
    const button = element("button", [], label);
    button.type = "button";
    button.addEventListener("click", () => {
      void Promise.resolve()
        .then(work)
        .then(() => done, () => say("failed"))
        .then((said) => {
          controller.announce(said);
          button.textContent = said;
          setTimeout(() => (button.textContent = label), SAID);
        });
    });
    menu.append(button);
  };
  const name = (): string => {
    const place = [model.layers[controller.state.layer], model.heads[controller.state.head]].join(".");
    return `${idOf(figure)}-${place}`.replace(/[^\w.-]+/g, "-");
  };
  add(say("save_svg"), async () => {
    download((await pictures(controller)).svg(figure), `${name()}.svg`);
  }, say("saved"));
  add(say("save_png"), async () => {
    download(await (await pictures(controller)).png(figure), `${name()}.png`);
  }, say("saved"));
  if (directive) {
    add(say("copy_directive"), async () => copy((await pictures(controller)).directive(controller, directive)), say("copied"));
  }
  add(say("copy_link"), () => {
    const fragment = fragmentOf(controller);
    history.replaceState(history.state, "", fragment);
    return copy(location.href);
  }, say("copied"));
  // Safari refuses to copy when a click first waits for the network.
  menu.addEventListener("toggle", () => void load(), { once: true });
  find(figure, "footer")?.append(menu);
}

/** Load the export script when a menu is opened first. Most readers never open one. */
async function load(): Promise<void> {
  if (!globalThis.attentionPictures) await loadBeside("attention-pictures.js");
}

/** Finish the picture of a figure, and load the export script. */
async function pictures({ complete }: FigureController): Promise<Pictures> {
  await load();
  complete();
  return globalThis.attentionPictures ?? fail("no pictures");
}

function download(blob: Blob, name: string): void {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SAID);
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // The clipboard is not available without https, or in some frames.
    const area = element("textarea", ["attention-live"]);
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) fail("no clipboard");
  }
}
