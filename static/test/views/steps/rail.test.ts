import assert from "node:assert/strict";
import { test } from "node:test";
import { type Column, inked, lines } from "../../../src/views/steps/rail";

// Keys and products, sums, scaled sums, weights, weighted values.
const COLUMNS: Column[] = [
  [1, 70, 150],
  [1, 162, 242],
  [2, 242, 297],
  [3, 297, 352],
  [4, 364, 452],
  [5, 464, 544],
];

test("one column is inked, those before it are calmer, and those after it pale", () => {
  assert.deepEqual(inked(COLUMNS, 1, Infinity), [["now", "now", "later", "later", "later", "later"], 0]);
  assert.deepEqual(inked(COLUMNS, 3, 549), [["past", "past", "past", "now", "later", "later"], 0]);
  assert.deepEqual(inked(COLUMNS, 5, 549)[0].at(-1), "now");
});

test("a step without a column of its own reads the column before", () => {
  const unscaled = COLUMNS.filter(([step]) => step !== 3);
  assert.deepEqual(inked(unscaled, 3, Infinity)[0], ["past", "past", "now", "later", "later"]);
});

test("where room is short, the present column and those before it that fit move to the names", () => {
  // 242 - 162 = 80 and 297 - 242 = 55 px beside names of 70 px, and a margin of 5.
  assert.deepEqual(inked(COLUMNS, 2, 210), [["away", "past", "now", "away", "away", "away"], 92]);
  assert.deepEqual(inked(COLUMNS, 2, 209), [["away", "away", "now", "away", "away", "away"], 172]);
  assert.deepEqual(inked(COLUMNS, 1, 247), [["now", "now", "away", "away", "away", "away"], 0]);
  // The column of the present step is always visible.
  assert.deepEqual(inked(COLUMNS, 1, 40), [["now", "now", "away", "away", "away", "away"], 0]);
  assert.deepEqual(inked(COLUMNS, 5, 40), [["away", "away", "away", "away", "away", "now"], 394]);
});

test("words are set in lines", () => {
  assert.deepEqual(lines([40, 30, 50], 8, 78), [
    [0, 0],
    [48, 0],
    [0, 1],
  ]);
  // A word that is wider than a line stands alone.
  assert.deepEqual(lines([100, 30], 8, 78), [
    [0, 0],
    [0, 1],
  ]);
});
