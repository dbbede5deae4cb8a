import assert from "node:assert/strict";
import { test } from "node:test";
import { type Place } from "../../../src/data/model";
import { draw, headOf, labelled, moved } from "../../../src/views/matrix";
import type { CellLayout } from "../../../src/views/matrix/picture";
import { atRest, CODES, cross, HEADER, model, payloadOf, sampled } from "../../sample";

const cell: Place = { side: "query", index: 1, other: 2 };

test("at rest nothing is marked", () => {
  assert.deepEqual(draw(model, atRest), { cross: [], marks: [], focus: [], readout: null });
});

test("the cell under the pointer has a row, a column and a number", () => {
  const drawing = draw(model, { ...atRest, hovered: cell });
  assert.deepEqual(drawing.cross, [[1, -1], [-1, 2], [1, 2]]);
  assert.deepEqual(drawing.focus, [{ side: "query", index: 1 }, { side: "key", index: 2 }]);
  assert.deepEqual(drawing.readout, {
    tokens: ["fox"],
    verb: "looks",
    other: "dog",
    number: "0.447",
  });
});

test("the text of a masked cell says that it is masked", () => {
  const drawing = draw(model, { ...atRest, head: 1, hovered: cell });
  assert.equal(drawing.readout?.number, "masked");
});

test("a label marks its row or column, and the strongest cell", () => {
  const row = draw(model, { ...atRest, focused: { side: "query", index: 2 } });
  assert.deepEqual(row.cross, [[2, -1]]);
  assert.deepEqual(row.readout, { tokens: ["dog"], verb: "looks_most", other: "fox", number: "0.980" });
  const column = draw(cross, { ...atRest, hovered: { side: "key", index: 1 } });
  assert.deepEqual(column.readout, {
    tokens: ["fox"],
    verb: "is_seen_most",
    other: "Fuchs",
    number: "0.800",
  });
});

test("several pinned rows are marked and summed", () => {
  const pinned: Place[] = [{ side: "query", index: 0 }, { ...cell, other: 1 }];
  const drawing = draw(model, { ...atRest, pinned });
  assert.deepEqual(drawing.marks, [[0, -1], [1, -1], [1, 1]]);
  assert.deepEqual(drawing.cross, []);
  assert.deepEqual(drawing.readout, {
    tokens: ["[CLS]", "fox"],
    verb: "look_most",
    other: "[CLS]",
    number: "1.047",
  });
});

test("beside a linked figure in the other direction, a token means its column", () => {
  const turned = { ...atRest, direction: "to" } as const;
  const column = draw(model, { ...turned, hovered: { side: "query", index: 1 } });
  assert.deepEqual(column.cross, [[-1, 1]]);
  assert.deepEqual(column.readout, {
    tokens: ["fox"],
    verb: "is_seen_most",
    other: "dog",
    number: "0.980",
  });
  assert.equal(draw(model, { ...turned, hovered: cell }).readout?.number, "0.447");
});

test("a row without weights looks at nothing", () => {
  const empty = sampled(payloadOf(HEADER, CODES.map(() => 1001)));
  const drawing = draw(empty, { ...atRest, pinned: [{ side: "query", index: 1 }] });
  assert.deepEqual(drawing.readout, { tokens: ["fox"], verb: "looks", other: "", number: "" });
});

test("the cells of a head", () => {
  const { cells, most } = headOf(model, atRest);
  assert.equal(most, 1000);
  assert.deepEqual([...cells.levels], [50, 0, 0, 2, 25, 22, 1, 49, 0]);
  const log = headOf(model, { ...atRest, options: { scale: "log" } }).cells.levels;
  assert.equal(log[1], 0);
  // 0.05 + 0.95 log10(1.423) = 0.19553, 9.8 levels.
  assert.equal(log[3], 10);
  const causal = headOf(model, { ...atRest, head: 1 });
  assert.deepEqual([...causal.cells.levels], [50, 0, 0, 15, 35, 0, 17, 17, 17]);
  assert.deepEqual([...causal.codes].map((code) => code < 0), [
    ...[false, true, true],
    ...[false, false, true],
    ...[false, false, false],
  ]);
});

test("in a mirrored map, the first key is on the right", () => {
  const { cells } = headOf(cross, atRest, true);
  assert.deepEqual([...cells.levels], [3, 3, 50, 6, 44, 6]);
});

test("dimmed special tokens do not set the ramp", () => {
  const dim = sampled(payloadOf(HEADER, CODES), { cutoff: 0.95, dim: true });
  const { cells, most } = headOf(dim, atRest);
  assert.equal(most, 980);
  assert.deepEqual([...cells.levels], [-50, -0, -0, -2, 26, 23, -1, 50, 0].map((n) => n + 0));
});

test("labels of tokens in focus replace labels that are too near", () => {
  const sorted = (shown: Set<number>): number[] => [...shown].sort((a, b) => a - b);
  assert.deepEqual(sorted(labelled(10, 3, [])), [0, 3, 6, 9]);
  assert.deepEqual(sorted(labelled(10, 3, [4])), [0, 4, 9]);
  assert.deepEqual(sorted(labelled(10, 3, [4, 5])), [0, 4, 9]);
});

const layout: CellLayout = { rows: 2, columns: 3, cell: 22, left: 0, top: 0, mirrored: false };
const query = (index: number, other?: number): Place => ({
  side: "query",
  index,
  ...(other !== undefined && { other }),
});

test("arrow keys move from cell to cell and to the labels", () => {
  assert.deepEqual(moved(query(0), "ArrowRight", layout), query(0, 0));
  assert.deepEqual(moved(query(0, 0), "ArrowRight", layout), query(0, 1));
  assert.deepEqual(moved(query(0, 0), "ArrowLeft", layout), query(0));
  assert.deepEqual(moved(query(0, 2), "ArrowRight", layout), query(0, 2));
  assert.deepEqual(moved(query(0, 1), "ArrowDown", layout), query(1, 1));
  assert.deepEqual(moved(query(1, 1), "ArrowDown", layout), query(1, 1));
  assert.deepEqual(moved(query(0, 1), "ArrowUp", layout), { side: "key", index: 1 });
  assert.deepEqual(moved({ side: "key", index: 1 }, "ArrowRight", layout), { side: "key", index: 2 });
  assert.deepEqual(moved({ side: "key", index: 1 }, "ArrowDown", layout), query(0, 1));
  assert.deepEqual(moved(query(0), "ArrowUp", layout), query(0));
  assert.deepEqual(moved({ side: "key", index: 0 }, "ArrowLeft", layout), { side: "key", index: 0 });
  assert.deepEqual(moved(query(1), "End", layout), query(1, 2));
  assert.deepEqual(moved(query(1, 2), "Home", layout), query(1, 0));
  assert.equal(moved(query(1, 2), "a", layout), null);
});

test("in a mirrored map, the left arrow leads to the next key, and Home to the first", () => {
  const mirrored = { ...layout, mirrored: true };
  assert.deepEqual(moved(query(0), "ArrowLeft", mirrored), query(0, 0));
  assert.deepEqual(moved(query(0, 1), "ArrowRight", mirrored), query(0, 0));
  assert.deepEqual(moved(query(0, 1), "Home", mirrored), query(0, 0));
});
