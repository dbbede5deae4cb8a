import assert from "node:assert/strict";
import { test } from "node:test";
import { toLocal } from "../../src/state/changes";
import type { Model } from "../../src/data/model";
import type { Directive, Notation } from "../../src/data/payload";
import type { State } from "../../src/state/state";
import { directiveOf, nameOf } from "../../src/export/directive";
import { view as arcs } from "../../src/views/arcs";
import { view as heads } from "../../src/views/heads";
import type { ViewKind } from "../../src/views/view";
import { atRest, cross, model } from "../sample";

const tokens = (text: string) => text.split(" ").map((word) => ({ text: word, special: false }));
const query = (index: number) => ({ side: "query", index }) as const;

test("the name of a token finds the token", () => {
  const words = tokens("the cat saw the#2 and the 3 0 | 1 the 12");
  const names = words.map((_, index) => nameOf(words, index));
  // `find_token` in Python does the same: text before number, and the first token before later
  // ones.
  assert.deepEqual(names, ["the", "cat", "saw", "the#2", "and", "5", "3", "0", "8", "1", "the#3", "12"]);
});

test("a token of invisible characters is named by its index", () => {
  assert.equal(nameOf(tokens("a \u2423 b"), 1), "1");
  assert.equal(nameOf(tokens("\u2205 b"), 0), "0");
});

/** The directive of a figure in this state. The figure opened at rest. */
function copied(written: Directive, state: State, kind: ViewKind, of = model, first = atRest): string {
  return directiveOf({ kind, model: of, state, first }, written);
}

const RST: Notation = { figure: ".. attention-figure:: %t%o%b", option: "\n   :%n: %v", indent: "   ", label: "copy" };
const MYST: Notation = { figure: "%f{attention-figure} %t%o%b\n%f", option: "\n:%n: %v", quote: "yaml", label: "copy" };
const FENCE: Notation = { figure: "%fattention%o\n%t%b\n%f", option: " %n=%v", quote: "attribute", label: "copy" };
const CALL: Notation = { figure: "figure(%t%o, cache=\"%%t\")", option: ", %n=%v", quote: "python", label: "copy" };

const written: Directive = {
  text: "fox dog",
  options: { model: "sample", layer: "0", focus: "fox", causal: "" },
  body: "",
  notation: RST,
};

test("a directive has options for the shown selection", () => {
  const state = { ...atRest, head: 1, heads: [1], pinned: [query(2), query(1)] };
  assert.equal(
    copied(written, state, arcs),
    `.. attention-figure:: fox dog
   :model: sample
   :causal:
   :layer: 5
   :head: 11
   :focus: dog | fox
`,
  );
});

test("without pins, the author's option focus is left out", () => {
  assert.ok(!copied(written, atRest, arcs).includes("focus"));
});

test("only the view heads writes several heads, the one with the numbers first", () => {
  const state = { ...atRest, head: 1, heads: [0, 1] };
  assert.match(copied(written, state, heads), /:head: 11,3\n/);
  assert.match(copied(written, state, arcs), /:head: 11\n/);
});

test("an option of the view's own is written as an option", () => {
  const own = { ...written, options: { by: "norm" }, own: ["by", "other"] };
  const opened = { ...atRest, options: { by: "norm", scale: "linear" } };
  const weight = { ...opened, options: { by: "weight", scale: "log" } };
  const lines = (state: State) => copied(own, state, arcs, model, opened).trim().split("\n   ").slice(1);
  assert.deepEqual(lines(opened), [":layer: 5", ":head: 3", ":by: norm"]);
  assert.deepEqual(lines(weight), [":layer: 5", ":head: 3", ":by: weight", ":selection: scale=log"]);
  // A figure without the control, such as one whose source gives no values, keeps the author's value.
  assert.deepEqual(lines({ ...opened, options: {} }), [":by: norm", ":layer: 5", ":head: 3"]);
  // A button that is off has no option.
  assert.deepEqual(lines({ ...opened, options: { by: "" } }), [":layer: 5", ":head: 3"]);
});

test("rows are kept, and a fence in Markdown is longer than any in them", () => {
  const one: Model = { ...model, layers: ["0"], heads: ["0"] };
  const rows = { text: "a b", options: {}, body: "1 0\n0 1\n\n0 1\n1 0\n" };
  assert.equal(
    copied({ ...rows, notation: RST }, atRest, arcs, one),
    ".. attention-figure:: a b\n\n   1 0\n   0 1\n\n   0 1\n   1 0\n",
  );
  assert.equal(
    copied({ ...rows, notation: MYST }, atRest, arcs, one),
    "```{attention-figure} a b\n\n1 0\n0 1\n\n0 1\n1 0\n```\n",
  );
  const ticks = copied({ ...rows, text: "a `b`", notation: MYST }, atRest, arcs, one);
  assert.ok(ticks.startsWith("~~~{attention-figure} a `b`\n"));
});

test("the host's own notation is filled in", () => {
  const one: Model = { ...model, layers: ["0"], heads: ["0"] };
  const directive = { text: 'a "b" \'c\'', options: { alt: 'a "b"', causal: "", note: "50 %t" }, body: "" };
  const shown = (notation: Notation, more: Partial<Directive> = {}) => copied({ ...directive, notation, ...more }, atRest, arcs, one);
  assert.equal(shown(FENCE).split(" layer=")[0], "```attention alt='a \"b\"' causal=\"\" note=\"50 %t\"");
  assert.ok(shown(FENCE, { body: "1 0\n0 1" }).endsWith("\na \"b\" 'c'\n\n1 0\n0 1\n```\n"));
  assert.ok(shown(FENCE, { options: { focus: "", note: "`" } }).startsWith('~~~attention note="`"'));
  assert.equal(
    shown(CALL, { options: { alt: 'a "b"', causal: "" }, body: " " }),
    'figure("a \\"b\\" \'c\'", alt="a \\"b\\"", causal=True, cache="%t")\n',
  );
});

test("a linked figure takes over the names that it has", () => {
  const all = () => true;
  const change = { layer: "5", head: "11", heads: ["3", "11", "40"], pinned: [query(1), query(9)] };
  assert.deepEqual(toLocal(model, atRest, change, all), {
    layer: 0,
    head: 1,
    heads: [0, 1],
    pinned: [query(1)],
  });
  assert.deepEqual(toLocal(cross, atRest, { head: "11", hovered: query(2) }, all), { hovered: null });
  const cell = { ...query(1), other: 2 };
  assert.deepEqual(toLocal(cross, atRest, { hovered: cell }, all), { hovered: cell });
  assert.deepEqual(toLocal(cross, atRest, { hovered: { ...cell, other: 3 } }, all), { hovered: null });
  assert.deepEqual(toLocal(cross, atRest, { hovered: null }, all), { hovered: null });
});

test("the head with the numbers is drawn, and rows are not pinned with columns", () => {
  const all = () => true;
  assert.deepEqual(toLocal(model, atRest, { head: "3", heads: ["11"] }, all).heads, [0, 1]);
  const key = { side: "key", index: 0 } as const;
  assert.deepEqual(toLocal(model, atRest, { pinned: [query(1), key] }, all), { pinned: [query(1)] });
});

test("the host's own notation is filled in", () => {
  const one: Model = { ...model, layers: ["0"], heads: ["0"] };
  const directive = { text: 'a "b" \'c\'', options: { alt: 'a "b"', causal: "", note: "50 %t" }, body: "" };
  const shown = (notation: Notation, more: Partial<Directive> = {}) => copied({ ...directive, notation, ...more }, atRest, arcs, one);
  assert.equal(shown(FENCE).split(" layer=")[0], "```attention alt='a \"b\"' causal=\"\" note=\"50 %t\"");
  assert.ok(shown(FENCE, { body: "1 0\n0 1" }).endsWith("\na \"b\" 'c'\n\n1 0\n0 1\n```\n"));
  assert.ok(shown(FENCE, { options: { focus: "", note: "`" } }).startsWith('~~~attention note="`"'));
  assert.equal(
    shown(CALL, { options: { alt: 'a "b"', causal: "" }, body: " " }),
    'figure("a \\"b\\" \'c\'", alt="a \\"b\\"", causal=True, cache="%t")\n',
  );
});

test("a linked figure takes over options for which it has a control", () => {
  const state = { ...atRest, options: { scale: "linear" } };
  const takes = (name: string, value: string) => name === "scale" && value === "log";
  const change = { options: { scale: "log", order: "entropy" } };
  assert.deepEqual(toLocal(model, state, change, takes), { options: { scale: "log" } });
  assert.deepEqual(toLocal(model, state, { options: { scale: "cubic" } }, takes), {});
});
