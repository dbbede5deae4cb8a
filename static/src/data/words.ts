/** Words that identify a token in another attention, where its number may differ. */

import { type Model, otherSide, type Place, type Side, tokensOn } from "./model";

/** A place by its words: the text of each, its occurrence, and the piece where a word is several tokens. */
export interface NamedPlace {
  side: Side;
  word: string;
  other?: string;
}

export function namedPlace(model: Model, { side, index, other }: Place): NamedPlace {
  return {
    side,
    word: wordsOn(model, side)[index]!,
    ...(other !== undefined && { other: wordsOn(model, otherSide(side))[other]! }),
  };
}

/** The place of these words in an attention. Null if a word is not there. */
export function placeNamed(model: Model, { side, word, other }: NamedPlace): Place | null {
  const index = wordsOn(model, side).indexOf(word);
  const beside = other === undefined ? 0 : wordsOn(model, otherSide(side)).indexOf(other);
  if (index < 0 || beside < 0) return null;
  return { side, index, ...(other !== undefined && { other: beside }) };
}

/** Places in another attention: the same words, by their texts and their occurrences. */
export function samePlaces(from: Model, to: Model, places: readonly Place[]): Place[] {
  return places.flatMap((place) => placeNamed(to, namedPlace(from, place)) ?? []);
}

const known = new WeakMap<readonly unknown[], string[]>();

/** For each token, the text of its word, the number of this occurrence, and the number of the piece. */
function wordsOn(model: Model, side: Side): string[] {
  const tokens = tokensOn(model, side);
  const made = known.get(tokens);
  if (made) return made;
  const numbers = model.words?.[side === "key" && !model.oneRow ? "keys" : "queries"];
  /** The texts of words, by the number of the word. */
  const texts: string[] = [];
  for (const [at, { text }] of tokens.entries()) {
    const number = numbers?.[at];
    if (number != null) texts[number] = texts[number] === undefined ? text : texts[number] + text.replace(/^##/, "");
  }
  const counts: Record<string, number> = {};
  let [last, piece]: [number | null | undefined, number] = [null, 0];
  const words = tokens.map(({ text }, at) => {
    const number = numbers?.[at];
    const word = (number == null ? text : texts[number]!).toLowerCase().trim();
    const isPiece = number != null && number === last;
    piece = isPiece ? piece + 1 : 0;
    last = number;
    if (!isPiece) counts[word] = (counts[word] ?? 0) + 1;
    return `${word}#${counts[word]}.${piece}`;
  });
  known.set(tokens, words);
  return words;
}
