/** The chosen head in another view, beside the thumbnails. */

import type { Model } from "../../data/model";
import { say } from "../../data/phrases";
import { find, require, setAttributes } from "../../draw/dom";
import type { Dispatch, State } from "../../state/state";
import { views } from "..";
import type { View } from "../view";

export interface Large {
  view(): View;
  show(state: State, previous: State | null): void;
}

/** Open the view that the page shows beside the thumbnails. */
export function openLarge(figure: HTMLElement, model: Model, dispatch: Dispatch): Large {
  const root = require(figure, "large");
  const stage = require(root, "stage");
  let name = root.dataset["view"] ?? "";
  // The picture of the static page can be used again.
  const first = stage.firstElementChild!;
  let view = views[name]!.open(root, model, dispatch);
  setAttributes(root, { role: "group" });
  return {
    view: () => view,
    show(state, previous) {
      const wanted = state.options["large"] ?? name;
      const kind = views[wanted];
      const other = wanted !== name && !!kind;
      if (other) {
        view.destroy?.();
        // Its edges at rest are drawn again, because another head may be chosen by now.
        find(first, "overview")?.replaceChildren();
        stage.replaceChildren(kind.build?.(model) ?? first);
        root.dataset["view"] = name = wanted;
        view = kind.open(root, model, dispatch);
      }
      setAttributes(root, { "aria-label": nameOfPlace(model, [state.layer, state.head]) });
      view.show(state, other ? null : previous);
    },
  };
}

/** A layer and a head, as a text. */
export function nameOfPlace(model: Model, [layer, head]: readonly [number, number]): string {
  return say("place", { layer: model.layers[layer]!, head: model.heads[head]! });
}
