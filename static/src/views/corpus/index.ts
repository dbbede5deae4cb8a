/**
 * The corpus view: the scores of one head over many sentences, all heads by two scores, and the sentences
 * to look at. The one that is chosen is drawn as arcs, by the view of that name.
 */

import sizes from "../../../../sphinx_attention/core/render/corpus/constants.json";
import {
  type Dispatch,
  find,
  findAll,
  type Model,
  require,
  say,
  setAttributes,
  setText,
  short,
  type State,
  toggleClass,
  type View,
  type ViewKind,
  viewNamed,
} from "../shared";
import { arcsPicture, codesOf, fitOf, type Sentence } from "./arcs";
import { onKey } from "./dots";
import { acrossOf, barsOf, decimals } from "./scale";

export const view: ViewKind = { open, reversible: true };

interface Scores {
  readonly bins: readonly number[];
  readonly median: number | null;
  /** The percent, the number of the sentence, and the score in thousandths. */
  readonly examples: readonly (readonly [percent: number, sentence: number, code: number])[];
}

/** The data of one head. */
interface Head {
  readonly scores: Readonly<Record<string, Scores>>;
  readonly sentences: Readonly<Record<string, Sentence>>;
}

/** The data of a head as text, or the file that hands it over. */
interface Part {
  readonly text?: string;
  readonly key?: string;
  readonly src?: string;
}

/** The data in the page itself. */
interface Known {
  readonly means: Readonly<Record<string, readonly (number | null)[]>>;
  /** The ends of the axes of the distributions, and of the plot of all heads. */
  readonly ends: Readonly<Record<string, number>>;
  readonly plot: Readonly<Record<string, readonly [end: number, text: string]>>;
  readonly names: Readonly<Record<string, string>>;
  readonly tenths: Readonly<Record<string, string>>;
  readonly ordered: string;
  readonly undefined: string;
}

const { rows, plot } = sizes;
const CORPUS = "corpus";

function open(figure: HTMLElement, model: Model, dispatch: Dispatch): View {
  const picture = require<SVGSVGElement>(figure, "picture");
  const root = require(figure, "large");
  const stage = require(root, "stage");
  const parts = JSON.parse(figure.querySelector('[type$="attention-files"]')!.textContent!) as Record<string, Part>;
  const known = JSON.parse(require<SVGElement>(picture, CORPUS).dataset["known"]!) as Known;
  const description = picture.querySelector(":scope > desc:last-of-type");
  const dots = findAll<SVGCircleElement>(picture, `${CORPUS}-dot`);
  const lines = [...findAll<SVGGElement>(picture, `${CORPUS}-example`)];
  const named = find<SVGTextElement>(picture, `${CORPUS}-name`)!;
  const kind = viewNamed(root.dataset["view"]!)!;
  // The page has the weights of one head for a sentence, and so no squares that compare heads.
  const ofOneHead = Object.create(model, { heads: { value: [] } }) as Model;
  let arcs = kind.open(root, ofOneHead, dispatch);
  let data: Head | undefined;
  /** The head and the sentence that are drawn, and those that a reader has chosen. */
  let shown = "";
  let wanted = "";

  const nameOf = (at: number): string =>
    `${model.layers[Math.floor(at / model.heads.length)]}.${model.heads[at % model.heads.length]}`;
  const headOf = ({ layer, head }: State): number => layer * model.heads.length + head;

  /** A head and its example: of equal distances, the stronger one. */
  const chosenIn = (head: Head, state: State): readonly [number, number] => {
    const percent = Number(state.options["example"]);
    const away = ([step]: readonly number[]): number => Math.abs(step! - percent);
    const examples = head.scores[state.options["score"]!]!.examples;
    const [best] = [...examples].sort((a, b) => away(a) - away(b));
    return best ? [best[0], best[1]] : [-1, Number(Object.keys(head.sentences)[0])];
  };

  const drawHead = (head: Head, state: State): void => {
    const score = state.options["score"]!;
    for (const row of findAll<SVGGElement>(picture, `${CORPUS}-row`)) {
      const name = row.dataset["score"]!;
      const { bins, median } = head.scores[name]!;
      const bottom = rows.top + Object.keys(known.names).indexOf(name) * rows.step;
      const put = (part: string, d: string): void => setAttributes(find(row, `${CORPUS}-${part}`)!, { d });
      put("bars", barsOf(bins, bottom));
      put("median", median === null ? "" : `M${short(acrossOf(median, known.ends[name]!))} ${short(bottom + 1)}v5`);
      setText(find(row, `${CORPUS}-number`)!, decimals(known.means[name]![headOf(state)]!));
      toggleClass(row, `${CORPUS}-row--chosen`, name === score);
    }
    const { examples } = head.scores[score]!;
    const heading = examples.length ? known.ordered : known.undefined;
    setText(find(picture, `${CORPUS}-heading`)!, heading.replace("{name}", known.names[score]!));
    const [percent] = chosenIn(head, state);
    for (const [i, line] of lines.entries()) {
      const [step, sentence, code] = examples[i] ?? [-1, "", 0];
      const [name, number, text, brief] = line.querySelectorAll("text");
      const shown = head.sentences[sentence];
      setText(name!, known.tenths[step] ?? "");
      setText(number!, examples[i] ? decimals(code) : "");
      setText(text!, shown?.text ?? "");
      setText(brief!, shown?.short ?? "");
      line.dataset["example"] = String(step);
      toggleClass(line, `${CORPUS}-example--chosen`, step === percent);
    }
  };

  const drawDots = (state: State): void => {
    const { score = "", against = "" } = state.options;
    const [[far, across], [high, up]] = [known.plot[score]!, known.plot[against]!];
    for (const [at, dot] of dots.entries()) {
      const [x, y] = [known.means[score]![at] ?? null, known.means[against]![at] ?? null];
      const here = at === headOf(state);
      const there = x !== null && y !== null;
      const cx = plot.left + Math.min((x ?? 0) / 1000 / far, 1) * plot.width;
      const cy = plot.top + (1 - Math.min((y ?? 0) / 1000 / high, 1)) * plot.height;
      setAttributes(dot, { cx: short(cx), cy: short(cy), r: !there ? 0 : here ? plot.chosen : plot.dot });
      setAttributes(dot, {
        role: "button",
        tabindex: here ? 0 : -1,
        "aria-pressed": String(here),
        "aria-label": `${nameOf(at)}: ${known.names[score]} ${decimals(x)}, ${known.names[against]} ${decimals(y)}`,
      });
      toggleClass(dot, `${CORPUS}-dot--chosen`, here);
      if (here) nameDot(dot, there ? nameOf(at) : "");
    }
    for (const [part, text] of [["across", known.names[score]!], ["up", known.names[against]!], ["far", across], ["high", up]] as const) {
      setText(find(picture, `${CORPUS}-${part}`)!, text);
    }
  };
  const nameDot = (dot: Element, text: string): void => {
    const y = Number(dot.getAttribute("cy"));
    setAttributes(named, { x: dot.getAttribute("cx")!, y: short(y + (y < 2 * plot.top ? plot.below : -plot.above)) });
    setText(named, text);
  };

  /** Make the model that of a sentence, and draw the sentence. */
  const drawSentence = (head: Head, state: State): void => {
    const sentence = head.sentences[chosenIn(head, state)[1]]!;
    const tokens = sentence.tokens.map((text, i) => ({ text, special: sentence.special.includes(i) }));
    const codes = codesOf(sentence);
    Object.assign(model, {
      queries: tokens,
      keys: tokens,
      words: undefined,
      code: (_layer: number, _head: number, query: number, key: number): number => codes[query * tokens.length + key]!,
    });
    arcs.destroy?.();
    stage.replaceChildren(arcsPicture(sentence), fitOf(sentence));
    arcs = kind.open(root, ofOneHead, dispatch);
  };

  const heads = new Map<number, Promise<Head>>();
  /** The data of a head, once they are there. */
  const load = (at: number): Promise<Head> => {
    const promise = heads.get(at) ?? loadHead(parts[nameOf(at)]!);
    heads.set(at, promise);
    promise.catch(() => heads.delete(at));
    return promise;
  };

  const keyOf = (state: State): string =>
    [headOf(state), state.options["score"], state.options["example"]].join();

  /** Bring the picture to a state, when the data of its head are there and no token is in focus. */
  const change = async (state: State): Promise<void> => {
    const key = keyOf(state);
    // A reader chooses a layer and a head one after the other.
    await Promise.resolve();
    try {
      const head = key === wanted && (await load(headOf(state)));
      if (!head || key !== wanted) return;
      data = head;
      // The pinned tokens are those of another sentence. A new list of heads has the tables written anew.
      dispatch({ type: "adopt", changes: { pinned: [], hovered: null, focused: null, heads: [...state.heads] } });
    } catch (error) {
      console.error(error);
    }
  };

  const describe = (state: State): void => {
    const at = headOf(state);
    const scores = Object.entries(known.names).map(([name, text]) => `${text} ${decimals(known.means[name]![at]!)}`);
    const place = say("place", { layer: model.layers[state.layer]!, head: model.heads[state.head]! });
    if (description) setText(description, `${place}: ${scores.join(", ")}`);
  };

  picture.addEventListener("click", ({ target }) => {
    const element = target as Element;
    const dot = element.closest<SVGElement>("circle");
    if (dot) choose(Number(dot.dataset["dot"]));
    const row = element.closest<SVGElement>("[data-score]")?.dataset["score"];
    if (row) dispatch({ type: "set", name: "score", value: row });
    const step = element.closest<SVGElement>("[data-example]")?.dataset["example"];
    if (step && step !== "-1") dispatch({ type: "set", name: "example", value: step });
  });
  const choose = (at: number): void => {
    dispatch({ type: "layer", value: Math.floor(at / model.heads.length) });
    dispatch({ type: "head", value: at % model.heads.length });
  };
  picture.addEventListener("keydown", (event) => onKey(event, { dots, choose }));

  return {
    // Where the picture is wider than its box, its left side is seen first.
    landmark: require(picture, `${CORPUS}-row`),
    get tokens() {
      return arcs.tokens;
    },
    edges: true,
    show(state, previous) {
      const key = keyOf(state);
      drawDots(state);
      // The static picture shows the first state.
      if (!previous) shown = key;
      if (key === shown) {
        wanted = key;
        return arcs.show(state, previous);
      }
      if (key === wanted && data) {
        shown = key;
        drawHead(data, state);
        drawSentence(data, state);
        arcs.show(state, null);
        queueMicrotask(() => describe(state));
      } else if (key !== wanted) {
        wanted = key;
        data = undefined;
        void change(state);
      }
    },
    destroy: () => arcs.destroy?.(),
  };
}

async function loadHead({ text, key, src }: Part): Promise<Head> {
  const loaded = (): string | undefined => text ?? globalThis.attentionPayloads?.[key!];
  if (!loaded()) {
    await new Promise<void>((resolve, reject) => {
      const script = document.createElement("script");
      script.src = src!;
      script.onload = () => resolve();
      script.onerror = () => reject(new Error(src));
      document.head.append(script);
    });
  }
  const bytes = Uint8Array.from(atob(loaded()!), (letter) => letter.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return (await new Response(inflated).json()) as Head;
}
