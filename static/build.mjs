// Bundles the browser part into the files that are shipped; with --test, runs its tests instead.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";
import { domprops } from "../node_modules/terser/tools/domprops.js";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "sphinx_attention", "assets");

// Properties that only the sources know, and that may be called anything. What others read by name
// must not be among them: `checkInternal` looks.
const INTERNAL = [
  ...["place", "places", "other", "dispatch", "pinned", "codes", "strokes", "slots"],
  ...["levels", "mirrored", "perLine", "rightwards", "tops", "oneRow", "queryY", "keyY"],
  ...["headroom", "takes", "told", "live", "tensor", "weights", "reading", "lay", "choose"],
  ...["preview", "room", "sorted", "members", "said", "tell", "vector", "build"],
  ...["logits", "biased", "verb", "figure", "upright", "begins", "sides", "colours"],
  ...["timer", "colour"],
];

/** Throws where an internal name is one of the DOM's, of the payload's, or used as a text. */
function checkInternal() {
  const files = readdirSync(join(here, "src"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((name) => name.endsWith(".ts")).map((name) => readFileSync(join(here, "src", name), "utf8"));
  const payload = readFileSync(join(here, "src", "payload.ts"), "utf8");
  const wire = new Set(payload.slice(0, payload.indexOf("export interface Tensor")).match(/\b\w+(?=\??:)/g));
  const dom = new Set(domprops);
  for (const name of INTERNAL) {
    const quoted = new RegExp(`\\[["']${name}["']\\]|["']--${name}["']`);
    if (dom.has(name) || wire.has(name) || sources.some((text) => quoted.test(text))) {
      throw new Error(`${name} is no internal name`);
    }
  }
}

checkInternal();
if (process.argv.includes("--test")) {
  const out = join(here, "..", "node_modules", ".attention-tests");
  rmSync(out, { recursive: true, force: true });
  const tests = readdirSync(join(here, "test")).filter((name) => name.endsWith(".test.ts"));
  await build({
    entryPoints: tests.map((name) => join(here, "test", name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  const files = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
  const { status } = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  const banner = "/* sphinx-attention, MIT licence; sources in static/ */";
  const shared = { bundle: true, minify: true, charset: "utf8", legalComments: "none", logLevel: "warning" };
  // One names things for the other.
  let mangleCache = {};
  for (const [source, name] of [["index.ts", "attention.js"], ["pictures.ts", "attention-pictures.js"], ["search.ts", "attention-search.js"]]) {
    const built = await build({
      ...shared,
      entryPoints: [join(here, "src", source)],
      write: false,
      minify: false,
      minifySyntax: true,
      mangleProps: new RegExp(`^(${INTERNAL.join("|")})$`),
      mangleCache,
      format: "iife",
      target: "es2022",
    });
    mangleCache = built.mangleCache;
    // A fifteenth smaller than what esbuild makes of it.
    const { code } = await minify(built.outputFiles[0].text, {
      compress: {
        passes: 3,
        keep_fargs: false,
        pure_getters: true,
        unsafe_arrows: true,
        unsafe_math: true,
        unsafe_methods: true,
      },
      format: { preamble: banner },
      ecma: 2022,
    });
    writeFileSync(join(assets, name), `${code}\n`);
  }
  await build({
    ...shared,
    entryPoints: [join(here, "attention.css")],
    outfile: join(assets, "attention.css"),
    external: ["*.woff2"],
    // Old enough to have nesting written out, new enough for the rest to be shipped as written.
    target: ["chrome111", "firefox113", "safari16.4"],
    banner: { css: banner },
  });
  // The script is to be split by view: then the core takes at most 15 kB and a view at most 5 kB.
  for (const [name, most] of [["attention.js", 28_000], ["attention-pictures.js", 5_000], ["attention-search.js", 500], ["attention.css", 7_000]]) {
    const bytes = gzipSync(readFileSync(join(assets, name)), { level: 9 }).length;
    console.log(`${name}: ${bytes} bytes gzipped, at most ${most}`);
    if (bytes > most) process.exitCode = 1;
  }
}
