/**
 * `node scripts/run-ts.mjs scripts/generate-lint-docs.mjs`: writes `docs/lints.md` from the table of
 * lint rules. With `--check` nothing is written, and a document that is not what the table says fails
 * the run; a test of `tests/lint` does that.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lintRules } from "../packages/syntax/src/lint/rules/index.ts";
import { root } from "./workspace.mjs";

const file = join(root, "docs", "lints.md");
const text = lintsDocument();
if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
  if (process.argv.includes("--check")) {
    process.stdout.write(
      "docs/lints.md: not what the table says; run `node scripts/run-ts.mjs scripts/generate-lint-docs.mjs`\n",
    );
    process.exit(1);
  }
  writeFileSync(file, text);
  process.stdout.write("docs/lints.md written\n");
}

function lintsDocument() {
  const rows = lintRules.map(
    ({ code, level, summary, alias }) =>
      `| [\`${code}\`](#${code}) | ${level} | ${summary.replaceAll("|", "\\|")} | ${alias ?? ""} |`,
  );
  const sections = lintRules.map(({ code, explanation, bad, good }) =>
    [`## ${code}`, explanation, "Bad:", fence(bad), "Good:", fence(good)].join("\n\n"),
  );
  return `# Lints

What \`nivis lint FILE…\` can find, made from the table of rules. Each finding is certain as far as the
language goes. Rules of level *default* are always on; those of level *strict* are true as well, but a
matter of taste or often meant so, and run with \`--strict\` or \`--warn CODE\`. \`--allow CODE\` turns a
rule off, \`--deny CODE\` makes the command fail when it finds something, \`--fix\` repairs what can be
repaired without changing what the program means.

A comment \`# nivis-ignore CODE\` silences a rule on its line or, when it stands alone, on the next line
of code; several codes are separated by commas, and without a code all rules are meant. Behind a colon
there is room for the reason. \`# nivis-ignore-file CODE\` silences a rule in the whole file.

| code | level | what it finds | elsewhere called |
| --- | --- | --- | --- |
${rows.join("\n")}

${sections.join("\n\n")}
`;
}

/** @param {string} code */
function fence(code) {
  return `\`\`\`nix\n${code}\n\`\`\``;
}
