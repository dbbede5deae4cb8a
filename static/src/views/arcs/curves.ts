/** The curves of edges and their opacity. The Python part computes the same, to the last digit. */

import { rest_opacities as OPACITIES, special_opacity as SPECIAL } from "../../../../sphinx_attention/core/render/arcs/constants.json";
import { edges } from "../../../../sphinx_attention/core/render/common/constants.json";
import { clamp, type Edge, nearest, short, type Side, weightOf } from "../shared";

/** The layout of the static picture, in px. */
export interface Frame {
  /** The centres of the tokens. */
  queries: readonly number[];
  keys: readonly number[];
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
export function curve(frame: Frame, edge: Pick<Edge, "query" | "key">, from: Side): string {
  const q = frame.queries[edge.query]!;
  const k = frame.keys[edge.key]!;
  const [start, end] = from === "query" ? [q, k] : [k, q];
  if (frame.queryY !== frame.keyY) {
    const [startY, endY] =
      from === "query" ? [frame.queryY, frame.keyY] : [frame.keyY, frame.queryY];
    const middle = (startY + endY) / 2;
    return path`M${start} ${startY}C${start} ${middle} ${end} ${middle} ${end} ${endY}`;
  }
  const y = frame.queryY;
  if (edge.query === edge.key) return balloon(frame, start, y);
  const top = y - handle(Math.abs(end - start), frame);
  return path`M${start} ${y}C${start} ${top} ${end} ${top} ${end} ${y}`;
}

/** The height of an arc's control points above its ends. */
function handle(distance: number, { span, headroom }: Frame): number {
  const rise = Math.min(headroom, span / 2);
  const { near, near_apex, least_nesting, most_nesting, apex } = edges;
  const fitting = span > 2 * near ? Math.log(rise / near_apex) / Math.log(span / near) : most_nesting;
  const nesting = clamp(fitting, least_nesting, most_nesting);
  return (rise * (distance / span) ** nesting) / apex;
}

/** An edge from a token to itself: a drop between the arcs to the left and right. */
function balloon(frame: Frame, x: number, y: number): string {
  const k = frame.span / handle(frame.span, frame) ** 2;
  const height = Math.min(edges.balloon_height, 0.8 * frame.headroom);
  const q = k / 4;
  const r = Math.min((2 * q * height + 1 - Math.sqrt(4 * q * height + 1)) / (2 * q), edges.balloon_radius);
  const s = height - r;
  const neck = y - Math.min(s, Math.sqrt(r / (0.8 * k)));
  const shoulder = y - s;
  const cheek = y - 0.78 * s;
  const crown = y - s - (4 / 3) * r;
  const left = x - r;
  const right = x + r;
  return (
    path`M${x} ${y}C${x} ${neck} ${left} ${cheek} ${left} ${shoulder}` +
    path`C${left} ${crown} ${right} ${crown} ${right} ${shoulder}` +
    path`C${right} ${cheek} ${x} ${neck} ${x} ${y}`
  );
}

/** The opacity of an edge at rest, where many edges overlap. */
export function opacityAtRest({ code, special }: Edge): number {
  const opacity = OPACITIES.filter(([from]) => weightOf(code) >= from!).at(-1)![1]!;
  return special ? SPECIAL * opacity : opacity;
}

function path(strings: TemplateStringsArray, ...values: number[]): string {
  return strings.reduce((text, part, i) => text + short(values[i - 1]!) + part);
}
