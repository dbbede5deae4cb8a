/** What stands under the picture, whatever the view: footer, score vector, pairs, and the voice. */

import { cell, element, setText } from "./dom";
import { type Edge, edgesOf, type Line, lineOf, shareOf } from "./edges";
import { type Model, numeral, type Place, tokenAt } from "./model";
import { redescribe, strongestPairs } from "./pairs";
import { makeScrollable, scoresElement, scoresOf } from "./scores";
import { inFocus, same, type State } from "./state";
import { cutoffNote, HINT, LOOKS, spoken } from "./words";

const PAIRS = 12;
const DESCRIBED = 3;
const SPOKEN = 5;

export interface Panel {
  show(state: State, previous: State | null): void;
  /** Tell a screen reader about the token that the keyboard or a pin singles out. */
  say(state: State): void;
}

export function openPanel(figure: HTMLElement, model: Model): Panel {
  const find = <Found extends Element>(selector: string): Found | null =>
    figure.querySelector<Found>(selector);
  const footer = find<HTMLElement>(".attention-footer");
  const chosen = find<HTMLElement>(".attention-note--chosen");
  const hint = find<HTMLElement>(".attention-note--hint") ?? note("hint", HINT);
  const cutoff = find<HTMLElement>(".attention-note--cutoff") ?? note("cutoff", "");
  const description = find<SVGDescElement>(".attention-picture > desc");
  const pairsBody = find<HTMLElement>(".attention-table tbody");
  const turn = find<HTMLButtonElement>(".attention-direction");
  const live = element("div", ["attention-live"]);
  live.setAttribute("role", "status");
  (find("figcaption") ?? figure.lastElementChild)?.before(live);

  const long = find<HTMLElement>(".attention-scores--long");
  if (long) makeScrollable(long, long.querySelector("table")?.getAttribute("aria-label") ?? "");

  const present = (node: HTMLElement, on: boolean): void => {
    if (!on) node.remove();
    else if (!node.isConnected) {
      if (chosen?.isConnected) chosen.before(node);
      else footer?.append(node);
    }
  };

  const showNotes = (state: State): void => {
    const focus = inFocus(state);
    let share = 100;
    if (focus) {
      const line = lineAt(model, state, focus);
      share = shareOf(line, edgesOf(model, line));
      if (share < 100) setText(cutoff, cutoffNote(share, line.from));
    }
    present(hint, !focus);
    present(cutoff, share < 100);
  };

  const showChoice = (name: "layer" | "head", value: number): void => {
    figure.dataset[name] = String(value);
    const select = find<HTMLSelectElement>(`select[name="${name}"]`);
    if (!select) return;
    select.value = String(value);
    const plain = select.parentElement?.querySelector(".attention-value");
    if (plain) setText(plain, String(value));
  };

  const showScores = (state: State): void => {
    const shown = find(".attention-scores");
    if (!state.pinned) return shown?.remove();
    const scores = scoresElement(scoresOf(model, lineAt(model, state, state.pinned)));
    if (shown) shown.replaceWith(scores);
    else (footer ?? find(".attention-stage"))?.after(scores);
    // Where the vector scrolls, what is worth seeing comes into view.
    const strong = scores.querySelector<HTMLElement>(".attention-strong");
    if (strong) scores.scrollTop = strong.offsetTop - scores.offsetTop - scores.clientHeight / 2;
  };

  const showPairs = (state: State): void => {
    const line = state.pinned && lineAt(model, state, state.pinned);
    const pairs = strongestPairs(model, state.layer, state.head, line, PAIRS);
    pairsBody?.replaceChildren(
      ...pairs.map(({ query, key, code }) =>
        element(
          "tr",
          [],
          cell("td", model.queries[query]!.text),
          cell("td", model.keys[key]!.text),
          element("td", ["attention-number"], numeral(code)),
        ),
      ),
    );
    if (description) {
      const few = pairs.slice(0, DESCRIBED);
      const text = description.textContent ?? "";
      setText(description, redescribe(text, model, state.layer, state.head, few));
    }
  };

  return {
    show(state, previous) {
      showNotes(state);
      const first = previous === null;
      const head = first || state.layer !== previous.layer || state.head !== previous.head;
      const turned = first || state.direction !== previous.direction;
      if (head) {
        showChoice("layer", model.layers[state.layer]!);
        showChoice("head", model.heads[state.head]!);
        if (!first) chosen?.remove();
      }
      if (turn && turned) {
        setText(turn, LOOKS[state.direction]);
        figure.dataset["direction"] = state.direction;
      }
      // The static vector and table are true to the first state.
      if (first) return;
      const pin = !same(state.pinned, previous.pinned);
      if (pin || head || (turned && state.pinned)) {
        showScores(state);
        showPairs(state);
      }
    },
    say(state) {
      const place = state.focused ?? state.pinned;
      if (!place) return;
      const line = lineAt(model, state, place);
      const others = edgesOf(model, line)
        .sort((a, b) => b.code - a.code)
        .slice(0, SPOKEN)
        .map((edge) => `${otherText(model, line, edge)} ${numeral(edge.code)}`);
      setText(live, spoken(tokenAt(model, place).text, line.from, others));
    },
  };
}

function lineAt(model: Model, state: State, place: Place): Line {
  return lineOf(model, state.layer, state.head, place, state.direction);
}

function otherText(model: Model, line: Line, edge: Edge): string {
  return line.from === "query" ? model.keys[edge.key]!.text : model.queries[edge.query]!.text;
}

function note(kind: string, text: string): HTMLElement {
  return element("span", ["attention-note", `attention-note--${kind}`], text);
}
