import assert from "node:assert/strict";
import { test } from "node:test";
import type { Place } from "../src/model";
import { type Action, inFocus, reduce, type State } from "../src/state";

const at = (index: number): Place => ({ side: "query", index });
const start: State = {
  layer: 0,
  head: 0,
  direction: "from",
  hovered: null,
  focused: null,
  pinned: null,
};
const after = (...actions: Action[]): State => actions.reduce(reduce, start);

test("hovering wins over focus, focus over a pin", () => {
  const all = after(
    { type: "toggle", place: at(1) },
    { type: "focus", place: at(2) },
    { type: "hover", place: at(3) },
  );
  assert.deepEqual(inFocus(all), at(3));
  const left = reduce(all, { type: "hover", place: null });
  assert.deepEqual(inFocus(left), at(2));
  const blurred = reduce(left, { type: "focus", place: null });
  assert.deepEqual(inFocus(blurred), at(1));
  assert.equal(inFocus(reduce(blurred, { type: "unpin" })), null);
});

test("the same token again unpins, another takes over", () => {
  assert.equal(after({ type: "toggle", place: at(1) }, { type: "toggle", place: at(1) }).pinned, null);
  const moved = after({ type: "toggle", place: at(1) }, { type: "toggle", place: at(2) });
  assert.deepEqual(moved.pinned, at(2));
});

test("a query and a key of the same index are two tokens", () => {
  const key: Place = { side: "key", index: 1 };
  const pinned = after({ type: "toggle", place: at(1) }, { type: "toggle", place: key });
  assert.deepEqual(pinned.pinned, key);
});

test("what changes nothing leaves the very same state", () => {
  assert.equal(reduce(start, { type: "hover", place: null }), start);
  assert.equal(reduce(start, { type: "unpin" }), start);
  assert.equal(reduce(start, { type: "head", value: 0 }), start);
  const hovering = after({ type: "hover", place: at(1) });
  assert.equal(reduce(hovering, { type: "hover", place: at(1) }), hovering);
});

test("turning, layers and heads leave the pin alone", () => {
  const state = after(
    { type: "toggle", place: at(1) },
    { type: "turn" },
    { type: "layer", value: 2 },
    { type: "head", value: 3 },
  );
  assert.deepEqual(state, { ...start, pinned: at(1), direction: "to", layer: 2, head: 3 });
  assert.equal(reduce(state, { type: "turn" }).direction, "from");
});
