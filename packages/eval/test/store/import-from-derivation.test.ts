/** Import from derivation over a store that builds: at once, or as promises that are waited for. */
import { describe, expect, test } from "vitest";
import {
  EvalError,
  Evaluation,
  IoError,
  memoryIo,
  printAmbiguous,
  renderLogMessage,
  type Settings,
} from "../../src/index.ts";
import type { Store, WantedOutput } from "../../src/store/store.ts";
import { PendingAnswers } from "../../src/waiting-io.ts";

const OUT = "/nix/store/00000000000000000000000000000000-built";
const FILES = { [`${OUT}/default.nix`]: "{ n }: n + 1", [`${OUT}/text`]: "hello" };

/** Keeps derivations, and has {@link OUT} for each output of those whose name is not "bad". */
class BuildingStore implements Store {
  readonly capabilities = { reads: true, writes: true };
  readonly storeDir = "/nix/store";
  readonly derivations = new Set<string>();
  readonly asked: string[] = [];
  readonly #answers = new PendingAnswers();
  readonly #slow: boolean;

  constructor(slow: boolean) {
    this.#slow = slow;
  }

  isValidPath(path: string): boolean {
    return path === OUT || this.derivations.has(path);
  }

  addDerivation({ drvPath }: { readonly drvPath: string }): void {
    this.derivations.add(drvPath);
  }

  references(): undefined {}

  readDerivation(): undefined {}

  addText(): void {}

  addSource(): void {}

  build(wanted: readonly WantedOutput[]): readonly string[] {
    const subject = wanted.map(({ drvPath, output }) => `${drvPath}!${output}`).join(" ");
    const build = (): string[] => {
      this.asked.push(subject);
      if (subject.includes("-bad.drv")) throw new IoError("EBUILD", "the build failed");
      return wanted.map(() => OUT);
    };
    if (!this.#slow) return build();
    return this.#answers.get(subject, subject, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return build();
    });
  }
}

const DRV = (name: string) =>
  `(derivation { name = "${name}"; system = "s"; builder = "/b"; outputs = [ "out" "dev" ]; })`;

async function run(text: string, slow: boolean, settings: Partial<Settings> = {}) {
  const log: string[] = [];
  const store = new BuildingStore(slow);
  const io = memoryIo({
    files: FILES,
    log: (message) => log.push(renderLogMessage(message, false)),
  });
  const evaluation = new Evaluation({ io, store, settings: { readOnlyMode: false, ...settings } });
  let answer: string;
  try {
    const slot = evaluation.loadText(text);
    const value = slow ? await evaluation.deepForceAsync(slot) : evaluation.deepForce(slot);
    answer = printAmbiguous(value);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    answer = `${error.kind}: ${error.message}`;
  }
  return {
    answer,
    log,
    asked: store.asked.map((subject) => subject.replace(/\/nix\/store\/\w+-/g, "")),
  };
}

describe.each([
  ["at once", false],
  ["as promises", true],
])("a store that builds %s", (_name, slow) => {
  test("builds what is imported, read and listed", async () => {
    const program = `let d = ${DRV("d")}; in {
      a = import d.outPath or d { n = 1; };
      b = builtins.readFile "\${d}/text";
      c = builtins.attrNames (builtins.readDir d);
      e = builtins.pathExists "\${d.dev}/nothing";
    }`;
    // The output's path is computed, so what is read lies there: the store's answer is not needed.
    const { answer, asked } = await run(program, slow);
    expect(asked.length).toBeGreaterThan(0);
    expect(answer).toMatch(/^io: path '.*-d' does not exist$/);
  });

  test("puts the path of a floating output where its placeholder stood", async () => {
    const program = `let d = derivation { name = "d"; system = "s"; builder = "/b"; __contentAddressed = true; };
      in [ (import d { n = 1; }) (builtins.readFile "\${d}/text") (builtins.attrNames (builtins.readDir d)) (builtins.pathExists "\${d}/no") ]`;
    const features = new Set(["ca-derivations"]);
    const { answer, asked, log } = await run(program, slow, {
      experimentalFeatures: features,
      traceImportFromDerivation: true,
    });
    expect(answer).toBe('[ 2 "hello" [ "default.nix" "text" ] false ]');
    expect(asked).toEqual(["d.drv!out", "d.drv!out", "d.drv!out", "d.drv!out"]);
    expect(log.map((line) => line.replace(/\/nix\/store\/\w+-/, ""))).toEqual(
      Array(4).fill(
        "warning: built 'd.drv^out' during evaluation due to an import from derivation",
      ),
    );
  });

  test("asks for all outputs of one context together", async () => {
    const program = `let d = ${DRV("d")}; e = ${DRV("e")}; in builtins.readFile ("${OUT}/text" + builtins.substring 0 0 "\${d}\${e.dev}")`;
    const { asked } = await run(program, slow);
    expect(asked.map((subject) => subject.split(" ").sort())).toEqual([["d.drv!out", "e.drv!dev"]]);
  });

  test("says what the store says of a build that failed", async () => {
    const { answer } = await run(`builtins.readFile ${DRV("bad")}`, slow);
    expect(answer).toBe("io: the build failed");
    const caught = await run(`builtins.tryEval (builtins.readFile ${DRV("bad")})`, slow);
    expect(caught.answer).toBe("io: the build failed");
  });

  test("builds nothing where that is forbidden, whatever is there", async () => {
    const { answer, asked } = await run(`import ${DRV("d")}`, slow, {
      allowImportFromDerivation: false,
    });
    expect(answer).toMatch(
      /cannot build '.*-d\.drv\^out' during evaluation because the option 'allow-import-from-derivation' is disabled$/,
    );
    expect(asked).toEqual([]);
  });

  test("knows no derivation in read-only mode", async () => {
    const { answer, asked } = await run(`import ${DRV("d")}`, slow, { readOnlyMode: true });
    expect(answer).toMatch(/^invalid-path: path '.*-d\.drv' is not valid$/);
    expect(asked).toEqual([]);
  });
});
