/**
 * Makes an SVG file of a figure's present picture. It does not need the page's style sheet, so that
 * any drawing program can open it. Canvases become images in it.
 */

import { heldOf } from "./images";
import { backgroundOf, find, findAll, rgbaOf, sheet, svg } from "../draw/dom";

export interface Picture {
  readonly root: SVGSVGElement;
  readonly width: number;
  readonly height: number;
  readonly background: string;
  /** The canvases and images from which the images of the picture were made. */
  readonly sources: ReadonlyMap<Element, CanvasImageSource>;
}

/** Programs older than SVG 2 need this namespace, and scripts of the page take `href` for a link. */
const XLINK = "http://www.w3.org/1999/xlink";

/** The attribute that stands for `xlink:href` until the picture is text: an element would load the image. */
const HREF = "data-href";

/** A picture as the text of a file. */
export function textOf({ root }: Picture): string {
  root.setAttributeNS("http://www.w3.org/2000/xmlns/", "xmlns:xlink", XLINK);
  return new XMLSerializer().serializeToString(root).replaceAll(` ${HREF}=`, " xlink:href=");
}

type Sources = Map<Element, CanvasImageSource>;

/** Style properties of shapes and texts that become attributes. */
const SHAPE = ["fill", "stroke", "stroke-width", "stroke-linecap", "stroke-dasharray"];
const FONT = ["font-family", "font-size", "font-weight", "font-style"];
const TEXT = ["fill", ...FONT, "text-anchor", "dominant-baseline", "direction"];
/** Default values, which need no attribute. */
const PLAIN = new Set(["1px", "butt", "400", "normal", "start", "auto", "ltr"]);
/** Attributes that have no meaning in a file. */
const REMOVED = ["fill-opacity", "stroke-opacity", "class", "role", "tabindex", "pointer-events", "aria-pressed", "aria-label"];

/** The picture of all stages of a figure, as they stand on the page. */
export function pictureOf(figure: HTMLElement): Picture {
  // Sorted thumbnails may scroll, and all of them are saved. The browser paints nothing until they are
  // restored.
  const sorted = find(figure, "thumbs--sorted");
  const scrolled = sorted?.scrollTop ?? 0;
  sorted?.style.setProperty("max-height", "none");
  const picture = wholePictureOf(figure);
  sorted?.style.removeProperty("max-height");
  sorted?.scrollTo(0, scrolled);
  return picture;
}

function wholePictureOf(figure: HTMLElement): Picture {
  const pictures = [...figure.querySelectorAll<SVGSVGElement>(".attention-stage > .attention-picture")];
  const stages = pictures.map((picture) => {
    const stage = picture.parentElement!;
    const sorted = find(stage, "thumbs--sorted");
    const shown = (sorted ?? picture).getBoundingClientRect();
    const { x, y } = stage.getBoundingClientRect();
    return { picture, stage, sorted, shown, x, y, right: x + shown.width, bottom: y + shown.height };
  });
  const left = Math.min(...stages.map(({ x }) => x));
  const top = Math.min(...stages.map(({ y }) => y));
  const width = Math.ceil(Math.max(...stages.map(({ right }) => right)) - left);
  const height = Math.ceil(Math.max(...stages.map(({ bottom }) => bottom)) - top);
  const background = inkOf(backgroundOf(figure))[0];
  const viewBox = `0 0 ${width} ${height}`;
  const root = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox });
  root.append(svg("title", {}, pictures[0]?.getAttribute("aria-label") ?? ""));
  if (background !== "#fff") root.append(svg("rect", { width, height, fill: background }));
  const sources: Sources = new Map();
  for (const { picture, stage, sorted, shown, x, y } of stages) {
    const group = svg("g", { transform: `translate(${x - left} ${y - top})` });
    if (!sorted) group.append(...drawnAsShown(picture, shown.width, sources));
    for (const canvas of stage.querySelectorAll("canvas")) {
      if (!canvas.width || !canvas.offsetWidth) continue;
      const image = imageOf(canvas, shown);
      sources.set(image, canvas);
      const under = canvas.compareDocumentPosition(picture) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (under) group.prepend(image);
      else group.append(image);
    }
    for (const lines of findAll<SVGSVGElement>(stage, "hairlines")) {
      const box = lines.getBoundingClientRect();
      const moved = svg("g", { transform: `translate(${box.x - shown.x} ${box.y - shown.y})` });
      moved.append(...copies(lines, sources));
      if (lines.querySelector("[d^=M]")) group.append(moved);
    }
    if (sorted) group.append(...findAll(sorted, "thumb").flatMap((thumb) => labelled(thumb, shown)));
    root.append(group);
  }
  for (const made of root.querySelectorAll("[class]")) made.removeAttribute("class");
  return { root, width, height, background, sources };
}

/** Copies of the content of a picture, as large as it is on the page. */
function drawnAsShown(picture: SVGSVGElement, width: number, sources: Sources): Node[] {
  const box = picture.viewBox.baseVal;
  const scale = width / box.width;
  const made = copies(picture, sources);
  if (!box.y && Math.abs(scale - 1) < 1e-3) return made;
  return [svg("g", { transform: `scale(${scale}) translate(0 ${-box.y})` }, ...made)];
}

/** The label of a sorted thumbnail, and the mark of the chosen one. */
function labelled(thumb: HTMLElement, around: DOMRect): SVGElement[] {
  const style = getComputedStyle(thumb);
  const box = thumb.getBoundingClientRect();
  const [x, y] = [box.x - around.x, box.y - around.y];
  const text = thumb.textContent;
  const line = document.createRange();
  line.selectNodeContents(thumb);
  const { width, bottom } = line.getBoundingClientRect();
  const ink = sheet(0, 0)[1];
  ink.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const [fill, opacity] = inkOf(style.getPropertyValue("-webkit-text-fill-color"));
  const label = svg(
    "text",
    {
      x: x + box.width / 2,
      y: bottom - around.y - ink.measureText(text).fontBoundingBoxDescent,
      textLength: width,
      lengthAdjust: "spacingAndGlyphs",
      "text-anchor": "middle",
      fill,
      "fill-opacity": opacity.toFixed(3),
    },
    text,
  );
  put(label, FONT, style);
  if (!thumb.hasAttribute("aria-current")) return [label];
  const before = getComputedStyle(thumb, "::before");
  const px = (name: string): number => Number.parseFloat(before.getPropertyValue(name));
  const stroke = px("border-top-width");
  const mark = svg("rect", {
    x: x + px("left") + stroke / 2,
    y: y + px("top") + stroke / 2,
    width: px("width") - stroke,
    height: px("height") - stroke,
    rx: 2,
    fill: "none",
    stroke: inkOf(before.borderTopColor)[0],
    "stroke-width": stroke,
  });
  return [mark, label];
}

function imageOf(canvas: HTMLCanvasElement, around: DOMRect): SVGImageElement {
  const box = canvas.getBoundingClientRect();
  const image = svg("image", {
    x: box.x - around.x,
    y: box.y - around.y,
    width: box.width,
    height: box.height,
    preserveAspectRatio: "none",
    "image-rendering": getComputedStyle(canvas).imageRendering,
  });
  image.setAttribute(HREF, canvas.toDataURL());
  return image;
}

/** Copies of the visible content of an element, with the styles as attributes. */
function copies(parent: Element, sources: Sources): Node[] {
  return [...parent.childNodes].flatMap((node) => {
    if (!(node instanceof SVGElement)) return node instanceof Text ? [node.cloneNode()] : [];
    const style = getComputedStyle(node);
    const resource = node.closest("defs, desc");
    if (!resource && (style.display === "none" || style.opacity === "0")) return [];
    const made = node.cloneNode() as SVGElement;
    for (const name of [...SHAPE, ...TEXT, ...REMOVED]) made.removeAttribute(name);
    if (node instanceof SVGGeometryElement) {
      if (style.fill === "none" && style.stroke === "none") return [];
      put(made, SHAPE, style);
    }
    if (node instanceof SVGTextContentElement) put(made, TEXT, style);
    // Another program may have another font: the width of a word is held.
    if (node.matches(".attention-word") && node instanceof SVGTextElement && !node.hasAttribute("textLength")) {
      made.setAttribute("textLength", node.getComputedTextLength().toFixed(2));
      made.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
    if (node instanceof SVGImageElement) {
      const own = heldOf(node);
      sources.set(made, own?.bitmap ?? node);
      made.removeAttributeNS(XLINK, "href");
      if (own) made.setAttribute(HREF, own.url);
    }
    if (node instanceof SVGStopElement) put(made, ["stop-color"], style);
    if (style.opacity !== "1") made.setAttribute("opacity", style.opacity);
    made.append(...copies(node, sources));
    return [made];
  });
}

function put(made: Element, names: readonly string[], style: CSSStyleDeclaration): void {
  // A run of text inherits from its line, so it needs every attribute.
  const run = made.localName === "tspan";
  for (const name of names) {
    let value = style.getPropertyValue(name);
    if (/^fill|^stroke$|color/.test(name)) {
      const [colour, alpha] = inkOf(value);
      const share = name.replace("-color", "") + "-opacity";
      const opacity = alpha * Number(style.getPropertyValue(share));
      if (run || opacity < 1) made.setAttribute(share, opacity.toFixed(3));
      // A pattern or a gradient is referred to by its id.
      const resource = /#[^"]*(?="\))/.exec(value);
      value = resource ? `url(${resource[0]})` : colour;
    }
    const idle = PLAIN.has(value) || (value === "none" && name !== "fill");
    if (run || !idle) made.setAttribute(name, value);
  }
}

/** A computed colour as a hexadecimal number, and its opacity. */
function inkOf(colour: string): readonly [string, number] {
  if (!CSS.supports("color", colour)) return ["none", 1];
  const [red, green, blue, alpha] = rgbaOf(colour);
  const digits = [red, green, blue].map((byte) => byte.toString(16).padStart(2, "0"));
  return [`#${digits.join("")}`, alpha / 255];
}
