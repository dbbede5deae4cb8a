/** Which edges of a head are drawn while no token is in focus. The Python part computes the same. */

import { edges } from "../../../../sphinx_attention/core/render/common/constants.json";
import { type Edge, edgesOf, lineOf, type Model, type Place, weightOf } from "../shared";

/** Edges at rest have at least this code. Fainter ones are not visible among many. */
const LEAST_AT_REST = edges.least_at_rest;

/** The largest edges of a head's ordinary queries, at most `most` of them, in order of query and key. */
export function edgesAtRest(model: Model, layer: number, head: number, most: number): Edge[] {
  const all = model.queries.map((_, index): Place => ({ side: "query", index }));
  const ordinary = all.filter((place) => !model.queries[place.index]!.special);
  return (ordinary.length ? ordinary : all)
    .flatMap((place) => edgesOf(model, lineOf(model, layer, head, [place], "from"), LEAST_AT_REST))
    .sort((a, b) => weightOf(b.code) - weightOf(a.code) || a.query - b.query || a.key - b.key)
    .slice(0, most)
    .sort((a, b) => a.query - b.query || a.key - b.key);
}
