/** The promises of each package.json, and what neutral packages must not contain. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { PACKAGES, PUBLIC_PACKAGES } from "../../scripts/workspace.mjs";

const packages = fileURLToPath(new URL("../../packages", import.meta.url));
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly publishConfig: { readonly access: string };
  readonly private?: boolean;
  readonly engines: { readonly node: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<{ ".": { readonly types: string; readonly default: string } }>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")) as Manifest;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

describe.each(PUBLIC_PACKAGES)("%s", (name) => {
  test("has the common licence, engine, module type and version", () => {
    const { license, engines, type, version } = manifest(name);
    expect({ license, engines, type, version }).toEqual({
      license: "MIT",
      engines: { node: ">=20.19.0" },
      type: "module",
      version: manifest("nivis").version,
    });
  });

  test("has a description, keywords and public access", () => {
    const { description, keywords, publishConfig, private: hidden } = manifest(name);
    expect(description).toMatch(/^[A-Z].{20,}[^.]$/);
    expect(keywords).toContain("nix");
    expect({ publishConfig, hidden }).toEqual({
      publishConfig: { access: "public" },
      hidden: undefined,
    });
  });

  test("has the common licence and a README", () => {
    const licence = readFileSync(join(packages, "..", "LICENSE"), "utf8");
    expect(readFileSync(join(packages, name, "LICENSE"), "utf8")).toBe(licence);
    const readme = readFileSync(join(packages, name, "README.md"), "utf8");
    expect(readme.split("\n")[0]).toBe(`# ${manifest(name).name}`);
  });

  test("depends on exact versions", () => {
    for (const version of Object.values(manifest(name).dependencies ?? {})) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test("exports a module that loads and has exports", async () => {
    const entry = manifest(name).exports["."].default;
    const file = join(packages, name, entry);
    expect(existsSync(file), `${file} is not built`).toBe(true);
    const loaded = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as object;
    expect(Object.keys(loaded)).not.toEqual([]);
  });
});

test("the libraries share one copy of each other", () => {
  const evaluate = readFileSync(join(packages, "eval", "dist", "index.js"), "utf8");
  expect(evaluate).toMatch(/from "@nivis\/syntax"/);
  const facade = readFileSync(join(packages, "nivis", "dist", "index.js"), "utf8");
  expect(facade).toMatch(/from "@nivis\/eval"/);
  expect(facade).not.toContain("function runLoop");
});

test("the commands exist and are executable", () => {
  const { bin = {} } = manifest("nivis");
  expect(Object.keys(bin)).toEqual(["nivis", "nivis-build", "nivis-instantiate", "nivis-nix"]);
  for (const file of Object.values(bin)) {
    expect(statSync(join(packages, "nivis", file)).mode & 0o111).not.toBe(0);
  }
});

const neutralPackages = PACKAGES.filter((one) => one.isNeutral).map(({ name }) => name);

describe.each(neutralPackages)("%s, which must load in a browser,", (name) => {
  test("does not mention modules of Node in its sources or its build", () => {
    const files = [
      ...filesBelow(join(packages, name, "src")),
      join(packages, name, "dist", "index.js"),
    ];
    const offending = files.filter((file) => /["']node:/.test(readFileSync(file, "utf8")));
    expect(offending).toEqual([]);
  });
});
