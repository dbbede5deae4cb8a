import assert from "node:assert/strict";
import { test } from "node:test";
import { curve as curveOn, type ArcsLayout, headroomOf } from "../../../src/views/arcs/curves";
import { type Feet, feetOf } from "../../../src/views/arcs/feet";
import type { Edge } from "../../../src/views/shared";

const frame: ArcsLayout = {
  queries: [0, 50, 400],
  keys: [0, 50, 400],
  queryWidths: [40, 40, 40],
  keyWidths: [40, 40, 40],
  queryY: 96,
  keyY: 96,
  headroom: 88,
  span: 400,
};
const edge = (q: number, k: number): Edge => ({ query: q, key: k, code: 1, special: false });

const curve = (on: ArcsLayout, one: Edge, from: "query" | "key", feet: Feet = [0, 0]): string => curveOn(on, one, from, feet);

test("headroom is a whole number between 50 and 140", () => {
  assert.deepEqual([0, 400, 402, 5000].map(headroomOf), [50, 88, 88, 140]);
});

test("the widest arc fills the headroom, and starts at the token in focus", () => {
  // The handles are at 88 / 0.75 = 117.33 above 96.
  assert.equal(curve(frame, edge(0, 2), "query"), "M0 96C0 -21.33 400 -21.33 400 96");
  assert.equal(curve(frame, edge(0, 2), "key"), "M400 96C400 -21.33 0 -21.33 0 96");
});

test("curves agree with core/render to the last digit", () => {
  const arc = (start: number, end: number, span: number): string => {
    const row = { ...frame, queries: [start, end], keys: [start, end], queryY: 121, keyY: 121, span };
    return curve({ ...row, headroom: headroomOf(span) }, edge(0, 1), "query");
  };
  // The numbers are those of tests/core/render/common/test_edges.py, calculated there by hand.
  assert.equal(arc(241, 494, 514), "M241 121C241 32.46 494 32.46 494 121");
  assert.equal(arc(241, 28, 514), "M241 121C241 43.18 28 43.18 28 121");
  assert.equal(arc(100, 150, 6800), "M100 121C100 108.48 150 108.48 150 121");
  assert.equal(arc(28, 76, 48), "M28 121C28 89 76 89 76 121");
  // 12 and 1.25 for each of the 8 px between its feet, over 0.75, above 58.
  const lone = { ...frame, queries: [100], keys: [100], queryY: 58, keyY: 58, span: 200, headroom: 50 };
  assert.equal(curve(lone, edge(0, 0), "query", [-4, 4]), "M96 58C96 28.67 104 28.67 104 58");
});

test("an edge to itself stays in the headroom, however wide it is", () => {
  const [, top] = /C\S+ (\S+)/.exec(curve({ ...frame, headroom: 50 }, edge(1, 1), "query", [-40, 40]))!;
  // 0.8 of the headroom is its height; its handles are higher.
  assert.equal(Number(top), Number((96 - 40 / 0.75).toFixed(2)));
});

test("edges stand side by side over their word, the nearest outermost", () => {
  const words = { queries: [0, 100, 200, 300], keys: [0, 100, 200, 300], queryWidths: [40, 40, 40, 40], keyWidths: [], oneRow: true };
  const to = (key: number, width: number) => ({ query: 1, key, width });
  // From the left: 2 px to the left, then 4 and 6 px to the right, the far one inside, with 1 px between.
  assert.deepEqual(feetOf([to(0, 2), to(2, 6), to(3, 4)], words), [[-6, 0], [4, 0], [-2, 0]]);
  // A single edge stands in the middle, and so does one to the word itself: 4 + 1 + 4 px between its feet.
  assert.deepEqual(feetOf([to(2, 10)], words), [[0, 0]]);
  const [own, right] = feetOf([to(1, 4), to(2, 2)], words);
  assert.deepEqual(own, [-4.5, 4.5]);
  assert.deepEqual(right, [8.5, 0]);
});

test("many wide edges share the width of their word", () => {
  const words = { queries: [0, 100, 200], keys: [0, 100, 200], queryWidths: [40, 40, 40], keyWidths: [], oneRow: true };
  const [left, right] = feetOf([0, 2].map((query) => ({ query, key: 1, width: 40 })), words);
  // 81 px for 0.9 of 40.
  assert.ok(Math.abs(right![1] - left![1] - (41 * 36) / 81) < 1e-9);
});

test("two edges between the same words do not cross", () => {
  const words = { queries: [0, 100], keys: [0, 100], queryWidths: [60, 60], keyWidths: [], oneRow: true };
  const [forth, back] = feetOf([{ query: 0, key: 1, width: 4 }, { query: 1, key: 0, width: 2 }], words);
  // From the left word to the right one: the outer edge begins before the inner one and ends behind it.
  assert.ok(forth![0] < back![1] && forth![1] > back![0]);
});

test("curves that share an end do not cross", () => {
  const wide: ArcsLayout = { ...frame, headroom: 140, span: 900 };
  wide.queries = wide.keys = Array.from({ length: 31 }, (_, i) => 30 * i);
  const heights = (end: number): number[] => {
    const [x0, y0, , top, x1] = curve(wide, edge(0, end), "query").match(/-?\d+(\.\d+)?/g)!.map(Number);
    // The height at the same horizontal positions, found by bisection on the cubic.
    return [1, 5, 10, 15, 20, 25, 29].map((x) => {
      let [low, high] = [0, 1];
      for (let i = 0; i < 50; i++) {
        const t = (low + high) / 2;
        if (x0! + (x1! - x0!) * t * t * (3 - 2 * t) < x) low = t;
        else high = t;
      }
      return 3 * low * (1 - low) * (y0! - top!);
    });
  };
  for (let end = 2; end <= 30; end++) {
    const [inner, outer] = [heights(end - 1), heights(end)];
    inner.forEach((height, i) => assert.ok(outer[i]! > height, `${end} at ${i}`));
  }
});

test("edges between two rows", () => {
  const two: ArcsLayout = { ...frame, keys: [10, 20], queries: [40], queryY: 158, keyY: 48 };
  assert.equal(curve(two, edge(0, 1), "query"), "M40 158C40 103 20 103 20 48");
  assert.equal(curve(two, edge(0, 1), "key"), "M20 48C20 103 40 103 40 158");
});
