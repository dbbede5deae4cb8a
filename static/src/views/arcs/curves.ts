/** The curves of edges and their opacity. The Python part computes the same, to the last digit. */

import { rest_opacities as OPACITIES } from "../../../../sphinx_attention/core/render/arcs/constants.json";
import { edges } from "../../../../sphinx_attention/core/render/common/constants.json";
import { clamp, type Edge, nearest, short, type Side, weightOf } from "../shared";
import type { Feet } from "./feet";

/** The layout of the static picture, in px. */
export interface ArcsLayout {
  /** The centres of the tokens, and the widths of their texts. */
  queries: readonly number[];
  keys: readonly number[];
  queryWidths: readonly number[];
  keyWidths: readonly number[];
  /** The heights at which edges end. They are equal in figures of one row. */
  queryY: number;
  keyY: number;
  /** The space above a single row. It is not used between two rows. */
  headroom: number;
  /** The distance between the first and the last token; 100 for one token. */
  span: number;
}

/** The space that edges need above a row of this span. */
export function headroomOf(span: number): number {
  return nearest(clamp(edges.headroom * span, edges.least_headroom, edges.most_headroom));
}

/**
 * The curve of an edge as the `d` of a path that starts at the token in focus. The Python part proves
 * that curves with a common end do not cross.
 */
export function curve(layout: ArcsLayout, edge: Pick<Edge, "query" | "key">, from: Side, [atQuery, atKey]: Feet): string {
  const q = layout.queries[edge.query]!;
  const k = layout.keys[edge.key]!;
  const isForth = from === "query";
  const [x, end] = isForth ? [q + atQuery, k + atKey] : [k + atKey, q + atQuery];
  if (layout.queryY !== layout.keyY) {
    const [startY, endY] = isForth ? [layout.queryY, layout.keyY] : [layout.keyY, layout.queryY];
    const middle = (startY + endY) / 2;
    return path`M${x} ${startY}C${x} ${middle} ${end} ${middle} ${end} ${endY}`;
  }
  const y = layout.queryY;
  const isLoop = edge.query === edge.key;
  const top = y - (isLoop ? loopHandle(Math.abs(atKey - atQuery), layout) : handle(Math.abs(k - q), layout));
  return path`M${x} ${y}C${x} ${top} ${end} ${top} ${end} ${y}`;
}

/** The height of an arc's control points above its ends. */
function handle(distance: number, { span, headroom }: ArcsLayout): number {
  const rise = Math.min(headroom, span / 2);
  const { near, near_apex, least_nesting, most_nesting, apex } = edges;
  const fitting = span > 2 * near ? Math.log(rise / near_apex) / Math.log(span / near) : most_nesting;
  const nesting = clamp(fitting, least_nesting, most_nesting);
  return (rise * (distance / span) ** nesting) / apex;
}

/** The height of the control points of an edge to its own token, whose feet are so far apart. */
function loopHandle(apart: number, { headroom }: ArcsLayout): number {
  return Math.min(edges.loop_height + edges.loop_grows * apart, edges.loop_most * headroom) / edges.apex;
}

/** How strong an edge at rest is, as a number from 0 on. The style sheet knows the ink of each. */
export function strengthAtRest({ code }: Edge): number {
  return OPACITIES.filter(([from]) => weightOf(code) >= from!).length - 1;
}

function path(strings: TemplateStringsArray, ...values: number[]): string {
  return strings.reduce((text, part, i) => text + short(values[i - 1]!) + part);
}
