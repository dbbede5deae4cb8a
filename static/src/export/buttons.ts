/** The buttons of the menu that saves the picture and copies the directive or the address. */

import type { say } from "../data/phrases";
import { element, fail } from "../draw/dom";
import { fragmentOf, idOf } from "../state/address";
import type { FigureController } from "../state/controller";
import { directiveOf } from "./directive";
import { loadImages } from "./images";
import { rasterOf } from "./raster";
import { pictureOf, textOf } from "./svg";

/** Ms for which a button says that it has done its work. */
const SAID = 1500;

export function buttons(controller: FigureController, phrase: typeof say): HTMLElement[] {
  const { figure, model } = controller;
  const { directive } = model;
  const made: HTMLElement[] = [];
  const add = (label: string, work: () => void | Promise<void>, done: string): void => {
    const button = element("button", [], label);
    button.type = "button";
    button.addEventListener("click", () => {
      void Promise.resolve()
        .then(work)
        .then(() => done, () => phrase("failed"))
        .then((message) => {
          controller.announce(message);
          button.textContent = message;
          setTimeout(() => (button.textContent = label), SAID);
        });
    });
    made.push(button);
  };
  const save = (ending: string, blob: Blob): void => {
    const place = [model.layers[controller.state.layer], model.heads[controller.state.head]].join(".");
    download(blob, `${`${idOf(figure)}-${place}`.replace(/[^\w.-]+/g, "-")}.${ending}`);
  };
  add(
    phrase("save_svg"),
    async () => {
      controller.complete();
      await loadImages(figure);
      save("svg", new Blob([textOf(pictureOf(figure))], { type: "image/svg+xml" }));
    },
    phrase("saved"),
  );
  add(
    phrase("save_png"),
    async () => {
      controller.complete();
      await loadImages(figure);
      const canvas = rasterOf(pictureOf(figure));
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
      save("png", blob ?? fail("no picture"));
    },
    phrase("saved"),
  );
  if (directive) add(directive.notation.label, () => copy(directiveOf(controller, directive)), phrase("copied"));
  add(
    phrase("copy_link"),
    () => {
      history.replaceState(history.state, "", fragmentOf(controller));
      return copy(location.href);
    },
    phrase("copied"),
  );
  return made;
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
