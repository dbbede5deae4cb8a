/** The legend of a map, and the value of a point that its colour stands for. */

import { kind, legend as layout, margin as MARGIN, palette, ramps } from "../../../../sphinx_attention/core/render/map/constants.json";
import { say, svg, textWidth } from "../shared";
import type { Common, File, Head } from "./files";

/** The value that the colour of a point stands for; empty for queries and keys. */
export function valueOf(by: string, point: number, { header, arrays }: File<Common>, head: File<Head>, size: number, place: number): string {
  const count = header.tokens.length;
  const token = point % count;
  const names = header.legends[by]?.names;
  switch (by) {
    case "kind":
      return "";
    case "position":
      return String(place);
    case "length":
      return String(size);
    case "row":
    case "column": {
      const at = arrays[`patch-${by}`]![token]!;
      // The class token has no place.
      return at < 255 ? String(at) : "";
    }
    case "norm":
      return ((head.arrays["norms"]![point]! / 255) * head.header.tops[point < count ? 0 : 1]!).toFixed(1);
    case "frequency": {
      const text = header.tokens[token]!.toLowerCase();
      return `${header.tokens.filter((one) => one.toLowerCase() === text).length} ×`;
    }
    default:
      return names?.[Math.min(arrays[by]![token]!, names.length - 1)] ?? "";
  }
}

const FONT = layout.legend_font;
const HIGH = layout.row_height;

/** Write the legend: a swatch or a ramp for queries and for keys, and the kinds. */
export function legendInto(legend: SVGElement, by: string, { header }: File<Common>, head: File<Head>): void {
  const width = legend.ownerSVGElement!.viewBox.baseVal.width;
  const { names, ends } = header.legends[by] ?? {};
  const norms = head.header.tops.map((top) => top.toFixed(1));
  const steps = by === "norm" ? ["0", `${norms[0]} / ${norms[1]}`] : ends;
  const made: Node[] = [];
  let x = MARGIN;
  let y = HIGH / 2 + 4;
  const entry = (colour: string, text: string, square: boolean, ramp?: readonly string[]): void => {
    const room = ramp ? layout.ramp_width + layout.ramp_room + textWidth(steps!.join(""), FONT) : 0;
    const wide = layout.swatch_room + textWidth(text, FONT) + room;
    if (x > MARGIN && x + wide > width - MARGIN) [x, y] = [MARGIN, y + HIGH];
    made.push(
      svg("path", { d: `M${x + 5} ${y - 4}h0`, stroke: colour, "stroke-width": 8, "stroke-linecap": square ? "square" : "round" }),
      svg("text", { x: x + layout.swatch_room, y }, text),
    );
    if (ramp) {
      let at = x + layout.swatch_room + textWidth(text + steps![0]!, FONT) + layout.before_ramp;
      made.push(svg("text", { x: at - 4, y, "text-anchor": "end" }, steps![0]!));
      const each = layout.ramp_width / ramp.length;
      for (const fill of ramp) {
        made.push(svg("rect", { x: at, y: y - 8, width: each, height: 8, fill }));
        at += each;
      }
      made.push(svg("text", { x: at + 4, y }, steps![1]!));
    }
    x += wide + layout.between_entries;
  };
  for (const [side, name] of (["map_queries", "map_keys"] as const).entries()) {
    entry(names || steps ? "currentColor" : kind[side]!, say(name), !!side, steps && ramps[side]!);
  }
  names?.forEach((name, at) => entry(palette[at]!, name, false));
  legend.replaceChildren(...made);
}
