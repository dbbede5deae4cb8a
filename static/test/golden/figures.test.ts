import assert from "node:assert/strict";
import { test } from "node:test";
import { MASKED, numeral, weightOf, tokensOn } from "../../src/data/model";
import { addPhrases } from "../../src/data/phrases";
import { rightToLeft } from "../../src/draw/dom";
import { edgesOf, lineOf, shareOf, short } from "../../src/draw/edges";
import { vectorLabel } from "../../src/draw/sentences";
import { detail, placeInWords, strongestPairs } from "../../src/page/strongest-pairs";
import { weightVectorOf } from "../../src/page/weight-vector";
import { draw as drawArcs } from "../../src/views/arcs";
import { strengthAtRest } from "../../src/views/arcs/curves";
import { layoutOf } from "../../src/views/arcs/layout";
import { edgesAtRest } from "../../src/views/edges/at-rest";
import { type Squares, view as edgesPart } from "../../src/views/edges/part";
import { thumbnails } from "../../src/views/grid/sheet";
import { atRest as headsAtRest, draw as drawHeads, numbersNote, type Path, read, view as heads } from "../../src/views/heads";
import { layOut, mostlyRightToLeft } from "../../src/views/heads/picture";
import { draw as drawMatrix, headOf, view as matrix } from "../../src/views/matrix";
import { levelPaths } from "../../src/views/matrix/cells";
import { labelAt } from "../../src/views/matrix/picture";
import { SIDES } from "../../src/draw/token-elements";
import { atRest } from "../sample";
import { type ColumnCase, type FigureCase, type LineCase, modelOfCase, queries, type SquaresCase, vectors } from "./vectors";

for (const { phrases } of [heads, matrix, edgesPart]) addPhrases(phrases!);

/** Check every figure, and name the case that fails. */
function each(name: string, check: (figure: FigureCase) => void): void {
  test(name, () => {
    for (const [number, figure] of [...vectors.figures, ...vectors.differences].entries()) {
      try {
        check(figure);
      } catch (error) {
        (error as Error).message = `figure ${number}${figure.header.signed ? ", a difference" : ""}, ${figure.header.queries.join(" ")}: ${(error as Error).message}`;
        throw error;
      }
    }
  });
}

/** Squares in the form in which Python writes them into the vectors. */
function caseOfSquares({ paths, label }: Squares): SquaresCase {
  const written = paths.map((path): SquaresCase[0][number] => {
    const name = path["class"]!;
    const hue = Number(/attention-hue-(\d+)/.exec(name)![1]);
    const [special, shown] = ["special", "shown"].map((end) => Number(name.includes(`square--${end}`)));
    return [path["data-head"]!, hue, special!, shown!, path["fill-opacity"] ?? "", path["d"]!];
  });
  return [written, label];
}

function arcsLayout(figure: FigureCase) {
  const [query, key, , , queryWidths, keyWidths] = figure.frame;
  return layoutOf({ query, key }, { query: queryWidths, key: keyWidths }, modelOfCase(figure).oneRow);
}

each("the layout of arcs", (figure) => {
  const frame = arcsLayout(figure);
  const { queries, keys, queryY, keyY, queryWidths, keyWidths } = frame;
  assert.deepEqual([queries, keys, queryY, keyY, queryWidths, keyWidths], figure.frame);
});

each("edges, their widths and curves", (figure) => {
  const [model, frame] = [modelOfCase(figure), arcsLayout(figure)];
  for (const { places, edges, squares } of figure.pinned) {
    const state = { ...atRest, layer: figure.layer, head: figure.head, pinned: queries(places) };
    const { strokes, squares: drawn } = drawArcs(model, state, frame);
    assert.deepEqual(caseOfSquares(drawn), squares);
    assert.deepEqual(
      strokes.map(({ query, key, special, width, d, less }) => [query, key, Number(special), width, d, Number(less)]),
      edges,
    );
  }
});

each("edges at rest", (figure) => {
  const model = modelOfCase(figure);
  const drawn = edgesAtRest(model, figure.layer, figure.head, 240).map((edge) => [
    edge.query,
    edge.key,
    short(weightOf(edge.code) / 100),
    strengthAtRest(edge),
    Number(edge.code < 0),
  ]);
  assert.deepEqual(drawn, figure.rest);
});

each("weight vectors, and how much of them edges show", (figure) => {
  const model = modelOfCase(figure);
  for (const { places, vector, percent } of figure.pinned) {
    if (!vector) continue;
    const line = lineOf(model, figure.layer, figure.head, queries(places), "from");
    assert.equal(shareOf(model, line, edgesOf(model, line)), percent);
    const { rows, fold, ...named } = weightVectorOf(model, line);
    assert.equal(vectorLabel(named), vector[0]);
    const drawn = rows.map(({ number, token, special, strong, masked, small }) => [
      number,
      token,
      Object.entries({ special, strong, masked, small }).flatMap(([name, on]) => (on ? `attention-${name}` : [])).join(" "),
    ]);
    assert.deepEqual(drawn, vector[1]);
    assert.equal(fold, vector[2]);
  }
});

each("the strongest pairs, and the description", (figure) => {
  const model = modelOfCase(figure);
  const place = placeInWords(model, "", figure.layer, [figure.head]);
  for (const { places, pairs, detail: expected } of figure.pinned) {
    const line = places.length ? lineOf(model, figure.layer, figure.head, queries(places), "from") : null;
    const found = strongestPairs(model, figure.layer, [figure.head], line, 12);
    assert.deepEqual(found.map(({ query, key, code }) => [query, key, numeral(code, model.signed)]), pairs);
    assert.equal(detail(place, model, strongestPairs(model, figure.layer, [figure.head], line, 3)), expected);
  }
});

each("the readout of the matrix", (figure) => {
  const model = modelOfCase(figure);
  for (const { places, readout } of figure.pinned) {
    const state = { ...atRest, layer: figure.layer, head: figure.head, pinned: queries(places) };
    const drawn = drawMatrix(model, state).readout;
    const [tokens, more, other, number] = readout ?? [[], false, "", ""];
    assert.equal(!drawn, !readout);
    if (!drawn) continue;
    assert.deepEqual(drawn.tokens.slice(0, 3), tokens);
    assert.deepEqual([drawn.tokens.length > 3, drawn.other, drawn.number], [more, other, number]);
  }
});

each("the cells of the matrix", (figure) => {
  const [model, { frame, levels, hatch, ticks }] = [modelOfCase(figure), figure.matrix];
  const [cell, , , mirrored] = frame;
  const state = { ...atRest, layer: figure.layer, head: figure.head };
  const { cells, codes, most, beyond } = headOf(model, state, mirrored);
  assert.deepEqual(levelPaths(cells, [cell, cell], cell >= 12 ? 1 : 0), levels);
  const masked = Int8Array.from(codes, (code) => Number(code === MASKED));
  assert.equal(levelPaths({ ...cells, levels: masked }, [cell, cell])[0]?.[1] ?? "", hatch);
  const end = model.signed ? numeral(most, true) : `${beyond ? "≥\u2009" : ""}${most / 1000}`;
  assert.equal(end, ticks.at(-1)![0]);
});

each("the labels and the legend of a matrix that is built here", (figure) => {
  const [model, layout] = [modelOfCase(figure), figure.measures.matrix];
  const [rows, columns] = [model.queries.length, model.keys.length];
  const frame = { rows, columns, ...layout };
  assert.deepEqual([layout.cell, layout.left, layout.top, layout.mirrored], figure.matrix.frame);
  assert.deepEqual([layout.width, layout.height], figure.matrix.size);
  assert.deepEqual([layout.bar["x"], layout.bar["y"], layout.bar["width"]], figure.matrix.bar);
  assert.equal(mostlyRightToLeft(model.keys), layout.mirrored);
  for (const [n, side] of SIDES.entries()) {
    const labels = tokensOn(model, side).map((_, index) => {
      const [text, wide, x, y] = labelAt(frame, model, layout, { side, index });
      return [text, x + 0, short(y), wide, rightToLeft(text)];
    });
    assert.deepEqual(labels, figure.matrix.labels[n]);
  }
  assert.equal(layout.legend?.texts[0] ?? "", figure.matrix.legend);
});

each("two columns that are built here", (figure) => {
  const model = modelOfCase(figure);
  const { width, height, mirrored, columns } = layOut(model, figure.measures.heads);
  const [wide, high, backwards, ...sides] = figure.columns;
  assert.deepEqual([width, height, mirrored], [wide, high, backwards]);
  for (const [n, { left, width: own, rightwards, edge, words, tops, begins }] of columns.entries()) {
    const [x, across, right, slots, texts] = sides[n]!;
    assert.deepEqual([left, own, rightwards], [x, across, right]);
    const way = rightwards ? -1 : 1;
    assert.deepEqual(
      words.map(([text, long], i) => [text, long, edge + (way * long) / 2, tops[i]]),
      slots,
    );
    assert.deepEqual(begins.filter(Boolean), texts.slice(1).map(([text]) => text));
    assert.equal(edge, texts[0]![1]);
  }
});

each("the thumbnails of the grid", (figure) => {
  // The view grid shows no differences.
  if (figure.header.signed) return;
  const model = modelOfCase(figure);
  const [rows, columns] = [model.queries.length, model.keys.length].map((count) => Math.ceil(count / 2));
  const frame = { left: 0, top: 0, cell: 1, pool: 2, rows: rows!, columns: columns!, across: 0, down: 0 };
  assert.deepEqual([...thumbnails(model, frame)], figure.grid.flat());
});

function columnOf([left, width, rightwards, slots]: ColumnCase) {
  return { left, width, rightwards, tops: slots.map(([, , , top]) => top) };
}

/** A path in the form in which Python writes paths into the vectors. */
function lineOfPath(path: Path): LineCase {
  const [, kind, hue] = /attention-(\w+) attention-hue-(\w+)/.exec(path["class"]!)!;
  const special = Number(path["class"]!.endsWith("special"));
  return [kind!, /^\d/.test(hue!) ? Number(hue) : hue!, special, path["data-head"]!, path["stroke-opacity"] ?? "", path["d"]!];
}

each("lines, bars and numbers of heads", (figure) => {
  const model = modelOfCase(figure);
  const frame = { query: columnOf(figure.columns[3]), key: columnOf(figure.columns[4]) };
  for (const expected of figure.heads) {
    const { places, shown } = expected;
    const pinned = queries(places);
    const state = { ...atRest, layer: figure.layer, head: Math.min(...shown), heads: shown, pinned };
    const drawn = drawHeads(model, state, frame);
    assert.deepEqual(drawn.lines.map(lineOfPath), expected.lines);
    assert.deepEqual(drawn.bars.map(lineOfPath), expected.bars);
    assert.deepEqual(caseOfSquares(drawn.squares), expected.squares);
    assert.deepEqual(drawn.numbers.map((one) => one && [one.text, one.strong, one.masked]), expected.numbers);
    const rest = headsAtRest(model, state, frame);
    if (!places.length) assert.deepEqual(rest.paths.map(lineOfPath), expected.rest);
    assert.equal(numbersNote(shown.length, places.length, false, 0), expected.note);
    const reading = places.length ? read(model, state, pinned) : null;
    assert.equal(reading?.share ?? 100, expected.percent);
    assert.deepEqual(reading?.weights.codes.map((code) => numeral(code, model.signed)) ?? null, expected.vector);
    const pairs = strongestPairs(model, figure.layer, shown, reading?.weights ?? null, 12);
    assert.deepEqual(pairs.map(({ query, key, code }) => [query, key, numeral(code, model.signed)]), expected.pairs);
    const place = placeInWords(model, "", figure.layer, shown);
    assert.equal(detail(place, model, pairs.slice(0, 3)), expected.detail);
  }
});
