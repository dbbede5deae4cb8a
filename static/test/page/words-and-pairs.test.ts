import assert from "node:assert/strict";
import { test } from "node:test";
import { rightToLeft } from "../../src/draw/dom";
import { lineOf } from "../../src/draw/edges";
import { MASKED, numeral, type Place } from "../../src/data/model";
import { detail, placeInWords, strongestPairs } from "../../src/page/strongest-pairs";
import { weightVectorOf } from "../../src/page/weight-vector";
import { neighbour } from "../../src/page/tokens";
import { draw } from "../../src/views/arcs";
import type { ArcsLayout } from "../../src/views/arcs/curves";
import type { TokenElement } from "../../src/views/view";
import { cutoffNote, announcement } from "../../src/draw/sentences";
import { atRest, cross, model } from "../sample";

const state = atRest;
const at = (index: number): Place => ({ side: "query", index });
const frame: ArcsLayout = {
  queries: [28, 76, 124],
  keys: [28, 76, 124],
  queryWidths: [30, 30, 30],
  keyWidths: [30, 30, 30],
  queryY: 58,
  keyY: 58,
  headroom: 50,
  span: 96,
};

test("numerals have three decimals, and masked codes are a dash", () => {
  assert.deepEqual([0, 7, 467, 999, 1000, 12345, MASKED].map((code) => numeral(code)), [
    "0.000",
    "0.007",
    "0.467",
    "0.999",
    "1.000",
    "12.345",
    "–",
  ]);
});

test("without a token in focus, nothing is drawn", () => {
  assert.deepEqual(draw(model, state, frame), { focus: [], strokes: [], side: null, numbers: [], squares: { paths: [], label: "" } });
});

test("a token in focus has its edges, and all tokens have numbers", () => {
  const drawing = draw(model, { ...state, pinned: [{ side: "query", index: 1 }] }, frame);
  assert.deepEqual(drawing.strokes.map(({ key, width }) => [key, width]), [[1, "5.06"], [2, "4.47"]]);
  assert.deepEqual(drawing.numbers.map(({ text }) => text), ["0.047", "0.506", "0.447"]);
  assert.deepEqual(drawing.numbers.map(({ strong }) => strong), [false, true, true]);
});

test("keys that a causal query may not see are masked, not zero", () => {
  const pinned = { side: "query", index: 1 } as const;
  const drawing = draw(model, { ...state, head: 1, pinned: [pinned] }, frame);
  assert.deepEqual(drawing.numbers[2], { text: "–", strong: false, masked: true });
  assert.equal(drawing.strokes.length, 2);
});

test("with two rows, the numbers stand at the other row", () => {
  const two = { ...frame, queryY: 158, keyY: 48 };
  assert.equal(draw(cross, { ...state, hovered: { side: "query", index: 0 } }, two).side, "key");
  assert.equal(draw(cross, { ...state, hovered: { side: "key", index: 0 } }, two).side, "query");
});

test("the score vector", () => {
  const scores = weightVectorOf(model, lineOf(model, 0, 1, [{ side: "query", index: 1 }], "from"));
  assert.deepEqual(scores.tokens, ["fox"]);
  assert.deepEqual(scores.rows, [
    { number: "0.300", token: "[CLS]", special: true, strong: true, masked: false, small: false },
    { number: "0.700", token: "fox", special: false, strong: true, masked: false, small: false },
    { number: "–", token: "dog", special: false, strong: false, masked: true, small: false },
  ]);
});

test("the vector of several tokens is their sum", () => {
  const scores = weightVectorOf(model, lineOf(model, 0, 1, [at(1), at(2)], "from"));
  assert.deepEqual(scores.tokens, ["fox", "dog"]);
  assert.deepEqual(scores.rows.map(({ number }) => number), ["0.633", "1.033", "0.334"]);
});

test("the strongest pairs are sorted by weight, and equal pairs by the order of the text", () => {
  const pairs = (head: number, most: number) =>
    strongestPairs(model, 0, [head], null, most).map(({ query, key }) => [query, key]);
  assert.deepEqual(pairs(0, 3), [[0, 0], [2, 1], [1, 1]]);
  assert.deepEqual(pairs(1, 9), [[0, 0], [1, 1], [2, 2], [2, 0], [2, 1], [1, 0]]);
  const line = lineOf(model, 0, 0, [{ side: "query", index: 2 }], "from");
  assert.deepEqual(strongestPairs(model, 0, [0], line, 9), [
    { query: 2, key: 1, code: 980 },
    { query: 2, key: 0, code: 20 },
  ]);
});

test("strongest pairs of several tokens come from all their rows", () => {
  const line = lineOf(model, 0, 0, [at(2), at(1)], "from");
  const pairs = strongestPairs(model, 0, [0], line, 3);
  assert.deepEqual(pairs.map(({ query, key }) => [query, key]), [[2, 1], [1, 1], [1, 2]]);
});

test("the description follows the head", () => {
  const place = placeInWords(model, "", 0, [1]);
  assert.equal(place, "layer 5, head 11");
  assert.equal(
    detail(place, model, [{ query: 1, key: 1, code: 700 }]),
    "Layer 5, head 11. Strongest: fox looks at itself (0.700).",
  );
  assert.equal(detail("", model, []), "");
});

test("the text of a mean or a rollout names the axis that can be chosen", () => {
  const after = (aggregate: string) => placeInWords({ ...model, layers: ["7"] }, aggregate, 0, [1]);
  assert.equal(after("mean"), "layer 7, mean of all heads");
  assert.equal(after("max"), "layer 7, largest of all heads");
  assert.equal(after("mean layers"), "mean of all layers, head 11");
  assert.equal(after("max layers"), "largest of all layers, head 11");
  assert.equal(after("rollout"), "rollout up to layer 7");
  assert.equal(placeInWords({ ...model, layers: ["0"], heads: ["0"], label: "" }, "", 0, [0]), "");
});

test("a page uses the phrases of its language", () => {
  globalThis.attentionPhrases = {
    looks: "{tokens} schaut auf {others}",
    place: "Schicht {layer}, Kopf {head}",
  };
  try {
    assert.equal(announcement(model, ["fox"], "query", ["dog 0.447"]), "fox schaut auf dog 0.447");
    assert.equal(placeInWords(model, "", 0, [1]), "Schicht 5, Kopf 11");
    // A phrase without a translation is in English.
    assert.equal(cutoffNote(96, lineOf(model, 0, 0, [at(1)], "from")), "edges show 96\u00a0% of this row");
  } finally {
    globalThis.attentionPhrases = undefined;
  }
});

test("differences have their sign", () => {
  assert.deepEqual([0, 7, -467, 1000, -1000, -1, MASKED].map((code) => numeral(code, true)), [
    "0.000",
    "+0.007",
    "−0.467",
    "+1.000",
    "−1.000",
    "−0.001",
    "–",
  ]);
});

test("sentences for screen readers", () => {
  assert.equal(announcement(model, ["fox"], "query", ["fox 0.467", "dog 0.447"]), "fox looks at fox 0.467, dog 0.447");
  assert.equal(announcement(model, ["fox"], "key", []), "fox is looked at by nothing that is shown");
  assert.equal(announcement(model, ["a", "b"], "key", ["c 0.100"]), "a and b are looked at by c 0.100");
  const note = (count: number) =>
    cutoffNote(96, lineOf(model, 0, 0, count > 1 ? [at(1), at(2)] : [at(1)], count > 1 ? "from" : "to"));
  assert.equal(note(1), "edges show 96\u00a0% of this column");
  assert.equal(note(2), "edges show 96\u00a0% of these rows");
});

test("arrow keys follow the screen, Home and End the reading order", () => {
  const token = (side: "query" | "key", index: number, x: number): TokenElement => ({
    place: { side, index },
    element: null as unknown as SVGElement,
    x,
  });
  const row = [token("query", 0, 300), token("query", 1, 200), token("query", 2, 100)];
  const keys = [token("key", 0, 110), token("key", 1, 290)];
  const all = [...keys, ...row];
  const go = (from: TokenElement, key: string) => neighbour(all, from, key)?.place;
  assert.deepEqual(go(row[0]!, "ArrowLeft"), { side: "query", index: 1 });
  assert.deepEqual(go(row[0]!, "ArrowRight"), { side: "query", index: 0 });
  assert.deepEqual(go(row[1]!, "Home"), { side: "query", index: 0 });
  assert.deepEqual(go(row[1]!, "End"), { side: "query", index: 2 });
  assert.deepEqual(go(row[0]!, "ArrowUp"), { side: "key", index: 1 });
  assert.deepEqual(go(keys[0]!, "ArrowDown"), { side: "query", index: 2 });
  assert.equal(go(row[0]!, "ArrowDown"), row[0]!.place);
  assert.equal(neighbour(row, row[0]!, "ArrowDown"), undefined);
  assert.equal(go(row[0]!, "x"), undefined);
});

test("in a column, the vertical arrow keys move the focus", () => {
  const place = (side: "query" | "key", index: number, x: number, y: number): TokenElement => ({
    place: { side, index },
    element: null as unknown as SVGElement,
    x,
    y,
  });
  const left = [place("query", 0, 50, 10), place("query", 1, 50, 30), place("query", 2, 50, 50)];
  const right = [place("key", 0, 250, 10), place("key", 1, 250, 30)];
  const all = [...left, ...right];
  const go = (from: TokenElement, key: string) => neighbour(all, from, key)?.place;
  assert.deepEqual(go(left[0]!, "ArrowDown"), { side: "query", index: 1 });
  assert.deepEqual(go(left[2]!, "ArrowDown"), { side: "query", index: 2 });
  assert.deepEqual(go(left[2]!, "ArrowRight"), { side: "key", index: 1 });
  assert.deepEqual(go(right[0]!, "ArrowLeft"), { side: "query", index: 0 });
  assert.equal(go(right[0]!, "ArrowRight"), right[0]!.place);
  assert.deepEqual(go(left[1]!, "End"), { side: "query", index: 2 });
});

test("the first letter decides about direction", () => {
  assert.deepEqual(["fox", "قطة", "« قطة", "12", "חתול a"].map(rightToLeft), [
    false,
    true,
    true,
    false,
    true,
  ]);
});
