/** From the text that a page carries to the bytes and the header it stands for. */

export interface Header {
  version: 1;
  /** Layers, heads, queries, keys. */
  shape: [number, number, number, number];
  /** The numbers by which readers know the layers that are carried. */
  layers: number[];
  heads: number[];
  part: "encoder" | "decoder" | "cross";
  queries: string[];
  /** Absent when one row of tokens serves both. */
  keys?: string[];
  specialQueries: number[];
  specialKeys?: number[];
  cutoff: number;
  label: string;
}

export interface Payload {
  header: Header;
  /**
   * High and low bytes of the weights in thousandths, layer by layer, head by head, query by query;
   * 1001 is masked. They stay in two planes: putting millions of them together takes a while.
   */
  high: Uint8Array;
  low: Uint8Array;
}

declare global {
  var attentionPayloads: Record<string, string> | undefined;
  interface Uint8ArrayConstructor {
    /** Not in every browser yet. */
    fromBase64?(text: string): Uint8Array<ArrayBuffer>;
  }
}

/** Read what `core/payload.py` wrote. */
export async function decode(base64: string): Promise<Payload> {
  return parse(await inflate(bytesOf(base64)));
}

/** Split inflated bytes into header and codes. */
export function parse(bytes: Uint8Array): Payload {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start))) as Header;
  if (header.version !== 1) throw new Error(`attention: payload version ${header.version}`);
  const count = header.shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== start + 2 * count) throw new Error("attention: payload cut short");
  return { header, high: bytes.subarray(start, start + count), low: bytes.subarray(start + count) };
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  // Quoted, it is also a harmless script, for hosts that run whatever a script element holds.
  const plain = base64.replace(/["\s;]/g, "");
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(plain);
  const text = atob(plain);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { readable, writable } = new DecompressionStream("deflate");
  const writer = writable.getWriter();
  // In one piece, which is faster than a stream of them. Where it fails, reading fails as well.
  writer.write(bytes).catch(() => {});
  writer.close().catch(() => {});
  return new Uint8Array(await new Response(readable).arrayBuffer());
}

const loading = new Map<string, Promise<string>>();

/** The payload's text: in the element itself, or in a file that a classic script element loads. */
export function textOf(element: HTMLScriptElement): Promise<string> {
  const { key, src } = element.dataset;
  if (!key || !src) return Promise.resolve(element.textContent ?? "");
  let text = loading.get(key);
  if (!text) {
    text = load(key, src);
    loading.set(key, text);
    text.catch(() => loading.delete(key));
  }
  return text;
}

function load(key: string, src: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const answer = (): boolean => {
      const text = globalThis.attentionPayloads?.[key];
      if (text !== undefined) resolve(text);
      return text !== undefined;
    };
    if (answer()) return;
    const script = document.createElement("script");
    script.src = src;
    script.onload = () => {
      script.remove();
      if (!answer()) reject(new Error(`attention: ${src} holds no payload ${key}`));
    };
    script.onerror = () => {
      script.remove();
      reject(new Error(`attention: ${src} did not load`));
    };
    document.head.append(script);
  });
}
