/** What a reader takes away: the picture, the directive, the address. */

import { fragmentOf, idOf } from "./address";
import type { Live } from "./bind";
import { element, fail, part } from "./dom";
import { pictureOf } from "./picture";
import { rasterOf } from "./raster";
import { directiveOf } from "./written";

/** So long a button says that it has done its work. */
const SAID = 1500;

/** Put the menu into a figure's footer. */
export function offer(live: Live): void {
  const { figure, model } = live;
  const { directive } = model;
  const menu = element("details", ["attention-save"], element("summary", [], "Save"));
  const add = (label: string, work: () => void | Promise<void>, done: string): void => {
    const button = element("button", [], label);
    button.type = "button";
    button.addEventListener("click", () => {
      void Promise.resolve()
        .then(work)
        .then(() => done, () => "that did not work")
        .then((said) => {
          live.tell(said);
          button.textContent = said;
          setTimeout(() => (button.textContent = label), SAID);
        });
    });
    menu.append(button);
  };
  const name = (): string => {
    const place = [model.layers[live.state.layer], model.heads[live.state.head]].join(".");
    return `${idOf(figure)}-${place}`.replace(/[^\w.-]+/g, "-");
  };
  add("save as SVG", () => {
    const text = new XMLSerializer().serializeToString(pictureOf(figure).root);
    download(new Blob([text], { type: "image/svg+xml" }), `${name()}.svg`);
  }, "saved");
  add("save as PNG", async () => {
    const canvas = rasterOf(pictureOf(figure));
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
    if (!blob) fail("no picture");
    download(blob, `${name()}.png`);
  }, "saved");
  if (directive) {
    add("copy as directive", () => copy(directiveOf(model, directive, live.state, figure.dataset["view"]!)), "copied");
  }
  add("copy link", () => {
    const fragment = fragmentOf(live);
    history.replaceState(history.state, "", fragment);
    return copy(location.href);
  }, "copied");
  part(figure, "footer")?.append(menu);
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
    // Where the page may not: without https, or in a frame.
    const area = element("textarea", ["attention-live"]);
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) fail("no clipboard");
  }
}
