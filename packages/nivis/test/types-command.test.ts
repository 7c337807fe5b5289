/** `nivis types`: where declarations go, what it refuses, and what it says of mistakes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, runProcess } from "@nivis/testkit";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "nivis-types-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "c.nix"), "{ port ? 80 }: { inherit port; hosts = [ ]; }");

function types(...args: string[]) {
  const command = [builtCommand("nivis"), "types", ...args];
  return runProcess(process.execPath, { args: command, cwd: folder });
}

const DECLARATIONS = `// Generated from the value of c.nix by \`nivis types\`; changes are lost.
declare const value: {
  readonly hosts: readonly never[];
  readonly port: number;
};
export default value;
export declare const hosts: (typeof value)["hosts"];
export declare const port: (typeof value)["port"];
`;

test("prints declarations, of an attribute and with arguments", async () => {
  expect(await types("c.nix")).toEqual({ code: 0, stdout: DECLARATIONS, stderr: "" });
  const { stdout } = await types("c.nix", "port", "--argstr", "port", "http");
  expect(stdout).toContain("of port in c.nix by");
  expect(stdout).toContain("declare const value: string;");
});

test("writes beside the file, and checks what is there", async () => {
  const target = join(folder, "c.d.nix.ts");
  const missing = await types("--check", "c.nix");
  expect(missing).toMatchObject({ code: 1, stderr: "error: 'c.d.nix.ts' does not exist\n" });
  expect(await types("--write", "c.nix")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readFileSync(target, "utf8")).toBe(DECLARATIONS);
  expect((await types("--check", "c.nix")).code).toBe(0);
  writeFileSync(target, "old");
  const old = await types("--check", "c.nix");
  expect(old).toMatchObject({
    code: 1,
    stderr: "error: 'c.d.nix.ts' is not what would be written\n",
  });
  expect(readFileSync(target, "utf8")).toBe("old");
});

test("writes a JSON schema", async () => {
  const { stdout } = await types("c.nix", "--json-schema");
  expect(JSON.parse(stdout)).toMatchObject({ type: "object", required: ["hosts", "port"] });
});

test.each([
  [["-E", '{ a = 1 + "x"; }'], "error: cannot add a string to an integer\n       at"],
  [["c.nix", "nope"], "nope"],
  [[], "give a file, or an expression with '--expr'"],
  [["--options", "both", "c.nix"], "'--options' is 'input' or 'output', not 'both'"],
  [["--name", "a b", "c.nix"], "'a b' cannot be the name of a type"],
  [["--write", "-E", "1"], "need a file whose name ends in '.nix', or '--out'"],
  [["-o", "/nonexistent/x", "c.nix"], "cannot write '/nonexistent/x'"],
  [["-E", "builtins.genList (x: x) 200000"], "more than 100000 parts"],
] as const)("%j says what is wrong", async (args, message) => {
  const { code, stdout, stderr } = await types(...args);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^error:/);
  expect(stderr).not.toContain("bug in Nivis");
  expect(stderr).toContain(message);
});
