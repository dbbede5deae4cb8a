/** Rows of a long picture: those in sight are written at once, the others when these are painted. */

/** So many rows are written at once, wherever they are; */
const FEW = 64;
/** of more, those in sight and so many on either side, for who scrolls a little; */
const MARGIN = 8;
/** and so many at a time in the end, */
const SLICE = 128;
/** not before so many ms: who goes faster from word to word waits for none of them, */
const REST = 100;
/** and so many ms apart, that what comes up meanwhile need not wait for all. */
const PAUSE = 30;

/** Rows, and which of them are left to be written. */
interface Late {
  readonly rows: readonly Element[];
  readonly write: Write;
  left: Set<number>;
}

/** Writes some rows; others are still left. */
type Write = (some: readonly number[], left: ReadonlySet<number>) => void;

const late = new Set<Late>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** What has all rows written anew. Called again before it came to the last of them, it starts over. */
export function gradually(rows: readonly Element[], write: Write): () => void {
  const one: Late = { rows, write, left: new Set() };
  return () => {
    one.left = new Set(rows.keys());
    late.add(one);
    put(one, inSight(rows));
    soon(REST);
    // Listening twice is listening once. A box that scrolls tells nobody above, but is heard on the way down.
    addEventListener("scroll", putInSight, true);
    addEventListener("resize", putInSight);
    addEventListener("beforeprint", settle);
  };
}

/** Write all that is left, on the whole page. */
export function settle(): void {
  for (const one of late) put(one, one.left);
}

/** Comes before the frame that shows what has been scrolled to. */
function putInSight(): void {
  for (const one of late) put(one, inSight(one.rows));
}

function put(one: Late, rows: Iterable<number>): void {
  const some = [...rows].filter((row) => one.left.delete(row));
  if (some.length) one.write(some, one.left);
  if (!one.left.size) late.delete(one);
}

function soon(wait: number): void {
  clearTimeout(timer);
  if (!late.size) return;
  timer = setTimeout(() => {
    for (const one of late) put(one, [...one.left].slice(0, SLICE));
    soon(PAUSE);
  }, wait);
}

/** The rows in the window, and some more. */
function inSight(rows: readonly Element[]): number[] {
  const [first, last] = [rows[0]!, rows.at(-1)!].map((row) => row.getBoundingClientRect().y) as [number, number];
  const pitch = (last - first) / (rows.length - 1);
  const near = (row: number): boolean =>
    row > -first / pitch - MARGIN && row < (innerHeight - first) / pitch + MARGIN;
  return [...rows.keys()].filter((row) => rows.length <= FEW || near(row));
}
