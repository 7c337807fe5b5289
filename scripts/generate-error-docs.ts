/**
 * `node scripts/run-ts.mjs scripts/generate-error-docs.ts`: writes `docs/errors/`, one page per error
 * code, from `docs/errors/source/`, error-examples.ts and the tables. `npm test` fails if a page is out
 * of date.
 */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorDocuments } from "./error-documents.ts";
import { root } from "./workspace.mjs";

const folder = join(root, "docs", "errors");
const documents = errorDocuments();
const pages = readdirSync(folder).filter((name) => name.endsWith(".md"));
for (const name of pages) if (!documents.has(name)) rmSync(join(folder, name));
for (const [name, text] of documents) writeFileSync(join(folder, name), text);
process.stdout.write(`${documents.size} documents in docs/errors\n`);
