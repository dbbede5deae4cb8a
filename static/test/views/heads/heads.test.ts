import assert from "node:assert/strict";
import { test } from "node:test";
import { addPhrases } from "../../../src/data/phrases";
import { type Model,  type Place } from "../../../src/data/model";
import { detail, placeInWords, strongestPairs } from "../../../src/page/strongest-pairs";
import type { State } from "../../../src/state/state";
import { view as edges } from "../../../src/views/edges/part";
import { atRest as linesAtRest, draw, numbersNote, read, view } from "../../../src/views/heads";
import type { ColumnsLayout } from "../../../src/views/heads/picture";
import { atRest, cross, HEADER, model, payloadOf, sampled } from "../../sample";

addPhrases({ ...view.phrases, ...edges.phrases });

const column = (left: number, rightwards: boolean, count: number) => ({
  left,
  width: 107,
  rightwards,
  tops: Array.from({ length: count }, (_, i) => 22 + 24 * i),
});
const layout: ColumnsLayout = { query: column(4, true, 3), key: column(231, false, 3) };
const state: State = { ...atRest, heads: [0] };
const query = (index: number): Place => ({ side: "query", index });
const key = (index: number): Place => ({ side: "key", index });

test("a query in focus has its lines, and its keys have numbers", () => {
  const { lines, side, numbers } = draw(model, { ...state, hovered: query(1) }, layout);
  // 0.047, 0.506, 0.447: the last two reach 0.95. The ramp is calculated by hand.
  assert.deepEqual(
    lines.map((line) => [line["data-query"], line["data-key"], line["data-head"], line["stroke-opacity"]]),
    [
      ["1", "1", "3", "0.76"],
      ["1", "2", "3", "0.72"],
    ],
  );
  // Lines run from 111 + 2 to 231 - 2. The middles of the rows are at 58 and 82.
  assert.equal(lines[1]!["d"], "M113 58c58 0 58 24 116 24");
  assert.equal(side, "key");
  assert.deepEqual(numbers.map((number) => number?.text), ["0.047", "0.506", "0.447"]);
});

test("a key in focus has the lines of the queries that look at it", () => {
  const { lines, side, numbers } = draw(model, { ...state, focused: key(1) }, layout);
  assert.equal(side, "query");
  assert.deepEqual(numbers.map((number) => number?.text), ["0.000", "0.506", "0.980"]);
  assert.deepEqual(lines.map((line) => line["data-query"]), ["1", "2"]);
});

test("several heads have lines each, their mean as numbers, and squares", () => {
  const both = { ...state, heads: [1, 0], hovered: query(2) };
  const { lines, bars, squares, numbers } = draw(model, both, layout);
  assert.deepEqual(lines.map((line) => line["data-head"]), ["3", "11", "11", "11"]);
  // (20 + 333) / 2, (980 + 333) / 2, (0 + 334) / 2, rounded half up
  assert.deepEqual(numbers.map((number) => number?.text), ["0.177", "0.657", "0.167"]);
  // Each head has a slot of 6 px from 238 on, under each key. Those at a special token are apart.
  assert.deepEqual(bars, []);
  const drawn = squares.paths.map((path) => [path["data-head"], path["fill-opacity"], path["d"]]);
  assert.deepEqual(drawn, [
    ["3", undefined, "M238 65h5v5h-5z"],
    ["3", "0.13", "M238 41h5v5h-5z"],
    ["11", "0.63", "M244 65h5v5h-5zM244 89h5v5h-5z"],
    ["11", "0.63", "M244 41h5v5h-5z"],
  ]);
  assert.equal(squares.label, "heads at [CLS]: 11; heads at fox: 3, 11; heads at dog: 11");
  const heights = lines.slice(1, 3).map((line) => line["d"]!.split("c")[0]!.split(" ")[1]);
  assert.equal(heights[0], "83.25"); // 82 and half of 2.5
});

test("masked keys stay masked, and do not count as zero", () => {
  const { numbers } = draw(model, { ...state, heads: [1], hovered: query(1) }, layout);
  assert.deepEqual(numbers[2], { text: "–", strong: false, masked: true });
  const both = draw(model, { ...state, heads: [0, 1], hovered: query(1) }, layout);
  assert.equal(both.numbers[2]?.text, "0.224"); // (447 + masked) / 2
});

test("pinned tokens are summed", () => {
  const { lines, numbers } = draw(model, { ...state, pinned: [query(1), query(2)] }, layout);
  assert.deepEqual(numbers.map((number) => number?.text), ["0.067", "1.486", "0.447"]);
  assert.deepEqual(
    lines.map((line) => [line["data-query"], line["data-key"]]),
    [
      ["1", "1"],
      ["1", "2"],
      ["2", "1"],
    ],
  );
});

test("the text about several heads names their mean and the share of all their lines", () => {
  const { weights, share } = read(model, { ...state, heads: [0, 1] }, [query(2)]);
  assert.deepEqual(weights.codes, [177, 657, 167]);
  assert.equal(share, 99); // 980 + 1000 of 2000
  assert.equal(read(model, state, [query(1)]).share, 95); // 953 of 1000
});

test("at rest, the lines of ordinary queries are joined by strength", () => {
  const { paths, capped } = linesAtRest(model, state, layout);
  assert.equal(capped, false);
  // 0.447 and 0.506 have the same strength (0.72 and 0.76 of 8 levels), and 0.98 has another.
  assert.deepEqual(
    paths.map((path) => [path["stroke-opacity"], path["d"]!.split("M").length - 1]),
    [
      ["0.75", 2],
      [undefined, 1],
    ],
  );
});

test("different tokens", () => {
  const two: ColumnsLayout = { query: column(4, true, 2), key: column(231, false, 3) };
  const { numbers, lines } = draw(cross, { ...state, hovered: query(1) }, two);
  assert.deepEqual(numbers.map((number) => number?.text), ["0.100", "0.800", "0.100"]);
  assert.match(lines[2]!["class"]!, /attention-line--special/);
});

const pair: Model = sampled(
  payloadOf(
    {
      ...HEADER,
      shape: [1, 1, 4, 4],
      heads: ["0"],
      queries: ["a", "b", "c", "d"],
      specialQueries: [],
      segments: { queries: [0, 0, 1, 1], keys: [0, 0, 1, 1] },
    },
    Uint16Array.from([
      ...[400, 300, 200, 100],
      ...[100, 200, 300, 400],
      ...[250, 250, 250, 250],
      ...[1001, 1001, 500, 500],
    ]),
  ),
);

test("a filter of a pair keeps the lines from one sentence to the other", () => {
  const four: ColumnsLayout = { query: column(4, true, 4), key: column(231, false, 4) };
  const filtered = (filter: string, hovered: Place) =>
    draw(pair, { ...state, options: { filter }, hovered }, four);
  const ab = filtered("ab", query(0));
  assert.deepEqual(ab.lines.map((line) => line["data-key"]), ["2", "3"]);
  assert.deepEqual(ab.numbers.map((number) => number?.text), [undefined, undefined, "0.200", "0.100"]);
  assert.equal(ab.bars[0]!["d"]!.split("M").length, 3);
  assert.deepEqual(filtered("ab", query(2)).lines, []);
  assert.deepEqual(filtered("ab", query(2)).numbers, [null, null, null, null]);
  assert.deepEqual(filtered("aa", key(0)).lines.map((line) => line["data-query"]), ["0", "1"]);
  assert.equal(filtered("all", query(0)).lines.length, 4);
  assert.deepEqual(filtered("ba", query(3)).numbers.map((number) => number?.text), ["–", "–", undefined, undefined]);
  const counts = ["all", "aa", "ab", "ba", "bb"].map((filter) =>
    linesAtRest(pair, { ...state, options: { filter } }, four)
      .paths.map((path) => path["d"]!.split("M").length - 1)
      .reduce((sum, count) => sum + count, 0),
  );
  assert.deepEqual(counts, [14, 4, 4, 2, 4]);
  // 0.2 + 0.1 of the row
  assert.equal(read(pair, { ...state, options: { filter: "ab" } }, [query(0)]).share, 30);
});

test("pairs and the description are of the mean of the heads, too", () => {
  const pairs = strongestPairs(model, 0, [0, 1], null, 3);
  // (1000 + 1000) / 2, (980 + 333) / 2, (506 + 700) / 2
  assert.deepEqual(pairs, [
    { query: 0, key: 0, code: 1000 },
    { query: 2, key: 1, code: 657 },
    { query: 1, key: 1, code: 603 },
  ]);
  const both = detail(placeInWords(model, "", 0, [0, 1]), model, pairs.slice(1, 2));
  assert.equal(both, "Layer 5, mean of heads 3 + 11. Strongest: dog looks at fox (0.657).");
  assert.equal(detail(placeInWords(model, "", 0, [1]), model, []), "Layer 5, head 11.");
});

test("the note about the numbers", () => {
  assert.equal(numbersNote(1, 1, false, 0), "");
  assert.equal(numbersNote(3, 0, false, 0), "numbers are the mean of 3 heads");
  assert.equal(numbersNote(1, 2, true, 0), "numbers are summed over 2 columns");
  assert.equal(
    numbersNote(2, 2, false, 600),
    "numbers are the mean of 2 heads, summed over 2 rows; the 600 strongest lines are drawn",
  );
});
