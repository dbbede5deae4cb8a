import assert from "node:assert/strict";
import { test } from "node:test";
import { addPhrases } from "../../src/data/phrases";
import { MASKED, type Token } from "../../src/data/model";
import { rightToLeft } from "../../src/draw/dom";
import { heaviest, short } from "../../src/draw/edges";
import { LEVELS } from "../../src/draw/heatmap";
import { curve } from "../../src/views/arcs/curves";
import { feetOf } from "../../src/views/arcs/feet";
import { layoutOf, middlesOf } from "../../src/views/arcs/layout";
import { mostlyRightToLeft } from "../../src/views/heads/picture";
import { labelled } from "../../src/views/matrix";
import { cellsOf, levelPaths, ticks } from "../../src/views/matrix/cells";
import { stripsOf, view as steps } from "../../src/views/steps";
import { decimal, fixed, formulaTexts, radicand, significant, spokenFormulas } from "../../src/views/steps/formulas";
import { logitTermsOf, writtenRowOf } from "../../src/views/steps/logits";
import { carrying, type Numbers } from "../tensors";
import { vectors } from "./vectors";

addPhrases(steps.phrases!);

const signed = (codes: number[]): number[] => codes.map((code) => (code === 1001 ? MASKED : code));

test("the codes of a row that are drawn as edges", () => {
  for (const [row, cutoff, drawn] of vectors.rows) {
    assert.deepEqual(heaviest(signed(row), cutoff).sort((a, b) => a - b), drawn, `${row} ${cutoff}`);
  }
});

test("the words of a row, and the feet and curves of its edges", () => {
  for (const [widths, mirrored, middles, width, y, drawn] of vectors.curves) {
    assert.deepEqual(middlesOf(widths), { middles, width });
    const turned = (list: number[]): number[] => (mirrored ? [...list].reverse() : list);
    const [xs, own] = [turned(middles), turned(widths)];
    const frame = layoutOf({ query: xs, key: [] }, { query: own, key: own }, true);
    assert.equal(frame.queryY, y);
    const standing = drawn.map(([query, key, code]: number[]) => ({ query, key, width: (code! * 10) / 1000 }));
    const feet = feetOf(standing, { ...frame, oneRow: true });
    const paths = drawn.map(([query, key]: number[], i: number) => curve(frame, { query: query!, key: key! }, "query", feet[i]!));
    assert.deepEqual(paths, drawn.map((one: unknown[]) => one[3]));
  }
});

test("the levels of heat maps, and their paths", () => {
  for (const [codes, columns, most, scale, [cell, gap], levels, paths] of vectors.levels) {
    const cells = cellsOf(codes.length / columns, columns, signed(codes), scale, most);
    assert.deepEqual([...cells.levels], levels.map(Math.abs));
    const drawn = levelPaths({ ...cells, levels: Int8Array.from(levels) }, [cell, cell], gap);
    assert.deepEqual(
      drawn.map(([level, path]) => [level, short(Math.abs(level) / LEVELS), path]),
      paths,
    );
  }
});

test("the ticks of colour bars", () => {
  for (const [most, scale, width, expected] of vectors.ticks) {
    assert.deepEqual(ticks(most, scale, width).map(([code, x]) => [code, short(x)]), expected);
  }
});

test("the tokens that show their labels", () => {
  for (const [count, every, marked, expected] of vectors.labelled) {
    assert.deepEqual([...labelled(count, every, marked)].sort((a, b) => a - b), expected);
  }
});

test("numbers as the steps print them", () => {
  for (const [value, fixedText, score, five, root] of vectors.numbers) {
    const size = Math.abs(value);
    assert.deepEqual(
      [fixed(value), decimal(value, 4), significant(size), radicand(size)],
      [fixedText, score, five, root],
      String(value),
    );
  }
});

test("the direction of tokens and of rows", () => {
  for (const [texts, special, each, row] of vectors.directions) {
    assert.deepEqual(texts.map(rightToLeft), each, texts.join(" "));
    const tokens = texts.map((text: string, i: number): Token => ({ text, special: special.includes(i) }));
    assert.equal(mostlyRightToLeft(tokens), row, texts.join(" "));
  }
});

test("the strips of vectors", () => {
  for (const [drawn, full, height, levels] of vectors.strips) {
    const strips = drawn.map((vector: number[], at: number) => [24 * at, vector] as const);
    assert.deepEqual([...stripsOf(strips, height, full).levels].map((level) => level + 0), levels);
  }
});

test("the sums behind a weight, and the formulas in words", () => {
  for (const { header, codes, tensors, cells } of vectors.sums) {
    const numbers = Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((one) => (one === "-inf" ? -Infinity : Number(one))) },
    ]);
    const model = carrying(Object.fromEntries(numbers) as Numbers, codes, header);
    for (const [query, key, expected, labels] of cells) {
      const written = writtenRowOf(model, 0, 0, query);
      const parts = formulaTexts(logitTermsOf(model, 0, 0, query)!, key, model.code(0, 0, query, key), written);
      assert.deepEqual({ ...parts }, expected, `${query} ${key} ${JSON.stringify(tensors["keys"])}`);
      if (labels) assert.deepEqual(spokenFormulas(parts, "q", "k"), labels);
    }
  }
});
