/**
 * The JSON files that name packages agree with the table of packages in scripts/workspace.mjs. A
 * red test means that a package was added, renamed or moved in one of them only.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { npmName, PACKAGES, root } from "../../scripts/workspace.mjs";

interface Project {
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readJson<T>(...path: readonly string[]): T {
  return JSON.parse(readFileSync(join(root, ...path), "utf8")) as T;
}

test("each folder of packages/ is a row of the table, and each row a folder", () => {
  const folders = readdirSync(join(root, "packages"));
  expect(PACKAGES.map(({ name }) => name).sort()).toEqual(folders.sort());
});

test("each row stands below those that import it", () => {
  const seen = new Set<string>();
  for (const { name, imports } of PACKAGES) {
    expect(imports.filter((lower) => !seen.has(lower))).toEqual([]);
    seen.add(name);
  }
});

test("neutral packages import only neutral ones", () => {
  const neutral = new Set(PACKAGES.filter((one) => one.isNeutral).map(({ name }) => name));
  for (const { imports, isNeutral } of PACKAGES) {
    if (isNeutral) expect(imports.filter((lower) => !neutral.has(lower))).toEqual([]);
  }
});

test("tsconfig.neutral.json has the neutral packages", () => {
  const { include } = readJson<Project>("tsconfig.neutral.json");
  const sources = PACKAGES.filter((one) => one.isNeutral).map(({ name }) => `packages/${name}/src`);
  expect([...include].sort()).toEqual(sources.sort());
});

test("tsconfig.build.json leaves out the packages that are not published", () => {
  const { include, exclude } = readJson<Project>("tsconfig.build.json");
  const unpublished = PACKAGES.filter((one) => !one.isPublished);
  expect(include).toEqual(["packages/*/src"]);
  expect(exclude).toEqual(unpublished.map(({ name }) => `packages/${name}`));
});

describe.each(PACKAGES)("$name", ({ name, imports, thirdParty, isPublished }) => {
  const manifest = readJson<Manifest>("packages", name, "package.json");
  const dependencies = Object.keys(manifest.dependencies ?? {});

  test("has its name, and is private unless it is published", () => {
    expect(manifest.name).toBe(npmName(name));
    expect(manifest.private ?? false).toBe(!isPublished);
  });

  test("depends on packages that the table allows it", () => {
    const allowed = [...imports.map(npmName), ...thirdParty];
    expect(dependencies.filter((one) => !allowed.includes(one))).toEqual([]);
  });

  test.runIf(isPublished)("depends on all packages that its build imports", () => {
    const text = readFileSync(join(root, "packages", name, "dist", "index.js"), "utf8");
    const specifiers = [...text.matchAll(/^(?:import|export) [^;]*?from "([^".][^"]*)"/gm)];
    const names = specifiers.map(([, specifier = ""]) =>
      specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/"),
    );
    const missing = names.filter((one) => !one.startsWith("node:") && !dependencies.includes(one));
    expect(missing).toEqual([]);
  });
});
