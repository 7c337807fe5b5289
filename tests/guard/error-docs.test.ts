/** Each error code has a page that is up to date, with an example that produces the error. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ERROR_KINDS } from "@nivis/eval";
import { expect, it } from "vitest";
import { errorDocuments } from "../../scripts/error-documents.ts";
import { ERROR_PAGES, runExample } from "../../scripts/error-pages.ts";

const folder = fileURLToPath(new URL("../../docs/errors", import.meta.url));

const examples = Object.entries(ERROR_PAGES).flatMap(([code, { example }]) =>
  example === undefined ? [] : [[code, example] as const],
);

it.each(examples)("the example of %s gives its code", (code, example) => {
  expect(runExample(example).code).toBe(code);
});

it.each(examples.filter(([, { mended }]) => mended !== undefined))(
  "%s is gone once its example is mended",
  (_, { mended, files }) => {
    const given = { text: mended as string, ...(files === undefined ? {} : { files }) };
    expect(runExample(given)).toEqual({ code: "none", text: "no error" });
  },
);

it("each kind of error has a page", () => {
  expect(Object.keys(ERROR_KINDS).filter((kind) => !(kind in ERROR_PAGES))).toEqual([]);
});

it("only errors that no expression of bearable size causes lack an example", () => {
  const without = Object.entries(ERROR_PAGES).filter(([, page]) => page.example === undefined);
  expect(without.map(([code]) => code)).toEqual([
    "parse",
    "would-wait",
    "interrupted",
    "re-entrance",
    "too-many-formals",
  ]);
});

it("the pages are up to date: node scripts/run-ts.mjs scripts/generate-error-docs.ts", () => {
  const documents = errorDocuments();
  expect(readdirSync(folder).sort()).toEqual([...documents.keys()].sort());
  for (const [name, text] of documents) {
    expect(readFileSync(`${folder}/${name}`, "utf8"), name).toBe(text);
  }
});
