/** The directive that draws a figure as it stands, in the author's own markup. */

import { joined, restOf } from "./address";
import type { Live } from "./bind";
import type { Token } from "./model";
import type { Directive } from "./payload";

/** Options that say what is selected first; whatever the author chose gives way. */
const SELECTION = ["layer", "head", "focus", "selection"];

/** The names of models' layers and heads; what several are made into has no number. */
const NUMBER = /^\d+$/;

type Options = [name: string, value: string][];

type Shown = Pick<Live, "figure" | "model" | "state" | "first">;

export function directiveOf({ figure, model, state, first }: Shown, written: Directive): string {
  const view = figure.dataset["view"];
  const options: Options = Object.entries(written.options)
    .filter(([name]) => !SELECTION.includes(name))
    .map(([name, value]) => [name, value.trim().replace(/\s*\n\s*/g, " ")]);
  const add = (name: "layer" | "head", names: readonly string[], shown: readonly number[]): void => {
    const numbers = shown.map((at) => names[at]!);
    // A page may carry one of many; only rows in the page itself are all there are.
    const choice = names.length > 1 || name in written.options || !written.body;
    if (choice && numbers.every((number) => NUMBER.test(number))) options.push([name, numbers.join()]);
  };
  // Only heads draws several from the start, and steps shows the last of what is pinned.
  const others = view === "heads" ? state.heads.filter((head) => head !== state.head) : [];
  const pinned = view === "steps" ? state.pinned.slice(-1) : state.pinned;
  add("layer", model.layers, [state.layer]);
  add("head", model.heads, [state.head, ...others]);
  const rows = pinned.filter(({ side }) => side === "query");
  const focus = rows.length || view !== "steps" ? rows : first.pinned;
  if (focus.length) {
    options.push(["focus", focus.map(({ index }) => nameOf(model.queries, index)).join(" | ")]);
  }
  const rest = restOf({ model, state: { ...state, pinned }, first });
  if (view === "heads") rest.delete("heads");
  if (pinned.every(({ side, other }) => side === "query" && other === undefined)) rest.delete("pin");
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
  // A fence of backticks takes none in its first line.
  const mark = text.includes("`") ? "~" : "`";
  const longest = Math.max(2, ...(body.match(/`+|~+/g) ?? []).map(({ length }) => length));
  const fence = mark.repeat(longest + 1);
  const lines = [`${fence}{attention-figure} ${text}`.trimEnd()];
  for (const [name, value] of options) lines.push(`:${name}: ${scalar(value)}`.trimEnd());
  if (body) lines.push("", body.trimEnd());
  return `${[...lines, fence].join("\n")}\n`;
}

/** MyST reads values as YAML does, to which most punctuation means something. */
function scalar(value: string): string {
  return /^([\p{L}\p{N}][\p{L}\p{N} .,_-]*)?$/u.test(value) ? value : JSON.stringify(value);
}

/** A name by which `find_token` of `core/figure.py` finds this very token. */
export function nameOf(tokens: readonly Token[], index: number): string {
  const texts = tokens.map(({ text }) => text);
  const text = texts[index]!;
  const nth = texts.slice(0, index + 1).filter((other) => other === text).length;
  const names = [text, `${text}#${nth}`, String(index)];
  // What is shown is not always what the token is: white space and controls are made visible.
  const plain = !/[\s|\u2205\u2400-\u2423\ufffd]/.test(text);
  return names.slice(plain ? 0 : 2).find((name) => find(texts, name) === index) ?? String(index);
}

function find(texts: readonly string[], name: string): number {
  const all = (wanted: string): number[] => [...texts.keys()].filter((at) => texts[at] === wanted);
  const [, word, nth] = /^(.*)#(\d+)$/.exec(name) ?? [];
  if (word !== undefined && !texts.includes(name)) return all(word)[Number(nth) - 1] ?? -1;
  return all(name)[0] ?? (/^\d+$/.test(name) ? Number(name) : -1);
}
