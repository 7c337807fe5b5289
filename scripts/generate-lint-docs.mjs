/**
 * `node scripts/run-ts.mjs scripts/generate-lint-docs.mjs`: writes `docs/lints.md` from the table
 * of lint rules. With `--check`, nothing is written, and a document that differs from the table
 * fails the run; a test in `tests/lint` runs this check.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lintRules } from "../packages/syntax/src/lint/rules/index.ts";
import { root } from "./workspace.mjs";

/**
 * The rules of other linters by their own names, each with the codes that report the same here, or with a
 * sentence.
 *
 * @type {readonly (readonly [rule: string, ours: string | readonly string[]])[]}
 */
const PEERS = [
  ["statix `bool_comparison` (W01)", ["comparison-with-boolean"]],
  ["statix `empty_let_in` (W02)", ["empty-let"]],
  ["statix `manual_inherit` (W03)", ["manual-inherit"]],
  ["statix `manual_inherit_from` (W04)", ["manual-inherit-from"]],
  ["statix `legacy_let_syntax` (W05)", ["deprecated-legacy-let"]],
  ["statix `collapsible_let_in` (W06)", ["collapsible-let"]],
  ["statix `eta_reduction` (W07)", ["eta-reduction"]],
  ["statix `useless_parens` (W08)", ["useless-parentheses"]],
  ["statix `unquoted_splice` (W09)", "none; statix itself does not run this rule"],
  ["statix `empty_pattern` (W10)", ["empty-pattern"]],
  ["statix `redundant_pattern_bind` (W11)", ["empty-pattern"]],
  ["statix `unquoted_uri` (W12)", ["deprecated-url-literal"]],
  ["statix `empty_inherit` (W14)", ["empty-inherit"]],
  ["statix `deprecated_to_path` (W17)", ["deprecated-builtin"]],
  ["statix `bool_simplification` (W18)", ["negated-comparison"]],
  ["statix `useless_has_attr` (W19)", ["useless-has-attr"]],
  ["statix `repeated_keys` (W20)", ["repeated-keys"]],
  ["statix `empty_list_concat` (W23)", ["empty-list-concat"]],
  ["deadnix: unused binding", ["unused-binding"]],
  ["deadnix: unused lambda argument", ["unused-parameter"]],
  ["deadnix: unused name in a pattern", ["unused-formal"]],
  ["deadnix: unused name at the `@`", ["unused-pattern-name"]],
  ["nil `syntax_error`", "an error of the parser"],
  ["nil `invalid_dynamic`", "an error of the parser"],
  ["nil `duplicated_key`", "an error of the parser"],
  ["nil `duplicated_param`", "an error of the parser"],
  ["nil `empty_inherit`", ["empty-inherit"]],
  ["nil `empty_let_in`", ["empty-let"]],
  ["nil `let_attrset`", ["deprecated-legacy-let"]],
  ["nil `uri_literal`", ["deprecated-url-literal"]],
  ["nil `merge_plain_rec_attrset`", "none"],
  ["nil `merge_rec_attrset`", "none"],
  ["nil `undefined_name`", ["undefined-variable"]],
  ["nil `unused_binding`", ["unused-binding"]],
  ["nil `unused_with`", ["useless-with"]],
  ["nil `unused_rec`", ["redundant-rec"]],
];

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
  const known = new Set(lintRules.map(({ code }) => code));
  const peers = PEERS.map(([rule, ours]) => {
    if (typeof ours === "string") return `| ${rule} | ${ours} |`;
    for (const code of ours) if (!known.has(code)) throw new Error(`no rule '${code}'`);
    return `| ${rule} | ${ours.map((code) => `[\`${code}\`](#${code})`).join(", ")} |`;
  });
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

## Rules of other linters

All rules of [statix] and [deadnix] and all diagnostics of [nil], as in their sources of July 2026.

| theirs | here |
| --- | --- |
${peers.join("\n")}

[statix]: https://github.com/oppiliappan/statix
[deadnix]: https://github.com/astro/deadnix
[nil]: https://github.com/oxalica/nil

${sections.join("\n\n")}
`;
}

/** @param {string} code */
function fence(code) {
  return `\`\`\`nix\n${code}\n\`\`\``;
}
