/**
 * The views that are there, by the names of their folders. Each view is a script of its own. It adds
 * itself to the global list `attentionViews`, whichever of the scripts runs first: the core script
 * replaces the list by an object that takes views up at once.
 */

import { addPhrases } from "../data/phrases";
import { fail, runScript } from "../draw/dom";
import type * as shared from "./shared";
import type { ViewKind } from "./view";

/** The name of a view, and a function that makes the view from what all views share. */
export type Registration = readonly [name: string, make: (core: typeof shared) => ViewKind];

declare global {
  var attentionViews: { push(registration: Registration): unknown } | undefined;
}

/** The address of the core script. The other scripts are in the same folder. */
const own = (globalThis.document?.currentScript as HTMLScriptElement | null)?.src ?? "";

const kinds = new Map<string, ViewKind>();
const loading = new Map<string, Promise<ViewKind>>();
/** Called when a view has arrived. */
const waiting = new Set<() => void>();

/** Take up the views that have arrived before, and those that arrive later. */
export function acceptViews(core: typeof shared, arrived: () => void): void {
  const push = ([name, make]: Registration): void => {
    if (kinds.has(name)) return;
    const kind = make(core);
    if (kind.phrases) addPhrases(kind.phrases);
    kinds.set(name, kind);
    for (const check of waiting) check();
    arrived();
  };
  const before = globalThis.attentionViews;
  globalThis.attentionViews = { push };
  if (Array.isArray(before)) before.forEach(push);
}

/** Whether the core script has run on this page before. */
export function isRunning(): boolean {
  return !!globalThis.attentionViews && !Array.isArray(globalThis.attentionViews);
}

/** A view whose script is there. */
export function viewNamed(name: string): ViewKind | undefined {
  return kinds.get(name);
}

/** A view, whose script is loaded if necessary. Rejected if the script cannot be loaded. */
export function loadView(name: string): Promise<ViewKind> {
  let promise = loading.get(name);
  if (!promise) {
    promise = load(name);
    loading.set(name, promise);
    promise.catch(() => loading.delete(name));
  }
  return promise;
}

async function load(name: string): Promise<ViewKind> {
  if (!/^[a-z-]+$/.test(name)) fail("no such view");
  const file = `attention-${name}.js`;
  if (!kinds.has(name)) await arrivalOf(file, name);
  if (!kinds.has(name)) await loadBeside(file);
  const kind = kinds.get(name) ?? fail("no such view");
  await Promise.all((kind.scripts ?? []).map(loadView));
  return kind;
}

/** Wait while the page itself loads a script. Its load event comes after all of its scripts. */
function arrivalOf(file: string, name: string): Promise<unknown> {
  const script = document.querySelector(`script[src*="/${file}"]`);
  if (!script || document.readyState === "complete") return Promise.resolve();
  return new Promise<unknown>((resolve) => {
    const check = (): void => {
      if (kinds.has(name)) resolve(waiting.delete(check));
    };
    waiting.add(check);
    script.addEventListener("error", resolve);
    addEventListener("load", resolve);
  });
}

/** Load a script from the folder of the core script. */
export async function loadBeside(file: string): Promise<void> {
  if (own) await runScript(own.replace("attention.js", file));
}
