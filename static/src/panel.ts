/** What stands under the picture, whatever the view: notes, score vector, pairs, and the voice. */

import { cell, element, part, setAttributes, setText } from "./dom";
import { edgesOf, lineOf, shareOf, type Weights } from "./edges";
import { type Model, numeral, otherSide, type Place, type Token, tokenAt, tokensOn } from "./model";
import { detail, type Pair, placeInWords, strongestPairs } from "./pairs";
import { makeScrollable, scoresElement, scoresOf } from "./scores";
import { inFocus, type State } from "./state";
import type { Reading, View } from "./views/view";
import { say } from "./phrases";
import { cutoffNote, spoken, turnLabel } from "./words";

const PAIRS = 12;
const DESCRIBED = 3;
const SPOKEN = 5;

export interface Panel {
  show(state: State, previous: State | null): void;
  /** Tell a screen reader about the tokens that the keyboard or a pin singles out. */
  say(state: State): void;
  /** Tell it, and nobody else, this. */
  tell(text: string): void;
}

export function openPanel(figure: HTMLElement, model: Model, view: View): Panel {
  const footer = part(figure, "footer");
  const chosen = part(figure, "note--chosen");
  const hint = part(figure, "note--hint") ?? note("hint", say("hint_word"));
  const cutoff = part(figure, "note--cutoff") ?? note("cutoff", "");
  const description = part<SVGDescElement>(figure, "picture > desc:last-of-type");
  const pairsTable = part<HTMLDetailsElement>(figure, "table");
  const pairsBody = part(figure, "table tbody");
  // Those of the static table are true to the first state.
  let pairs: Pair[] | null = null;
  const live = element("div", ["attention-live"]);
  setAttributes(live, { role: "status", ...(footer?.lang && { lang: footer.lang }) });
  (figure.querySelector("figcaption") ?? figure.lastElementChild)?.before(live);

  const long = part(figure, "scores--long");
  if (long) makeScrollable(long, long.querySelector("table")?.getAttribute("aria-label") ?? "");

  const read = (state: State, places: readonly Place[]): Reading => {
    if (view.reading) return view.reading(state, places);
    const line = lineOf(model, state.layer, state.head, places, state.direction);
    return { weights: line, share: view.edges ? shareOf(line, edgesOf(model, line)) : 100 };
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

  const showScores = (state: State): void => {
    if (view.vector === false) return;
    const shown = part(figure, "scores");
    if (!state.pinned.length) return shown?.remove();
    const scores = scoresElement(scoresOf(model, lineAt(state, state.pinned)));
    if (shown) shown.replaceWith(scores);
    else (footer ?? part(figure, "stage"))?.after(scores);
    // Where the vector scrolls, what is worth seeing comes into view.
    const strong = part(scores, "strong");
    if (strong) scores.scrollTop = strong.offsetTop - scores.offsetTop - scores.clientHeight / 2;
  };

  // Rows that nobody sees are left out: a figure of many tokens has no elements to spare.
  const listPairs = (): void => {
    if (!pairs) return;
    const rows = (pairsTable?.open ? pairs : []).map(({ query, key, code }) =>
      element(
        "tr",
        [],
        cell("td", model.queries[query]!.text),
        cell("td", model.keys[key]!.text),
        element("td", [], numeral(code)),
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
  /** Where a state is, and the strongest pairs there, in words. */
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
      // The static vector and table are true to the first state.
      if (!previous) return;
      const head =
        state.layer !== previous.layer ||
        state.head !== previous.head ||
        state.heads !== previous.heads;
      if (head) chosen?.remove();
      const pin = state.pinned !== previous.pinned;
      const turned = state.direction !== previous.direction && state.pinned.length > 0;
      if (pin || head || turned) {
        showScores(state);
        showPairs(state);
      }
    },
    say(state) {
      const places = state.focused ? [state.focused] : state.pinned;
      if (!places.length) {
        const turn = state.direction === "to" ? `${turnLabel("to")}. ` : "";
        return setText(live, turn + detailAt(state, strongest(state)));
      }
      const line = lineAt(state, places);
      const others = tokensOn(model, otherSide(line.from));
      setText(live, spoken(texts(model, places), line.from, heard(line, others, places)));
    },
    tell: (text) => setText(live, text),
  };
}

/** What a line is worth telling of: one cell, or its heaviest. */
function heard(line: Weights, others: readonly Token[], places: readonly Place[]): string[] {
  const cells = places.map(({ other }) => other).filter((other) => other !== undefined);
  const all = cells.length ? [...new Set(cells)] : [...line.codes.keys()];
  return all
    .filter((other) => cells.length || line.codes[other]! > 0)
    .sort((a, b) => line.codes[b]! - line.codes[a]! || a - b)
    .slice(0, SPOKEN)
    .map((other) => `${others[other]!.text} ${numeral(line.codes[other]!)}`);
}

function texts(model: Model, places: readonly Place[]): string[] {
  return places.map((place) => tokenAt(model, place).text);
}

function note(kind: string, text: string): HTMLElement {
  return element("span", ["attention-note", `attention-note--${kind}`], text);
}
