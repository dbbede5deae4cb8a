/** Lines on a picture: to the best key of each patch, or the strongest weights between patches. */

import { arrow as ARROW, bins as BINS, lines as LINES, mark as MARK, strong as STRONG } from "../../../../sphinx_attention/core/render/image/constants.json";
import { short } from "../shared";

/** The place of the patches, in px. */
export interface Grid {
  /** The index of the token of the first patch. The others follow row by row. */
  readonly first: number;
  readonly rows: number;
  readonly columns: number;
  readonly cell: number;
  readonly left: number;
  readonly top: number;
}

export interface Flows {
  /** The opacity of each group of lines, and the `d` of its path. */
  paths: [opacity: number, d: string][];
  count: number;
  /** The smallest weight that is drawn, in thousandths; of strong weights the bound, if all are drawn. */
  least: number;
  /** How many weights are as strong, drawn or not. */
  whole?: number;
}

type Code = (query: number, key: number) => number;

/** From each patch to the token that it looks at most. */
export function bestFlows(keys: number, code: Code, grid: Grid, focus: readonly number[]): Flows {
  let d = "";
  let count = 0;
  let least = 1000;
  for (const query of queriesOf(grid, focus)) {
    let best = 0;
    for (let key = 1; key < keys; key++) if (code(query, key) > code(query, best)) best = key;
    const weight = code(query, best);
    if (!weight) continue;
    least = Math.min(least, weight);
    count++;
    d += markOf(grid, query, best);
  }
  return { paths: d ? [[1, d]] : [], count, least };
}

/** All strong weights between different patches, the strongest most opaque: of very many, the strongest. */
export function strongFlows(keys: number, code: Code, grid: Grid, focus: readonly number[]): Flows {
  const bound = Math.max(1, Math.ceil((STRONG * 1000) / keys));
  const found: [weight: number, query: number, key: number][] = [];
  for (const query of queriesOf(grid, focus)) {
    for (const key of queriesOf(grid, [])) {
      const weight = query === key ? 0 : code(query, key);
      if (weight >= bound) found.push([weight, query, key]);
    }
  }
  // The sort is stable: equal weights keep the order of the patches.
  const chosen = found.sort((a, b) => b[0] - a[0]).slice(0, LINES);
  const most = chosen[0]?.[0] ?? 1;
  const groups = new Map<number, string>();
  for (const [weight, query, key] of chosen) {
    const step = Math.max(1, Math.ceil((BINS * weight) / most));
    groups.set(step, (groups.get(step) ?? "") + markOf(grid, query, key));
  }
  const paths = [...groups].sort(([a], [b]) => a - b).map(([step, d]): [number, string] => [step / BINS, d]);
  return { paths, count: chosen.length, least: found.length > chosen.length ? chosen.at(-1)![0] : bound, whole: found.length };
}

function queriesOf({ first, rows, columns }: Grid, focus: readonly number[]): number[] {
  const end = first + rows * columns;
  if (focus.length) return focus.filter((index) => index >= first && index < end);
  return Array.from({ length: end - first }, (_, at) => first + at);
}

/** The `d` of one line: an arrow, a circle for the patch itself, or a square for a token that is no patch. */
function markOf(grid: Grid, query: number, key: number): string {
  const { first, rows, columns, cell, left, top } = grid;
  const centre = (index: number): [number, number] => {
    const at = index - first;
    return [left + ((at % columns) + 0.5) * cell, top + (Math.floor(at / columns) + 0.5) * cell];
  };
  const [x, y] = centre(query);
  const size = cell * MARK;
  const p = (...numbers: number[]): string => numbers.map(short).join(" ");
  if (key === query) {
    const arc = `a${p(size, size)} 0 1 0 `;
    return `M${p(x - size, y)}${arc}${p(2 * size, 0)}${arc}${p(-2 * size, 0)}z`;
  }
  if (key < first || key >= first + rows * columns) {
    return `M${p(x - size, y - size)}h${p(2 * size)}v${p(2 * size)}h${p(-2 * size)}z`;
  }
  const [toX, toY] = centre(key);
  const angle = Math.atan2(toY - y, toX - x);
  const heads = [-0.5, 0.5].map((turn) => {
    const [dx, dy] = [Math.cos(angle + turn), Math.sin(angle + turn)];
    return `M${p(toX, toY)}L${p(toX - cell * ARROW * dx, toY - cell * ARROW * dy)}`;
  });
  return `M${p(x, y)}L${p(toX, toY)}${heads.join("")}`;
}
