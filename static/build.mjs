// Bundles the browser part into the two files that are shipped; with --test, runs its tests instead.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "sphinx_attention", "assets");

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
  const { outputFiles } = await build({
    ...shared,
    entryPoints: [join(here, "src", "index.ts")],
    write: false,
    minify: false,
    format: "iife",
    target: "es2022",
  });
  // A fifteenth smaller than what esbuild makes of it.
  const { code } = await minify(outputFiles[0].text, {
    compress: { passes: 2 },
    format: { preamble: banner },
    ecma: 2020,
  });
  writeFileSync(join(assets, "attention.js"), `${code}\n`);
  await build({
    ...shared,
    entryPoints: [join(here, "attention.css")],
    outfile: join(assets, "attention.css"),
    external: ["*.woff2"],
    // Old enough to have nesting written out, new enough for the rest to be shipped as written.
    target: ["chrome111", "firefox113", "safari16.4"],
    banner: { css: banner },
  });
  for (const [name, most] of [["attention.js", 25_000], ["attention.css", 6_000]]) {
    const bytes = gzipSync(readFileSync(join(assets, name)), { level: 9 }).length;
    console.log(`${name}: ${bytes} bytes gzipped, at most ${most}`);
    if (bytes > most) process.exitCode = 1;
  }
}
