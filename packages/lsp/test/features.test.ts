/** The table of features: every row names a test that sends its request, and the other way round. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { FEATURES } from "../src/features/index.ts";
import { requestsAt } from "./requests.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));

test.each(FEATURES.map(({ method, test: file }) => [method, file]))(
  "%s is sent in %s",
  (method, file) => {
    expect(existsSync(join(HERE, file))).toBe(true);
    const text = readFileSync(join(HERE, file), "utf8");
    // A test may name the method without its first part: `at("hover", …)`.
    const names = [method, method.slice(method.indexOf("/") + 1)];
    expect(names.some((name) => text.includes(`"${name}"`))).toBe(true);
  },
);

test("every request about a place in a document is tried at every prefix of a text", () => {
  const place = { line: 0, character: 0 };
  const tried = new Set(
    requestsAt("file:///x", place, { start: place, end: place }).map(({ method }) => method),
  );
  const missing = FEATURES.map(({ method }) => method).filter(
    (method) => method.startsWith("textDocument/") && !tried.has(method),
  );
  // It needs the reply before it.
  expect(missing).toEqual(["textDocument/semanticTokens/full/delta"]);
});
