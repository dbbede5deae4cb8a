/** The views by the name that `data-view` gives. One more is one file and one line here. */

import { openArcs } from "./arcs";
import type { OpenView } from "./view";

export const views: Readonly<Record<string, OpenView>> = {
  arcs: openArcs,
};
