/** The points of a head: where they are seen, how they are painted, and which are labelled. */

import { top as TOP } from "../../../../sphinx_attention/core/constants.json";
import { kind, none, palette, ramps } from "../../../../sphinx_attention/core/render/map/constants.json";

/** The factor by which one step enlarges the map. */
export const ZOOM_STEP = 1.5;

/** Where the reader looks: the middle as a share of the square, and the magnification. */
export interface Look {
  x: number;
  y: number;
  zoom: number;
}

/** The place of a point on the square, from 0 to 1 where it is seen. */
export function seenAt(places: ArrayLike<number>, point: number, look: Look): [number, number] {
  const half = places.length / 2;
  return [
    (places[point]! / TOP - look.x) * look.zoom + 0.5,
    (places[half + point]! / TOP - look.y) * look.zoom + 0.5,
  ];
}

/** The point nearest to a place on the square, within a distance; -1 for none. Points without ink are not found. */
export function pointAt(places: ArrayLike<number>, look: Look, x: number, y: number, reach: number): number {
  let best = -1;
  let least = reach * reach;
  const half = places.length / 2;
  for (let point = 0; point < half; point++) {
    const across = (places[point]! / TOP - look.x) * look.zoom + 0.5 - x;
    const down = (places[half + point]! / TOP - look.y) * look.zoom + 0.5 - y;
    const apart = across * across + down * down;
    if (apart < least) [best, least] = [point, apart];
  }
  return best;
}

function pixel(colour: string): number {
  const number = Number.parseInt(colour.slice(1), 16);
  return ((number & 255) << 16) | (number & 0xff00) | (number >> 16);
}

/** The colour of each point, as the bytes of a pixel without their opacity. */
export function inksOf(by: string, levels: ArrayLike<number> | undefined, count: number): Int32Array {
  const isRamp = /^(position|norm|length|frequency|row|column)$/.test(by);
  const sides = [0, 1].map((side) => (levels ? (isRamp ? [...ramps[side]!, none] : palette) : [kind[side]!]).map(pixel));
  // Lengths of vectors differ between a query and its key; other numbers do not.
  const each = levels && levels.length > count;
  return Int32Array.from({ length: 2 * count }, (_, point) => {
    const side = sides[+(point >= count)]!;
    return side[levels ? Math.min(levels[each ? point : point % count]!, side.length - 1) : 0]!;
  });
}

/**
 * Paint points on a square of pixels: queries as discs, keys as squares. `strong` tells which points have
 * their full colour; without it, all of them have. With `each`, only one in `each` queries and keys is painted.
 */
export function paintPoints(
  pixels: Int32Array,
  side: number,
  places: ArrayLike<number>,
  look: Look,
  inks: ArrayLike<number>,
  size: number,
  strong?: ArrayLike<number>,
  each = 1,
): void {
  const half = places.length / 2;
  const tokens = half / 2;
  const radius = Math.max(1, Math.round(size / 2));
  // For each row of a disc, how far it reaches to either side.
  const disc = Array.from({ length: 2 * radius + 1 }, (_, n) => Math.round(Math.sqrt(radius * radius + radius - (n - radius) ** 2 + 0.01)));
  // Faint points first, so that none covers a strong one.
  for (const pass of strong ? [0, 1] : [1]) {
    const alpha = (pass ? 220 : 40) << 24;
    for (let n = 0; n < half; n += n & 1 ? 2 * each - 1 : 1) {
      // Queries and keys by turns, so that neither lies over the other everywhere.
      const point = n & 1 ? tokens + (n >> 1) : n >> 1;
      if (strong && strong[point] !== pass) continue;
      const x = Math.round(((places[point]! / TOP - look.x) * look.zoom + 0.5) * side);
      const y = Math.round(((places[half + point]! / TOP - look.y) * look.zoom + 0.5) * side);
      if (x < -radius || y < -radius || x >= side + radius || y >= side + radius) continue;
      const ink = inks[point]! | alpha;
      for (let row = -radius; row <= radius; row++) {
        const line = y + row;
        if (line < 0 || line >= side) continue;
        const reach = point < tokens ? disc[row + radius]! : radius;
        pixels.fill(ink, line * side + Math.max(0, x - reach), line * side + Math.min(side, x + reach + 1));
      }
    }
  }
}
