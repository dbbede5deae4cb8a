import { MASKED, modelOf, type Model } from "../src/model";
import type { Header } from "../src/payload";

export const HEADER: Header = {
  version: 1,
  shape: [1, 2, 3, 3],
  layers: [5],
  heads: [3, 11],
  part: "encoder",
  queries: ["[CLS]", "fox", "dog"],
  specialQueries: [0],
  cutoff: 0.95,
  label: "sample",
};

const M = MASKED;

/** Two heads over three tokens; the second is causal. */
export const CODES = Uint16Array.from([
  ...[1000, 0, 0, 47, 506, 447, 20, 980, 0],
  ...[1000, M, M, 300, 700, M, 333, 333, 334],
]);

export function planes(codes: Uint16Array): { high: Uint8Array; low: Uint8Array } {
  return {
    high: Uint8Array.from(codes, (code) => code >> 8),
    low: Uint8Array.from(codes, (code) => code & 255),
  };
}

export const model: Model = modelOf({ header: HEADER, ...planes(CODES) });

/** Two queries, three keys. */
export const cross: Model = modelOf({
  header: {
    ...HEADER,
    shape: [1, 1, 2, 3],
    heads: [0],
    part: "cross",
    queries: ["der", "Fuchs"],
    specialQueries: [],
    keys: ["the", "fox", "</s>"],
    specialKeys: [2],
  },
  ...planes(Uint16Array.from([900, 50, 50, 100, 800, 100])),
});
