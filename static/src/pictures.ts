/**
 * A script of its own, loaded when a reader first saves a picture. Nothing but elements and blobs
 * goes between it and the other, whose names for things it does not share.
 */

import { fail } from "./dom";
import { pictureOf } from "./picture";
import { rasterOf } from "./raster";

export interface Pictures {
  svg(of: HTMLElement): Blob;
  png(of: HTMLElement): Promise<Blob>;
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
};
