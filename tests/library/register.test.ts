/** Node imports Nix files with `--import nivis/register`; with the packages as they are built. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeUtf8 } from "@nivis/formats";
import { type Outcome, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

// Below the checkout, so that Node finds the packages.
const folder = join(root, "node_modules", ".cache", "nivis-register");

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.nix"), "{ port = import ./port.nix; a.b = [ 1 ]; }");
  writeFileSync(join(folder, "port.nix"), "8080");
  writeFileSync(join(folder, "bad.nix"), "{\n  a = nam;\n}");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(program: string): Promise<Outcome> {
  writeFileSync(join(folder, "main.mjs"), program);
  return runProcess(process.execPath, {
    args: ["--no-warnings", "--import", "nivis/register", "main.mjs"],
    cwd: folder,
    env: {},
  });
}

test("with attributes, texts and names", async () => {
  const { code, stdout, stderr } = await node(`
    import config, { port } from "./config.nix";
    import list from "./config.nix?attr=a.b";
    import text from "./port.nix?raw";
    console.log(JSON.stringify([config, port, list, text]));`);
  expect(code, stderr).toBe(0);
  expect(decodeUtf8(stdout)).toBe('[{"a":{"b":[1]},"port":8080},8080,[1],"8080"]\n');
});

test("errors say where", async () => {
  const { code, stderr } = await node('await import("./bad.nix");');
  expect(code).toBe(1);
  expect(stderr).toContain("undefined variable 'nam'");
});
