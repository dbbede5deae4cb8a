import assert from "node:assert/strict";
import { test } from "node:test";

import {
  bounds,
  cellsOfSheet,
  decimals,
  type ThumbnailLayout,
  hairlines,
  isKey,
  moved,
  ranked,
  scoresBy,
  sheetOf,
  thumbnails,
} from "../../../src/views/grid/sheet";
import { CODES, HEADER, model, payloadOf, sampled } from "../../sample";

const layout: ThumbnailLayout = {
  left: 30,
  top: 20,
  cell: 4,
  pool: 1,
  rows: 3,
  columns: 3,
  across: 4,
  down: 4,
};
const scored = sampled(
  payloadOf(
    HEADER,
    CODES,
    { previous: [0.125, 0.98], entropy: [1.5, 0.25], induction: [null, null] },
  ),
);
const by = (order: string, least = "0") => ({ order, least });
const wide = (labels: readonly string[]): number => 10 * (labels[0]?.length ?? 0);

test("thumbnails have few levels on one logarithmic ramp", () => {
  // 0.05 + 0.95 log10(1 + 9 w) by hand: 0.020 → 0.12, 0.047 → 0.20, 0.300 → 0.59, 0.333 → 0.62,
  // 0.447 → 0.72, 0.506 → 0.76, 0.700 → 0.87, 0.980 → 0.99; each to the nearest fifth.
  assert.deepEqual(
    [...thumbnails(model, layout)],
    [...[50, 0, 0, 6, 39, 39, 6, 50, 0], ...[50, 0, 0, 28, 39, 0, 28, 28, 28]],
  );
});

test("a cell shows the greatest of its weights that are not masked", () => {
  const pooled = thumbnails(model, { ...layout, pool: 2, rows: 2, columns: 2 });
  assert.deepEqual([...pooled], [50, 39, 50, 0, 50, 0, 28, 28]);
});

test("a filter shows the weights of one text on one text of a pair", () => {
  const filter = { query: (index: number) => index === 1, key: (index: number) => index > 0 };
  assert.deepEqual(
    [...thumbnails(model, layout, filter)],
    [...[0, 0, 0, 0, 39, 39, 0, 0, 0], ...[0, 0, 0, 0, 39, 0, 0, 0, 0]],
  );
});

test("heads are ranked from the best, and equal heads keep their order", () => {
  assert.deepEqual(ranked([0.2, 0.9, 0.2, null, 0.5], 0), [1, 4, 0, 2]);
  assert.deepEqual(ranked([0.2, 0.9, 0.2, null, 0.5], 0.5), [1, 4]);
});

test("bounds that all heads or no heads reach are not offered", () => {
  assert.deepEqual(bounds([0.15, 0.32, 0.95, null]), [0.2, 0.3, 0.5, 0.7, 0.9]);
  assert.deepEqual(bounds([0.4, 2.5, 3]), [1, 2, 3]);
  assert.deepEqual(bounds([null, null]), []);
});

/** Only a sorted sheet depends on the width of the page, because asking for it makes the browser lay out the page. */
const unmeasured = (): never => assert.fail("the width was measured");

test("the plain sheet has all heads, layer by layer", () => {
  const sheet = sheetOf(scored, by("layer"), layout, unmeasured, wide);
  assert.deepEqual(sheet, {
    sorted: false,
    heads: [0, 1],
    perLine: 2,
    across: 4,
    down: 4,
    inset: 0,
    labels: [],
  });
  assert.equal(scoresBy(scored, by("layer")), undefined);
});

test("a sorted sheet names each head and its score, and fits in the room", () => {
  const sheet = sheetOf(scored, by("previous"), layout, () => 100, wide);
  assert.deepEqual(sheet.heads, [1, 0]);
  assert.deepEqual(sheet.labels, ["5.11 0.98", "5.3 0.13"]);
  // 90 px are 23 cells of 4 px; two of them do not fit into 100 px.
  assert.deepEqual([sheet.across, sheet.perLine, sheet.inset], [23, 1, 10]);
  assert.equal(sheet.down, 4 + 4);
  assert.equal(sheetOf(scored, by("previous"), layout, () => 190, wide).perLine, 2);
  assert.deepEqual(sheetOf(scored, by("previous", "0.9"), layout, () => 100, wide).heads, [1]);
});

test("all thumbnails are in one heat map", () => {
  const all = thumbnails(model, layout);
  const plain = cellsOfSheet(all, sheetOf(scored, by("layer"), layout, () => 400, wide), layout);
  assert.deepEqual([plain.rows, plain.columns], [4, 8]);
  assert.deepEqual([...plain.levels.subarray(8, 16)], [6, 39, 39, 0, 28, 39, 0, 0]);
  const sheet = { ...sheetOf(scored, by("previous"), layout, () => 100, wide), across: 5, inset: 1, down: 4 };
  const sorted = cellsOfSheet(all, sheet, layout);
  assert.deepEqual([sorted.rows, sorted.columns], [8, 5]);
  assert.deepEqual([...sorted.levels.subarray(5, 10)], [0, 28, 39, 0, 0]);
  assert.deepEqual([...sorted.levels.subarray(25, 30)], [0, 6, 39, 39, 0]);
});

test("a token is a row of every thumbnail, or a column", () => {
  const sheet = sheetOf(scored, by("layer"), layout, () => 400, wide);
  const place = { side: "query", index: 1 } as const;
  assert.equal(hairlines(sheet, layout, [place], () => false), "M0 6h12M16 6h12");
  assert.equal(hairlines(sheet, layout, [place], () => true), "M6 0v12M22 0v12");
  const pooled = { ...layout, pool: 2, rows: 2, columns: 2 };
  assert.equal(hairlines(sheet, pooled, [{ side: "query", index: 2 }], () => false), "M0 6h8M16 6h8");
  assert.equal(hairlines(sheet, layout, [], () => false), "");
  assert.deepEqual(
    [isKey(model, place, "from"), isKey(model, place, "to"), isKey(model, { ...place, side: "key" }, "from")],
    [false, true, true],
  );
});

test("arrows move among the thumbnails that are shown", () => {
  const sheet = { ...sheetOf(scored, by("layer"), layout, () => 400, wide), heads: [0, 1, 2, 3, 4, 5, 6], perLine: 3 };
  const go = (key: string) => moved(sheet, 4, key);
  assert.deepEqual(
    ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "x"].map(go),
    [3, 5, 1, 4, 3, 5, undefined],
  );
  assert.deepEqual([moved(sheet, 0, "ArrowLeft"), moved(sheet, 6, "ArrowRight")], [0, 6]);
  assert.deepEqual([moved(sheet, 3, "ArrowDown"), moved(sheet, 6, "End")], [6, 6]);
});

test("scores have two decimals, halves rounded up", () => {
  assert.deepEqual([0, 0.005, 0.125, 0.994, 0.995, 3.456].map(decimals), [
    "0.00",
    "0.01",
    "0.13",
    "0.99",
    "1.00",
    "3.46",
  ]);
});
