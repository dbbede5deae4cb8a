// Bundles the browser part into the files that are shipped. With --test, runs its tests instead.
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { build } from "esbuild";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "sphinx_attention", "assets");

const FOLDERS = readdirSync(join(here, "src", "views"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** The views: each folder with an index is a view with a script and, perhaps, a style sheet. */
const VIEWS = FOLDERS.filter((name) => existsSync(join(here, "src", "views", name, "index.ts")));

/**
 * Parts of views that are scripts of their own, because several views have them in common or because a
 * view needs more than one script may have. The file `parts.json` in the folder of a view lists them by name:
 * the source, the most bytes gzipped, perhaps a style sheet, and perhaps code that runs at once, even if the
 * core script is not there. (The script of the rail is not loaded asynchronously: before a page is painted, the
 * style sheet knows that scripts are on their way.)
 */
const PARTS = Object.fromEntries(
  FOLDERS.filter((folder) => existsSync(join(here, "src", "views", folder, "parts.json"))).flatMap((folder) => {
    const parts = JSON.parse(readFileSync(join(here, "src", "views", folder, "parts.json"), "utf8"));
    return Object.entries(parts).map(([name, part]) => [name, { ...part, folder }]);
  }),
);

/** The names that the part `edges` passes to views. All of them are functions. */
const IN_EDGES = [...readFileSync(join(here, "src", "views", "edges", "part.ts"), "utf8").matchAll(/^export \{([^}]*)\}/gm)]
  .flatMap(([, names]) => names.split(","))
  .map((name) => name.trim())
  .filter((name) => name !== "view" && name);

/** The most bytes that a file may have, gzipped. */
const MOST = { core: 15_000, view: 5_000, pictures: 6_100, variants: 3_000, link: 1_600, generate: 1_200, prose: 2_200, search: 500, coreStyle: 4_000, viewStyle: 2_000 };

const BANNER = "/* sphinx-attention, MIT licence; sources in static/ */";
const BUNDLE = { bundle: true, charset: "utf8", legalComments: "none", logLevel: "warning" };

/** Bundle a script without white space, and minify it with terser: the result is a fifteenth smaller than esbuild's. */
async function bundled(options, wrap = (code) => code) {
  const built = await build({ ...BUNDLE, write: false, minifySyntax: true, format: "iife", target: "es2022", ...options });
  const { code } = await minify(wrap(built.outputFiles[0].text), {
    compress: {
      passes: 6,
      hoist_funs: true,
      inline: 1,
      keep_fargs: false,
      pure_getters: true,
      unsafe_arrows: true,
      unsafe_math: true,
      unsafe_methods: true,
    },
    ecma: 2022,
  });
  return code;
}

/** The widths of columns, in px, that Python names where a vector fits beside a picture. */
const COLUMNS = JSON.parse(readFileSync(join(assets, "..", "core", "render", "common", "columns.json"), "utf8"));

/** The names that the core script passes to views. */
const SHARED = [...readFileSync(join(here, "src", "views", "shared.ts"), "utf8").matchAll(/^export \{([^}]*)\}/gm)]
  .flatMap(([, names]) => names.split(","))
  .map((name) => name.trim())
  .filter(Boolean);

/** Whether a file is in the TypeScript or Python folder of the view that imports it, or is data of all views. */
function isOwn(file, importer) {
  const views = join(here, "src", "views");
  const folder = relative(views, importer).split(sep)[0];
  const core = join(here, "..", "sphinx_attention", "core");
  const own = [join(views, folder), ...[folder, "common"].map((name) => join(core, "render", name)), join(core, "phrases")];
  return file === join(core, "constants.json") || own.some((one) => file.startsWith(one + sep));
}

/** Replaces `shared.ts`, within a view's script, by the objects that the core script passes. */
const sharedByCore = {
  name: "shared by the core script",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, importer, resolveDir }) => {
      if (importer === "<stdin>") return undefined;
      if (/\/shared$/.test(path)) return { path: "shared", namespace: "core" };
      if (/\/edges\/part$/.test(path)) return { path: "edges", namespace: "core" };
      if (isOwn(join(resolveDir, path), importer)) return undefined;
      return { errors: [{ text: `a view must import from its own folders or from shared.ts: ${importer}, ${path}` }] };
    });
    onLoad({ filter: /.*/, namespace: "core" }, ({ path }) => ({
      contents:
        path === "shared"
          ? `export const { ${SHARED.join(", ")} } = attentionCore;`
          : // The part may arrive after the script of a view, but always before a figure of the view opens.
            IN_EDGES.map((name) => `export const ${name} = (...all) => attentionCore.viewNamed("edges").${name}(...all);`).join("\n"),
    }));
  },
};

/** The script of a view. It adds a function to a list that the core script reads. */
function viewScript(view, source = `${view}/index.ts`, before = "") {
  const contents = `import { view } from "./src/views/${source}"; returned(view);`;
  return bundled(
    { stdin: { contents, resolveDir: here }, plugins: [sharedByCore], format: "esm" },
    (code) => {
      const body = code.replace(/returned\((\w+)\);\s*$/, "return $1;");
      return `${before}(globalThis.attentionViews??=[]).push(["${view}",(attentionCore)=>{"use strict";${body}}]);`;
    },
  );
}

/** The style sheet of all figures, or of one view, as it is shipped. */
async function style(sources, rules = "") {
  const built = await build({
    ...BUNDLE,
    minify: true,
    stdin: { contents: `${sources.map((source) => `@import "./${source}";`).join("\n")}${rules}`, loader: "css", resolveDir: here },
    write: false,
    external: ["*.woff2"],
    // These browsers have no nesting, so nested rules are expanded. They support everything else.
    target: ["chrome111", "firefox113", "safari16.4"],
  });
  return built.outputFiles[0].text;
}

/**
 * The rules that put the vector of a pinned token beside the picture, for each width of a column that
 * Python names in `data-beside`. An attribute cannot be compared with a width in any other way.
 */
function besideRules() {
  const { least, most, step } = COLUMNS;
  const rules = [];
  for (let width = least; width <= most; width += step) {
    const figure = ".attention-figure:not(.align-left, .align-right, .attention-pane, td *, th *)";
    const stage = `${figure} > .attention-stage[data-beside="${width}"]:not(:has(~ .attention-scores .attention-name i ~ i))`;
    rules.push(`@container (min-width: ${width}px) { ${stage}:has(~ .attention-scores) {
      grid-area: 1 / 2;
      & ~ .attention-scores { grid-area: 1 / 3; align-self: start; margin: 0; font-size: 0.9375em; line-height: 1.3 }
    } }`);
  }
  return `@media screen { ${rules.join("\n")} }`;
}

function styleOf(view) {
  return `src/views/${view}/style.css`;
}

function size(text) {
  return gzipSync(text, { level: 9 }).length;
}

/** Print a size, and fail if it is too large. */
function check(name, text, most) {
  const bytes = size(text);
  console.log(`${name}: ${bytes} bytes gzipped, at most ${most}`);
  if (bytes > most) process.exitCode = 1;
}

async function buildAll() {
  const scripts = new Map();
  for (const view of VIEWS) scripts.set(`attention-${view}.js`, [await viewScript(view), MOST.view]);
  for (const [part, { folder, source, most, at_once: atOnce }] of Object.entries(PARTS)) {
    scripts.set(`attention-${part}.js`, [await viewScript(part, `${folder}/${source}`, atOnce), most]);
  }
  const entry = (name) => bundled({ entryPoints: [join(here, "src", name)] });
  scripts.set("attention-pictures.js", [await entry("export/index.ts"), MOST.pictures]);
  scripts.set("attention-generate.js", [await entry("page/generate.ts"), MOST.generate]);
  scripts.set("attention-link.js", [await entry("link/index.ts"), MOST.link]);
  scripts.set("attention-variants.js", [await entry("variants/index.ts"), MOST.variants]);
  scripts.set("attention-prose.js", [await entry("page/prose.ts"), MOST.prose]);
  scripts.set("attention-search.js", [await entry("page/search.ts"), MOST.search]);
  // The core script loads the other scripts with its own query string, which Sphinx makes from the content
  // of the core script. That content includes this digest, so browsers with an old copy of any script load
  // the new one.
  const all = [...scripts.values()].map(([code]) => code).join("");
  const digest = createHash("sha256").update(all).digest("hex").slice(0, 8);
  scripts.set("attention.js", [`/* ${digest} */${await entry("page/index.ts")}`, MOST.core]);
  for (const name of readdirSync(assets)) {
    if (name.endsWith(".js") && !scripts.has(name)) rmSync(join(assets, name));
  }
  for (const [name, [code, most]] of scripts) {
    const text = `${BANNER}\n${code}\n`;
    writeFileSync(join(assets, name), text);
    check(name, text, most);
  }
  const isPartOnly = (folder) => !VIEWS.includes(folder);
  const ofViews = [...FOLDERS.filter(isPartOnly), ...VIEWS].map(styleOf).filter((name) => existsSync(join(here, name)));
  const ofParts = Object.values(PARTS).flatMap(({ folder, style: name }) => (name ? [`src/views/${folder}/${name}`] : []));
  const common = ["generate", "prose", "right-to-left"].map((name) => `css/${name}.css`);
  const styled = [...ofViews, "css/weight-vector.css", ...ofParts, ...common];
  writeFileSync(join(assets, "attention.css"), `${BANNER}\n${await style(["attention.css", ...styled], besideRules())}`);
  check("attention.css without views", await style(["attention.css"]), MOST.coreStyle);
  for (const name of styled) check(`attention.css, ${name}`, await style([name]), MOST.viewStyle);
  check("attention.css, the vector beside the picture", await style([], besideRules()), MOST.viewStyle);
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

if (process.argv.includes("--test")) await runTests();
else await buildAll();
