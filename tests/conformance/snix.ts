/**
 * The language suites of Snix and of its ancestor Tvix: `eval/src/tests` of a checkout, and the
 * cases with real derivations in `glue/src/tests`.
 *
 *     eval-okay   --eval --strict file              exit 0   stdout = .exp
 *                 --eval --strict --xml … file      exit 0   stdout = .exp.xml
 *     eval-fail   --eval --strict file              exit 1
 *     identity    --eval --strict file              exit 0   stdout = the file itself
 *     parse-*     --parse file                      exit 0 or 1
 *
 * Texts are compared without surrounding white space. `.flags` files come from C++ Nix and are
 * honoured, and eval-okay files without an expectation are skipped. The folders `notyetpassing`
 * contain cases that these implementations fail; C++ Nix and Nivis pass them, so they are ordinary
 * cases here. Standard error is specific to those implementations and is not compared.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "@nivis/testkit";
import type { ConformanceCase, ConformanceSuite } from "./suite.ts";

/** Neither implementation limits the depth of calls. */
const UNLIMITED = ["--option", "max-call-depth", "4000000000"];

export const snixSuite: ConformanceSuite = {
  name: "snix",
  variable: "NIVIS_CONFORMANCE_SNIX",
  cases: (checkout) => casesOf(join(checkout, "snix"), "snix_tests"),
};

export const tvixSuite: ConformanceSuite = {
  name: "tvix",
  variable: "NIVIS_CONFORMANCE_TVIX",
  cases: (checkout) => casesOf(checkout, "tvix_tests"),
};

function casesOf(root: string, ownTests: string): ConformanceCase[] {
  const folders = ["nix_tests", ownTests].flatMap((folder) => [
    ["eval", folder],
    ["eval", `${folder}/notyetpassing`],
    ["glue", folder],
  ]);
  return folders.flatMap(([crate, folder]) => {
    const tests = join(root, crate as string, "src", "tests");
    const path = join(tests, folder as string);
    if (!existsSync(path)) return [];
    return readdirSync(path)
      .filter((entry) => /^((parse|eval)-(okay|fail)|identity).*\.nix$/.test(entry))
      .sort()
      .flatMap((entry) =>
        readCase(tests, path, entry.slice(0, -".nix".length), `${crate}/${folder}`),
      );
  });
}

function readCase(tests: string, folder: string, name: string, prefix: string): ConformanceCase[] {
  const kind = /^(parse|eval)-(okay|fail)|^identity/.exec(name)?.[0] as string;
  const file = (ending: string): string => join(folder, name + ending);
  const read = (ending: string): string => readFileSync(file(ending), "latin1").trim();
  const flags = existsSync(file(".flags")) ? read(".flags").split(/\s+/) : [];
  const path = join(folder, `${name}.nix`);
  const common = {
    kind,
    name: `${prefix}/${name}`,
    normalise: (outcome: Outcome) => comparable(outcome, folder),
  };
  const env = { HOME: "/fake-home", NIX_PATH: "dir3:dir4" };
  const evaluation = (...more: string[]) => ({
    args: ["--eval", "--strict", ...UNLIMITED, ...more, ...flags, path],
    // Paths in `.flags` files are relative to this folder.
    cwd: tests,
    env,
  });
  switch (kind) {
    case "parse-okay":
    case "parse-fail":
      return [
        {
          ...common,
          code: kind === "parse-okay" ? 0 : 1,
          invocation: { args: ["--parse", path], cwd: tests },
        },
      ];
    case "identity":
      return [{ ...common, code: 0, invocation: evaluation(), stdout: read(".nix") }];
    case "eval-fail":
      return [{ ...common, code: 1, invocation: evaluation() }];
    default: {
      const cases: ConformanceCase[] = [];
      if (existsSync(file(".exp.xml"))) {
        const invocation = evaluation("--xml", "--no-location");
        cases.push({ ...common, code: 0, invocation, stdout: read(".exp.xml") });
      }
      if (existsSync(file(".exp"))) {
        cases.push({ ...common, code: 0, invocation: evaluation(), stdout: read(".exp") });
      }
      return cases;
    }
  }
}

/** Trims the outputs and gives files from the suite of C++ Nix their original folder. */
function comparable(outcome: Outcome, folder: string): Outcome {
  return { ...outcome, stdout: outcome.stdout.trim().replaceAll(folder, "/pwd/lang") };
}
