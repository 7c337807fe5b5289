/** The links between the documents of the repository lead somewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

function documentsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return documentsBelow(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

const documents = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map((name) =>
    join(root, name),
  ),
  ...documentsBelow(join(root, "docs")),
];

test("each relative link in a document names a file", () => {
  const broken = documents.flatMap((document) => {
    const text = readFileSync(document, "utf8").replace(/^```.*?^```$/gms, "");
    const targets = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? "",
    );
    return targets
      .filter((target) => !existsSync(join(dirname(document), target)))
      .map((target) => `${relative(root, document)}: ${target}`);
  });
  expect(broken).toEqual([]);
});

test("ARCHITECTURE.md lists each design note", () => {
  const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const notes = readdirSync(join(root, "docs", "design"));
  expect(notes.filter((note) => !text.includes(`(docs/design/${note})`))).toEqual([]);
});
