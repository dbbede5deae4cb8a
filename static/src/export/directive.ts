/** Writes the directive that draws a figure in its present state, in the author's own markup. */

import { joined, restOf, split } from "../state/address";
import type { FigureController } from "../state/controller";
import type { Token } from "../data/model";
import type { Directive } from "../data/payload";

/**
 * Options that set the first selection. The reader's selection replaces the author's, as it does for
 * the options of the view's own that a control shows.
 */
const SELECTION = ["layer", "head", "focus", "selection"];

/** The differences between the attentions of one figure. */
const AXES = ["model", "sentence", "picture", "part", "measure", "step"];

/** The names of a model's layers and heads. Aggregates have other names. */
const NUMBER = /^\d+$/;

type Options = [name: string, value: string][];

type Shown = Pick<FigureController, "kind" | "model" | "state" | "first">;

export function directiveOf({ kind, model, state, first }: Shown, written: Directive): string {
  const own = (written.own ?? []).filter((name) => name in state.options);
  const options: Options = Object.entries(written.options)
    .filter(([name]) => !SELECTION.includes(name) && !own.includes(name))
    .map(([name, value]) => [name, value.trim().replace(/\s*\n\s*/g, " ")]);
  const add = (name: "layer" | "head", names: readonly string[], shown: readonly number[]): void => {
    const numbers = shown.map((at) => names[at]!);
    // The page may carry one of many layers or heads. Only a matrix in the directive is certain to have one.
    const choice = names.length > 1 || name in written.options || !written.body;
    if (choice && numbers.every((number) => NUMBER.test(number))) options.push([name, numbers.join()]);
  };
  const others = kind.severalHeads ? state.heads.filter((head) => head !== state.head) : [];
  const pinned = kind.severalPins === false ? state.pinned.slice(-1) : state.pinned;
  add("layer", model.layers, [state.layer]);
  add("head", model.heads, [state.head, ...others]);
  const rows = pinned.filter(({ side }) => side === "query");
  const focus = rows.length || !kind.alwaysPinned ? rows : first.pinned;
  if (focus.length) {
    options.push(["focus", focus.map(({ index }) => nameOf(model.queries, index)).join(" | ")]);
  }
  const rest = restOf({ model, state: { ...state, pinned }, first });
  for (const name of own) {
    rest.delete(name);
    // A button that is off has no value, and is off without the option too.
    if (state.options[name]) options.push([name, state.options[name]]);
  }
  if (kind.severalHeads) rest.delete("heads");
  if (pinned.every(({ side, other }) => side === "query" && other === undefined)) rest.delete("pin");
  // If a figure opened in another state than its directive gives without a selection, the copy has
  // to name that state.
  for (const axis of split(written.options["selection"] ?? "").keys()) {
    const value = state.options[axis];
    if (AXES.includes(axis) && value !== undefined) rest.set(axis, value);
  }
  if (rest.size) options.push(["selection", joined(rest)]);
  return (written.syntax === "myst" ? myst : rst)(written.text, options, written.body);
}

function rst(text: string, options: Options, body: string): string {
  const lines = [`.. attention-figure:: ${text}`.trimEnd()];
  for (const [name, value] of options) lines.push(`   :${name}: ${value}`.trimEnd());
  if (body) lines.push("", ...body.split("\n").map((line) => line && `   ${line}`));
  return `${lines.join("\n").trimEnd()}\n`;
}

function myst(text: string, options: Options, body: string): string {
  // The first line of a fence of backticks must not contain a backtick.
  const mark = text.includes("`") ? "~" : "`";
  const longest = Math.max(2, ...(body.match(/`+|~+/g) ?? []).map(({ length }) => length));
  const fence = mark.repeat(longest + 1);
  const lines = [`${fence}{attention-figure} ${text}`.trimEnd()];
  for (const [name, value] of options) lines.push(`:${name}: ${scalar(value)}`.trimEnd());
  if (body) lines.push("", body.trimEnd());
  return `${[...lines, fence].join("\n")}\n`;
}

/** A value in YAML, as MyST reads it. Values with punctuation are quoted. */
function scalar(value: string): string {
  return /^([\p{L}\p{N}][\p{L}\p{N} .,_-]*)?$/u.test(value) ? value : JSON.stringify(value);
}

/** A name by which the option `focus` finds this token. */
export function nameOf(tokens: readonly Token[], index: number): string {
  const texts = tokens.map(({ text }) => text);
  const text = texts[index]!;
  const nth = texts.slice(0, index + 1).filter((other) => other === text).length;
  const names = [text, `${text}#${nth}`, String(index)];
  // White space and control characters are shown as other characters, which do not name the token.
  const plain = !/[\s|\u2205\u2400-\u2423\ufffd]/.test(text);
  return names.slice(plain ? 0 : 2).find((name) => indexOfName(texts, name) === index) ?? String(index);
}

function indexOfName(texts: readonly string[], name: string): number {
  const all = (wanted: string): number[] => [...texts.keys()].filter((at) => texts[at] === wanted);
  const [, word, nth] = /^(.*)#(\d+)$/.exec(name) ?? [];
  if (word !== undefined && !texts.includes(name)) return all(word)[Number(nth) - 1] ?? -1;
  return all(name)[0] ?? (/^\d+$/.test(name) ? Number(name) : -1);
}
