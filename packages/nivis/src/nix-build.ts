/** `nivis-build`: the flags, the output and the exit codes of `nix-build`. Loaded on demand. */
import { type Attrs, EvalError, select } from "@nivis/eval";
import { type BuildMode, type DerivedPath, encodeUtf8, marked } from "@nivis/formats";
import type { Invocation } from "./invocation.ts";
import { defaultFlags, type EvaluationFlags } from "./options/evaluation-options.ts";
import { flag, type Option, usageError, valueFlag } from "./options/option.ts";
import { runWaitingProgram, type WaitingProgram } from "./program.ts";
import { Realisation } from "./realisation.ts";
import { describePackage, findDerivations, type Package } from "./selection/packages.ts";
import { openSession, type Session, type Source } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** See `nix-instantiate.ts`. */
const NIX_MAX_CALL_DEPTH = 10_000;

interface BuildFlags extends EvaluationFlags {
  /** Files, or expressions with `--expr`; bytes. */
  readonly sources: string[];
  readonly attrPaths: string[];
  expressions: boolean;
  dryRun: boolean;
  mode: BuildMode;
  /** Where the first link goes; `undefined` for none. */
  outLink: string | undefined;
}

function hidden(names: readonly string[], values: readonly string[] = []): Option<BuildFlags> {
  return { names, values, doc: "", hidden: true, apply: () => {} };
}

const OPTIONS: readonly Option<BuildFlags>[] = [
  flag(["--expr", "-E"], "Take the arguments for expressions instead of files", (flags) => {
    flags.expressions = true;
  }),
  valueFlag(
    ["--attr", "-A"],
    "PATH",
    "Build an attribute, such as a.b; may be repeated",
    (flags, path) => flags.attrPaths.push(encodeUtf8(path)),
  ),
  valueFlag(
    ["--out-link", "-o"],
    "PATH",
    "Call the link to the result PATH instead of ./result",
    (flags, path) => {
      flags.outLink = encodeUtf8(path);
    },
  ),
  flag(["--no-out-link", "--no-link"], "Make no link to the result", (flags) => {
    flags.outLink = undefined;
  }),
  flag(["--dry-run"], "Only say what would be built and fetched", (flags) => {
    flags.dryRun = true;
  }),
  flag(["--check"], "Build again and compare with what is there", (flags) => {
    flags.mode = "check";
  }),
  flag(["--repair"], "Build again what is damaged", (flags) => {
    flags.mode = "repair";
  }),
  hidden(["--add-drv-link", "--indirect"]),
  hidden(["--drv-link"], ["PATH"]),
];

const PROGRAM: WaitingProgram<BuildFlags> = {
  name: "nivis-build",
  summary: "build derivations, with the flags of nix-build",
  usage: "[FLAG]... [FILE | EXPR]...",
  description: [
    "Evaluates like nivis-instantiate, builds all derivations that it finds in the store of the machine or the one that --store names, and prints the paths of their outputs. Links to them are called result, result-2, result-dev and so on. A failed build ends with exit code 100; 101 is a time limit, 102 a wrong hash, 104 a result that differs from the first.",
  ],
  examples: [
    { does: "Build a package", command: "nivis-build '<nixpkgs>' -A hello" },
    { does: "See what would be done", command: "nivis-build --dry-run ./default.nix" },
  ],
  options: OPTIONS,
  style: "legacy",
  maxCallDepth: NIX_MAX_CALL_DEPTH,
  defaults: (invocation) => {
    invocation.printsBuildLogs = true;
    return {
      ...defaultFlags(invocation),
      sources: [],
      attrPaths: [],
      expressions: false,
      dryRun: false,
      mode: "normal",
      outLink: "./result",
    };
  },
  positional: (flags, argument) => flags.sources.push(encodeUtf8(argument)),
  run: (flags, invocation) => runBuild(flags, invocation),
};

/** Runs `nivis-build` with its arguments and returns the exit code. */
export function runNixBuild(args: readonly string[], terminal: Terminal): Promise<number> {
  return runWaitingProgram(PROGRAM, args, terminal);
}

async function runBuild(flags: BuildFlags, invocation: Invocation): Promise<number> {
  const session = openSession(flags, { readOnly: flags.readOnly });
  const packages = findPackages(flags, session);
  const realisation = new Realisation(session, invocation);
  const wanted = packages.map(
    ({ drvPath, outputName }): DerivedPath => ({
      kind: "built",
      drv: { kind: "opaque", path: drvPath },
      outputs: [outputName],
    }),
  );
  realisation.printMissing(wanted, flags.dryRun);
  if (flags.dryRun) return 0;
  const built = await realisation.build(wanted, flags.mode, true);
  const numbers = new Map<string, number>();
  const paths: string[] = [];
  packages.forEach(({ drvPath, outputName }, i) => {
    const path = built[i]?.outputs.get(outputName) as string;
    if (!numbers.has(drvPath)) numbers.set(drvPath, numbers.size + 1);
    const number = numbers.get(drvPath) as number;
    if (flags.outLink !== undefined) {
      const link =
        flags.outLink +
        (number > 1 ? `-${number}` : "") +
        (outputName === "out" ? "" : `-${outputName}`);
      realisation.store.addRoot(path, session.absolutePath(link));
    }
    paths.push(path);
  });
  for (const path of paths) invocation.terminal.writeOut(`${path}\n`);
  return 0;
}

/** All derivations that the arguments stand for, in order. */
function findPackages(flags: BuildFlags, session: Session): readonly Package[] {
  const { context } = session.evaluation;
  const args: Attrs = session.autoArguments();
  const packages: Package[] = [];
  for (const text of flags.expressions ? [] : flags.sources) {
    const found = derivationOf(text, session);
    if (found !== undefined) packages.push(found);
  }
  for (const source of sourcesOf(flags, session)) {
    const root = session.evaluate(source);
    for (const path of flags.attrPaths.length === 0 ? [""] : flags.attrPaths) {
      const slot = session.run(select(context, path, args, root));
      session.evaluation.force(slot);
      for (const set of session.run(findDerivations(context, slot, args))) {
        packages.push(session.run(describePackage(context, set)) as Package);
      }
    }
  }
  return packages;
}

/** An argument that is itself a derivation in the store: `DRV`, or `DRV!OUTPUT`. */
function derivationOf(argument: string, session: Session): Package | undefined {
  const { storeDir } = session.store;
  const [path = "", output, ...more] = session.absolutePath(argument).split("!");
  if (!path.endsWith(".drv") || !path.startsWith(`${storeDir}/`)) return undefined;
  if (more.length > 0 || output?.includes(",") === true) {
    throw usageError(
      marked`building more than one derivation output is not supported, in '${argument}'`,
    );
  }
  const known = session.store.readDerivation(path);
  if (known === undefined) throw new EvalError("invalid-path", marked`path '${path}' is not valid`);
  return { drvPath: path, outputName: output ?? known.env.get("outputName") ?? "out" };
}

function sourcesOf(flags: BuildFlags, session: Session): readonly Source[] {
  if (flags.expressions) {
    if (flags.sources.length === 0) throw usageError("'--expr' needs an expression");
    return flags.sources.map((text) => session.expression(text));
  }
  const files = flags.sources.length === 0 ? ["./default.nix"] : flags.sources;
  const evaluated = files.filter((file) => derivationOf(file, session) === undefined);
  return evaluated.map((file) => (file === "-" ? session.standardInput() : session.file(file)));
}
