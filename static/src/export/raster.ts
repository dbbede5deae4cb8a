/**
 * Paints a picture that `svg.ts` made. The browser itself could do so only by loading the picture as an
 * image, which a strict content security policy forbids.
 */

import { boxOf, numberIn, sheet } from "../draw/dom";
import type { Picture } from "./svg";

type Ink = CanvasRenderingContext2D;

/** Pixels for each px. */
const SHARP = 2;
/** The largest side of a canvas. Larger canvases stay blank in some browsers. */
const MOST = 8192;

export function rasterOf(picture: Picture): HTMLCanvasElement {
  const { root, width, height, background } = picture;
  const scale = Math.min(SHARP, MOST / width, MOST / height);
  const [canvas, ink] = sheet(Math.round(width * scale), Math.round(height * scale));
  ink.fillStyle = background;
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.scale(scale, scale);
  paint(root, ink, picture);
  return canvas;
}

/** Elements that are not painted themselves. */
const UNSEEN = new Set(["defs", "title", "desc", "mask", "pattern", "linearGradient"]);

function paint(node: Element, ink: Ink, picture: Picture): void {
  if (UNSEEN.has(node.localName)) return;
  ink.save();
  if (node instanceof SVGGraphicsElement) {
    const matrix = node.transform.baseVal.consolidate()?.matrix;
    if (matrix) ink.transform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
  }
  const opacity = ink.globalAlpha * numberIn(node, "opacity", 1);
  const dip = (one: Element, part: "fill" | "stroke"): boolean => {
    const colour = one.getAttribute(part) ?? (part === "fill" ? "#000" : "none");
    ink[`${part}Style`] = styleOf(colour, one, ink, picture);
    ink.globalAlpha = opacity * numberIn(one, `${part}-opacity`, 1);
    return colour !== "none";
  };
  const outline = outlineOf(node);
  if (outline) {
    if (dip(node, "fill")) ink.fill(outline);
    if (dip(node, "stroke")) {
      ink.lineWidth = numberIn(node, "stroke-width", 1);
      ink.lineCap = (node.getAttribute("stroke-linecap") ?? "butt") as CanvasLineCap;
      ink.setLineDash((node.getAttribute("stroke-dasharray") ?? "").match(/[\d.]+/g)?.map(Number) ?? []);
      ink.stroke(outline);
    }
  } else if (node.localName === "text") {
    write(node, ink, dip);
  } else {
    ink.globalAlpha = opacity;
    const source = picture.sources.get(node);
    ink.imageSmoothingEnabled = node.getAttribute("image-rendering") !== "pixelated";
    if (source) ink.drawImage(source, ...boxOf(node));
    for (const child of node.children) paint(child, ink, picture);
  }
  ink.restore();
}

function outlineOf(node: Element): Path2D | null {
  const at = (name: string): number => numberIn(node, name);
  if (node.localName === "path") return new Path2D(node.getAttribute("d") ?? "");
  const path = new Path2D();
  if (node.localName === "rect") path.roundRect(...boxOf(node), at("rx"));
  else if (node.localName === "line") {
    path.moveTo(at("x1"), at("y1"));
    path.lineTo(at("x2"), at("y2"));
  } else return null;
  return path;
}

/** Write a text run by run, each in its own font and colour. */
function write(node: Element, ink: Ink, dip: (run: Element, part: "fill") => boolean): void {
  const runs = [...node.childNodes].map((child) => ({
    of: child instanceof Element ? child : node,
    text: child.textContent ?? "",
  }));
  const widths = runs.map(({ of, text }) => {
    ink.font = ["style", "weight", "size", "family"].map((part) => of.getAttribute(`font-${part}`) ?? "").join(" ");
    return [ink.font, ink.measureText(text).width] as const;
  });
  const whole = widths.reduce((sum, [, width]) => sum + width, 0);
  const held = numberIn(node, "textLength", whole);
  const back = node.getAttribute("direction") === "rtl";
  const anchor = node.getAttribute("text-anchor") ?? "start";
  const share = anchor === "middle" ? 0.5 : (anchor === "end") === back ? 0 : 1;
  ink.direction = back ? "rtl" : "ltr";
  ink.textAlign = "left";
  if (/middle|central/.test(node.getAttribute("dominant-baseline") ?? "")) ink.textBaseline = "middle";
  ink.translate(numberIn(node, "x", 0) - share * held, numberIn(node, "y"));
  if (whole) ink.scale(held / whole, 1);
  for (const [i, { of, text }] of runs.entries()) {
    const [font, width] = widths[i]!;
    ink.font = font;
    if (dip(of, "fill")) ink.fillText(text, 0, 0);
    ink.translate(width, 0);
  }
}

/** A colour, or the pattern or gradient that an element uses in its place. */
function styleOf(
  colour: string,
  node: Element,
  ink: Ink,
  picture: Picture,
): string | CanvasGradient | CanvasPattern {
  const id = /^url\(#(.*)\)$/.exec(colour)?.[1];
  const resource = id && picture.root.querySelector(`[id="${id}"]`);
  if (!resource) return colour;
  if (resource.localName === "pattern") {
    const [, , width, height] = boxOf(resource);
    const [tile, drop] = sheet(width * SHARP, height * SHARP);
    drop.scale(SHARP, SHARP);
    for (const child of resource.children) paint(child, drop, picture);
    const pattern = ink.createPattern(tile, "repeat");
    pattern?.setTransform(new DOMMatrix().scale(1 / SHARP));
    return pattern ?? "#0000";
  }
  const [x, , width] = boxOf(node);
  const gradient = ink.createLinearGradient(x, 0, x + width, 0);
  for (const stop of resource.children) {
    const share = Math.round(255 * numberIn(stop, "stop-opacity", 1)).toString(16).padStart(2, "0");
    gradient.addColorStop(numberIn(stop, "offset", 0), `${stop.getAttribute("stop-color")}${share}`);
  }
  return gradient;
}
