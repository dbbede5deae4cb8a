/** The files of a map, which are loaded when they are needed. `core/render/map/data.py` writes them. */

/** A file: its text, or the script that has it. */
type Entry = { readonly text: string } | { readonly key: string; readonly src: string };

export interface File<Header> {
  readonly header: Header;
  readonly arrays: Readonly<Record<string, Uint16Array | Uint8Array>>;
}

/** The data that all heads share. */
export interface Common {
  tokens: string[];
  /** The number of tokens of each sentence. */
  sizes: number[];
  special: number[];
  /** The sentences without weights. */
  long: number[];
  projections: string[];
  causal: boolean;
  point?: string;
  /** The labels of the words that all sentences share, or how many words the shortest and the longest have. */
  words: { labels?: string[]; low?: number; high?: number };
  /** The names of kinds, or the ends of a ramp, for each colour that all heads share. */
  legends: Record<string, { names?: string[]; ends?: [string, string] }>;
}

export interface Head {
  /** The largest length of queries, keys and values. */
  tops: [number, number, number];
  /** The fidelity of each projection. */
  fidelity: Record<string, [near: number, own: number, order: number]>;
}

export interface Overview {
  points: number[];
}

export type Load = <Header>(name: string) => Promise<File<Header>>;

/** A function that loads the files of a figure by their names, each once. */
export function filesOf(figure: Element): Load {
  const list = figure.querySelector('[type$="attention-files"]')!;
  const entries = JSON.parse(list.textContent!) as Record<string, Entry>;
  const loading = new Map<string, Promise<File<unknown>>>();
  return <Header>(name: string) => {
    let file = loading.get(name);
    if (!file) {
      loading.set(name, (file = read(entries[name]!)));
      // A later choice tries again.
      file.catch(() => loading.delete(name));
    }
    return file as Promise<File<Header>>;
  };
}

async function read(entry: Entry): Promise<File<unknown>> {
  const text = "text" in entry ? entry.text : await script(entry);
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let at = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at))) as { arrays: [string, string, number][] };
  const arrays: Record<string, Uint16Array | Uint8Array> = {};
  for (const [name, type, count] of header.arrays) {
    const high = bytes.subarray(at, (at += count));
    if (type === "u8") arrays[name] = high;
    else {
      const low = bytes.subarray(at, (at += count));
      arrays[name] = Uint16Array.from(high, (byte, n) => (byte << 8) | low[n]!);
    }
  }
  return { header, arrays };
}

/** Modules and `fetch` fail on pages that are opened from a disk, so a classic script brings the text. */
async function script({ key, src }: { key: string; src: string }): Promise<string> {
  const found = (): string | undefined => globalThis.attentionPayloads?.[key];
  if (!found()) {
    await new Promise((resolve) => {
      const made = document.createElement("script");
      made.src = src;
      made.onload = made.onerror = resolve;
      document.head.append(made);
    });
  }
  return found() ?? Promise.reject(new Error(src));
}
