/**
 * Imports of Nix files in Rspack, Farm and Bun, whose native programs take 250 MB: they are installed by
 * `npm install @rspack/core @farmfe/core bun` in a folder that NIVIS_BUNDLERS names.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../../scripts/workspace.mjs";

const bundlers = process.env["NIVIS_BUNDLERS"];
const OPTIONS = "{ args: { n: 3 }, argSets: { two: { n: 2 } } }";
const RESULT = {
  config: { port: 8080, parts: ["a.nix"], hasExtra: false },
  port: 8080,
  text: "8080",
  one: { double: 6 },
  double: 4,
};

describe.skipIf(bundlers === undefined)("building with", { timeout: 120_000 }, () => {
  // Below the folder in which the bundlers are installed: Farm fails if it is imported by a path.
  const folder = realpathSync(mkdtempSync(join(bundlers ?? tmpdir(), "try-")));
  const plugin = pathToFileURL(join(root, "packages", "unplugin", "dist", "index.js")).href;

  beforeAll(() => {
    mkdirSync(join(folder, "parts"));
    const files = {
      "package.json": '{ "type": "module" }',
      "config.nix": `{
        port = import ./port.nix;
        parts = builtins.attrNames (builtins.readDir ./parts);
        hasExtra = builtins.pathExists ./extra.nix;
      }`,
      "port.nix": "8080",
      "parts/a.nix": "1",
      "function.nix": "{ n ? 1 }: { double = 2 * n; }",
      "main.js": `import config, { port } from "./config.nix";
        import text from "./port.nix?raw";
        import one from "./function.nix";
        import double from "./function.nix?attr=double&args=two";
        console.log(JSON.stringify({ config, port, text, one, double }));`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a program in the folder, and returns what it prints. */
  function run(program: string, text: string): string {
    writeFileSync(join(folder, "build.mjs"), text);
    return execFileSync(program, ["build.mjs"], { cwd: folder, encoding: "utf8" });
  }

  function resultOf(file: string): unknown {
    return JSON.parse(execFileSync(process.execPath, [join(folder, file)], { encoding: "utf8" }));
  }

  test("Rspack", () => {
    const printed = run(
      process.execPath,
      `import { rspack } from "@rspack/core";
      import { nix } from "${plugin}";
      rspack({
        mode: "development", devtool: false, context: process.cwd(), entry: "./main.js",
        output: { path: process.cwd(), filename: "rspack.js", module: true },
        plugins: [nix.rspack(${OPTIONS})],
      }).run((error, stats) => {
        if (error) throw error;
        const { contextDependencies, missingDependencies } = stats.compilation;
        const has = (set, name) => [...set].some((path) => path.endsWith(name));
        console.log(stats.hasErrors(), has(contextDependencies, "/parts"),
          has(missingDependencies, "/extra.nix"));
      });`,
    );
    expect(printed).toBe("false true true\n");
    expect(resultOf("rspack.js")).toEqual(RESULT);
  });

  test("Farm", () => {
    run(
      process.execPath,
      `import { build } from "@farmfe/core";
      import { nix } from "${plugin}";
      await build({
        root: process.cwd(),
        compilation: {
          input: { index: "./main.js" },
          output: { path: "farm", targetEnv: "node", format: "esm" },
          minify: false, persistentCache: false, progress: false,
        },
        plugins: [nix.farm(${OPTIONS})],
      });`,
    );
    expect(resultOf("farm/index.js")).toEqual(RESULT);
  });

  test("Bun", () => {
    run(
      join(bundlers as string, "node_modules", "bun", "bin", "bun.exe"),
      `import { nix } from "${plugin}";
      const { success } = await Bun.build({
        entrypoints: ["./main.js"], outdir: "bun", target: "node", plugins: [nix.bun(${OPTIONS})],
      });
      if (!success) process.exit(1);`,
    );
    expect(resultOf("bun/main.js")).toEqual(RESULT);
  });
});
