import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { incrementally, writeAll } from "../../../src/views/steps/incremental-rows";

const PITCH = 24;
const listeners = new Map<string, () => void>();
let scrolled = 0;

Object.assign(globalThis, {
  innerHeight: 10 * PITCH,
  addEventListener: (name: string, listener: () => void) => listeners.set(name, listener),
});
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  writeAll();
  mock.timers.reset();
  scrolled = 0;
});

/** Rows one below the other, a function that writes them for a query, and the query of each row. */
function picture(count: number): [show: (query: string, isStatic?: boolean) => void, shown: string[]] {
  const shown = Array.from({ length: count }, () => "");
  const rows = shown.map((_, row) => ({ getBoundingClientRect: () => ({ y: row * PITCH - scrolled }) }));
  let query = "";
  const anew = incrementally(rows as unknown as Element[], (some) => {
    for (const row of some) shown[row] = query;
  });
  return [(of, isStatic) => { query = of; anew(isStatic); }, shown];
}

/** Run time in small steps. In one large step, only timers that were set before it would run. */
const wait = (ms: number): void => {
  for (let at = 0; at < ms; at++) mock.timers.tick(1);
};
const count = (shown: string[], query: string): number => shown.filter((one) => one === query).length;

test("few rows are written at once", () => {
  for (const rows of [1, 64]) {
    const [show, shown] = picture(rows);
    show("a");
    assert.equal(count(shown, "a"), rows);
  }
});

test("of many rows, those near the viewport are written first, and all in the end", () => {
  const [show, shown] = picture(512);
  show("a");
  assert.equal(shown.lastIndexOf("a"), 17);
  assert.equal(count(shown, "a"), 18);
  wait(99);
  assert.equal(count(shown, "a"), 18);
  wait(1);
  assert.equal(count(shown, "a"), 18 + 128);
  wait(1000);
  assert.equal(count(shown, "a"), 512);
});

test("where the static picture is right, no row is written or measured at once", () => {
  for (const rows of [1, 512]) {
    const [show, shown] = picture(rows);
    show("a", true);
    assert.equal(count(shown, "a"), 0);
    wait(1000);
    assert.equal(count(shown, "a"), rows);
  }
});

test("a second call starts again, and no row of the first call is left", () => {
  const [show, shown] = picture(512);
  show("a");
  wait(135);
  assert.equal(count(shown, "a"), 18 + 256);
  show("b");
  wait(99);
  assert.deepEqual([count(shown, "a"), count(shown, "b")], [256, 18]);
  wait(1000);
  assert.equal(count(shown, "b"), 512);
});

test("rows that scroll into view are written at once", () => {
  const [show, shown] = picture(512);
  show("a");
  scrolled = 300 * PITCH;
  listeners.get("scroll")!();
  assert.deepEqual([292, 293, 317, 318].map((row) => shown[row]), ["", "a", "a", ""]);
  scrolled = 400 * PITCH;
  listeners.get("resize")!();
  assert.equal(shown[410], "a");
  assert.equal(shown[511], "");
});

test("all rows are written before printing or saving", () => {
  const [one, other] = [picture(100), picture(200)];
  one[0]("a");
  other[0]("b");
  listeners.get("beforeprint")!();
  assert.deepEqual([count(one[1], "a"), count(other[1], "b")], [100, 200]);
});
