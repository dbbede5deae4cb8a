/**
 * Where the words stand. Python lays them out by a table of widths. Where the page's own font has other
 * widths, they are laid out again, so that no letter is stretched and all gaps are equal.
 */

import { column } from "../../../../sphinx_attention/core/render/arcs/constants.json";
import { edges, word_row as constants } from "../../../../sphinx_attention/core/render/common/constants.json";
import { clamp, find, numberIn, setAttributes, short, type Side, SIDES, type TextToken, type TextTokens, toggleClass } from "../shared";
import { type ArcsLayout, headroomOf } from "./curves";
import { ROW_ABOVE, ROW_BELOW } from "./rows";

/** Px by which a word may be wider or narrower than in the table without being noticed. */
const UNNOTICED = 1;
/** Px by which a word may be wider than in the table without coming too near to the next one. */
const ROOM = 8;

/** The middles of words of these widths in a row, and the width of the row with its margins. */
export function middlesOf(widths: readonly number[]): { middles: number[]; width: number } {
  let x = constants.margin + Math.max(widths[0]!, constants.least) / 2;
  const middles = widths.map((width, i) => {
    if (i) x += Math.max((widths[i - 1]! + width) / 2 + constants.gap, constants.apart);
    return x;
  });
  return { middles, width: x + Math.max(widths.at(-1)!, constants.least) / 2 + constants.margin };
}

type PerSide = Readonly<Record<Side, readonly number[]>>;

/**
 * The layout of the static picture, from the middles of its tokens and the widths of their texts. The
 * author's labels stand in a band above it.
 */
export function layoutOf(middles: PerSide, widths: PerSide, oneRow: boolean, band = 0): ArcsLayout {
  const queries = middles.query;
  if (!oneRow) {
    const size = { queryWidths: widths.query, keyWidths: widths.key, headroom: 0, span: 0 };
    return { queries, keys: middles.key, queryY: ROW_BELOW, keyY: ROW_ABOVE.end, ...size };
  }
  const span = spanOf(queries);
  const headroom = headroomOf(span);
  const y = headroom + constants.top + band;
  return { queries, keys: queries, queryWidths: widths.query, keyWidths: widths.query, queryY: y, keyY: y, headroom, span };
}

function spanOf(middles: readonly number[]): number {
  return Math.abs(middles[middles.length - 1]! - middles[0]!) || edges.lone_span;
}

/** The layout of a picture as it stands. A theme may have copied a picture whose words have moved. */
export function layoutIn(tokens: TextTokens, oneRow: boolean, band: number): ArcsLayout {
  const widths = perSide((side) =>
    tokens[side].map(({ word }) => numberIn(word!, "textLength") || word!.getComputedTextLength()),
  );
  const layout = layoutOf(perSide((side) => tokens[side].map(({ x }) => x)), widths, oneRow, band);
  if (!oneRow) return layout;
  const y = numberIn(tokens.query[0]!.word!, "y") - constants.word;
  return { ...layout, queryY: y, keyY: y, headroom: y - constants.top - band };
}

function perSide<Value>(of: (side: Side) => Value): Record<Side, Value> {
  return { query: of("query"), key: of("key") };
}

/**
 * Set the words in the font of the page. Where its widths are other ones than those of the layout, the
 * words are moved, and the result is a new layout. The height of the picture on the page stays.
 *
 * Where words must not move, they keep their places, and are stretched only if they do not fit.
 */
export function setInOwnFont(picture: SVGSVGElement, tokens: TextTokens, layout: ArcsLayout, mayMove: boolean): ArcsLayout | null {
  if (!picture.getBoundingClientRect().width) return null;
  const oneRow = !tokens.key.length;
  const all = [...tokens.query, ...tokens.key];
  const focused = all.filter(({ element }) => element.matches(".attention-token--focus"));
  for (const { word } of all) for (const name of ["textLength", "lengthAdjust"]) word!.removeAttribute(name);
  // Words are bold only while they are in focus.
  for (const { element } of focused) toggleClass(element, "token--focus", false);
  const widths = perSide((side) => tokens[side].map(({ word }) => word!.getComputedTextLength()));
  for (const { element } of focused) toggleClass(element, "token--focus", true);
  const known = { query: layout.queryWidths, key: layout.keyWidths };
  const wider = SIDES.flatMap((side) => widths[side].map((width, i) => width - known[side][i]!));
  const most = Math.max(...wider);
  if (!mayMove) {
    if (most > ROOM) SIDES.forEach((side) => tokens[side].forEach((token, i) => stretch(token, known[side][i]!)));
    return null;
  }
  if (most <= UNNOTICED && Math.min(...wider) >= -UNNOTICED) return null;

  const box = picture.viewBox.baseVal;
  const rows = perSide((side) => tokens[side].length > 0 && rowOf(tokens[side], widths[side]));
  const width = Math.max(...SIDES.map((side) => (rows[side] ? rows[side].width : 0)));
  const inBox = Math.max(0, (box.width - width) / 2);
  for (const side of SIDES) {
    const row = rows[side];
    if (!row) continue;
    // Where the picture scrolls, both rows begin where it is first seen.
    const share = width <= column ? 0.5 : Number(row.isBackwards);
    const by = inBox + (width - row.width) * share;
    for (const [i, token] of tokens[side].entries()) token.x = row.middles[i]! + by;
  }
  if (width > box.width) widen(picture, width);
  const middles = perSide((side) => tokens[side].map(({ x }) => x));
  // The heights stay, because the page around the picture does.
  const { queryY, keyY, headroom } = layout;
  return { ...layoutOf(middles, oneRow ? { ...widths, key: widths.query } : widths, oneRow), queryY, keyY, headroom };
}

function stretch({ word }: TextToken, width: number): void {
  setAttributes(word!, { textLength: width, lengthAdjust: "spacingAndGlyphs" });
}

interface Row {
  readonly middles: readonly number[];
  readonly width: number;
  readonly isBackwards: boolean;
}

/** The middles of the tokens of a row, in their own order. */
function rowOf(tokens: readonly TextToken[], widths: readonly number[]): Row {
  const isBackwards = tokens[0]!.x > tokens.at(-1)!.x;
  const turned = <One>(list: readonly One[]): readonly One[] => (isBackwards ? [...list].reverse() : list);
  const { middles, width } = middlesOf(turned(widths));
  return { middles: turned(middles), width, isBackwards };
}

/**
 * Make a picture wider. Where it was made smaller to fit, it is made smaller again, and has more free
 * space above instead, so that it is as high on the page as before.
 */
function widen(picture: SVGSVGElement, width: number): void {
  const box = picture.viewBox.baseVal;
  const stage = picture.parentElement!;
  const fit = find(stage, "fit");
  const least = !fit ? 1 : getComputedStyle(fit).display === "none" ? 0 : constants.smallest;
  const shown = (wide: number): number => clamp(stage.clientWidth, least * wide, wide) / wide;
  const high = (box.height * shown(box.width)) / shown(width);
  setAttributes(picture, {
    width: short(width),
    height: short(high),
    viewBox: `0 ${short(box.y + box.height - high)} ${short(width)} ${short(high)}`,
  });
  if (fit) setAttributes(fit, { width: short(constants.smallest * width) });
}

/** Put the texts of a token, and the area that reacts to the pointer, where the token is. */
export function putToken({ element, word, weight, x }: TextToken, width: number): void {
  for (const text of [word, weight]) if (text) setAttributes(text, { x: short(x) });
  const hit = find<SVGElement>(element, "hit");
  const wide = Math.max(width, constants.least);
  if (hit) setAttributes(hit, { x: short(x - wide / 2), width: short(wide) });
}
