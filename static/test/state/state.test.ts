import assert from "node:assert/strict";
import { test } from "node:test";
import type { Place } from "../../src/data/model";
import { type Action, inFocus, reduce, type State } from "../../src/state/state";
import { atRest } from "../sample";

const at = (index: number): Place => ({ side: "query", index });
const start = atRest;
const after = (...actions: Action[]): State => actions.reduce(reduce, start);

test("a hovered token has priority over focus, and focus over a pin", () => {
  const all = after(
    { type: "toggle", place: at(1) },
    { type: "focus", place: at(2) },
    { type: "hover", place: at(3) },
  );
  assert.deepEqual(inFocus(all), [at(3)]);
  const left = reduce(all, { type: "hover", place: null });
  assert.deepEqual(inFocus(left), [at(2)]);
  const blurred = reduce(left, { type: "focus", place: null });
  assert.deepEqual(inFocus(blurred), [at(1)]);
  assert.deepEqual(inFocus(reduce(blurred, { type: "unpin" })), []);
});

test("the same token again is unpinned, and another one replaces it", () => {
  assert.deepEqual(after({ type: "toggle", place: at(1) }, { type: "toggle", place: at(1) }).pinned, []);
  const moved = after({ type: "toggle", place: at(1) }, { type: "toggle", place: at(2) });
  assert.deepEqual(moved.pinned, [at(2)]);
});

test("a query and a key of the same index are two tokens", () => {
  const key: Place = { side: "key", index: 1 };
  const pinned = after({ type: "toggle", place: at(1) }, { type: "toggle", place: key });
  assert.deepEqual(pinned.pinned, [key]);
});

test("an action without a change returns the same state object", () => {
  assert.equal(reduce(start, { type: "hover", place: null }), start);
  assert.equal(reduce(start, { type: "unpin" }), start);
  assert.equal(reduce(start, { type: "head", value: 0 }), start);
  const hovering = after({ type: "hover", place: at(1) });
  assert.equal(reduce(hovering, { type: "hover", place: at(1) }), hovering);
});

test("direction, layers and heads do not change the pins", () => {
  const state = after(
    { type: "toggle", place: at(1) },
    { type: "turn" },
    { type: "layer", value: 2 },
    { type: "head", value: 3 },
  );
  assert.deepEqual(state, { ...start, pinned: [at(1)], direction: "to", layer: 2, head: 3, heads: [3] });
  assert.equal(reduce(state, { type: "turn" }).direction, "from");
});

const toggle = (place: Place, add = false): Action => ({ type: "toggle", place, add });

test("adding a token pins it, and adding it again unpins it", () => {
  assert.deepEqual(after(toggle(at(1)), toggle(at(3), true)).pinned, [at(1), at(3)]);
  assert.deepEqual(after(toggle(at(1)), toggle(at(3), true), toggle(at(1), true)).pinned, [at(3)]);
  const both = after(toggle(at(1), true), toggle(at(3), true));
  assert.deepEqual(reduce(both, toggle(at(3))).pinned, [at(3)]);
  assert.deepEqual(reduce(both, { type: "unpin" }).pinned, []);
});

test("all pins are of one side", () => {
  const key: Place = { side: "key", index: 0 };
  assert.deepEqual(after(toggle(at(1)), toggle(key, true)).pinned, [key]);
});

test("two cells of a row are two places", () => {
  const cell = (other: number): Place => ({ ...at(1), other });
  assert.deepEqual(after(toggle(cell(0)), toggle(cell(2))).pinned, [cell(2)]);
  const hovering = after({ type: "hover", place: cell(0) });
  assert.notEqual(reduce(hovering, { type: "hover", place: cell(1) }), hovering);
});

test("heads that are drawn together include the one with the numbers", () => {
  const several = after({ type: "heads", value: [0, 3, 5] });
  assert.deepEqual([several.head, several.heads], [0, [0, 3, 5]]);
  const other = reduce(several, { type: "head", value: 5 });
  assert.deepEqual([other.head, other.heads], [5, [0, 3, 5]]);
  const without = reduce(other, { type: "heads", value: [0, 3] });
  assert.deepEqual([without.head, without.heads], [0, [0, 3]]);
  const alone = reduce(without, { type: "head", value: 7 });
  assert.deepEqual([alone.head, alone.heads], [7, [7]]);
  assert.deepEqual(reduce(alone, { type: "heads", value: [] }).head, 7);
  assert.equal(reduce(alone, { type: "heads", value: [7] }), alone);
});

test("options of the view's own", () => {
  const log = after({ type: "set", name: "scale", value: "log" });
  assert.deepEqual(log.options, { scale: "log" });
  assert.equal(reduce(log, { type: "set", name: "scale", value: "log" }), log);
});
