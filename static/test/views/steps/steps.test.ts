import assert from "node:assert/strict";
import { test } from "node:test";
import { addPhrases } from "../../../src/data/phrases";
import type { State } from "../../../src/state/state";
import { cellOf, stripsOf, tableOf, view } from "../../../src/views/steps";
import { spokenFormulas } from "../../../src/views/steps/formulas";
import { atRest, cross, model } from "../../sample";
import { carrying, SMALL } from "../../tensors";

addPhrases(view.phrases!);

const pinned = (index: number, other?: number): State => ({
  ...atRest,
  pinned: [{ side: "query", index, ...(other === undefined ? {} : { other }) }],
});

test("the cell of a state", () => {
  // The tokens are [CLS] fox dog, and fox gives 0.047, 0.506 and 0.447.
  assert.deepEqual(cellOf(model, atRest, 1), { query: 1, key: 2 });
  assert.deepEqual(cellOf(model, pinned(2), 1), { query: 2, key: 1 });
  assert.deepEqual(cellOf(model, pinned(2, 0), 1), { query: 2, key: 0 });
  assert.deepEqual(cellOf(model, { ...pinned(2), hovered: { side: "query", index: 1, other: 1 } }, 0), {
    query: 1,
    key: 1,
  });
  assert.deepEqual(cellOf(model, { ...atRest, pinned: [{ side: "key", index: 0 }] }, 1), { query: 1, key: 0 });
});

test("if only special tokens and the query itself have weight, the heaviest key is shown", () => {
  assert.deepEqual(cellOf(model, pinned(0), 1), { query: 0, key: 0 });
  // In the causal head, fox cannot see dog.
  assert.deepEqual(cellOf(model, { ...pinned(1), head: 1 }, 0), { query: 1, key: 1 });
  assert.deepEqual(cellOf(cross, pinned(1), 0), { query: 1, key: 1 });
});

test("without tensors, the rows have only weights", () => {
  const table = tableOf(model, { ...atRest, head: 1 }, 1, { columns: ["weight"], bar: 300 });
  assert.equal(table.terms, null);
  assert.deepEqual(table.rows.map(({ numbers }) => numbers), [["0.300"], ["0.700"], ["–"]]);
  assert.deepEqual(table.rows.map(({ masked }) => masked), [false, false, true]);
  assert.deepEqual(table.bars, ["M0 31h210v10h-210z", "M0 7h90v10h-90z"]);
});

test("the rows of a query", () => {
  const columns = ["dot", "scaled", "weight"];
  const table = tableOf(carrying(SMALL, [804, 196, 196, 804]), atRest, 1, { columns, bar: 56 });
  assert.deepEqual(table.rows.map(({ numbers }) => numbers), [
    ["1.000", "0.707", "0.196"],
    ["3.000", "2.121", "0.804"],
  ]);
  assert.equal(table.bars[0], "M0 7h10.98v10h-10.98z" + "M0 31h45.02v10h-45.02z");
});

test("strips are pixels on one colour scale, with a free unit above and below", () => {
  const cells = stripsOf([[0, [1, -0.5]], [-24, [0.1, 0.049]]], 60, 1);
  assert.deepEqual([cells.rows, cells.columns], [15, 2]);
  const row = (n: number): number[] => [...cells.levels.subarray(2 * n, 2 * n + 2)];
  assert.deepEqual([0, 1, 4, 5, 9, 10, 13, 14].map(row), [
    [0, 0],
    [50, 0],
    [0, -25],
    [0, 0],
    [0, 0],
    [5, 0],
    [0, 0],
    [0, 0],
  ]);
});

test("formulas in words", () => {
  const parts = { radicand: "32", dot: "31.015", scaled: "5.4827", share: "0.447", factor: "0.1768" };
  assert.equal(spokenFormulas(parts, "fox", "dog")["scale"], "31.015 over the root of 32 is 5.4827");
  assert.equal(spokenFormulas({ ...parts, radicand: "" }, "", "")["scale"], "31.015 times 0.1768 is 5.4827");
});
