/** The edges of all words, which are shown while no word is in focus. */

import { inFocus, type State, toggleClass } from "../shared";
import { type EdgePath, pathsIn } from "../edges/part";

export interface Rest {
  show(state: State, previous: State | null): void;
  /** Draw the edges again, because words have moved. */
  redraw(state: State): void;
}

/**
 * Take over the group of the edges at rest, where a picture has one.
 *
 * `edgesAt` are the paths of a state. With `isLarge`, they are removed while a token is pinned, so that a
 * figure of many tokens has few elements. With `isStatic`, the static picture is still right.
 */
export function openRest(
  overview: SVGGElement,
  edgesAt: (state: State) => readonly EdgePath[],
  { isLarge, isStatic: wasStatic }: { readonly isLarge: boolean; readonly isStatic: boolean },
): Rest {
  const paths = pathsIn(overview, () => "");
  /** The head whose edges are drawn. The static picture has those of the first head. */
  let drawn: string | undefined;
  let isStatic = wasStatic && !!overview.firstElementChild;

  const draw = (state: State): void => paths.show(edgesAt(state), "none");

  return {
    show(state, previous) {
      const atRest = !inFocus(state).length;
      toggleClass(overview, "overview--away", !atRest);
      if (!previous && isStatic) drawn = headOf(state);
      if (state.pinned.length && isLarge) {
        paths.show([], "none");
        drawn = undefined;
      } else if (atRest && drawn !== headOf(state)) {
        const changes = previous && !inFocus(previous).length && drawn === headOf(previous);
        if (changes) {
          // The edges go over from where they are, also if the picture is still the static one.
          if (isStatic) draw(previous);
          void (overview.lastElementChild && getComputedStyle(overview.lastElementChild).strokeWidth);
          paths.show(edgesAt(state), "change");
        } else draw(state);
        drawn = headOf(state);
        isStatic = false;
      }
    },
    redraw(state) {
      if (!drawn) return;
      draw(state);
      drawn = headOf(state);
      isStatic = false;
    },
  };
}

function headOf({ layer, head }: State): string {
  return `${layer}.${head}`;
}
