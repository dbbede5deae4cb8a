// Bundles the browser part into the files that are shipped. With --test, runs its tests instead.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "sphinx_attention", "assets");

/** The shipped scripts: the source of each, its name, and the most bytes that it may have, gzipped. */
const SCRIPTS = [
  ["page/index.ts", "attention.js", 28_000],
  ["export/index.ts", "attention-pictures.js", 5_000],
  ["page/search.ts", "attention-search.js", 500],
];
/** The most bytes that the style sheet may have, gzipped. */
const MOST_STYLE = 7_000;

const BANNER = "/* sphinx-attention, MIT licence; sources in static/ */";
const BUNDLE = { bundle: true, charset: "utf8", legalComments: "none", logLevel: "warning" };

async function buildScript(source, name) {
  const built = await build({
    ...BUNDLE,
    entryPoints: [join(here, "src", source)],
    write: false,
    minifySyntax: true,
    format: "iife",
    target: "es2022",
  });
  // Terser makes it a fifteenth smaller than esbuild does.
  const { code } = await minify(built.outputFiles[0].text, {
    compress: {
      passes: 3,
      keep_fargs: false,
      pure_getters: true,
      unsafe_arrows: true,
      unsafe_math: true,
      unsafe_methods: true,
    },
    format: { preamble: BANNER },
    ecma: 2022,
  });
  writeFileSync(join(assets, name), `${code}\n`);
}

async function buildStyle() {
  await build({
    ...BUNDLE,
    minify: true,
    entryPoints: [join(here, "attention.css")],
    outfile: join(assets, "attention.css"),
    external: ["*.woff2"],
    // These browsers have no nesting, which is written out. They know all else as it is written.
    target: ["chrome111", "firefox113", "safari16.4"],
    banner: { css: BANNER },
  });
}

/** Print the size of a shipped file, and fail where it is too large. */
function checkSize(name, most) {
  const bytes = gzipSync(readFileSync(join(assets, name)), { level: 9 }).length;
  console.log(`${name}: ${bytes} bytes gzipped, at most ${most}`);
  if (bytes > most) process.exitCode = 1;
}

async function runTests() {
  const out = mkdtempSync(join(tmpdir(), "attention-tests-"));
  const files = readdirSync(join(here, "test"), { recursive: true, encoding: "utf8" });
  const tests = files.filter((name) => name.endsWith(".test.ts"));
  await build({
    entryPoints: tests.map((name) => join(here, "test", name)),
    outdir: out,
    outbase: join(here, "test"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  const built = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
  const { status } = spawnSync(process.execPath, ["--test", ...built], { stdio: "inherit" });
  rmSync(out, { recursive: true, force: true });
  process.exitCode = status ?? 1;
}

if (process.argv.includes("--test")) {
  await runTests();
} else {
  for (const [source, name] of SCRIPTS) await buildScript(source, name);
  await buildStyle();
  for (const [, name, most] of SCRIPTS) checkSize(name, most);
  checkSize("attention.css", MOST_STYLE);
}
