import assert from "node:assert/strict";
import { test } from "node:test";
import { placeNamed, namedPlace, samePlaces } from "../../src/data/words";
import { HEADER, payloadOf, sampled } from "../sample";

function over(queries: string[], words?: (number | null)[]) {
  const count = queries.length;
  const header = { ...HEADER, shape: [1, 1, count, count] as [number, number, number, number], heads: ["0"], queries };
  return sampled(payloadOf(words ? { ...header, words: { queries: words } } : header, new Uint16Array(count * count)));
}

const query = (index: number) => ({ side: "query", index }) as const;

test("a word is found by its text and its occurrence", () => {
  const [one, other] = [over(["the", "bank", "of", "the", "river"]), over(["she", "robbed", "The", "bank"])];
  assert.deepEqual(samePlaces(one, other, [query(1), query(0)]), [query(3), query(2)]);
  // The other text has no second "the", and no river.
  assert.deepEqual(samePlaces(one, other, [query(3), query(4)]), []);
});

test("a split word is found by its first piece, and a piece by its number", () => {
  const split = over(["[CLS]", "un", "##believ", "##able", "fox"], [null, 0, 0, 0, 1]);
  const whole = over(["unbelievable", "fox"]);
  assert.deepEqual(samePlaces(split, whole, [query(1), query(4)]), [query(0), query(1)]);
  assert.deepEqual(samePlaces(split, whole, [query(2)]), []);
  assert.deepEqual(samePlaces(split, split, [query(2), query(3)]), [query(2), query(3)]);
  assert.deepEqual(samePlaces(whole, split, [query(0)]), [query(1)]);
});

test("two equal words in a row are two words", () => {
  const twice = over(["go", "go", "on", "##on"], [0, 1, 2, 2]);
  assert.deepEqual([0, 1, 2, 3].map((at) => placeNamed(twice, namedPlace(twice, query(at)))), [0, 1, 2, 3].map(query));
});

test("a cell is carried over with both of its words", () => {
  const [one, other] = [over(["a", "b"]), over(["b", "x", "a"])];
  assert.deepEqual(samePlaces(one, other, [{ ...query(0), other: 1 }]), [{ ...query(2), other: 0 }]);
  assert.deepEqual(samePlaces(other, one, [{ ...query(0), other: 1 }]), []);
});
