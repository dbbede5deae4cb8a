/** The views by the name that `data-view` gives. One more is one file and one line here. */

import { arcs } from "./arcs";
import { grid } from "./grid";
import { heads } from "./heads";
import { matrix } from "./matrix";
import { steps } from "./steps";
import type { ViewKind } from "./view";

export const views: Readonly<Record<string, ViewKind>> = {
  arcs,
  grid,
  heads,
  matrix,
  steps,
};
