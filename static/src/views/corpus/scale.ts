/** The shapes of distributions and the texts of scores, the same as in Python. */

import sizes from "../../../../sphinx_attention/core/render/corpus/constants.json";
import { short } from "../shared";

const { rows } = sizes;

/** The bars of a distribution as the `d` of a path, the highest as high as the row allows. */
export function barsOf(bins: readonly number[], bottom: number): string {
  const most = Math.max(...bins);
  const step = rows.width / bins.length;
  return bins
    .map((count, i) => {
      if (!count) return "";
      const high = Math.max((rows.height * count) / most, 1);
      return `M${short(rows.left + i * step)} ${short(bottom)}v${short(-high)}h${short(step - 1)}V${short(bottom)}z`;
    })
    .join("");
}

/** The x of a score in its distribution. */
export function acrossOf(code: number, end: number): number {
  return rows.left + Math.min(code / 1000 / end, 1) * rows.width;
}

/** A score in thousandths with two decimals; a dash without any. */
export function decimals(code: number | null): string {
  return code === null ? "–" : (Math.floor((code + 5) / 10) / 100).toFixed(2);
}
