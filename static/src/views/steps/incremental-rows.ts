/** Writes the rows of a long picture: visible rows at once, the others when the browser has time. */

/** Pictures with at most this many rows are written at once. */
const FEW = 64;
/** Rows written around the viewport on each side. */
const MARGIN = 8;
/** Rows written in one task after that. */
const SLICE = 128;
/** Ms before the first of these tasks. A reader who moves quickly between words waits for none. */
const REST = 100;
/** Ms between these tasks, so that other events are handled between them. */
const PAUSE = 30;

/** The rows of a picture, and which of them are still to be written. */
interface PendingRows {
  readonly rows: readonly Element[];
  readonly write: Write;
  left: Set<number>;
}

/** Writes some rows. `left` holds the rows that are still to be written after them. */
type Write = (some: readonly number[], left: ReadonlySet<number>) => void;

const pending = new Set<PendingRows>();
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * A function that writes all rows again. A call before the last one is finished starts over. With
 * `isStatic`, the rows near the viewport need not be written at once, because the static picture is right.
 */
export function incrementally(rows: readonly Element[], write: Write): (isStatic?: boolean) => void {
  const one: PendingRows = { rows, write, left: new Set() };
  return (isStatic = false) => {
    one.left = new Set(rows.keys());
    pending.add(one);
    // Asking for positions makes the browser lay out the page.
    if (!isStatic) writeRows(one, nearViewport(rows));
    schedule(REST);
    // Adding the same listener twice has no effect. Scroll events of boxes do not bubble, but they
    // can be captured.
    addEventListener("scroll", writeVisible, true);
    addEventListener("resize", writeVisible);
    addEventListener("beforeprint", writeAll);
  };
}

/** Write all rows that are left, on the whole page. */
export function writeAll(): void {
  for (const one of pending) writeRows(one, one.left);
}

/** Write the rows near the viewport. Scroll events come before the frame that shows them. */
function writeVisible(): void {
  for (const one of pending) writeRows(one, nearViewport(one.rows));
}

function writeRows(one: PendingRows, rows: Iterable<number>): void {
  const some = [...rows].filter((row) => one.left.delete(row));
  if (some.length) one.write(some, one.left);
  if (!one.left.size) pending.delete(one);
}

function schedule(wait: number): void {
  clearTimeout(timer);
  if (!pending.size) return;
  timer = setTimeout(() => {
    for (const one of pending) writeRows(one, [...one.left].slice(0, SLICE));
    schedule(PAUSE);
  }, wait);
}

/** The rows in the viewport, and a few around it. */
function nearViewport(rows: readonly Element[]): number[] {
  const [first, last] = [rows[0]!, rows.at(-1)!].map((row) => row.getBoundingClientRect().y) as [number, number];
  const pitch = (last - first) / (rows.length - 1);
  const near = (row: number): boolean =>
    row > -first / pitch - MARGIN && row < (innerHeight - first) / pitch + MARGIN;
  return [...rows.keys()].filter((row) => rows.length <= FEW || near(row));
}
