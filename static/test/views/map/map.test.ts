import assert from "node:assert/strict";
import { test } from "node:test";
import { meanOf } from "../../../src/views/map/mean";
import type { Common, File, Head } from "../../../src/views/map/files";
import { labelsOf } from "../../../src/views/map/labels";
import { pointBeside } from "../../../src/views/map/keys";
import { inksOf, paintPoints, pointAt, seenAt } from "../../../src/views/map/points";
import { linesOf, received, rowsOf, sentenceOf } from "../../../src/views/map/weights";

const WHOLE = { x: 0.5, y: 0.5, zoom: 1 };
/** Two queries on the left and two keys on the right: all x, and then all y. */
const PLACES = [0, 16384, 49151, 65535, 0, 65535, 0, 65535];

const common = { tokens: ["a", "b", "c", "d", "e"], sizes: [2, 3], special: [], long: [], projections: ["pca"], causal: true, legends: {}, words: {} } as Common;
const weights = Uint16Array.of(1000, 1001, 400, 600, 1000, 1001, 1001, 40, 960, 1001, 300, 30, 670);
const head = { header: { tops: [1, 1, 1], fidelity: {} }, arrays: { weights, values: Uint8Array.of(1, 1, 1, 2, 1) } } as unknown as File<Head>;

test("a point is seen where the reader looks", () => {
  assert.deepEqual(seenAt(PLACES, 3, WHOLE), [1, 1]);
  const [x, y] = seenAt(PLACES, 3, { x: 0.75, y: 0.75, zoom: 2 });
  assert.ok(Math.abs(x - 1) < 1e-9 && Math.abs(y - 1) < 1e-9);
});

test("the nearest point within reach is found", () => {
  assert.equal(pointAt(PLACES, WHOLE, 0.26, 0.98, 0.05), 1);
  assert.equal(pointAt(PLACES, WHOLE, 0.5, 0.5, 0.05), -1);
});

test("arrow keys lead to the nearest point in their direction", () => {
  assert.equal(pointBeside(PLACES, 0, 1, 0), 2);
  assert.equal(pointBeside(PLACES, 1, 1, 0), 3);
  assert.equal(pointBeside(PLACES, 3, 1, 0), 3);
});

test("queries are discs and keys are squares, in their colours", () => {
  const side = 101;
  const pixels = new Int32Array(side * side);
  paintPoints(pixels, side, PLACES, WHOLE, inksOf("kind", undefined, 2), 8);
  const at = (x: number, y: number): number => pixels[y * side + x]! >>> 0;
  assert.equal((at(0, 0) & 0xffffff).toString(16), "559d1f");
  assert.equal((at(75, 0) & 0xffffff).toString(16), "9f40d6");
  // The corner of a disc is empty, and that of a square is not.
  assert.equal(at(4, 4), 0);
  assert.notEqual(at(75 + 4, 4), 0);
});

test("faint points lie under strong ones", () => {
  const pixels = new Int32Array(1);
  paintPoints(pixels, 1, [0, 0, 0, 0], WHOLE, Int32Array.of(1, 2), 1, [1, 0]);
  assert.equal(pixels[0]! & 0xffffff, 1);
});

test("labels cover no other label, and at rest name no text twice", () => {
  const texts = ["one", "one", "two", "three"];
  const places = [100, 60000, 30000, 100, 60000, 30000, 100, 200, 0, 60000, 30000, 200, 0, 60000, 30000, 200];
  const labels = labelsOf([0, 1, 2, 3], texts, places, WHOLE, 480, 20, (text) => 6 * text.length);
  assert.deepEqual(labels.map(({ point }) => point), [0, 2]);
});

test("the rows of a sentence are its weights, and masked keys have none", () => {
  assert.deepEqual(sentenceOf(common, 3), { number: 1, first: 2, size: 3 });
  assert.deepEqual(rowsOf(common, head, sentenceOf(common, 0)), [[1, 0], [0.4, 0.6]]);
  assert.equal(rowsOf({ ...common, long: [1] }, head, sentenceOf(common, 4)), undefined);
});

test("weighed by the lengths of values, a row keeps its sum", () => {
  const row = rowsOf(common, head, sentenceOf(common, 2), true)![1]!;
  assert.ok(Math.abs(row[0]! - 0.04 / 1.96) < 1e-9);
  assert.ok(Math.abs(row[0]! + row[1]! - 1) < 1e-9);
});

test("lines lead to at most two keys of at least 0.05", () => {
  assert.deepEqual(linesOf([0.3, 0.03, 0.67]), [2, 0]);
  assert.deepEqual(linesOf([0.04, 0.96, 0]), [1]);
  assert.deepEqual(linesOf([0.3, 0.3, 0.4]), [2, 0]);
});

test("what each token receives, and the mean by position", () => {
  assert.deepEqual([...received(common, head)], [1400, 600, 1340, 990, 670]);
  const { side, means, count } = meanOf(common, weights);
  assert.deepEqual([side, count], [3, 2]);
  const expected = [1, 0, 0, 0.22, 0.78, 0, 0.3, 0.03, 0.67];
  means.forEach((mean, n) => assert.ok(Math.abs(mean - expected[n]!) < 1e-6, `${n}: ${mean}`));
});

test("the mean by word adds what the pieces of a word receive, and averages what they give", () => {
  // The second sentence has one word of two pieces, and the first has two words of one piece.
  const { side, means, count } = meanOf(common, weights, Uint8Array.of(0, 1, 0, 1, 1), 2);
  assert.deepEqual([side, count], [2, 2]);
  const expected = [1, 0, (0.4 + (0.04 + 0.3) / 2) / 2, (0.6 + (0.96 + 0.03 + 0.67) / 2) / 2];
  means.forEach((mean, n) => assert.ok(Math.abs(mean - expected[n]!) < 1e-6, `${n}: ${mean}`));
});

test("a sample of the points has as many queries as keys", () => {
  const side = 101;
  const painted: number[] = [];
  const places = [...Array.from({ length: 10 }, (_, n) => n * 6553), ...Array(10).fill(32767)];
  const pixels = new Int32Array(side * side);
  paintPoints(pixels, side, places, WHOLE, inksOf("kind", undefined, 5), 2, undefined, 2);
  for (let n = 0; n < 10; n++) if (pixels[50 * side + Math.round(n * 10.1)]) painted.push(n);
  assert.deepEqual(painted, [0, 2, 4, 5, 7, 9]);
});
