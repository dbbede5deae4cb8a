/**
 * Figures of attention in mystmd and Jupyter Book 2: a plugin that asks a Python program.
 *
 * This file belongs beside myst.yml, which names it under `plugins`. Python needs the package
 * sphinx-attention. The environment variable ATTENTION_PYTHON names another Python than `python3`.
 */
import { spawnSync } from "node:child_process";

const PYTHON = process.env.ATTENTION_PYTHON || (process.platform === "win32" ? "python" : "python3");

/** Ask the Python program, with JSON on its standard input and output. */
function ask(what, data = null) {
  const { status, stdout, stderr, error } = spawnSync(PYTHON, ["-m", "sphinx_attention.hosts.mystmd", what], {
    input: JSON.stringify(data),
    encoding: "utf-8",
    maxBuffer: 2 ** 30,
  });
  if (error || status) {
    const why = error ? error.message : stderr.trim().split("\n").at(-1);
    throw new Error(`sphinx-attention: ${PYTHON} failed (${why}); run: pip install sphinx-attention`);
  }
  if (stderr) process.stderr.write(stderr);
  return JSON.parse(stdout);
}

/** Whether this run only writes files for print, where no widget can run. */
function isStatic() {
  const asked = new Set(process.argv);
  const site = ["--site", "--html", "--all", "-a", "start"];
  const files = ["--pdf", "--tex", "--typst", "--word", "--docx", "--md", "--jats", "--xml", "--meca"];
  return files.some((one) => asked.has(one)) && !site.some((one) => asked.has(one));
}

const { options, kinds } = ask("spec");

/** A value without its quotation marks, which mystmd keeps and Sphinx removes. */
function unquoted(value) {
  if (/^'([^']|'')*'$/.test(value)) return value.slice(1, -1).replaceAll("''", "'");
  if (!/^"([^"\\]|\\.)*"$/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value.slice(1, -1);
  }
}

function bodyLine({ node }) {
  const body = node.children?.find((child) => child.type === "mystDirectiveBody");
  return body?.position?.start.line ?? node.position.start.line + 1;
}

const figure = {
  name: "attention-figure",
  doc: "The attention of a transformer over a sentence, as a live figure.",
  arg: { type: String, doc: "The sentence." },
  options: Object.fromEntries(Object.entries(options).map(([name, doc]) => [name, { type: String, doc }])),
  body: { type: String, doc: "Rows of numbers, if any, and the caption." },
  run(data, _vfile, context) {
    // Unknown options are told by mystmd. Options without a value arrive as an empty text.
    const given = Object.fromEntries(Object.entries(data.options ?? {}).map(([name, value]) => [name, unquoted(String(value))]));
    const lines = (data.body ?? "").split("\n");
    const rows = lines.some((line) => /\d\D+\d/.test(line))
      ? ask("rows", { text: data.arg ?? "", options: given, body: lines }).rows
      : 0;
    const caption = given.caption ?? lines.slice(rows).join("\n").trim();
    const children = caption ? context.parseMyst(caption, rows).children : [];
    const at = bodyLine(data);
    return [{ type: "attentionFigure", text: data.arg ?? "", given, rows: lines.slice(0, rows), at, position: data.node.position, children }];
  },
};

const check = {
  name: "attn:check",
  doc: "Claims about a figure, which the build checks.",
  arg: { type: String, required: true, doc: "The name of the figure." },
  body: { type: String, required: true, doc: "A claim on each line." },
  run: (data) => [
    { type: "attentionCheck", figure: data.arg, lines: data.body.split("\n"), at: bodyLine(data), position: data.node.position },
  ],
};

const roles = kinds.map((kind) => ({
  name: `attn:${kind}`,
  doc: "A link to a figure, or a number of one.",
  body: { type: String, required: true },
  run: (data) => [{ type: "attentionMark", kind, text: data.body, position: data.node.position }],
}));

const transform = {
  name: "attention",
  doc: "Draws all figures of a page.",
  stage: "document",
  plugin: (_, { selectAll }) => (tree, vfile) => {
    const figures = selectAll("attentionFigure", tree);
    const marks = selectAll("attentionMark", tree);
    const checks = selectAll("attentionCheck", tree);
    // A fence that mystmd does not read as a directive is a paragraph.
    const fences = selectAll("paragraph", tree).filter(({ children: [first] }) => /^(`{3}|:{3})/.test(first?.value));
    if (![figures, marks, checks, fences].some((all) => all.length)) return;
    const line = ({ position }) => position?.start.line ?? 1;
    const made = ask("page", {
      file: vfile.path ?? "",
      widgets: !isStatic(),
      figures: figures.map((node) => ({ text: node.text, options: node.given, rows: node.rows, line: line(node), at: node.at })),
      marks: marks.map((node) => ({ kind: node.kind, text: node.text, line: line(node) })),
      fences: fences.map((node) => ({ text: node.children[0].value, line: line(node) })),
      checks: checks.map((node) => ({ figure: node.figure, lines: node.lines, at: node.at })),
    });
    for (const { line: at, text, rule, is_error: isError } of made.messages) {
      const message = vfile.message(text, { start: { line: at, column: 1 }, end: { line: at, column: 1 } });
      // mystmd shows null as information, which fails no strict build.
      message.fatal = isError || null;
      // `error_rules` in myst.yml takes the name of the rule.
      message.ruleId = rule;
    }
    const replace = (node, other) => {
      for (const name of Object.keys(node)) if (name !== "position") delete node[name];
      Object.assign(node, other);
    };
    figures.forEach((node, number) => {
      const found = made.figures[number];
      const caption = node.children.length ? [{ type: "caption", children: node.children }] : [];
      if (found.type === "container") found.children.push(...caption);
      replace(node, found);
    });
    marks.forEach((node, number) => replace(node, made.marks[number]));
    checks.forEach((node) => replace(node, { type: "comment", value: "" }));
  },
};

// References are resolved before this stage. The theme builds the address of a link to another page from `html_id`.
const links = {
  name: "attention-links",
  doc: "Puts the selection of a link into the address of the other page.",
  stage: "project",
  plugin: (_, { selectAll }) => (tree) => {
    for (const { class: name, children } of selectAll("span", tree)) {
      const selection = /^attention-selects:(.+)$/.exec(name ?? "")?.[1];
      const [link] = children ?? [];
      if (!selection || link?.type !== "crossReference" || !link.remote) continue;
      const [id] = String(link.html_id ?? link.identifier).split("&");
      link.html_id = `${id}&${selection}`;
    }
  },
};

export default { name: "sphinx-attention", directives: [figure, check], roles, transforms: [transform, links] };
