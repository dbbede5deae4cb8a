import assert from "node:assert/strict";
import { test } from "node:test";
import { curve, type Frame, headroomOf } from "../../../src/views/arcs/curves";
import type { Edge } from "../../../src/views/shared";

const frame: Frame = {
  queries: [0, 50, 400],
  keys: [0, 50, 400],
  queryY: 96,
  keyY: 96,
  headroom: 88,
  span: 400,
};
const edge = (q: number, k: number): Edge => ({ query: q, key: k, code: 1, special: false });

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
    const frame = { queries: [start, end], keys: [start, end], queryY: 121, keyY: 121, span };
    return curve({ ...frame, headroom: headroomOf(span) }, edge(0, 1), "query");
  };
  // The numbers are those of tests/core/render/common/test_edges.py, calculated there by hand.
  assert.equal(arc(241, 494, 514), "M241 121C241 32.46 494 32.46 494 121");
  assert.equal(arc(241, 28, 514), "M241 121C241 43.18 28 43.18 28 121");
  assert.equal(arc(100, 150, 6800), "M100 121C100 108.48 150 108.48 150 121");
  assert.equal(arc(28, 76, 48), "M28 121C28 89 76 89 76 121");
  const lone = { queries: [100], keys: [100], queryY: 58, keyY: 58, span: 200, headroom: 50 };
  assert.equal(
    curve(lone, edge(0, 0), "query"),
    "M100 58C100 44.06 93 32.26 93 25C93 15.67 107 15.67 107 25C107 32.26 100 44.06 100 58",
  );
});

test("an edge to itself is symmetric and stays in the headroom", () => {
  const d = curve(frame, edge(1, 1), "query");
  const numbers = d.match(/-?\d+(\.\d+)?/g)!.map(Number);
  const xs = numbers.filter((_, i) => i % 2 === 0);
  assert.equal(xs.length, 10);
  for (let i = 0; i < 10; i++) assert.ok(Math.abs(xs[i]! + xs[9 - i]! - 100) < 0.011, d);
  assert.ok(Math.min(...numbers.filter((_, i) => i % 2)) > 8);
});

test("curves that share an end do not cross", () => {
  const wide: Frame = { ...frame, queries: [], keys: [], headroom: 140, span: 900 };
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
  const two: Frame = { ...frame, keys: [10, 20], queries: [40], queryY: 158, keyY: 48 };
  assert.equal(curve(two, edge(0, 1), "query"), "M40 158C40 103 20 103 20 48");
  assert.equal(curve(two, edge(0, 1), "key"), "M20 48C20 103 40 103 40 158");
});
