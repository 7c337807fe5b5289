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

test("describes attributes of flakes", async () => {
  const flake = mkdtempSync(join(tmpdir(), "nivis-types-flake-"));
  try {
    writeFileSync(join(flake, "flake.nix"), "{ outputs = _: { lib.port = 80; lib.f = x: x; }; }");
    const { code, stdout, stderr } = await types(`path:${flake}#lib`, "--name", "Lib");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`the value of path:${flake}#lib`);
    expect(stdout).toContain("readonly port: number;");
    expect((await types(`path:${flake}#lib`, "port")).stdout).toContain("const value: number;");
    const missing = await types(`path:${flake}#nope`);
    expect(missing.stderr).toContain("does not provide attribute");
    const written = await types(`path:${flake}#lib`, "--write");
    expect(written.stderr).toContain("need a file whose name ends in '.nix', or '--out'");
  } finally {
    rmSync(flake, { recursive: true, force: true });
  }
});
