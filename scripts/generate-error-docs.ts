/**
 * `node scripts/run-ts.mjs scripts/generate-error-docs.ts`: writes `docs/errors/`, a page for each code
 * of an error. `npm test` fails when a page is not what `error-pages.ts` and the tables say.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorDocuments } from "./error-documents.ts";
import { root } from "./workspace.mjs";

const folder = join(root, "docs", "errors");
const documents = errorDocuments();
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!documents.has(name)) rmSync(join(folder, name));
for (const [name, text] of documents) writeFileSync(join(folder, name), text);
process.stdout.write(`${documents.size} documents in docs/errors\n`);
