import assert from "node:assert/strict";
import { test } from "node:test";
import { bestFlows, type Grid, strongFlows } from "../../../src/views/image/flows";
import { brightness, neighbour, veilOf } from "../../../src/views/image";
import type { TokenElement } from "../../../src/views/view";

const GRID: Grid = { first: 1, rows: 2, columns: 2, cell: 100, left: 0, top: 30 };
// [CLS], and four patches in two rows.
const ROWS = [
  [0, 100, 400, 200, 300],
  [0, 900, 50, 50, 0],
  [700, 0, 300, 0, 0],
  [0, 0, 0, 100, 900],
  [0, 600, 200, 200, 0],
];
const code = (query: number, key: number): number => ROWS[query]![key]!;

test("each patch leads to its best key: a circle, a square, and arrows", () => {
  const { paths, count, least } = bestFlows(5, code, GRID, []);
  const d = paths[0]![1];
  assert.equal(count, 4);
  assert.equal(least, 600);
  assert.equal(d.split("a").length - 1, 2);
  assert.equal(d.split("h").length - 1, 2);
  assert.ok(d.includes("M50 180L150 180"));
  assert.ok(d.includes("M150 180L50 80"));
});

test("a focus leaves its own line alone", () => {
  assert.equal(bestFlows(5, code, GRID, [3]).count, 1);
  assert.deepEqual(bestFlows(5, code, GRID, [0]).paths, []);
});

test("all strong weights are between different patches, in steps of opacity", () => {
  // Of 100 tokens, a strong weight is 5 % and more.
  const { paths, count, least, whole } = strongFlows(100, code, GRID, []);
  assert.deepEqual([count, whole], [6, 6]);
  assert.equal(least, 50);
  assert.deepEqual(
    paths.map(([opacity]) => opacity),
    [0.25, 0.75, 1],
  );
});

test("equal neighbours of the veil are one piece, and the strongest patch is clear", () => {
  const shown = { line: [999, 0, 0, 200, 400], most: 400, tokens: [], from: "query" as const };
  const veil = veilOf(shown, GRID, false);
  assert.deepEqual([...veil], [[50, "M0 0h200v100h-200z"], [25, "M0 100h100v100h-100z"]]);
});

test("the square root makes weak weights brighter", () => {
  assert.equal(brightness(100, 400, false), 13);
  assert.equal(brightness(100, 400, true), 25);
  assert.equal(brightness(900, 400, true), 50);
});

test("arrow keys stay in a line sideways, and go to the nearest line up and down", () => {
  const at = (index: number, x: number, y: number): TokenElement =>
    ({ place: { side: "query", index }, x, y, element: {} }) as unknown as TokenElement;
  const [chip, one, two, three] = [at(0, 20, 10), at(1, 50, 80), at(2, 150, 80), at(3, 50, 180)];
  const all = [chip, one, two, three];
  assert.equal(neighbour(all, chip, [0, 1]), one);
  assert.equal(neighbour(all, one, [1, 0]), two);
  assert.equal(neighbour(all, two, [1, 0]), undefined);
  assert.equal(neighbour(all, two, [0, 1]), three);
  assert.equal(neighbour(all, one, [0, -1]), chip);
});
