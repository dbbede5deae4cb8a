/** Writes the figure in its present state as its author would write it, in the notation of the host. */

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
  return write(written, options);
}

function write({ notation: { figure, option, quote, indent = "" }, text, body }: Directive, options: Options): string {
  const form = quote ? QUOTED[quote] : (value: string) => value;
  const values: Record<string, string> = {
    t: quote === "python" ? JSON.stringify(text) : text,
    o: options.map(([n, value]) => fill(option, { n, v: form(value) })).join(""),
    b: body && `\n\n${body.trimEnd()}`.replace(/\n(?=.)/g, `\n${indent}`),
    "%": "%",
  };
  const all = Object.values(values).join("");
  // The first line of a fence of backticks must not contain a backtick.
  const mark = all.includes("`") ? "~" : "`";
  values.f = mark.repeat(Math.max(2, ...(all.match(/`+|~+/g) ?? []).map(({ length }) => length)) + 1);
  return `${fill(figure, values).replace(/ +$/gm, "")}\n`;
}

function fill(template: string, values: Record<string, string>): string {
  return template.replace(/%(.)/g, (_, name: string) => values[name]!);
}

/** The forms of values. An option without a value is a flag. */
export const QUOTED = {
  /** MyST reads values as YAML, where those with punctuation are quoted. */
  yaml: (value: string) => (/^([\p{L}\p{N}][\p{L}\p{N} .,_-]*)?$/u.test(value) ? value : JSON.stringify(value)),
  attribute: (value: string) => (value.includes('"') ? `'${value}'` : `"${value}"`),
  python: (value: string) => (value ? JSON.stringify(value) : "True"),
};

/** A name by which the option `focus` finds this token. */
export function nameOf(tokens: readonly Token[], index: number): string {
  const texts = tokens.map(({ text }) => text);
  const text = texts[index]!;
  const nth = texts.slice(0, index + 1).filter((other) => other === text).length;
  const names = [text, `${text}#${nth}`, String(index)];
  // White space and control characters are shown as other characters, which do not name the token. No
  // fence quotes a value with both kinds of quotation marks.
  const plain = !/[\s|"\\\u2205\u2400-\u2423\ufffd]/.test(text);
  return names.slice(plain ? 0 : 2).find((name) => indexOfName(texts, name) === index) ?? String(index);
}

function indexOfName(texts: readonly string[], name: string): number {
  const all = (wanted: string): number[] => [...texts.keys()].filter((at) => texts[at] === wanted);
  const [, word, nth] = /^(.*)#(\d+)$/.exec(name) ?? [];
  if (word !== undefined && !texts.includes(name)) return all(word)[Number(nth) - 1] ?? -1;
  return all(name)[0] ?? (/^\d+$/.test(name) ? Number(name) : -1);
}
