import assert from "node:assert/strict";
import { test } from "node:test";
import { edgesOf, heaviest, lineOf, shareOf, short } from "../../src/draw/edges";
import { MASKED, type Place } from "../../src/data/model";
import { edgesAtRest } from "../../src/views/edges/at-rest";
import { cross, model } from "../sample";

const query = (index: number) => ({ side: "query", index }) as const;
const key = (index: number) => ({ side: "key", index }) as const;

test("the smallest set of codes that reaches the cut-off", () => {
  assert.deepEqual(heaviest([500, 300, 150, 50], 0.95), [0, 1, 2]);
  assert.deepEqual(heaviest([50, 150, 300, 500], 0.8), [3, 2]);
  assert.deepEqual(heaviest([500, 300, 150, 50], 1), [0, 1, 2, 3]);
});

test("codes equal to the last drawn one are drawn, too", () => {
  assert.deepEqual(heaviest([400, 200, 200, 200], 0.6), [0, 1, 2, 3]);
});

test("small codes count for the share, and can be left out of the result", () => {
  assert.deepEqual(heaviest([30, 500, 20, 300, 150], 0.95, 100), [1, 3, 4]);
  assert.deepEqual(heaviest([30, 500, 20, 300, 150], 0.99, 25), [1, 3, 4, 0]);
  assert.deepEqual(heaviest([30, 500, 20, 300, 150], 0.6, 100), [1, 3]);
});

test("zeros and masked keys are never drawn", () => {
  assert.deepEqual(heaviest([1000, 0, MASKED], 1), [0]);
  assert.deepEqual(heaviest([0, 0, MASKED], 1), []);
});

test("a row of one head", () => {
  const line = lineOf(model, 0, 0, [query(1)], "from");
  assert.deepEqual(line.codes, [47, 506, 447]);
  assert.deepEqual(edgesOf(model, line), [
    { query: 1, key: 1, code: 506, special: false },
    { query: 1, key: 2, code: 447, special: false },
  ]);
  assert.equal(shareOf(model, line, edgesOf(model, line)), 95);
});

test("in the other direction, the line is a column", () => {
  const line = lineOf(model, 0, 0, [query(1)], "to");
  assert.equal(line.from, "key");
  assert.deepEqual(line.codes, [0, 506, 980]);
  assert.deepEqual(
    edgesOf(model, line).map((edge) => [edge.query, edge.key]),
    [[1, 1], [2, 1]],
  );
});

test("with two rows, the side of the token decides the direction", () => {
  assert.deepEqual(lineOf(cross, 0, 0, [query(0)], "from").codes, [900, 50, 50]);
  assert.deepEqual(lineOf(cross, 0, 0, [key(1)], "from").codes, [50, 800]);
  const edges = edgesOf(cross, lineOf(cross, 0, 0, [query(1)], "from"));
  assert.deepEqual(edges.map((edge) => edge.special), [false, false, true]);
});

test("several tokens are summed, and each keeps its own edges", () => {
  const line = lineOf(model, 0, 0, [query(1), query(2), query(1)], "from");
  assert.deepEqual(line.indices, [1, 2]);
  assert.deepEqual(line.codes, [67, 1486, 447]);
  const edges = edgesOf(model, line);
  assert.deepEqual(edges.map((edge) => [edge.query, edge.key, edge.code]), [
    [1, 1, 506],
    [1, 2, 447],
    [2, 1, 980],
  ]);
  // 506 + 447 + 980 of 2000.
  assert.equal(shareOf(model, line, edges), 96);
});

test("a sum is masked if all its terms are masked", () => {
  const sum = (...places: Place[]) => lineOf(model, 0, 1, places, "from").codes;
  assert.deepEqual(sum(query(0), query(1)), [1300, 700, MASKED]);
  assert.deepEqual(sum(query(1), query(2)), [633, 1033, 334]);
});

test("a row and a column cannot be summed", () => {
  const line = lineOf(cross, 0, 0, [query(0), key(1)], "from");
  assert.deepEqual([line.from, line.indices], ["query", [0]]);
});

test("at rest, the heaviest edges of ordinary tokens are drawn", () => {
  const pairs = (most: number) => edgesAtRest(model, 0, 0, most).map((e) => [e.query, e.key]);
  assert.deepEqual(pairs(240), [[1, 1], [1, 2], [2, 1]]);
  assert.deepEqual(pairs(1), [[2, 1]]);
});

test("numbers in attributes", () => {
  assert.deepEqual([158, 62.5, 0.07, 4.675, -0.004].map(short), ["158", "62.5", "0.07", "4.68", "0"]);
});
