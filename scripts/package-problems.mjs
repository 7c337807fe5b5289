/**
 * What publint says about the files and exports of a packed package, and Are The Types Wrong about how
 * TypeScript resolves it.
 *
 * The packages are ES modules only: that `require` needs a Node with `require(esm)`, and that the old
 * resolution `node10` knows no subpaths, are no findings.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { root } from "./workspace.mjs";

/** What is said of every package of ES modules alone. */
const EXPECTED = new Set(["CJSResolvesToESM"]);

/** The resolution of TypeScript before 4.7. */
const OLD_RESOLUTION = "node10";

/**
 * @param {string} name The folder of the package.
 * @param {Uint8Array<ArrayBuffer>} tarball
 * @returns {Promise<string[]>}
 */
export async function packageProblems(name, tarball) {
  return [...(await lint(name, tarball)), ...(await resolve(tarball))];
}

/**
 * @param {string} name
 * @param {Uint8Array<ArrayBuffer>} tarball
 */
async function lint(name, tarball) {
  const { messages } = await publint({
    level: "suggestion",
    pack: { tarball: tarball.buffer },
  });
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  return messages.map((message) => formatMessage(message, manifest, { color: false }) ?? "");
}

/** @param {Uint8Array<ArrayBuffer>} tarball */
async function resolve(tarball) {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (!("problems" in analysis)) return ["there are no types"];
  return analysis.problems.flatMap((problem) => {
    if (EXPECTED.has(problem.kind)) return [];
    if ("resolutionKind" in problem && problem.resolutionKind === OLD_RESOLUTION) return [];
    return [JSON.stringify(problem)];
  });
}
