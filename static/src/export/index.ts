/** The export script. It is loaded when a reader first opens the menu that saves. */

import type { FigureController } from "../state/controller";
import { fail } from "../draw/dom";
import type { Directive } from "../data/payload";
import { pictureOf } from "./svg";
import { rasterOf } from "./raster";
import { directiveOf } from "./directive";

export interface Pictures {
  svg(of: HTMLElement): Blob;
  png(of: HTMLElement): Promise<Blob>;
  directive(controller: FigureController, written: Directive): string;
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
