/** The content under the picture in every view: notes, weight vector, pairs, and announcements. */

import { weights } from "../../../sphinx_attention/core/render/common/constants.json";
import { ADDED, cell, element, find, setAttributes, setText } from "../draw/dom";
import { edgesOf, lineOf, shareOf, type Weights } from "../draw/edges";
import { type Model, numeral, otherSide, type Place, type Token, tokenAt, tokensOn, weightOf } from "../data/model";
import { detail, type Pair, placeInWords, strongestPairs } from "./strongest-pairs";
import { makeScrollable } from "./overflow";
import { weightVectorElement, weightVectorOf } from "./weight-vector";
import { inFocus, type State } from "../state/state";
import type { Reading, View } from "../views/view";
import { say } from "../data/phrases";
import { cutoffNote, directionLabel, announcement } from "../draw/sentences";

/** Pairs in the table. */
const PAIRS = weights.listed_pairs;
/** Pairs in the description of the picture. */
const DESCRIBED = weights.described_pairs;
/** Tokens in an announcement. */
const SPOKEN = 5;

export interface Panel {
  show(state: State, previous: State | null): void;
  /** Announce the tokens in focus, or what the picture shows at rest, to screen readers. */
  announceState(state: State): void;
  /** Announce a text to screen readers only. */
  announce(text: string): void;
}

export function openPanel(figure: HTMLElement, model: Model, view: View): Panel {
  const footer = find(figure, "footer");
  const chosen = find(figure, "note--chosen");
  const hint = find(figure, "note--hint") ?? note("hint", say(matchMedia("(hover: none)").matches ? "hint_tap" : "hint_word"));
  const cutoff = find(figure, "note--cutoff") ?? note("cutoff", "");
  const description = find<SVGDescElement>(figure, "picture > desc:last-of-type");
  const pairsTable = find<HTMLDetailsElement>(figure, "table");
  const pairsBody = find(figure, "table tbody");
  // The static table shows the pairs of the first state.
  let pairs: Pair[] | null = null;
  const live = element("div", ["attention-live", ADDED]);
  setAttributes(live, { role: "status", ...(footer?.lang && { lang: footer.lang }) });
  (figure.querySelector("figcaption") ?? figure.lastElementChild)?.before(live);

  const long = find(figure, "scores--long");
  if (long) makeScrollable(long, long.querySelector("table")?.getAttribute("aria-label") ?? "");

  const read = (state: State, places: readonly Place[]): Reading => {
    if (view.reading) return view.reading(state, places);
    const line = lineOf(model, state.layer, state.head, places, state.direction);
    return { weights: line, share: view.edges ? shareOf(model, line, edgesOf(model, line)) : 100 };
  };
  const lineAt = (state: State, places: readonly Place[]): Weights => read(state, places).weights;

  const present = (node: HTMLElement, on: boolean): void => {
    if (!on) node.remove();
    else if (!node.isConnected) {
      if (chosen?.isConnected) chosen.before(node);
      else footer?.append(node);
    }
  };

  const showNotes = (state: State): void => {
    const focus = inFocus(state);
    const shown = focus.length ? read(state, focus) : null;
    const partly = !!shown && shown.share < 100;
    if (partly) setText(cutoff, cutoffNote(shown.share, shown.weights));
    present(hint, !shown);
    present(cutoff, partly);
  };

  const showVector = (state: State): void => {
    if (view.vector === false) return;
    const shown = find(figure, "scores");
    if (!state.pinned.length) return shown?.remove();
    const vector = weightVectorElement(weightVectorOf(model, lineAt(state, state.pinned)));
    if (shown) shown.replaceWith(vector);
    else (footer ?? find(figure, "stage"))?.after(vector);
  };

  // A closed table has no rows, because a figure of many tokens must not have more elements than needed.
  const listPairs = (): void => {
    if (!pairs) return;
    const rows = (pairsTable?.open ? pairs : []).map(({ query, key, code }) =>
      element(
        "tr",
        [],
        cell("td", model.queries[query]!.text),
        cell("td", model.keys[key]!.text),
        element("td", [], numeral(code, model.signed)),
      ),
    );
    pairsBody?.replaceChildren(...rows);
  };
  pairsTable?.addEventListener("toggle", listPairs);

  const headsAt = ({ heads, head }: State): number[] => (view.reading ? [...heads].sort((a, b) => a - b) : [head]);
  const strongest = (state: State): Pair[] => {
    const line = state.pinned.length ? lineAt(state, state.pinned) : null;
    return strongestPairs(model, state.layer, headsAt(state), line, PAIRS);
  };
  /** The layer and heads of a state and its strongest pairs, as a text. */
  const detailAt = (state: State, all: readonly Pair[]): string => {
    const place = placeInWords(model, figure.dataset["aggregate"] ?? "", state.layer, headsAt(state));
    return detail(place, model, all.slice(0, DESCRIBED));
  };
  const showPairs = (state: State): void => {
    pairs = strongest(state);
    listPairs();
    if (description) setText(description, detailAt(state, pairs));
  };

  return {
    show(state, previous) {
      showNotes(state);
      // The static vector and table show the first state.
      if (!previous) return;
      const head =
        state.layer !== previous.layer ||
        state.head !== previous.head ||
        state.heads !== previous.heads;
      if (head) chosen?.remove();
      const pin = state.pinned !== previous.pinned;
      const turned = state.direction !== previous.direction && state.pinned.length > 0;
      if (pin || head || turned) {
        showVector(state);
        showPairs(state);
      }
    },
    announceState(state) {
      const places = state.focused ? [state.focused] : state.pinned;
      if (!places.length) {
        const turn = state.direction === "to" ? `${directionLabel("to", model)}. ` : "";
        return setText(live, turn + detailAt(state, strongest(state)));
      }
      const line = lineAt(state, places);
      const others = tokensOn(model, otherSide(line.from));
      setText(live, announcement(model, texts(model, places), line.from, named(model, line, others, places)));
    },
    announce: (text) => setText(live, text),
  };
}

/** The tokens and weights of a line that are announced: the cells in focus, or the heaviest. */
function named(model: Model, line: Weights, others: readonly Token[], places: readonly Place[]): string[] {
  const cells = places.map(({ other }) => other).filter((other) => other !== undefined);
  const size = (other: number): number => weightOf(line.codes[other]!);
  const all = cells.length ? [...new Set(cells)] : [...line.codes.keys()];
  return all
    .filter((other) => cells.length || size(other))
    .sort((a, b) => size(b) - size(a) || a - b)
    .slice(0, SPOKEN)
    .map((other) => `${others[other]!.text} ${numeral(line.codes[other]!, model.signed)}`);
}

function texts(model: Model, places: readonly Place[]): string[] {
  return places.map((place) => tokenAt(model, place).text);
}

function note(kind: string, text: string): HTMLElement {
  return element("span", ["attention-note", `attention-note--${kind}`], text);
}
