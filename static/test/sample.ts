import { type Facts, type Model, modelOf } from "../src/data/model";
import type { Header, HeadScores, Payload } from "../src/data/payload";
import type { State } from "../src/state/state";

export const HEADER: Header = {
  version: 3,
  shape: [1, 2, 3, 3],
  layers: ["5"],
  heads: ["3", "11"],
  part: "encoder",
  queries: ["[CLS]", "fox", "dog"],
  specialQueries: [0],
  label: "sample",
};

/** The code of masked keys. */
const M = 1001;

/** Two heads over three tokens. The second head is causal. */
export const CODES = Uint16Array.from([
  ...[1000, 0, 0, 47, 506, 447, 20, 980, 0],
  ...[1000, M, M, 300, 700, M, 333, 333, 334],
]);

export function planes(codes: ArrayLike<number>): { high: Uint8Array; low: Uint8Array } {
  return {
    high: Uint8Array.from(codes, (code) => code >> 8),
    low: Uint8Array.from(codes, (code) => code & 255),
  };
}

export function payloadOf(
  header: Header,
  codes: ArrayLike<number>,
  scores: HeadScores = {},
): Payload {
  return { header, ...planes(codes), scores, rest: new Uint8Array() };
}

/** The state at rest, on the first head. */
export const atRest: State = {
  layer: 0,
  head: 0,
  heads: [0],
  direction: "from",
  hovered: null,
  focused: null,
  pinned: [],
  options: {},
};

/** The model of a payload in a figure that hides a twentieth of each row. */
export function sampled(payload: Payload, facts: Facts = { cutoff: 0.95 }): Model {
  return modelOf(payload, facts);
}

export const model: Model = sampled(payloadOf(HEADER, CODES));

/** Two queries, three keys. */
export const cross: Model = sampled(
  payloadOf(
  {
    ...HEADER,
    shape: [1, 1, 2, 3],
    heads: ["0"],
    part: "cross",
    queries: ["der", "Fuchs"],
    specialQueries: [],
    keys: ["the", "fox", "</s>"],
    specialKeys: [2],
  },
  [900, 50, 50, 100, 800, 100],
  ),
);
