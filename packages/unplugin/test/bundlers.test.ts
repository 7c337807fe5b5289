/** Imports of Nix files in the bundlers themselves. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { nix } from "@nivis/unplugin";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import { build, createServer } from "vite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import webpack from "webpack";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "nivis-unplugin-")));
  mkdirSync(join(folder, "parts"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  write("config.nix", CONFIG);
  write("port.nix", "8080");
  write("parts/a.nix", "1");
  write("function.nix", "{ n ? 1 }: { double = 2 * n; }");
  write("main.js", MAIN);
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

const CONFIG = `{
  port = import ./port.nix;
  parts = builtins.attrNames (builtins.readDir ./parts);
  hasExtra = builtins.pathExists ./extra.nix;
  "not-a-name" = 9007199254740993;
}
`;

const MAIN = `import config, { port } from "./config.nix";
import text from "./port.nix?raw";
import one from "./function.nix";
import double from "./function.nix?attr=double&args=two";
export const result = { config, port, text, one, double };
`;

const RESULT = {
  config: { port: 8080, parts: ["a.nix"], hasExtra: false, "not-a-name": 9007199254740993n },
  port: 8080,
  text: "8080",
  one: { double: 6 },
  double: 4,
};

const OPTIONS = { args: { n: 3 }, argSets: { two: { n: 2 } } };

async function resultOf(file: string): Promise<unknown> {
  const { result } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    result: unknown;
  };
  return result;
}

describe("building", () => {
  test("with Rollup", async () => {
    const bundle = await rollup({ input: join(folder, "main.js"), plugins: [nix.rollup(OPTIONS)] });
    await bundle.write({ file: join(folder, "out.js"), format: "es" });
    expect(await resultOf(join(folder, "out.js"))).toEqual(RESULT);
    const watched = bundle.watchFiles.map((file) => file.slice(folder.length + 1));
    expect(watched).toEqual(
      expect.arrayContaining(["config.nix", "port.nix", "parts", "extra.nix"]),
    );
  });

  test("with esbuild", async () => {
    await esbuild.build({
      entryPoints: [join(folder, "main.js")],
      bundle: true,
      format: "esm",
      outfile: join(folder, "out.js"),
      plugins: [nix.esbuild(OPTIONS)],
    });
    expect(await resultOf(join(folder, "out.js"))).toEqual(RESULT);
  });

  test("with webpack", async () => {
    const stats = await new Promise<webpack.Stats>((resolve, reject) => {
      const compiler = webpack({
        mode: "development",
        devtool: false,
        context: folder,
        entry: "./main.js",
        experiments: { outputModule: true },
        output: { path: folder, filename: "out.js", library: { type: "module" } },
        plugins: [nix.webpack(OPTIONS)],
      });
      compiler?.run((error, found) => {
        if (error !== null || found === undefined) reject(error);
        else resolve(found);
      });
    });
    expect(stats.toString({ all: false, errors: true })).toBe("");
    expect(await resultOf(join(folder, "out.js"))).toEqual(RESULT);
    const { fileDependencies, contextDependencies, missingDependencies } = stats.compilation;
    expect(fileDependencies.has(join(folder, "port.nix"))).toBe(true);
    expect(contextDependencies.has(join(folder, "parts"))).toBe(true);
    expect(missingDependencies.has(join(folder, "extra.nix"))).toBe(true);
  });

  test("with Vite", async () => {
    await build({
      root: folder,
      logLevel: "silent",
      configFile: false,
      plugins: [nix.vite(OPTIONS)],
      build: {
        outDir: join(folder, "dist"),
        minify: false,
        lib: { entry: "main.js", formats: ["es"], fileName: () => "out.js" },
      },
    });
    expect(await resultOf(join(folder, "dist", "out.js"))).toEqual(RESULT);
  });
});

describe("Vite's server", () => {
  test("reloads what depends on a file, a listing, and a file that was not there", async () => {
    const server = await createServer({
      root: folder,
      logLevel: "silent",
      configFile: false,
      plugins: [nix.vite(OPTIONS)],
      server: { middlewareMode: true, ws: false, watch: { usePolling: true, interval: 20 } },
      optimizeDeps: { noDiscovery: true },
    });
    try {
      const load = async (): Promise<typeof RESULT.config> => {
        const module = (await server.ssrLoadModule("/main.js")) as { result: typeof RESULT };
        return module.result.config;
      };
      const until = async (wanted: (config: typeof RESULT.config) => boolean): Promise<void> => {
        await expect.poll(async () => wanted(await load()), { timeout: 20_000 }).toBe(true);
      };
      expect(await load()).toEqual(RESULT.config);
      write("port.nix", "9090");
      await until(({ port }) => port === 9090);
      write("parts/b.nix", "2");
      await until(({ parts }) => parts.length === 2);
      write("extra.nix", "{ }");
      await until(({ hasExtra }) => hasExtra);
    } finally {
      await server.close();
    }
  });

  test("shows where an error is", async () => {
    write("port.nix", '{\n  a = "😀"; b = nam;\n}.b');
    const server = await createServer({
      root: folder,
      logLevel: "silent",
      configFile: false,
      plugins: [nix.vite(OPTIONS)],
      server: { middlewareMode: true, ws: false },
      optimizeDeps: { noDiscovery: true },
    });
    try {
      const error = await server.transformRequest("/config.nix").catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        message: expect.stringContaining("undefined variable 'nam'"),
        loc: { file: join(folder, "port.nix"), line: 2, column: 16 },
        frame: expect.stringContaining("b = nam;"),
      });
    } finally {
      await server.close();
    }
  });
});

test("types are written beside the files", async () => {
  const plugins = [nix.rollup({ ...OPTIONS, types: true })];
  await rollup({ input: join(folder, "main.js"), plugins });
  const text = readFileSync(join(folder, "config.d.nix.ts"), "utf8");
  expect(text).toContain("readonly port: number;");
});

test("functions are no data, and the message says what to do", async () => {
  write("main.js", 'import f from "./f.nix"; console.log(f);');
  write("f.nix", "x: x");
  const plugins = [nix.rollup()];
  await expect(rollup({ input: join(folder, "main.js"), plugins })).rejects.toThrow(
    "cannot convert a function to plain data; a module holds data: call the function in Nix",
  );
});
