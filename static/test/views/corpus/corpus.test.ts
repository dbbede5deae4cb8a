import assert from "node:assert/strict";
import { test } from "node:test";
import { MASKED } from "../../../src/data/model";
import { codesOf, type Sentence } from "../../../src/views/corpus/arcs";
import { nearestDot } from "../../../src/views/corpus/dots";
import { acrossOf, barsOf, decimals } from "../../../src/views/corpus/scale";

test("codes have one digit or two, and a masked one is masked", () => {
  // 0, 31, 32, 999 and 1001, as Python writes them.
  assert.deepEqual(codesOf({ codes: "0VX0_7_9" } as Sentence), [0, 31, 32, 999, MASKED]);
});

test("scores have two decimals, halves rounded up", () => {
  assert.equal(decimals(995), "1.00");
  assert.equal(decimals(44), "0.04");
  assert.equal(decimals(45), "0.05");
  assert.equal(decimals(5960), "5.96");
  assert.equal(decimals(null), "–");
});

test("the highest bar is as high as the row, and none is invisible", () => {
  assert.equal(barsOf([0, 0], 40), "");
  assert.match(barsOf([1000, 1], 40), /v-22h.*v-1h/);
  assert.ok(acrossOf(500, 1) < acrossOf(900, 1));
  assert.equal(acrossOf(5000, 1), acrossOf(1000, 1));
});

test("arrow keys lead to the nearest dot in their direction", () => {
  const dots = [[0, 0], [10, 0], [20, 1], [10, 30]] as const;
  assert.equal(nearestDot(dots, [0, 0], [1, 0]), 1);
  assert.equal(nearestDot(dots, [10, 0], [1, 0]), 2);
  assert.equal(nearestDot(dots, [10, 0], [0, 1]), 3);
  assert.equal(nearestDot(dots, [0, 0], [-1, 0]), -1);
  assert.equal(nearestDot([[0, 0], [5, 0, false]], [0, 0], [1, 0]), -1);
});
