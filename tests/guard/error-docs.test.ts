/** Each error code has a page that is up to date, with an example that produces the error. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ERROR_KINDS } from "@nivis/eval";
import { expect, test } from "vitest";
import { errorDocuments, SOURCE_FOLDER } from "../../scripts/error-documents.ts";
import { ERROR_EXAMPLES, runExample } from "../../scripts/error-examples.ts";

const folder = fileURLToPath(new URL("../../docs/errors", import.meta.url));

const examples = Object.entries(ERROR_EXAMPLES).flatMap(([code, example]) =>
  example === undefined ? [] : [[code, example] as const],
);

test.each(examples)("the example of %s gives its code", (code, example) => {
  expect(runExample(example).code).toBe(code);
});

test.each(examples.filter(([, { fixed }]) => fixed !== undefined))(
  "the corrected example of %s has no error",
  (_, { fixed, files }) => {
    const given = { text: fixed as string, ...(files === undefined ? {} : { files }) };
    expect(runExample(given)).toEqual({ code: "none", text: "no error" });
  },
);

test("each kind of error has a page", () => {
  expect(Object.keys(ERROR_KINDS).filter((kind) => !(kind in ERROR_EXAMPLES))).toEqual([]);
  const sources = Object.keys(ERROR_EXAMPLES).map((code) => `${code}.md`);
  expect(readdirSync(SOURCE_FOLDER).sort()).toEqual(sources.sort());
});

test("only errors that take a network, a host or an unbearable size lack an example", () => {
  const without = Object.entries(ERROR_EXAMPLES).filter(([, example]) => example === undefined);
  expect(without.map(([code]) => code)).toEqual([
    "parse",
    "fetch",
    "hash-mismatch",
    "would-wait",
    "interrupted",
    "re-entrance",
    "too-many-formals",
  ]);
});

test("the pages are up to date: node scripts/run-ts.mjs scripts/generate-error-docs.ts", () => {
  const documents = errorDocuments();
  const pages = readdirSync(folder).filter((name) => name.endsWith(".md"));
  expect(pages.sort()).toEqual([...documents.keys()].sort());
  for (const [name, text] of documents) {
    expect(readFileSync(`${folder}/${name}`, "utf8"), name).toBe(text);
  }
});
