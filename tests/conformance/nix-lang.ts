/**
 * The language suite of C++ Nix (`tests/functional/lang` of a NixOS/nix checkout), run as its driver
 * `lang.sh` runs it: the same commands, the same environment, in the same folder.
 *
 *     parse-fail   --parse -             < file   exit 1   stderr = .err.exp
 *     parse-okay   --parse -             < file   exit 0   stdout = .exp, stderr = .err.exp
 *     eval-fail    FLAGS file                     exit 1   stderr = .err.exp
 *     eval-okay    FLAGS --eval --strict file     exit 0   stdout = .exp, stderr = .err.exp
 *
 * A missing expectation means empty output. `.flags` contains the flags, `.exp.xml` requests XML,
 * `.exp-disabled` disables a case, and `.postprocess` is a script that edits the output files.
 */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Outcome, withoutFolder } from "@nivis/testkit";
import type { ConformanceCase, ConformanceSuite } from "./suite.ts";

/** The part of the suite's nix.conf that affects evaluation. */
const configuration = "show-trace = true\nexperimental-features = nix-command flakes\n";

export const nixLangSuite: ConformanceSuite = {
  name: "nix-lang",
  variable: "NIVIS_CONFORMANCE_NIX",
  cases: (checkout) => {
    const functional = join(checkout, "tests", "functional");
    const environment = configurationFolder();
    return readdirSync(join(functional, "lang"))
      .filter((entry) => entry.endsWith(".nix"))
      .map((entry) => entry.slice(0, -".nix".length))
      .sort()
      .flatMap((name) => {
        const found = readCase(functional, name);
        if (found === undefined) return [];
        return [
          { ...found, invocation: { ...found.invocation, env: { ...environment, ...found.env } } },
        ];
      });
  },
};

type Draft = ConformanceCase & { readonly env?: Record<string, string> };

function readCase(functional: string, name: string): Draft | undefined {
  const kind = /^(parse|eval)-(okay|fail)/.exec(name)?.[0];
  if (kind === undefined) return undefined;
  const file = (ending: string): string => join(functional, "lang", name + ending);
  const read = (ending: string): string =>
    existsSync(file(ending)) ? readFileSync(file(ending), "latin1") : "";
  const path = `lang/${name}.nix`;
  const common = {
    kind,
    name,
    code: kind.endsWith("okay") ? 0 : 1,
    normalise: (outcome: Outcome) => {
      const replaced = withProgramName(withoutFolder(outcome, functional));
      const script = file(".postprocess");
      return existsSync(script) ? postprocess(script, name, replaced) : replaced;
    },
  };
  switch (kind) {
    case "parse-fail":
    case "parse-okay":
      return {
        ...common,
        invocation: { args: ["--parse", "-"], cwd: functional, stdin: read(".nix") },
        ...(kind === "parse-okay" ? { stdout: read(".exp") } : {}),
        stderr: read(".err.exp"),
      };
    case "eval-fail": {
      const flags = existsSync(file(".flags"))
        ? words(read(".flags").replace(/#.*$/gm, ""))
        : ["--eval", "--strict", "--show-trace"];
      return {
        ...common,
        invocation: { args: [...flags, path], cwd: functional },
        stderr: read(".err.exp"),
      };
    }
    default: {
      if (existsSync(file(".exp.xml"))) {
        return {
          ...common,
          invocation: {
            args: ["--eval", "--xml", "--no-location", "--strict", path],
            cwd: functional,
          },
          stdout: read(".exp.xml"),
        };
      }
      if (existsSync(file(".exp-disabled"))) return undefined;
      const flags = words(read(".flags").split("\n")[0] ?? "");
      return {
        ...common,
        invocation: { args: [...flags, "--eval", "--strict", path], cwd: functional },
        env: { NIX_PATH: "lang/dir3:lang/dir4", HOME: "/fake-home" },
        stdout: read(".exp"),
        stderr: read(".err.exp"),
      };
    }
  }
}

/** Replaces the name of our command in usage errors by upstream's. */
function withProgramName(outcome: Outcome): Outcome {
  return { ...outcome, stderr: outcome.stderr.replaceAll("nivis-instantiate", "nix-instantiate") };
}

function words(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== "");
}

/** A folder with the suite's nix.conf, which is removed when the process ends. */
function configurationFolder(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "nivis-conformance-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "home"));
  writeFileSync(join(folder, "nix.conf"), configuration);
  return { NIX_CONF_DIR: folder, HOME: join(folder, "home") };
}

/** Runs the case's script on files with the outputs, like the driver. */
function postprocess(script: string, name: string, outcome: Outcome): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "nivis-postprocess-"));
  try {
    const out = join(folder, `${name}.out`);
    const err = join(folder, `${name}.err`);
    writeFileSync(out, outcome.stdout, "latin1");
    writeFileSync(err, outcome.stderr, "latin1");
    execFileSync("bash", [script, join(folder, name)], { stdio: "ignore" });
    return {
      code: outcome.code,
      stdout: readFileSync(out, "latin1"),
      stderr: readFileSync(err, "latin1"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
