/** The sentence of the pinned point, beside the map: arcs from the pinned token, and hidden tokens. */

import { element, focusOn, group, isChord, say, setAttributes, type State, svg, take, textWidth, type ViewKind } from "../shared";
import type { Stage } from "./index";

export const view = { part } as unknown as ViewKind;

/** The font size of the words, in px. */
const FONT = 14;
/** The px between two words. */
const GAP = 10;
/** The px above the words for the arcs. */
const FREE = 56;

const boxes = new WeakMap<Element, HTMLElement>();
/** The tokens that the reader hides, by the picture. */
const hidden = new WeakMap<Element, Set<number>>();

function part(stage: Stage, state: State): void {
  const { picture, sentence, point, rows, common, dispatch } = stage;
  let box = boxes.get(picture);
  const on = !!sentence && (state.options["show"] || "head") === "head";
  if (!on) {
    if (box) box.hidden = true;
    return;
  }
  if (!box) {
    box = element("div", ["attention-map-sentence", "attention-added"]);
    picture.parentElement!.after(box);
    boxes.set(picture, box);
  }
  box.hidden = false;
  const away = hidden.get(picture) ?? new Set<number>();
  hidden.set(picture, away);
  const { tokens, special } = common.header;
  const count = tokens.length;
  const isKey = point >= count;
  const chosen = (point % count) - sentence.first;
  const widths = Array.from({ length: sentence.size }, (_, n) => textWidth(tokens[sentence.first + n]!, FONT));
  let x = 8;
  const middles = widths.map((width) => {
    const middle = x + width / 2;
    x += width + GAP;
    return middle;
  });
  const arcs = group("map-arcs", { fill: "none", stroke: "currentColor" });
  const words = group("map-words", { fill: "currentColor", "font-size": FONT, "text-anchor": "middle" });
  // The weights of the query on its keys, or of the queries on the key.
  const weights = rows ? (isKey ? rows.map((row) => row[chosen]!) : rows[chosen]!) : [];
  let gone = 0;
  weights.forEach((weight, other) => {
    if (away.has(sentence.first + other)) gone += weight;
    else if (weight >= 0.005) arcs.append(svg("path", { d: arc(middles[chosen]!, middles[other]!), "stroke-width": Math.max(0.5, 9 * weight), "stroke-opacity": 0.65 }));
  });
  const pin = (token: number): void => dispatch({ type: "set", name: "point", value: `${isKey ? "k" : "q"}${token}` });
  const again = (): void => dispatch({ type: "redraw" });
  const hide = (token: number): void => {
    if (!away.delete(token)) away.add(token);
    again();
  };
  const buttons = middles.map((middle, n) => {
    const token = sentence.first + n;
    const weight = weights[n];
    const word = svg("text", { x: middle, y: FREE + FONT, role: "button", tabindex: n === chosen ? 0 : -1, "aria-pressed": String(n === chosen), "fill-opacity": away.has(token) ? 0.3 : 1 }, tokens[token]!);
    word.append(svg("title", {}, `${tokens[token]} ${weight === undefined ? "" : weight.toFixed(3)}`));
    if (n === chosen) setAttributes(word, { "font-weight": "bold" });
    word.onclick = (event) => (event.shiftKey ? hide(token) : pin(token));
    words.append(word);
    if (weight !== undefined && weight >= 0.005) words.append(svg("text", { x: middle, y: FREE + FONT + 15, "font-size": 10, "fill-opacity": 0.7 }, weight.toFixed(2)));
    return word;
  });
  const focused = box.contains(document.activeElement);
  const drawing = svg("svg", { class: "attention-picture", width: x, height: FREE + FONT + 22, viewBox: `0 0 ${x} ${FREE + FONT + 22}`, role: "group" }, arcs, words);
  const button = element("button", ["attention-map-button"], say("map_hides"));
  const specials = special.filter((token) => token >= sentence.first && token < sentence.first + sentence.size);
  const all = specials.length > 0 && specials.every((token) => away.has(token));
  setAttributes(button, { type: "button", "aria-pressed": String(all) });
  button.onclick = () => {
    for (const token of specials) if (all) away.delete(token); else away.add(token);
    again();
  };
  const note = gone ? say("map_hidden", { mass: (100 * gone / (weights.reduce((total, one) => total + one, 0) || 1)).toFixed(0) }) : "";
  const scroll = element("div", ["attention-map-row"], drawing);
  box.replaceChildren(scroll, element("div", ["attention-map-tools"], ...(specials.length ? [button] : []), element("span", [], note)));
  scroll.scrollLeft = middles[chosen]! - scroll.clientWidth / 2;
  if (focused) focusOn(buttons[chosen] as unknown as HTMLElement);
  box.onkeydown = (event) => {
    const from = buttons.indexOf(event.target as SVGTextElement);
    if (from < 0 || isChord(event)) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && buttons[from + step]) pin(sentence.first + from + step);
    else if (event.key === "h") hide(sentence.first + from);
    else return;
    take(event);
  };
}

/** An arc between two words, higher where they are further apart; a loop for a word itself. */
function arc(from: number, to: number): string {
  if (from === to) return `M${from - 4} ${FREE}C${from - 12} ${FREE - 18} ${from + 12} ${FREE - 18} ${from + 4} ${FREE}`;
  const high = Math.max(4, FREE - 8 - Math.abs(to - from) * 0.22);
  return `M${from} ${FREE}C${from} ${high} ${to} ${high} ${to} ${FREE}`;
}
