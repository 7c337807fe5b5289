/**
 * `npm run docs`: writes the documents that are generated from tables in the code:
 * `docs/builtins.md`, `docs/opcodes.md`, `docs/repl.md`, `docs/lsp.md` and `docs/settings.md`. With `--check`, nothing is written, and
 * a document that differs from its table fails the run; `npm test` runs this check.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { allBuiltins, allConstants } from "../packages/eval/src/builtins/registry.ts";
import { OPCODES } from "../packages/eval/src/bytecode/opcode.ts";
import { REWRITES } from "../packages/lsp/src/actions/rewrites.ts";
import { FEATURES } from "../packages/lsp/src/features/index.ts";
import { SETTINGS } from "../packages/lsp/src/settings.ts";
import { REPL_COMMANDS } from "../packages/nivis/src/repl/repl-commands.ts";
import { FOREIGN_SETTINGS } from "../packages/node/src/settings/foreign-settings.ts";
import { SETTINGS as NIX_SETTINGS } from "../packages/node/src/settings/setting-table.ts";
import { root } from "./workspace.mjs";

const check = process.argv.includes("--check");
const stale: string[] = [];

writeDocument("docs/builtins.md", builtinsDocument());
writeDocument("docs/opcodes.md", opcodesDocument());
writeDocument("docs/repl.md", replDocument());
writeDocument("docs/lsp.md", lspDocument());
writeDocument("docs/settings.md", settingsDocument());

if (stale.length > 0) {
  process.stdout.write(`${stale.join(", ")}: differs from the tables; run \`npm run docs\`\n`);
  process.exit(1);
}

function writeDocument(name: string, text: string): void {
  const file = join(root, name);
  const current = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  if (current === text) return;
  if (check) {
    stale.push(name);
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${name} written\n`);
}

function builtinsDocument(): string {
  const functions = allBuiltins.map(({ name, args, doc, feature, callFeature }) => ({
    name,
    heading: [name, ...args.map((argument) => `*${argument.name}*`)].join(" "),
    body:
      doc +
      (feature === undefined ? "" : `\n\nOnly with the experimental feature \`${feature}\`.`) +
      (callFeature === undefined
        ? ""
        : `\n\nCalls need the experimental feature \`${callFeature}\`.`),
  }));
  const constants = allConstants.map(({ name, type, doc, impure }) => ({
    name,
    heading: `${name} (${type})`,
    body: impure === true ? `${doc}\n\nAbsent in pure evaluation.` : doc,
  }));
  const sections = [...functions, ...constants]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ heading, body }) => `## ${heading}\n\n${body.trim()}\n`);
  return `# Builtins\n\nGenerated from the table of builtins by \`npm run docs\`.\n\n${sections.join("\n")}`;
}

function opcodesDocument(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const rows = OPCODES.map(
    ({ name, operands, effect, doc }) =>
      `| ${name} | ${operands.join(", ")} | ${cell(effect)} | ${cell(doc)} |`,
  );
  const head =
    "| instruction | operands | operand stack | what it does |\n| --- | --- | --- | --- |";
  return `# Instructions\n\nGenerated from the table of instructions by \`npm run docs\`. The operand stack is shown before the instruction, left of the arrow, and after it, right of the arrow.\n\n${head}\n${rows.join("\n")}\n`;
}

function replDocument(): string {
  const rows = REPL_COMMANDS.map(({ names, argument, doc }) => {
    const usage = names.map((name) => `\`${name}\``).join(", ");
    // A bar ends a cell, even inside of code.
    const shown = argument === undefined ? "" : `\`${argument.replaceAll("|", "\\|")}\``;
    return `| ${usage} | ${shown} | ${doc} |`;
  });
  const source = readFileSync(join(root, "docs/source/repl.md"), "utf8");
  return source.replace(
    "<!-- commands -->",
    ["| command | argument | what it does |", "| --- | --- | --- |", ...rows].join("\n"),
  );
}

function lspDocument(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const features = FEATURES.flatMap(({ title, method, does = "", peers, test }) =>
    title === undefined
      ? []
      : [
          `| ${title}<br>\`${method}\` | ${cell(does)} | ${peers?.nil ?? ""} | ${peers?.nixd ?? ""} | \`${test}\` |`,
        ],
  );
  const rewrites = REWRITES.map(({ title, kind }) => `| ${cell(title)} | \`${kind}\` |`);
  const settings = SETTINGS.map(({ name, type, value, doc, also = [] }) => {
    const others = also.map((one) => `\`${one}\``).join(", ");
    return `| \`nivis.${name}\` | ${type} | \`${JSON.stringify(value)}\` | ${cell(doc)} | ${others} |`;
  });
  const table = (head: string, rows: readonly string[]): string => {
    const columns = head.split("|").length - 2;
    return [head, `|${" --- |".repeat(columns)}`, ...rows].join("\n");
  };
  return readFileSync(join(root, "docs/source/lsp.md"), "utf8")
    .replace("<!-- features -->", () =>
      table("| feature | what it knows | nil | nixd | test |", features),
    )
    .replace("<!-- rewrites -->", () => table("| rewrite | kind |", rewrites))
    .replace("<!-- settings -->", () =>
      table("| setting | type | default | meaning | also read |", settings),
    );
}

function settingsDocument(): string {
  const rows = NIX_SETTINGS.map(({ name, type, doc, feature, aliases }) => {
    const flags = Object.keys(type.switches ?? { "": "" }).map(
      (prefix) => `\`--${prefix}${name}\``,
    );
    const notes = [
      ...(type.appendable ? [`\`extra-${name}\` adds to it`] : []),
      ...aliases.map((alias) => `also called \`${alias}\``),
      ...(feature === undefined ? [] : [`needs the feature \`${feature}\``]),
    ];
    const text = [doc.replace(/\.?$/, ""), ...notes].join("; ").replaceAll("|", "\\|");
    return `| \`${name}\` | ${flags.join(", ")} | ${text} |`;
  });
  const foreign = FOREIGN_SETTINGS.map(({ name }) => `\`${name}\``);
  return `# Settings

<!-- Generated from packages/node/src/settings/ by npm run docs. -->

Settings come from \`nix.conf\`, from the variable \`NIX_CONFIG\`, and from flags of the same name; later ones win;
\`nivis config show\` prints them.
The names are those of C++ Nix 2.36, except for the limits \`max-steps\`, \`max-memory\` and \`max-time\`.

| setting | flag | effect |
| --- | --- | --- |
${rows.join("\n")}

These settings of C++ Nix are checked and passed on to the store that builds or downloads; they have no effect on
evaluation: ${foreign.join(", ")}.
`;
}
