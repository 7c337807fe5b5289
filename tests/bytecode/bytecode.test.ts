/**
 * Golden bytecode: one folder per case, with `in.nix`, its bytecode listing `out.txt` and
 * optionally `out.js.txt`, the JavaScript that the bytecode is translated to. A red test means that
 * the compiler emits different code; `UPDATE=1` accepts it. What the code *does* is tested in
 * `tests/lang`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Evaluation, memoryIo } from "@nivis/eval";
import { expect, test } from "vitest";

const here = dirname(fileURLToPath(import.meta.url));
const cases = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test("there are cases", () => expect(cases.length).toBeGreaterThan(5));

for (const { name } of cases) {
  test(name, () => {
    const text = readFileSync(join(here, name, "in.nix"), "latin1");
    const evaluation = new Evaluation({ io: memoryIo() });
    const listing = evaluation.disassemble(text);
    const file = join(here, name, "out.txt");
    if (process.env["UPDATE"] === "1" || !existsSync(file)) {
      expect(process.env["UPDATE"], `no out.txt in ${name}`).toBe("1");
      writeFileSync(file, listing, "latin1");
    }
    expect(listing).toBe(readFileSync(file, "latin1"));
    const translated = join(here, name, "out.js.txt");
    if (!existsSync(translated)) return;
    const sources = evaluation.disassemble(text, {}, "js");
    if (process.env["UPDATE"] === "1") writeFileSync(translated, sources, "latin1");
    expect(sources).toBe(readFileSync(translated, "latin1"));
  });
}
