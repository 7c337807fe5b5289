/**
 * The examples of the library, run as programs of Node with the packages as they are built: each
 * prints what its comments say.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { decodeUtf8 } from "@nivis/formats";
import { runProcess } from "@nivis/testkit";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

const source = join(root, "examples", "library");
const examples = readdirSync(source).filter((file) => file.endsWith(".ts"));
// Below the checkout, so that Node finds the packages.
const folder = join(root, "node_modules", ".cache", "nivis-examples");

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, { recursive: true });
  await build({
    entryPoints: examples.map((file) => join(source, file)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    target: "node20",
    logLevel: "warning",
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("there are twelve use cases", () => {
  expect(examples.length).toBe(12);
});

test.each(examples)("%s prints what it claims", async (file) => {
  const text = readFileSync(join(source, file), "utf8");
  const expected = [...text.matchAll(/(?:; |^)\/\/ (?!here )(.*)$/gm)].map((found) => found[1]);
  expect(expected.length).toBeGreaterThan(0);
  const program = join(folder, file.replace(/\.ts$/, ".mjs"));
  const { code, stdout, stderr } = await runProcess(process.execPath, {
    args: [program],
    cwd: folder,
    env: { HOME: folder, XDG_CACHE_HOME: folder },
  });
  expect({ code, stdout: decodeUtf8(stdout), stderr }).toEqual({
    code: 0,
    stdout: `${expected.join("\n")}\n`,
    stderr: "",
  });
});
