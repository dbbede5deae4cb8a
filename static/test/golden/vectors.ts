/** The golden vectors: the pictures and texts of generated figures by Python (tests/golden). */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Model, Place } from "../../src/data/model";
import type { Header } from "../../src/data/payload";
import type { Layout } from "../../src/views/matrix/picture";
import type { Measures } from "../../src/views/view";
import { payloadOf, sampled } from "../sample";

/** The form of the file, so that each test names the parts of a case that it reads. */
type Case = readonly any[];

export type SquaresCase = [
  paths: [head: string, hue: number, special: number, shown: number, opacity: string, path: string][],
  label: string,
];

export interface PinnedCase {
  places: number[];
  edges: [query: number, key: number, special: number, width: string, path: string, less: number][];
  squares: SquaresCase;
  percent: number;
  vector: [label: string, rows: [number: string, token: string, classes: string][], fold: string] | null;
  pairs: [query: number, key: number, weight: string][];
  detail: string;
  readout: [tokens: string[], more: boolean, other: string, number: string] | null;
}

export type LineCase = [kind: string, hue: number | string, special: number, head: string, opacity: string, path: string];

export interface HeadsCase {
  places: number[];
  shown: number[];
  lines: LineCase[];
  bars: LineCase[];
  squares: SquaresCase;
  rest: LineCase[];
  numbers: [text: string, strong: boolean, masked: boolean][];
  note: string;
  percent: number;
  vector: string[] | null;
  pairs: [query: number, key: number, weight: string][];
  detail: string;
}

export type Slot = [text: string, width: number, x: number, top: number];
export type ColumnCase = [
  left: number,
  width: number,
  rightwards: boolean,
  slots: Slot[],
  texts: [text: string, x: number, y: number][],
];

export interface FigureCase {
  header: Header;
  codes: number[];
  cutoff: number;
  dim: boolean;
  layer: number;
  head: number;
  frame: [
    queries: number[],
    keys: number[],
    queryY: number,
    keyY: number,
    queryWidths: number[],
    keyWidths: number[],
  ];
  rest: [query: number, key: number, width: string, strength: number, less: number][];
  matrix: {
    size: [number, number];
    frame: [cell: number, left: number, top: number, mirrored: boolean];
    levels: [level: number, path: string][];
    hatch: string;
    bar: [x: number, y: number, width: number];
    ticks: [text: string, x: string][];
    legend: string;
    labels: [text: string, x: number, y: string, width: number, rightToLeft: boolean][][];
  };
  measures: { matrix: Layout; heads: Measures };
  columns: [width: number, height: number, mirrored: boolean, queries: ColumnCase, keys: ColumnCase];
  grid: number[][];
  pinned: PinnedCase[];
  heads: HeadsCase[];
}

export interface SumsCase {
  header: Header;
  codes: number[];
  tensors: Record<string, { shape: number[]; data: (number | string)[] }>;
  cells: [query: number, key: number, parts: Record<string, string>, labels: Record<string, string> | null][];
}

interface Vectors {
  rows: Case[];
  curves: Case[];
  levels: Case[];
  ticks: Case[];
  labelled: Case[];
  numbers: Case[];
  directions: Case[];
  figures: FigureCase[];
  differences: FigureCase[];
  sums: SumsCase[];
  strips: Case[];
}

const file = readFileSync(join(process.cwd(), "tests", "golden", "vectors.json.gz"));

export const vectors = JSON.parse(gunzipSync(file).toString()) as Vectors;

/** The model of a case. Payloads hold the codes of differences moved up by the code of weight 1. */
export function modelOfCase({ header, codes, cutoff, dim }: FigureCase): Model {
  const carried = header.signed ? codes.map((code) => code + 1000) : codes;
  return sampled(payloadOf(header, carried), { cutoff, dim });
}

export function queries(indices: readonly number[]): Place[] {
  return indices.map((index) => ({ side: "query", index }));
}
