import assert from "node:assert/strict";
import { test } from "node:test";
import { addPhrases } from "../../../src/data/phrases";
import type { Weights } from "../../../src/draw/edges";
import { squaresInSlots, squaresUnder, view } from "../../../src/views/edges/part";
import { model as sample } from "../../sample";

addPhrases(view.phrases);

const model = { ...sample, heads: Array.from({ length: 30 }, (_, head) => String(head)) };
const heads = (codes: readonly number[]) =>
  codes.map((code, head) => ({ head, weights: { from: "query", indices: [1], codes: [0, code, 0] } as Weights }));
const room = (x: number, width: number) => ({ x, y: 40, width });
const lefts = (paths: readonly Readonly<Record<string, string>>[]) =>
  Object.fromEntries(paths.map((path) => [path["data-head"], Number(/M(\S+)/.exec(path["d"]!)![1])]));

// The same cases, with the same numbers, are in tests/core/render/common/test_squares.py.
test("the heads that matter stand in the middle of the word", () => {
  const all = [room(0, 36), room(100, 36), room(0, 36)];
  const { paths, label } = squaresUnder(model, heads([50, 100, 99, 600]), all, 3);
  assert.deepEqual(lefts(paths), { 1: 94.5, 3: 100.5 });
  assert.deepEqual(paths.map((path) => path["class"]!.endsWith("--shown")), [false, true]);
  assert.equal(label, "heads at fox: 1, 3");
});

test("of too many heads the heaviest stay, and the head that is drawn", () => {
  const all = [room(0, 36), room(100, 36), room(0, 36)];
  const codes = [100, 900, 800, 700, 600, 500, 400, 300];
  const { paths } = squaresUnder(model, heads(codes), all, 0);
  assert.deepEqual(Object.keys(lefts(paths)), ["0", "1", "2", "3", "4", "5"]);
  assert.equal(lefts(paths)["0"], 82.5);
});

test("every head has a slot, in both directions, and slots of many heads are narrow", () => {
  const all = [room(0, 90), room(10, 90), room(0, 90)];
  assert.deepEqual(lefts(squaresInSlots(model, heads([200, 9, 300]), all, 1).paths), { 0: 10, 2: 22 });
  assert.deepEqual(lefts(squaresInSlots(model, heads([200, 9, 300]), all, -1).paths), { 0: 5, 2: -7 });
  const narrow = [room(0, 60), room(0, 60), room(0, 60)];
  const { paths } = squaresInSlots(model, heads(Array<number>(30).fill(500)), narrow, 1);
  assert.equal(lefts(paths)["29"], 58);
  assert.match(paths[0]!["d"]!, /h1v5h-1z/);
});
