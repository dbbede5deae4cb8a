/** Takes over a figure: events become actions, actions make a new state, and the state is shown. */

import { type Model, otherSide, type Place, placeOf, strongestPartner } from "../data/model";
import { findAll, isChord, setAttributes, take } from "../draw/dom";
import type { FigureController } from "../state/controller";
import { type Action, reduce, sameToken, type State } from "../state/state";
import { viewNamed } from "../views/registry";
import { bindControls } from "./controls";
import { bindDirectionButton } from "./direction-button";
import { bringIntoView, isHigh, isWide, watchOverflow } from "./overflow";
import { openPanel } from "./panel";
import { bindTokens } from "./tokens";

/** Called after every change of a figure's state. */
export type Watch = (controller: FigureController, action: Action, previous: State) => void;

/**
 * Take over a figure whose payload and views are loaded. Throws if its picture is not as expected.
 * `opening` are options with which the figure opened, where other values of them are shown now.
 */
export function bindFigure(
  figure: HTMLElement,
  model: Model,
  watch: Watch,
  opening: State["options"] = {},
): FigureController {
  const kind = viewNamed(figure.dataset["view"]!)!;
  removeAdded(figure);
  const dispatch = (action: Action): void => {
    const previous = state;
    state = reduce(state, action);
    if (state === previous) return;
    show(previous);
    if (action.type === "set") panel.announce(controls.label(action.name));
    else if (isAnnounced(action, state)) panel.announceState(state);
    // A tap also scrolls to the answer if it is out of sight. A mouse pointer keeps the words under
    // it.
    if (action.type === "adopt" || (action.type === "toggle" && isTouched())) bringIntoView(elementsToSee());
    watch(controller, action, previous);
  };
  const show = (previous: State | null): void => {
    view.show(state, previous);
    for (const picture of findAll<SVGSVGElement>(figure, "picture")) namePicture(picture);
    panel.show(state, previous);
    tokens.show(state.pinned);
    controls.show(state, previous);
    showDirection(state);
  };

  /** The pinned word and its answer, or else the landmark of the view. */
  const elementsToSee = (): (Element | null | undefined)[] => {
    const [place] = state.pinned;
    if (!place) return [view.landmark];
    const { layer, head } = state;
    const index = place.other ?? strongestPartner(model, layer, head, place);
    const answer = tokens.at({ side: otherSide(place.side), index }) ?? tokens.at({ side: place.side, index });
    return [tokens.at(place)?.element, answer?.element];
  };

  const pinned = pinnedIn(figure);
  const view = kind.open(figure, model, dispatch);
  const panel = openPanel(figure, model, view);
  const controls = bindControls(figure, model, dispatch);
  const showDirection = bindDirectionButton(figure, model, dispatch);
  const tokens = bindTokens(figure, view, model, dispatch);
  let state = firstState(figure, model, pinned, controls.first);
  const first = { ...state, options: { ...state.options, ...opening } };
  const controller: FigureController = {
    figure,
    kind,
    model,
    first,
    dispatch,
    get state() {
      return state;
    },
    takes: controls.takes,
    announce: panel.announce,
    label: controls.label,
    complete: () => view.complete?.(),
  };
  show(null);
  figure.addEventListener("keydown", (event) => {
    if (isChord(event)) return;
    if (event.key === "Escape" && state.pinned.length) {
      dispatch({ type: "unpin" });
      take(event);
    } else if (handlesKey(event.target as Element, event.key)) event.stopPropagation();
  });
  for (const stage of findAll(figure, "stage")) watchOverflow(stage, () => bringIntoView(elementsToSee()));
  return controller;
}

function isTouched(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}

/** Whether screen readers hear of an action. */
function isAnnounced(action: Action, state: State): boolean {
  switch (action.type) {
    case "hover":
    case "redraw":
    case "unpin":
    case "adopt":
      return false;
    case "focus":
      return action.place !== null;
    case "toggle":
      return state.pinned.length > 0;
    default:
      return true;
  }
}

/**
 * Remove what the script added to a figure earlier. Some themes keep a copy of a page's content,
 * with what scripts had made of it, and put that copy into the page again.
 */
function removeAdded(figure: HTMLElement): void {
  for (const left of findAll(figure, "added")) left.remove();
}

/** The state that the static picture shows. */
function firstState(
  figure: HTMLElement,
  model: Model,
  pinned: readonly Place[],
  options: State["options"],
): State {
  const at = (names: readonly string[], name = ""): number => Math.max(0, names.indexOf(name));
  const { layer, head, heads } = figure.dataset;
  const shown = (heads ?? head ?? "").split(",").map((name) => at(model.heads, name));
  return {
    layer: at(model.layers, layer),
    head: at(model.heads, head),
    heads: shown,
    direction: "from",
    hovered: null,
    focused: null,
    pinned,
    options,
  };
}

function pinnedIn(figure: HTMLElement): Place[] {
  const places: Place[] = [];
  for (const place of findAll<SVGElement>(figure, "token--focus").map(placeOf)) {
    if (!places.some((one) => sameToken(one, place))) places.push(place);
  }
  return places;
}

/**
 * Turn a picture into a named group of buttons. Its `<title>` is removed, because browsers would show
 * it as a tooltip over every button.
 */
function namePicture(picture: SVGSVGElement): void {
  if (picture.getAttribute("role") === "group") return;
  const title = picture.querySelector(":scope > title");
  const [about, detail] = picture.querySelectorAll(":scope > desc");
  const name = title?.textContent ?? "";
  // A title that was made for an author who gave none is the same for many figures. The longer
  // description tells them apart.
  const longer = name && about?.textContent?.startsWith(name);
  if (longer && about) setAttributes(picture, { "aria-labelledby": about.id });
  else picture.removeAttribute("aria-labelledby");
  const described = [longer ? undefined : about, detail].flatMap((one) => one?.id || []);
  setAttributes(picture, {
    role: "group",
    ...(described.length && { "aria-describedby": described.join(" ") }),
    ...(title && { "aria-label": name }),
  });
  title?.remove();
}

/** Whether a control or a box that scrolls uses a key itself. The page's shortcuts must not see it then. */
function handlesKey(target: Element, key: string): boolean {
  if (target.matches("select")) return /^(.|Arrow.*|Page.*|Home|End|Enter)$/.test(key);
  if (target.matches("button, summary")) return /^(Enter| )$/.test(key);
  if (/^Arrow(Left|Right)$/.test(key)) return isWide(target);
  return /^(Arrow.*|Page.*|Home|End| )$/.test(key) && isHigh(target);
}
