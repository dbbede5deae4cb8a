/**
 * The code that views of edges share, as a script of its own: motion, light, and the squares of heads.
 * A view imports from this module as it does from `shared.ts`, and may call these functions once one of
 * its figures opens. They are the members of `view`, which the script registers like a view.
 */

import { script_edges as phrases } from "../../../../sphinx_attention/core/phrases/en.json";
import { edgesAtRest } from "./at-rest";
import { openLight } from "./light";
import { isSameFocus, pathsIn } from "./paths";
import { hueOf, squaresInSlots, squaresInto, squaresUnder } from "./squares";

export type { Light } from "./light";
export type { EdgePath, Motion } from "./paths";
export type { HeadWeights, Squares, SquareRoom } from "./squares";
export { edgesAtRest, hueOf, isSameFocus, openLight, pathsIn, squaresInSlots, squaresInto, squaresUnder };

export const view = { phrases, edgesAtRest, hueOf, isSameFocus, openLight, pathsIn, squaresInSlots, squaresInto, squaresUnder };
