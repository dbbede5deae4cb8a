import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { incrementally, writeAll } from "../../../src/views/steps/incremental-rows";

const PITCH = 24;
const heard = new Map<string, () => void>();
let scrolled = 0;

Object.assign(globalThis, {
  innerHeight: 10 * PITCH,
  addEventListener: (name: string, listener: () => void) => heard.set(name, listener),
});
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  writeAll();
  mock.timers.reset();
  scrolled = 0;
});

/** Rows one below the other, what writes them anew for a query, and whose numbers each has. */
function picture(count: number): [show: (query: string) => void, shown: string[]] {
  const shown = Array.from({ length: count }, () => "");
  const rows = shown.map((_, row) => ({ getBoundingClientRect: () => ({ y: row * PITCH - scrolled }) }));
  let query = "";
  const anew = incrementally(rows as unknown as Element[], (some) => {
    for (const row of some) shown[row] = query;
  });
  return [(of) => { query = of; anew(); }, shown];
}

/** Step by step: of one long step, only the timers set before it would take part. */
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

test("of many, those in sight and some more, and all in the end", () => {
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

test("what is called for anew waits anew, and leaves nothing of the last", () => {
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

test("what is scrolled to is written at once", () => {
  const [show, shown] = picture(512);
  show("a");
  scrolled = 300 * PITCH;
  heard.get("scroll")!();
  assert.deepEqual([292, 293, 317, 318].map((row) => shown[row]), ["", "a", "a", ""]);
  scrolled = 400 * PITCH;
  heard.get("resize")!();
  assert.equal(shown[410], "a");
  assert.equal(shown[511], "");
});

test("before it is printed or saved, a page is brought to its end", () => {
  const [one, other] = [picture(100), picture(200)];
  one[0]("a");
  other[0]("b");
  heard.get("beforeprint")!();
  assert.deepEqual([count(one[1], "a"), count(other[1], "b")], [100, 200]);
});
