/** The directive that draws a figure as it stands, in the author's own markup. */

import type { Model, Token } from "./model";
import type { Directive } from "./payload";
import type { State } from "./state";

/** Options that say what is selected first; whatever the author chose gives way. */
const SELECTION = ["layer", "head", "focus"];

export function directiveOf(model: Model, written: Directive, state: State, view: string): string {
  const options = Object.entries(written.options).filter(([name]) => !SELECTION.includes(name));
  if (model.layers.length > 1 || "layer" in written.options) {
    options.push(["layer", model.layers[state.layer]!]);
  }
  if (model.heads.length > 1 || "head" in written.options) {
    // No other view draws several from the start.
    const rest = view === "heads" ? state.heads.filter((head) => head !== state.head) : [];
    options.push(["head", [state.head, ...rest].map((head) => model.heads[head]).join(",")]);
  }
  const pins = state.pinned.filter(({ side }) => side === "query");
  if (pins.length) {
    options.push(["focus", pins.map(({ index }) => nameOf(model.queries, index)).join(" | ")]);
  }
  return (written.syntax === "myst" ? myst : rst)(written.text, options, written.body);
}

type Options = readonly (readonly [string, string])[];

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
  for (const [name, value] of options) lines.push(`:${name}: ${value}`.trimEnd());
  if (body) lines.push("", body.trimEnd());
  return `${[...lines, fence].join("\n")}\n`;
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
