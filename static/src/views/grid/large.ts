/** The chosen head in another view, beside the thumbnails. */

import {
  type Dispatch,
  find,
  loadView,
  type Measures,
  type Model,
  require,
  say,
  setAttributes,
  type State,
  toggleClass,
  type View,
  type ViewKind,
  viewNamed,
} from "../shared";

export interface Large {
  view(): View;
  show(state: State, previous: State | null): void;
}

/** Open the view that the page shows beside the thumbnails. */
export function openLarge(figure: HTMLElement, model: Model, dispatch: Dispatch): Large {
  const root = require(figure, "large");
  const stage = require(root, "stage");
  const firstName = root.dataset["view"]!;
  const measures = JSON.parse(root.dataset["measures"]!) as Record<string, Measures>;
  const first = [...stage.children];
  let name = firstName;
  let kind = viewNamed(name)!;
  let view = kind.open(root, model, dispatch);
  let loading = "";
  setAttributes(root, { role: "group" });

  /** Open another view, whose script is there. */
  const open = (other: string, next: ViewKind): void => {
    view.destroy?.();
    // The edges at rest of the static picture are drawn again: another head may be chosen by now.
    find(first[0]!, "overview")?.replaceChildren();
    const built = () => [next.build!(model, measures[other]!), ...first.filter((one) => one.matches(".attention-shade"))];
    stage.replaceChildren(...(other === firstName ? first : built()));
    root.dataset["view"] = name = other;
    kind = next;
    view = kind.open(root, model, dispatch);
  };
  /** Load another view. Until it is there, the present one stays. */
  const load = (other: string): void => {
    if (loading === other) return;
    loading = other;
    void loadView(other)
      .then(
        () => dispatch({ type: "redraw" }),
        () => dispatch({ type: "set", name: "large", value: name }),
      )
      .finally(() => (loading = ""));
  };
  const select = figure.querySelector<HTMLSelectElement>('select[name="large"]');
  const loadAll = (): void => {
    for (const { value } of select!.options) void loadView(value).catch(() => {});
  };
  // A reader who reaches for the choice will use it soon.
  for (const reached of ["pointerenter", "focus"]) select?.addEventListener(reached, loadAll, { once: true });

  return {
    view: () => view,
    show(state, previous) {
      const wanted = state.options["large"] ?? name;
      const next = wanted === name ? undefined : viewNamed(wanted);
      if (next) open(wanted, next);
      else if (wanted !== name) load(wanted);
      toggleClass(root, "large--irreversible", !kind.reversible);
      setAttributes(root, { "aria-label": nameOfPlace(model, [state.layer, state.head]) });
      view.show(state, next ? null : previous);
    },
  };
}

/** A layer and a head, as a text. */
export function nameOfPlace(model: Model, [layer, head]: readonly [number, number]): string {
  return say("place", { layer: model.layers[layer]!, head: model.heads[head]! });
}
