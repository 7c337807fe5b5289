/** The texts of `docs/errors/`, by file name. */
import { ERROR_KINDS } from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { type Code, ERROR_PAGES, type ErrorPage, runExample } from "./error-pages.ts";

/** All documents; see the head of this file. */
export function errorDocuments(): Map<string, string> {
  const documents = new Map<string, string>();
  const codes = (Object.keys(ERROR_PAGES) as Code[]).sort();
  for (const code of codes) documents.set(`${code}.md`, page(code, ERROR_PAGES[code]));
  documents.set("README.md", overview(codes));
  return documents;
}

function rowOf(code: Code): { readonly catchable: boolean; readonly doc: string } | undefined {
  return code in ERROR_KINDS ? ERROR_KINDS[code as keyof typeof ERROR_KINDS] : undefined;
}

function page(code: Code, { meaning, example, mend }: ErrorPage): string {
  const row = rowOf(code);
  const parts = [`# ${code}`];
  if (row !== undefined) parts.push(`**${row.doc}**`);
  parts.push(meaning);
  if (example !== undefined) {
    const settings = Object.entries(example.settings ?? {}).map(
      ([name, value]) => `\`${kebab(name)}\` is \`${String(value)}\``,
    );
    parts.push("## Example");
    if (settings.length > 0) parts.push(`Given that ${settings.join(" and ")}:`);
    parts.push(fence("nix", visible(example.text)), "says");
    parts.push(fence("", visible(decodeUtf8(runExample(example).text))));
    if (example.mended !== undefined) parts.push("Better:", fence("nix", example.mended));
  }
  parts.push("## How to mend it", mend);
  if (row?.catchable === true) parts.push("`builtins.tryEval` sees this error.");
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function visible(text: string): string {
  return text.replaceAll("\0", "␀");
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function overview(codes: readonly Code[]): string {
  const kinds = codes.filter((code) => rowOf(code) !== undefined);
  const mistakes = codes.filter((code) => rowOf(code) === undefined);
  const list = (of: readonly Code[]): string =>
    of.map((code) => `- [\`${code}\`](${code}.md)${sentence(code)}`).join("\n");
  return `# Errors

Made by \`node scripts/run-ts.mjs scripts/generate-error-docs.ts\`.

Each error has a code, which stays the same from version to version. \`--diagnostics rich\` and
\`--diagnostics json\` show it; the messages are those of C++ Nix.

## Errors of evaluation

${list(kinds)}

## Mistakes in a text

${list(mistakes)}

## The JSON of \`--diagnostics json\`

One object on a line of standard error, the last one; a text with several mistakes has a line for each.
Warnings and traces of the program come before it, each as an object with \`severity\` (\`warning\`, \`trace\` or \`note\`) and \`message\`. Fields stay; new ones
may come.

| field | what it is |
| --- | --- |
| \`severity\` | \`error\` |
| \`code\` | the code |
| \`kind\` | the kind of the error: the code, or \`parse\` for a mistake in a text |
| \`message\` | the message of C++ Nix |
| \`labels\` | places in one text, the primary one first: a span with \`message\` and \`primary\` |
| \`raisedAt\` | where the error was raised, if the primary label points at the user's code instead; else \`null\` |
| \`trace\` | the way that led there, the innermost step first: \`message\`, \`span\` or \`null\`, \`region\` (the name of code that is not the user's, or \`null\`), \`always\` (asked for by \`addErrorContext\`) |
| \`traceOmitted\` | how many steps were left out of the middle of a very long trace |
| \`cycle\` | of an infinite recursion: where each step needed the next; spans with \`region\`, the innermost first |
| \`hints\` | how to mend it: \`rule\` (a stable name) and \`message\` |
| \`suggestions\` | names that were probably meant, best first |

A span has \`file\`, \`origin\` (\`file\`, \`string\`, \`stdin\` or \`internal\`), \`start\` and \`end\`; a place
has \`offset\` (bytes from 0), \`line\` and \`column\` (from 1, in bytes).
`;
}

function sentence(code: Code): string {
  const text = rowOf(code)?.doc ?? ERROR_PAGES[code].meaning.replace(/\. .*/s, ".");
  return `: ${text}`;
}
