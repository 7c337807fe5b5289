/**
 * The packages as they are published: packed by npm and unpacked beside each other, where there are
 * no sources, no scripts and no workspace, every command runs and the library loads.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Outcome, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = [
  "@nivis/syntax",
  "@nivis/formats",
  "@nivis/eval",
  "@nivis/fetch",
  "@nivis/flake",
  "@nivis/node",
  "nivis",
];

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "nivis-packed-"));
  const flags = ["--ignore-scripts", "--offline", "--pack-destination", folder];
  const names = packages.flatMap((name) => ["--workspace", name]);
  await succeed("npm", ["pack", "--json", ...flags, ...names], root);
  for (const name of packages) {
    const prefix = `${name.replace("@", "").replace("/", "-")}-`;
    const tarball = readdirSync(folder).find(
      (entry) => entry.startsWith(prefix) && /^\d.*\.tgz$/.test(entry.slice(prefix.length)),
    );
    const target = join(folder, "node_modules", name);
    mkdirSync(target, { recursive: true });
    const file = join(folder, tarball as string);
    await succeed("tar", ["-xzf", file, "--strip-components=1", "-C", target], folder);
  }
  const noble = join(folder, "node_modules", "@noble", "hashes");
  mkdirSync(dirname(noble));
  symlinkSync(join(root, "node_modules", "@noble", "hashes"), noble);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function succeed(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, stderr } = await runProcess(program, { args, cwd, env: { HOME: folder } });
  expect(code, stderr).toBe(0);
}

/** Runs a command as the link that npm makes to it does. */
function command(name: string, args: readonly string[]): Promise<Outcome> {
  const program = join(folder, "node_modules", "nivis", "bin", `${name}.cjs`);
  return runProcess(program, {
    args,
    cwd: folder,
    env: { NIVIS_NO_CACHE: "", XDG_CACHE_HOME: folder },
  });
}

test.each([
  ["nivis", ["eval", "-E", "{ a = 1 + 1; }"], "{ a = 2; }\n"],
  ["nivis", ["parse", "-E", "1+1"], /1/],
  ["nivis", ["lint", "file.nix"], ""],
  ["nivis", ["disassemble", "-E", "x: x + 1"], /ADD/i],
  ["nivis", ["trace", "-E", "(x: x) 1"], /1/],
  ["nivis", ["instantiate", "-E", "[ ]"], ""],
  ["nivis", ["--help"], /Usage/],
  ["nivis-instantiate", ["--eval", "-E", "1 + 1"], "2\n"],
] as const)("%s %j", async (name, args, expected) => {
  writeFileSync(join(folder, "file.nix"), "1 + 1\n");
  const { code, stdout, stderr } = await command(name, [...args]);
  expect(code, stderr).toBe(0);
  if (typeof expected === "string") expect(stdout).toBe(expected);
  else expect(stdout).toMatch(expected);
});

test("the library loads", async () => {
  writeFileSync(
    join(folder, "library.mjs"),
    `import { Evaluation, nodeIo, toPlainData } from "nivis";
const evaluation = new Evaluation({ io: nodeIo() });
const value = evaluation.evalText("{ a = 1 + 1; }", { kind: "string" }, "/");
console.log(JSON.stringify(toPlainData(evaluation, value)));
`,
  );
  const outcome = await runProcess(process.execPath, { args: ["library.mjs"], cwd: folder });
  expect(outcome).toEqual({ code: 0, stdout: '{"a":2}\n', stderr: "" });
});
