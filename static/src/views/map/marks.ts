/** The marks over the points of a map: legend and fidelity, labels, lines and the tip. */

import { label_font as FONT, labels as MOST_LABELS, margin as MARGIN, side as SIDE } from "../../../../sphinx_attention/core/render/map/constants.json";
import { ADDED, clamp, element, find, group, require, say, setAttributes, setText, type State, svg, textWidth, type ViewKind } from "../shared";
import type { Stage } from "./index";
import { labelsOf } from "./labels";
import { legendInto, valueOf } from "./legend";
import { seenAt } from "./points";
import { linesOf, sentenceOf, sum } from "./weights";

export const view = { part, mark } as unknown as ViewKind;

/** The font size of the tip of a point, in px. */
const TIP_FONT = 12;
/** A phone shows the picture smaller. Up to this factor, its texts are set larger in it. */
const LARGEST = 1.8;

const widths = new Map<string, number>();

function widthOf(text: string): number {
  let width = widths.get(text);
  if (width === undefined) widths.set(text, (width = textWidth(text, FONT)));
  return width;
}

/** How much larger than in the picture's own size texts are set, so that they can be read. */
function enlarged(picture: SVGSVGElement): number {
  return clamp(picture.viewBox.baseVal.width / (picture.getBoundingClientRect().width || Infinity), 1, LARGEST);
}

function isOne({ options }: State): boolean {
  return (options["show"] || "head") === "head";
}

function part(stage: Stage, state: State): void {
  const { picture, common, head, rows, sentence, point, projection } = stage;
  const figure = picture.closest<HTMLElement>(".attention-figure")!;
  const footer = find(figure, "footer")!;
  const legend = require<SVGElement>(picture, "map-legend");
  legendInto(legend, state.options["colour"] || "kind", common, head);
  setAttributes(legend, { display: isOne(state) ? "inline" : "none" });
  const [near, own, order] = head.header.fidelity[projection]!;
  const percent = (share: number): string => (100 * share).toFixed(share < 0.1 ? 1 : 0);
  const meaning = near < 0.1 ? say("map_little") : order > -0.3 ? say("map_far") : "";
  const fidelity = say(common.arrays["patch-row"] ? "map_fidelity_pictures" : "map_fidelity", { near: percent(near), own: percent(own), order: order.toFixed(2).replace("-", "−") });
  const whole = meaning ? `${fidelity}; ${meaning}` : fidelity;
  setText(require(footer, "map-fidelity"), whole);
  let note = find(footer, "map-lines");
  if (!note) footer.append((note = element("span", ["attention-note", "attention-map-lines", ADDED])));
  const drawn = (row: number[]): number => sum(linesOf(row).map((key) => row[key]!)) / (sum(row) || 1);
  const count = common.header.tokens.length;
  const shown = rows && (point < count ? [rows[point - sentence!.first]!] : rows);
  const lines = shown && say("map_lines", { mass: ((100 * sum(shown.map(drawn))) / shown.length).toFixed(0) }, stage.model.phrases);
  const weighed = state.options["weigh"] && say("map_weighed");
  setText(note, isOne(state) ? [lines, weighed].filter(Boolean).join("; ") : "");
  // The description of other views names the strongest pairs of one sentence. It is written after this.
  queueMicrotask(() => {
    const described = picture.querySelector(":scope > desc:last-of-type");
    if (described) setText(described, `${fidelity}.`);
  });
}

function mark(stage: Stage, state: State): void {
  const { picture, common, sentence, rows, point, pointed, look, head } = stage;
  const field = require<SVGElement>(picture, "map-field");
  const top = Number(field.getAttribute("y")) - 0.5 + MARGIN;
  const places = head.arrays[stage.projection] as Uint16Array;
  const { tokens } = common.header;
  const count = tokens.length;
  const on = isOne(state);
  const at = (one: number): [number, number] => {
    const [x, y] = seenAt(places, one, look);
    return [MARGIN + x * SIDE, top + y * SIDE];
  };
  const own = sentence ? Array.from({ length: 2 * sentence.size }, (_, n) => sentence.first + (n >> 1) + (n & 1 ? count : 0)) : stage.ranked;
  const most = sentence ? own.length : Math.min(120, MOST_LABELS * look.zoom);
  const larger = enlarged(picture);
  const labels = on ? labelsOf(own, tokens, places, look, SIDE, most, widthOf, larger) : [];
  const texts = require<SVGElement>(picture, "map-labels");
  setAttributes(texts, { "font-size": FONT * larger });
  texts.replaceChildren(
    ...labels.map((one) => svg("text", { x: MARGIN + one.x, y: top + one.y + FONT * larger * 0.35 }, tokens[one.point % count]!)),
  );
  let marks = find<SVGElement>(picture, "map-marks");
  if (!marks) field.before((marks = group(`map-marks ${ADDED}`, { fill: "none", stroke: "currentColor", "pointer-events": "none" })));
  const paths: Node[] = [];
  if (on && sentence) {
    rows?.forEach((row, query) => {
      for (const key of linesOf(row)) {
        const ends = [sentence.first + query, count + sentence.first + key];
        paths.push(svg("path", { d: `M${at(ends[0]!)}L${at(ends[1]!)}`, "stroke-width": 0.5 + 2.5 * row[key]!, "stroke-opacity": ends.includes(point) ? 0.9 : 0.25 }));
      }
    });
    const [cx, cy] = at(point);
    paths.push(svg("circle", { cx, cy, r: 7, "stroke-width": 1.5 }));
  }
  marks.replaceChildren(...paths);

  let tip = find<SVGElement>(picture, "map-tip");
  if (!tip) field.after((tip = group(`map-tip ${ADDED}`, { "pointer-events": "none" })));
  tip.replaceChildren();
  setAttributes(field, { "aria-label": picture.getAttribute("aria-label") ?? "" });
  if (pointed < 0 || !on) return;
  const { first, size } = sentenceOf(common.header, pointed % count);
  const place = (pointed % count) - first;
  const value = valueOf(state.options["colour"] || "kind", pointed, common, head, size, place);
  const named = say("map_tip", { side: say(pointed < count ? "map_query" : "map_key"), token: tokens[pointed % count]!, place: place + 1, count: size });
  const words = value ? `${named}; ${value}` : named;
  const [x, y] = at(pointed);
  const font = TIP_FONT * larger;
  const high = font + 8;
  const width = textWidth(words, font) + 12;
  const left = clamp(x - width / 2, 2, Math.max(2, SIDE + 2 * MARGIN - width - 2));
  const above = y - high - 10 < top - MARGIN ? y + 12 : y - high - 10;
  tip.append(
    svg("circle", { cx: x, cy: y, r: 6, fill: "none", stroke: "currentColor" }),
    svg("rect", { class: "attention-map-paper", x: left, y: above, width, height: high, rx: 3 }),
    svg("text", { x: left + 6, y: above + high - 6, "font-size": font, fill: "currentColor" }, words),
  );
  setAttributes(field, { "aria-label": words });
}
