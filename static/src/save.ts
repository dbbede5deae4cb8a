/** What a reader takes away: the picture, the directive, the address. */

import { fragmentOf, idOf } from "./address";
import type { Live } from "./bind";
import { element, fail, part, runScript } from "./dom";
import { settle } from "./late";
import { say } from "./phrases";
import type { Pictures } from "./pictures";

/** Where this script came from; the one that draws pictures lies beside it. */
const own = (document.currentScript as HTMLScriptElement | null)?.src ?? "";

/** So long a button says that it has done its work. */
const SAID = 1500;

/** Put the menu into a figure's footer. */
export function offer(live: Live): void {
  const { figure, model } = live;
  const { directive } = model;
  const menu = element("details", ["attention-save"], element("summary", [], say("save")));
  const add = (label: string, work: () => void | Promise<void>, done: string): void => {
    const button = element("button", [], label);
    button.type = "button";
    button.addEventListener("click", () => {
      void Promise.resolve()
        .then(work)
        .then(() => done, () => say("failed"))
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
  add(say("save_svg"), async () => {
    download((await pictures()).svg(figure), `${name()}.svg`);
  }, say("saved"));
  add(say("save_png"), async () => {
    download(await (await pictures()).png(figure), `${name()}.png`);
  }, say("saved"));
  if (directive) {
    add(say("copy_directive"), async () => copy((await pictures()).directive(live, directive)), say("copied"));
  }
  add(say("copy_link"), () => {
    const fragment = fragmentOf(live);
    history.replaceState(history.state, "", fragment);
    return copy(location.href);
  }, say("copied"));
  // Safari copies nothing for a click that waits for the network.
  menu.addEventListener("toggle", () => void load(), { once: true });
  part(figure, "footer")?.append(menu);
}

/** Most readers never save anything: what does it is loaded when the first opens the menu. */
async function load(): Promise<void> {
  if (!globalThis.attentionPictures) await runScript(own.replace("attention.js", "attention-pictures.js"));
}

async function pictures(): Promise<Pictures> {
  await load();
  settle();
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
