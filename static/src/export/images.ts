/**
 * The bytes of a page's image files, for pictures that are saved. A page that was opened from a disk
 * may not read its images. Each image file therefore has a script beside it that holds its bytes.
 */

import { findAll, runScript } from "../draw/dom";

declare global {
  var attentionImages: Record<string, string> | undefined;
}

/** An image of a picture: its bytes as a data URL, and as something that a canvas can draw. */
export interface Held {
  readonly url: string;
  readonly bitmap: ImageBitmap;
}

const held = new WeakMap<Element, Held>();

/** Load the bytes of all image files of a figure. */
export async function loadImages(figure: HTMLElement): Promise<void> {
  for (const image of findAll<SVGImageElement>(figure, "seen")) {
    const { baseVal } = image.href;
    if (held.has(image)) continue;
    const [, name] = /([^/]+)\.png$/.exec(baseVal) ?? [];
    if (name && !globalThis.attentionImages?.[name]) await runScript(baseVal.replace(/png$/, "js"));
    const text = name ? globalThis.attentionImages?.[name] : baseVal.split(",")[1];
    const bytes = Uint8Array.from(atob(text ?? ""), (one) => one.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    held.set(image, { url: `data:image/png;base64,${text}`, bitmap });
  }
}

/** The bytes of an image. Undefined for images that have none of their own. */
export function heldOf(image: Element): Held | undefined {
  return held.get(image);
}
