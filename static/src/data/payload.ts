/** Reads the payload of a figure: the text in the page becomes a header and bytes. */

import { digits_of_85 as DIGITS, top as NO_SCORE } from "../../../sphinx_attention/core/constants.json";
import { fail, runScript } from "../draw/dom";

/** The author's directive, from which a reader can copy one with another selection. */
/** The language of an author, as templates. Python's `Notation` says what they hold. */
export interface Notation {
  figure: string;
  option: string;
  quote?: keyof typeof import("../export/directive").QUOTED;
  indent?: string;
  /** The text of the button. */
  label: string;
}

export interface Directive {
  text: string;
  options: Readonly<Record<string, string>>;
  body: string;
  notation: Notation;
  /** The names of the options that only this view has. Absent if it has none. */
  own?: readonly string[];
}

/** Head scores by name, layer by layer and head by head. A head without a score has null. */
export type HeadScores = Readonly<Record<string, readonly (number | null)[]>>;

export interface Header {
  version: 3;
  /** Layers, heads, queries, keys. */
  shape: [number, number, number, number];
  /** The names of the layers that the page carries. */
  layers: string[];
  heads: string[];
  part: "encoder" | "decoder" | "cross";
  queries: string[];
  /** Absent if one row of tokens is both the queries and the keys. */
  keys?: string[];
  specialQueries: number[];
  specialKeys?: number[];
  /** For each token, its text in a pair of texts. */
  segments?: { queries: number[]; keys: number[] };
  /** For each token, the number of its word. Absent if every word is one token. */
  words?: { queries: (number | null)[]; keys?: (number | null)[] };
  /** Present where the weights are differences. Their codes are 1000 larger in the bytes. */
  signed?: true;
  /** Present where the first code of each row is replaced by the remainder of its sum: a number that is added to it. */
  remainders?: number;
  /** The names of the head scores. */
  headScores?: string[];
  /** The order of all layers' heads in the bytes. Absent if they are in their own order. */
  order?: number[];
  label: string;
  /** The tensors in the bytes, in this order. */
  tensors?: { name: string; shape: number[] }[];
  /** Why the weights cannot be computed from the tensors. */
  missing?: string;
}

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Payload {
  header: Header;
  /**
   * High and low bytes of the weights in thousandths, head by head and query by query. 1001 means
   * masked. They stay in two planes, because joining millions of them takes too long.
   */
  high: Uint8Array;
  low: Uint8Array;
  scores: HeadScores;
  /** Single-precision numbers as four planes each: all first bytes, then all second bytes, … */
  rest: Uint8Array;
}

declare global {
  var attentionPayloads: Record<string, string> | undefined;
}

/** Read a payload that the Python part wrote. */
export async function decode(text: string): Promise<Payload> {
  return parse(await inflate(bytesOf(text)));
}

/** Split inflated bytes into header, codes and tensors. */
export function parse(bytes: Uint8Array): Payload {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start))) as Header;
  if (header.version !== 3) fail(`payload version ${header.version}`);
  const count = sizeOf(header.shape);
  const names = header.headScores ?? [];
  const heads = header.shape[0] * header.shape[1];
  const low = start + 2 * count;
  const rest = low + 2 * names.length * heads;
  const numbers = (header.tensors ?? []).reduce((total, { shape }) => total + sizeOf(shape), 0);
  if (bytes.length !== rest + 4 * numbers) fail("payload cut short");
  return {
    header,
    high: bytes.subarray(start, start + count),
    low: bytes.subarray(start + count, low),
    scores: scoresIn(bytes.subarray(low, rest), names, heads),
    rest: bytes.subarray(rest),
  };
}

function scoresIn(planes: Uint8Array, names: readonly string[], heads: number): HeadScores {
  const half = names.length * heads;
  const codes = Array.from({ length: half }, (_, i) => (planes[i]! << 8) | planes[half + i]!);
  const scores = codes.map((code) => (code === NO_SCORE ? null : code / 1000));
  return Object.fromEntries(names.map((name, i) => [name, scores.slice(i * heads, (i + 1) * heads)]));
}

/** A tensor of a payload, by its name. */
export function tensorOf({ header, rest }: Payload, name: string): Tensor | undefined {
  let start = 0;
  for (const { name: other, shape } of header.tensors ?? []) {
    const count = sizeOf(shape);
    if (other === name) {
      const bytes = new Uint8Array(4 * count);
      for (let i = 0; i < count; i++) {
        for (let plane = 0; plane < 4; plane++) {
          bytes[4 * i + plane] = rest[start + plane * count + i]!;
        }
      }
      // Payloads are little-endian, as are all machines that run browsers.
      return { shape, data: new Float32Array(bytes.buffer) };
    }
    start += 4 * count;
  }
  return undefined;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Decode base 85: five digits are four bytes, most significant first. The last n + 1 digits are n bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  // The text is quoted, so that it is a harmless script for hosts that run every script element.
  const digits = (/"([^"]*)"/.exec(text)?.[1] ?? text).replace(/\s/g, "");
  const values = new Uint8Array(128);
  for (let i = 0; i < 85; i++) values[DIGITS.charCodeAt(i)] = i;
  const codes = new TextEncoder().encode(`${digits}~~~~`);
  const bytes = new Uint8Array(4 * Math.ceil(digits.length / 5));
  const view = new DataView(bytes.buffer);
  let from = 0;
  // A loop over the digits of a group would be slower until it is compiled.
  for (let to = 0; to < bytes.length; to += 4) {
    let number = values[codes[from++]!]! * 85 + values[codes[from++]!]!;
    number = number * 85 + values[codes[from++]!]!;
    number = number * 85 + values[codes[from++]!]!;
    view.setUint32(to, number * 85 + values[codes[from++]!]!);
  }
  return bytes.subarray(0, Math.floor((digits.length * 4) / 5));
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { readable, writable } = new DecompressionStream("deflate");
  const writer = writable.getWriter();
  // One write is faster than a stream of small ones. Errors are ignored here: reading fails as well.
  writer.write(bytes).catch(() => {});
  writer.close().catch(() => {});
  // `new Response(readable)` would collect the pieces too, but takes half as much time again.
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = readable.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value);
    length += piece.value.length;
  }
  const whole = new Uint8Array(length);
  length = 0;
  for (const piece of pieces) {
    whole.set(piece, length);
    length += piece.length;
  }
  return whole;
}

const loading = new Map<string, Promise<string>>();

/** Note a payload that is in the page. Later figures may have the same one, and do not repeat it. */
export function notePayload({ dataset, textContent }: HTMLElement): void {
  if (dataset["key"] && textContent) loading.set(dataset["key"], Promise.resolve(textContent));
}

/** The text of a payload. It is in the element itself, in that of an earlier figure, or in a file. */
export function textOf(element: HTMLElement): Promise<string> {
  const { key, src } = element.dataset;
  if (!key || element.textContent) return Promise.resolve(element.textContent ?? "");
  let text = loading.get(key);
  if (!text) {
    text = src ? load(key, src) : Promise.reject(new Error("no payload"));
    loading.set(key, text);
    text.catch(() => loading.delete(key));
  }
  return text;
}

async function load(key: string, src: string): Promise<string> {
  const loaded = (): string | undefined => globalThis.attentionPayloads?.[key];
  if (loaded() === undefined) await runScript(src);
  return loaded() ?? fail(`no payload in ${src}`);
}
