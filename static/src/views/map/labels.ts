/** The labels of points, of which none covers another. */

import { type Look, seenAt } from "./points";

/** A label: its point, and where it stands. */
export interface Label {
  point: number;
  x: number;
  y: number;
}

/**
 * The labels of the best points in sight that cover no other label. `width` measures a text of the usual
 * size, and `larger` is how many times larger the texts are set. Sizes are in the px of a square with this
 * side.
 */
export function labelsOf(
  ranked: ArrayLike<number>,
  texts: readonly string[],
  places: ArrayLike<number>,
  look: Look,
  side: number,
  most: number,
  width: (text: string) => number,
  larger = 1,
): Label[] {
  const found: (Label & { end: number })[] = [];
  const seen = new Set<string>();
  // Where points are crowded, few labels have room, and a search through all points takes too long.
  for (let n = 0, tries = 30 * most; n < ranked.length && found.length < most && tries; n++) {
    const point = ranked[n]!;
    const text = texts[point % texts.length]!;
    // At rest, a word that is everywhere must not take all the labels.
    if (look.zoom <= 1 && seen.has(text)) continue;
    const [across, down] = seenAt(places, point, look);
    if (across < 0 || down < 0 || across > 1 || down > 1) continue;
    tries--;
    const x = across * side + 6;
    const y = down * side;
    const end = x + width(text) * larger;
    if (end > side || found.some((one) => Math.abs(one.y - y) < 13 * larger && x < one.end + 4 && one.x < end + 4)) continue;
    seen.add(text);
    found.push({ point, x, y, end });
  }
  return found;
}
