import assert from "node:assert/strict";
import { test } from "node:test";
import { MASKED } from "../../../src/data/model";
import { cellsOf, levelPaths, ticks } from "../../../src/views/matrix/cells";

test("linear levels are the share of the strongest weight", () => {
  const { levels } = cellsOf(2, 3, [400, 200, 100, 0, 1, 395], "linear", 400);
  assert.deepEqual([...levels], [50, 25, 13, 0, 0, 49]);
});

test("masked cells have no level", () => {
  assert.deepEqual([...cellsOf(1, 3, [MASKED, 7, -7], "log", 7).levels], [0, 50, -50]);
});

test("neighbours of one level are one rectangle, unless cells stand apart", () => {
  const cells = { rows: 1, columns: 5, levels: Int8Array.from([2, 2, 0, 2, -2]) };
  assert.deepEqual(levelPaths(cells, [10, 10]), [
    [2, "M0 0h20v10h-20zM30 0h10v10h-10z"],
    [-2, "M40 0h10v10h-10z"],
  ]);
  assert.deepEqual(levelPaths(cells, [10, 8], 1)[0], [
    2,
    "M0 0h9v7h-9zM10 0h9v7h-9zM30 0h9v7h-9z",
  ]);
});

test("levels are in rising order, and negative levels follow", () => {
  const cells = { rows: 2, columns: 2, levels: Int8Array.from([9, -3, 1, -1]) };
  assert.deepEqual(levelPaths(cells, [1, 1]).map(([level]) => level), [1, 9, -1, -3]);
});

test("ticks stand at their opacity, at a distance", () => {
  assert.deepEqual(ticks(467, "linear", 220).map(([code]) => code), [0, 100, 200, 300, 400, 467]);
  const log = new Map(ticks(1000, "log", 220));
  // 0.05 + 0.95 log10(5.5) = 0.75334, 0.05 + 0.95 log10(2.8) = 0.47480.
  assert.ok(Math.abs(log.get(500)! - 220 * 0.75334) < 0.01);
  assert.ok(Math.abs(log.get(200)! - 220 * 0.4748) < 0.01);
  assert.deepEqual(ticks(1, "linear", 110), [[0, 0], [1, 110]]);
});
