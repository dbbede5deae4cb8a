/** Paths that keep their edges: an edge that is drawn before and after a change goes over gradually. */

import { type Attributes, group, inFocus, same, setAttributes, type State, svg } from "../shared";

/** The path of an edge. */
export interface EdgePath {
  /** The edge, whatever its weight. Paths of one name are the same element. */
  readonly name: string;
  readonly attributes: Attributes;
}

/**
 * The motion of paths that appear or disappear. `grow`: new paths grow out of their word. `change`: the same words
 * have other weights now, so edges become wider or narrower. `none`: all paths change at once.
 *
 * The style sheet animates the width of an edge that stays.
 */
export type Motion = "grow" | "change" | "none";

/** Ms for which edges grow out of their word. */
const GROW = 160;
/** Ms in which edges appear or disappear when weights change. The style sheet has the same number. */
const CHANGE = 180;

export interface Paths {
  /** Bring the group to these paths, from the lowest to the highest. */
  show(paths: readonly EdgePath[], motion: Motion): void;
}

/**
 * Take over the paths of a group. `name` tells the edge of a path of the static picture. It is empty for
 * a path of several edges, which is replaced.
 */
export function pathsIn(parent: SVGGElement, name: (path: SVGPathElement) => string): Paths {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let known = new Map([...parent.querySelectorAll("path")].map((path) => [name(path), path]));
  /** The paths of edges that are gone, until they have shrunk away. */
  const leaving = group("leaving", { fill: "none" });

  const release = (path: SVGPathElement): void => {
    setAttributes(path, { class: path.getAttribute("class")!.replace(/attention-(edge|rest)/g, "attention-gone") });
    for (const data of ["data-query", "data-key"]) path.removeAttribute(data);
    leaving.append(path);
    path.animate({ strokeWidth: "0" }, CHANGE).onfinish = () => path.remove();
  };

  return {
    show(paths, wanted) {
      const motion = still.matches ? "none" : wanted;
      const before = known;
      known = new Map(paths.map((one) => [one.name, before.get(one.name) ?? svg("path", { pathLength: 1 })]));
      const kept = new Set<Element>(known.values());
      for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
      leaving.replaceChildren();
      if (motion === "change") {
        if (!leaving.parentNode) parent.before(leaving);
        for (const [old, path] of before) if (old && !known.has(old)) release(path);
      }
      let next = parent.firstElementChild;
      for (const { name: edge, attributes } of paths) {
        const path = known.get(edge)!;
        setAttributes(path, attributes);
        if (path === next) next = next.nextElementSibling;
        else put(parent, path, next);
        if (before.has(edge)) continue;
        if (motion === "grow") path.animate({ strokeDasharray: ["0 2", "1 2"] }, { duration: GROW, easing: "ease-out" });
        if (motion === "change") path.animate([{ strokeWidth: "0" }, {}], CHANGE);
      }
    },
  };
}

/** Whether two states show the edges of the same tokens, perhaps those of other heads. */
export function isSameFocus(state: State, previous: State): boolean {
  const [now, before] = [inFocus(state), inFocus(previous)];
  const areSame = now.length === before.length && now.every((place, i) => same(place, before[i]!));
  return areSame && state.direction === previous.direction;
}

/** Put a path before another one. Where browsers can, a path that is moved keeps its transitions. */
function put(parent: SVGGElement, path: SVGPathElement, next: Element | null): void {
  if (path.parentNode === parent && "moveBefore" in parent) parent.moveBefore(path, next);
  else parent.insertBefore(path, next);
}
