/**
 * A script of its own, loaded when a reader first opens the menu that saves. `build.mjs` gives
 * properties the same short names in both.
 */

import type { Live } from "./bind";
import { fail } from "./dom";
import type { Directive } from "./payload";
import { pictureOf } from "./picture";
import { rasterOf } from "./raster";
import { directiveOf } from "./written";

export interface Pictures {
  svg(of: HTMLElement): Blob;
  png(of: HTMLElement): Promise<Blob>;
  directive(live: Live, written: Directive): string;
}

declare global {
  var attentionPictures: Pictures | undefined;
}

globalThis.attentionPictures = {
  svg(of) {
    const text = new XMLSerializer().serializeToString(pictureOf(of).root);
    return new Blob([text], { type: "image/svg+xml" });
  },
  async png(of) {
    const canvas = rasterOf(pictureOf(of));
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
    return blob ?? fail("no picture");
  },
  directive: directiveOf,
};
