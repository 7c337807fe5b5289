/**
 * The packages as they are published: packed by npm and installed into an empty folder from the
 * tarballs, without sources, scripts or a workspace. Every command runs; the libraries load from ES
 * modules and from CommonJS; TypeScript finds their types with both kinds of module resolution; and
 * the examples in their READMEs print what they claim.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { type Outcome, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageProblems } from "../../scripts/package-problems.mjs";
import { hasDeclarations, npmName, PUBLIC_PACKAGES } from "../../scripts/workspace.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = PUBLIC_PACKAGES.map(npmName);

/** The folders of the third-party packages that a package needs, by name. */
function thirdPartyPackages(folderOfPackage: string, found = new Map<string, string>()) {
  const text = readFileSync(join(folderOfPackage, "package.json"), "utf8");
  const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
  for (const name of Object.keys(dependencies)) {
    if (name.startsWith("@nivis/") || found.has(name)) continue;
    found.set(name, join(root, "node_modules", name));
    thirdPartyPackages(join(root, "node_modules", name), found);
  }
  return found;
}

const others = new Map<string, string>();
for (const name of packages) {
  thirdPartyPackages(join(root, "packages", name.replace("@nivis/", "")), others);
}

let folder: string;

/** The tarball of each package. */
const archives = new Map<string, string>();

/** The files of each tarball, without their common folder. */
const contents = new Map<string, readonly string[]>();

beforeAll(async () => {
  expect(hasDeclarations(), "the build has no declarations: npm run build").toBe(true);
  folder = mkdtempSync(join(tmpdir(), "nivis-packed-"));
  // `npm test` has done the work of `prepack`, and other tests need the build meanwhile.
  const flags = ["--ignore-scripts", "--offline", "--pack-destination", folder];
  const names = packages.flatMap((name) => ["--workspace", name]);
  await succeed("npm", ["pack", "--json", ...flags, ...names], root);
  await succeed("npm", ["pack", "--json", ...flags, ...others.values()], root);
  const tarballs = [...packages, ...others.keys()].map((name) => {
    const prefix = `${name.replace("@", "").replace("/", "-")}-`;
    const tarball = readdirSync(folder).find(
      (entry) => entry.startsWith(prefix) && /^\d.*\.tgz$/.test(entry.slice(prefix.length)),
    );
    return [name, join(folder, tarball as string)] as const;
  });
  const dependencies = Object.fromEntries(tarballs.map(([name, file]) => [name, `file:${file}`]));
  // The packages depend on versions of each other that no registry has.
  const manifest = { name: "user", private: true, dependencies, overrides: dependencies };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  const quiet = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await succeed("npm", ["install", ...quiet], folder);
  for (const [name] of tarballs) {
    const installed = join(folder, "node_modules", name);
    archives.set(name, tarballs.find(([other]) => other === name)?.[1] as string);
    contents.set(name, readdirSync(installed, { recursive: true, encoding: "utf8" }));
  }
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true }));

async function succeed(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, stderr } = await runProcess(program, { args, cwd, env: { HOME: folder } });
  expect(code, stderr).toBe(0);
}

/** Runs a command like npm's link to it. */
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
  ["nivis", ["parse", "-E", "1+1"], "(1 + 1)\n"],
  ["nivis", ["lint", "file.nix"], ""],
  ["nivis", ["fmt", "--check", "file.nix"], ""],
  ["nivis", ["disassemble", "-E", "x: x + 1"], /^ +5 {2}ADD {2}; .*:1:8$/m],
  ["nivis", ["trace", "-E", "(x: x) 1"], "1\n"],
  ["nivis", ["instantiate", "-E", "[ ]"], ""],
  ["nivis", ["--help"], /^Usage: nivis COMMAND/m],
  ["nivis", ["hash", "file", "file.nix"], /^sha256-/],
  [
    "nivis",
    ["store", "info", "--store", "dummy://", "--json"],
    '{"trusted":true,"url":"dummy://"}\n',
  ],
  ["nivis", ["flake", "metadata", "--help"], /Usage/],
  ["nivis", ["prefetch", "file:///dev/null"], /^[0-9a-z]{52}\n$/],
  ["nivis-instantiate", ["--eval", "-E", "1 + 1"], "2\n"],
] as const)("%s %j", async (name, args, expected) => {
  writeFileSync(join(folder, "file.nix"), "1 + 1\n");
  const { code, stdout, stderr } = await command(name, [...args]);
  expect(code, stderr).toBe(0);
  if (typeof expected === "string") expect(stdout).toBe(expected);
  else expect(stdout).toMatch(expected);
});

describe.each(packages)("%s", (name) => {
  test("has types, a README and a licence, and neither sources nor maps", () => {
    const files = contents.get(name) ?? [];
    expect(files).toEqual(
      expect.arrayContaining([
        "LICENSE",
        "README.md",
        "package.json",
        "dist/index.js",
        "dist/index.d.ts",
      ]),
    );
    const stray = files.filter(
      (file) =>
        /\.map$|^src|^test|\.tsbuildinfo$/.test(file) ||
        (/\.ts$/.test(file) && !/\.d\.ts$/.test(file)),
    );
    expect(stray).toEqual([]);
  });

  test("has nothing for publint and Are The Types Wrong to find", async () => {
    const tarball = new Uint8Array(readFileSync(archives.get(name) as string));
    const problems = await packageProblems(name.replace("@nivis/", ""), tarball);
    expect(problems).toEqual([]);
  });

  test("has examples in its README that print what they claim", async () => {
    const page = readFileSync(join(folder, "node_modules", name, "README.md"), "utf8");
    const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map((found) => found[1] as string);
    for (const example of examples) {
      const expected = [...example.matchAll(/(?:; |^)\/\/ (.*)$/gm)].map((found) => found[1]);
      expect(expected.length).toBeGreaterThan(0);
      writeFileSync(join(folder, "example.mjs"), example);
      const outcome = await runProcess(process.execPath, { args: ["example.mjs"], cwd: folder });
      expect({ ...outcome, stdout: decodeUtf8(outcome.stdout) }).toEqual({
        code: 0,
        stdout: `${expected.join("\n")}\n`,
        stderr: "",
      });
    }
  });
});

test("the commands contain the licences of third-party code", () => {
  const notices = join(folder, "node_modules", "nivis", "dist", "THIRD-PARTY-NOTICES.txt");
  expect(readFileSync(notices, "utf8")).toMatch(/@noble\/hashes .*\(MIT\)\n\nThe MIT License/);
});

const USE = `const value = evaluate('{ a = 1 + 1; e = "é"; }');
console.log(JSON.stringify(value));
`;

test("the library loads from an ES module", async () => {
  writeFileSync(join(folder, "library.mjs"), `import { evaluate } from "nivis";\n${USE}`);
  const outcome = await runProcess(process.execPath, { args: ["library.mjs"], cwd: folder });
  expect(outcome).toEqual({ code: 0, stdout: encodeUtf8('{"a":2,"e":"é"}\n'), stderr: "" });
});

test("the library loads from CommonJS", async () => {
  writeFileSync(join(folder, "library.cjs"), `const { evaluate } = require("nivis");\n${USE}`);
  const { code, stdout } = await runProcess(process.execPath, {
    args: ["library.cjs"],
    cwd: folder,
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: encodeUtf8('{"a":2,"e":"é"}\n') });
});

/** Uses each package, and expects type errors. */
const PROGRAM = `import { Evaluation, memoryIo, type EvalIo, type Value } from "@nivis/eval";
import { parseHash, type Bytes } from "@nivis/formats";
import { nodeIo } from "@nivis/node";
import { createNix, evaluate, evaluateFile, NixError, nix, type PlainData } from "nivis";
import { DiskBytecodeCache } from "nivis/node";
import { Attrs } from "nivis/vm";
import { parse, printExpr, SourceFile } from "@nivis/syntax";

const io: EvalIo = memoryIo({ files: { "/a.nix": "1" } });
const evaluation = new Evaluation({ io, settings: { maxSteps: 10, experimentalFeatures: ["x"] } });
export const value: Value = evaluation.evaluate("1", { basePath: "/" });
export const data: PlainData = evaluate(nix\`\${1}\`, { args: { a: [1, "x", null] } });
export const bytes: Bytes = evaluation.toJson(Attrs.of(["a"], [1]));
using session = createNix({ cache: new DiskBytecodeCache("/tmp/cache") });
export const length: number = session.open("[ ]").length;
export const tree = printExpr(parse(new SourceFile({ kind: "string" }, "1"), { basePath: "/" }).expr);
export const others = [nodeIo, parseHash, evaluateFile, NixError];
// @ts-expect-error a Date is not data
session.value({ a: new Date() });
// @ts-expect-error there is no such setting
new Evaluation({ io, settings: { maxStep: 1 } });
`;

test.each([
  ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }],
  ["bundler", { module: "esnext", moduleResolution: "bundler" }],
])(
  "TypeScript finds the types by %s",
  async (name, options) => {
    const project = join(folder, `types-${name}`);
    mkdirSync(project);
    writeFileSync(join(project, "program.ts"), PROGRAM);
    writeFileSync(join(project, "package.json"), '{ "type": "module" }');
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          ...options,
          target: "es2023",
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          skipLibCheck: false,
          types: ["node"],
          typeRoots: [join(root, "node_modules", "@types")],
        },
        files: ["program.ts"],
      }),
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const outcome = await runProcess(process.execPath, { args: [tsc, "-p", project], cwd: folder });
    expect(outcome).toEqual({ code: 0, stdout: "", stderr: "" });
  },
  60_000,
);

test("an installed command without its build does not run scripts of the user's project", async () => {
  const project = join(folder, "broken");
  const target = join(project, "node_modules", "nivis");
  mkdirSync(join(target, "bin"), { recursive: true });
  mkdirSync(join(project, "scripts"));
  writeFileSync(join(project, "package.json"), '{ "name": "theirs" }');
  writeFileSync(join(project, "scripts", "build.mjs"), 'console.log("ran");');
  for (const file of ["nivis.cjs", "build.cjs"]) {
    const text = readFileSync(join(folder, "node_modules", "nivis", "bin", file), "utf8");
    writeFileSync(join(target, "bin", file), text);
  }
  const { code, stdout, stderr } = await runProcess(process.execPath, {
    args: [join(target, "bin", "nivis.cjs"), "--help"],
    cwd: project,
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/launch\.cjs is missing; run: npm install nivis\n$/);
});
