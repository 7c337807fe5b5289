/**
 * `node scripts/run-ts.mjs scripts/generate-lint-docs.mjs`: writes `docs/lints.md` from the table
 * of lint rules. With `--check`, nothing is written, and a document that differs from the table
 * fails the run; a test in `tests/lint` runs this check.
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
      "docs/lints.md: differs from the table; run `node scripts/run-ts.mjs scripts/generate-lint-docs.mjs`\n",
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

The rules of \`nivis lint FILE…\`, generated from the table of rules. Every finding is correct as far as
the language is concerned. Rules of level *default* are always on. Rules of level *strict* report code
that may be intended or is a matter of taste; they run with \`--strict\` or \`--warn CODE\`.
\`--allow CODE\` turns a rule off, \`--deny CODE\` makes the command fail if the rule finds something, and
\`--fix\` applies all fixes that do not change the meaning of the program.

A comment \`# nivis-ignore CODE\` silences a rule on its own line or, on a line by itself, on the next
line of code. Several codes are separated by commas; without a code, the comment silences all rules. A
reason may follow after a colon. \`# nivis-ignore-file CODE\` silences a rule in the whole file.

| code | level | finds | name in other linters |
| --- | --- | --- | --- |
${rows.join("\n")}

${sections.join("\n\n")}
`;
}

/** @param {string} code */
function fence(code) {
  return `\`\`\`nix\n${code}\n\`\`\``;
}
