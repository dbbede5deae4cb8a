import assert from "node:assert/strict";
import { test } from "node:test";
import { decimal, fixed, formulaTexts, radicand, significant } from "../../../src/views/steps/formulas";
import { largest, logitTermsOf } from "../../../src/views/steps/logits";
import { MASKED } from "../../../src/data/model";
import { carrying, SMALL } from "../../tensors";

const CODES = [804, 196, 196, 804];

const close = (actual: ArrayLike<number>, expected: number[], by = 1e-6): void => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i]! - value) <= by, `${actual[i]} is not ${value}`));
};

test("the sums by hand", () => {
  const terms = logitTermsOf(carrying(SMALL, CODES), 0, 0, 1)!;
  close(terms.dot, [1, 3]);
  close(terms.scaled, [0.7071068, 2.1213203]);
  // 1 / (1 + e^1.4142136) = 0.1955702
  close(terms.weights, [0.1955702, 0.8044298]);
  close(terms.output!, [2.6088595, 1.6088595, 0.6088595, 0.782281]);
  assert.deepEqual(terms.most, [2, 4]);
  const parts = formulaTexts(terms, 0, 196);
  assert.equal(parts["products"], "(0.50\u00a0⋅\u00a02.00, 2.00\u00a0⋅\u00a00.00)");
  assert.equal(parts["multiplied"], "(1.00, 0.00)");
  assert.equal(parts["addends"], "1.00 +\u00a00.00");
  assert.equal(parts["dot"], "1.000");
  assert.equal(parts["scaled"], "0.7071");
  assert.equal(parts["radicand"], "2");
  assert.deepEqual([parts["top"], parts["sum"], parts["sumTen"]], ["2.0281", "10.370", ""]);
  assert.equal(parts["share"], "0.196");
  assert.equal(parts["value"], "(1.00, 0.00, −1.00, …)");
  assert.equal(parts["output"], "(2.61, 1.61, 0.61, …)");
});

test("logits get the soft cap, the bias and the mask in this order", () => {
  const model = carrying(
    {
      ...SMALL,
      scale: { shape: [1], data: [1] },
      softcap: { shape: [1], data: [2] },
      bias: { shape: [1, 1, 2, 2], data: [0, 0, -0.5, 0.25] },
    },
    [1000, 1001, 300, 700],
  );
  const seen = logitTermsOf(model, 0, 0, 1)!;
  // 2 tanh(1/2) = 0.9242343, 2 tanh(3/2) = 1.8102965
  close(seen.logits, [0.4242343, 2.0602965]);
  assert.deepEqual(
    ["cap", "capped", "bias", "added", "score"].map((name) => formulaTexts(seen, 0, 300)[name]),
    ["2", "0.9242", "−0.5000", "(−0.5000)", "0.4242"],
  );
  const masked = logitTermsOf(model, 0, 0, 0)!;
  close(masked.weights, [1, 0]);
  const parts = formulaTexts(masked, 1, MASKED);
  assert.deepEqual([parts["bias"], parts["score"], parts["top"], parts["share"]], ["−∞", "−∞", "0", "0"]);
  assert.equal(parts["verdict"], "masked");
});

test("a sink takes its share without being a key", () => {
  const model = carrying({ ...SMALL, sinks: { shape: [1, 1], data: [2.1213203] } }, CODES);
  const terms = logitTermsOf(model, 0, 0, 1)!;
  // e^0.7071068 = 2.0281150, e^2.1213203 = 8.3421447, twice
  close(terms.weights, [0.1083835, 0.4458083]);
  const parts = formulaTexts(terms, 1, 446);
  assert.deepEqual([parts["sum"], parts["sink"], parts["taken"]], ["10.370", "8.3421", "0.446"]);
});

test("the key of the sink has the learnt logit", () => {
  const model = carrying(
    {
      ...SMALL,
      keys: { shape: [1, 1, 3, 2], data: [0, 0, ...SMALL["keys"]!.data] },
      values: { shape: [1, 1, 3, 4], data: [0, 0, 0, 0, ...SMALL["values"]!.data] },
      sinks: { shape: [1, 1], data: [2.1213203] },
    },
    [333, 333, 334, 446, 108, 446],
    { shape: [1, 1, 2, 3], keys: ["(sink)", "a", "b"], specialKeys: [0] },
  );
  const terms = logitTermsOf(model, 0, 0, 1)!;
  assert.equal(terms.sinkKey, 0);
  close(terms.weights, [0.4458083, 0.1083835, 0.4458083]);
  const parts = formulaTexts(terms, 2, 446);
  assert.deepEqual([parts["sum"], parts["sink"], parts["taken"]], ["10.370", "8.3421", "0.446"]);
});

test("heads share keys and values, and may have a bias of their own", () => {
  const heads = ["0", "1", "2", "3"];
  const model = carrying(
    {
      queries: { shape: [1, 4, 2, 1], data: [1, 2, 3, 4, 5, 6, 7, 8] },
      keys: { shape: [1, 2, 2, 1], data: [1, 10, 100, 1000] },
      scale: { shape: [1], data: [0.5] },
      bias: { shape: [1, 4, 2, 2], data: Array.from({ length: 16 }, (_, i) => i) },
    },
    Array.from({ length: 16 }, () => 500),
    { heads },
  );
  const chains = heads.map((_, head) => logitTermsOf(model, 0, head, 1)!);
  assert.deepEqual(chains.map(({ dot }) => dot), [[2, 20], [4, 40], [600, 6000], [800, 8000]]);
  assert.deepEqual(chains.map(({ bias }) => bias), [[2, 3], [6, 7], [10, 11], [14, 15]]);
  assert.equal(chains[0]!.values, null);
  assert.equal(formulaTexts(chains[0]!, 0, 500)["output"], "");
});

test("without the tensors there are no terms", () => {
  const { scale, ...rest } = SMALL;
  assert.equal(logitTermsOf(carrying(rest, CODES), 0, 0, 0), null);
  assert.equal(logitTermsOf(carrying({ ...rest, scale: scale! }, CODES, { missing: "no" }), 0, 0, 0), null);
});

test("large powers of e are written with powers of ten", () => {
  const model = carrying({ ...SMALL, scale: { shape: [1], data: [100] } }, [1000, 0, 0, 1000]);
  const parts = formulaTexts(logitTermsOf(model, 0, 0, 1)!, 1, 1000);
  // e^300 = 1.94242639524126e130
  assert.deepEqual([parts["top"], parts["sum"], parts["topTen"], parts["sumTen"]], ["1.9424", "1.9424", "130", "130"]);
  assert.equal(parts["radicand"], "");
  assert.equal(parts["factor"], "100.00");
  const low = logitTermsOf(carrying({ ...SMALL, scale: { shape: [1], data: [-100] } }, CODES), 0, 0, 1)!;
  // e^−100 = 3.7200759760208e−44
  assert.equal(formulaTexts(low, 0, 1000)["top"], "3.7201");
  assert.equal(formulaTexts(low, 0, 1000)["topTen"], "−44");
  // Beside a large power, a small one is not rescaled: e^1 of e^1 + e^20 = 485,165,195.4 + 2.718.
  const apart = { ...low, logits: [1, 20] };
  const { top, topTen, sum, sumTen } = formulaTexts(apart, 0, 0);
  assert.deepEqual([top, topTen, sum, sumTen], ["2.7183", "", "4.8517", "8"]);
});

test("numbers", () => {
  const texts = [0, -0.0004, -0.0006, 0.0625, -0.0625, 999.9994, 1234.56].map(fixed);
  assert.deepEqual(texts, ["0.000", "0.000", "−0.001", "0.063", "−0.063", "999.999", "1234.6"]);
  assert.deepEqual([0.012345, 0.5, 2.0281, 10.37, 538.57, 82905.1].map(significant), [
    ...["0.012345", "0.50000", "2.0281", "10.370", "538.57", "82905"],
  ]);
  assert.deepEqual([32 ** -0.5, 1 / 16, 1, 0.09].map(Math.fround).map(radicand), ["32", "256", "1", ""]);
  assert.equal(decimal(-2.5, 0), "−3");
  assert.equal(largest([[1, -3], [2]]), 3);
});
