import { type Model } from "../src/data/model";
import type { Header } from "../src/data/payload";
import { HEADER, payloadOf, sampled } from "./sample";

export interface Numbers {
  [name: string]: { shape: number[]; data: number[] };
}

/** A model of two tokens that carries tensors. */
export function carrying(tensors: Numbers, codes: number[], more: Partial<Header> = {}): Model {
  const header = {
    ...HEADER,
    shape: [1, more.heads?.length ?? 1, 2, 2] as Header["shape"],
    layers: ["0"],
    heads: ["0"],
    queries: ["a", "b"],
    specialQueries: [],
    ...more,
    tensors: Object.entries(tensors).map(([name, { shape }]) => ({ name, shape })),
  };
  const planes = Object.values(tensors).map(({ data }) => {
    const bytes = new Uint8Array(Float32Array.from(data).buffer);
    return [0, 1, 2, 3].flatMap((plane) => data.map((_, i) => bytes[4 * i + plane]!));
  });
  return sampled({ ...payloadOf(header, codes), rest: Uint8Array.from(planes.flat()) });
}

/** q = (1, 1) and (0.5, 2), k = (2, 0) and (−2, 2): dots 2, 0 and 1, 3. */
export const SMALL: Numbers = {
  queries: { shape: [1, 1, 2, 2], data: [1, 1, 0.5, 2] },
  keys: { shape: [1, 1, 2, 2], data: [2, 0, -2, 2] },
  values: { shape: [1, 1, 2, 4], data: [1, 0, -1, 4, 3, 2, 1, 0] },
  scale: { shape: [1], data: [Math.SQRT1_2] },
  softcap: { shape: [1], data: [0] },
};
