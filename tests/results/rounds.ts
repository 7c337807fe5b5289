/**
 * Rounds of random edits: after each, a program is run with the result of an earlier run, if that
 * still holds, and without it. Both must print the same.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputRecorder } from "@nivis/node";
import { Random } from "@nivis/testkit";
import { runKeepingImage, runThroughImage } from "../../packages/nivis/src/images/image-run.ts";
import { runNivis } from "../../packages/nivis/src/nivis.ts";
import { nixInstantiate } from "../../packages/nivis/src/nix-instantiate.ts";
import { runProgram } from "../../packages/nivis/src/program.ts";
import { recall } from "../../packages/nivis/src/results/recall.ts";
import type { ResultSlot } from "../../packages/nivis/src/results/result-slot.ts";
import { RunRecording } from "../../packages/nivis/src/results/run-recording.ts";
import type { Terminal } from "../../packages/nivis/src/terminal.ts";
import { describeTree, RandomTree } from "./random-trees.ts";

/** The clock of the file system advances in steps of at most this many milliseconds. */
const SETTLING_TIME = 20;
/** Rounds in one tree. */
const ROUNDS_PER_TREE = 50;
const PROGRAMS = 4;
/** Further attempts to get a program that imports something. */
const MORE_PROGRAMS = 8;

/** A file with a function that is called with functions, and keeps them. */
const CALLEE = `{ o ? [ ], c ? { }, ... }@args:
let
  base = { a = 1; b = import ./m0.nix; d = fixed.a; };
  fixed = builtins.foldl' (super: f: super // f fixed super) base o;
in {
  inherit args fixed o c base;
  inherit (fixed) a b d;
  f = fixed.f or (x: [ x ]);
  q = (c.p or (x: x)) fixed.a;
  m = builtins.map (f: f fixed base) o;
  e = builtins.tryEval fixed.t or null;
}
`;
/** Different beginnings of programs, each with changes. */
const PREFIXES = 3;

/** What happened in some rounds. */
export interface Tally {
  rounds: number;
  /** Results that were recalled. */
  hits: number;
  /** Of these, results that were recalled after an edit. */
  hitsAfterEdits: number;
  /** Runs that could not be kept. */
  unkept: number;
  /** Heap images that were written. */
  images: number;
  /** Runs that took something from an image and were not repeated. */
  used: number;
}

/** What a run printed. */
interface Printed {
  readonly code: number;
  readonly pieces: readonly string[];
}

/** What rounds are about. Both default to false. */
export interface RoundOptions {
  /** Runs that are not remembered may begin with a heap image, which other programs have made before some of the edits. */
  readonly images?: boolean;
  /** See {@link RandomTree}. */
  readonly listings?: boolean;
}

/** Runs rounds; throws an error that describes the first difference. */
export function runRounds(rounds: number, seed: number, options: RoundOptions = {}): Tally {
  const tally: Tally = { rounds: 0, hits: 0, hitsAfterEdits: 0, unkept: 0, images: 0, used: 0 };
  const here = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "nivis-results-"));
  try {
    for (let tree = 0; tally.rounds < rounds; tree++) {
      const place = join(folder, String(tree));
      const random = new Random(seed + tree * 7919);
      new Trial(place, random, `seed ${seed}, tree ${tree}`, options).run(
        Math.min(ROUNDS_PER_TREE, rounds - tally.rounds),
        tally,
      );
      process.chdir(here);
      remove(place);
    }
    return tally;
  } finally {
    process.chdir(here);
    remove(folder);
  }
}

class Trial {
  readonly #folder: string;
  readonly #random: Random;
  readonly #name: string;
  readonly #tree: RandomTree;
  readonly #programs: readonly (readonly string[])[];
  /** Beginnings of programs that call a file's function with functions. */
  readonly #prefixes: readonly string[];

  readonly #images: boolean;

  constructor(
    folder: string,
    random: Random,
    name: string,
    { images = false, listings = false }: RoundOptions,
  ) {
    this.#images = images;
    this.#folder = folder;
    this.#random = random;
    this.#name = name;
    this.#tree = new RandomTree(join(folder, "tree"), random, listings);
    mkdirSync(join(folder, "home"));
    if (images) writeFileSync(join(this.#tree.root, "callee.nix"), CALLEE);
    const prefixes = Array.from({ length: PREFIXES }, () => this.#callOfFunctions());
    this.#prefixes = images ? prefixes : [];
    this.#programs = Array.from({ length: PROGRAMS }, () => this.#program());
  }

  run(rounds: number, tally: Tally): void {
    const random = this.#random;
    process.chdir(this.#tree.root);
    for (let round = 0; round < rounds; round++) {
      const edits: string[] = [];
      for (let n = random.below(3); n > 0; n--) edits.push(this.#tree.edit());
      if (random.chance(0.1)) edits.push(this.#removeFromStore());
      // Files whose stamps have settled, and files that were changed just now.
      if (random.chance(0.5)) pause(SETTLING_TIME + 5);
      const program = random.below(PROGRAMS);
      const args = this.#programs[program] as readonly string[];
      const slot = { file: join(this.#folder, "results", String(program)), key: args.join(" ") };
      const isQuick = random.chance(0.5);
      if (this.#images && random.chance(0.4)) this.#warm(random.below(PROGRAMS), tally);
      if (this.#images && random.chance(0.3)) edits.push(this.#tree.edit());
      // Most runs are to go on with images.
      const recalls = !this.#images || random.chance(0.4);
      const remembered = recalls ? this.#recalled(slot, isQuick) : undefined;
      const fresh = this.#fresh(args, join(this.#folder, "store-fresh"), undefined, tally);
      const shown = remembered ?? this.#fresh(args, join(this.#folder, "store"), slot, tally);
      tally.rounds++;
      if (remembered !== undefined) {
        tally.hits++;
        if (edits.length > 0) tally.hitsAfterEdits++;
      }
      if (JSON.stringify(shown) !== JSON.stringify(fresh)) {
        throw new Error(
          [
            `${this.#name}, round ${round}: ${args.join(" ")}`,
            `edits: ${edits.join("; ")}`,
            `remembered: ${JSON.stringify(remembered)}`,
            `fresh:      ${JSON.stringify(fresh)}`,
            `environment: ${JSON.stringify(this.#tree.environment)}`,
            describeTree(this.#tree.root),
          ].join("\n"),
        );
      }
      this.#checkStore(shown);
    }
  }

  /** Bindings, among them `p`: the result of a call with `v`. */
  #callOfFunctions(): string {
    const random = this.#random;
    const inner = (): string =>
      random.pick(["1", "2", "k", "super.b", "self.d", "{ a = k; }", this.#tree.expression(0)]);
    const overlay = random.pick([
      `(self: super: { a = ${inner()}; f = x: [ x super.b ]; })`,
      `(self: super: { a = ${inner()}; t = throw "t"; f = { x ? k, ... }@y: y; })`,
      `(self: super: rec { d = ${inner()}; f = x: y: d; g = map f [ 1 ]; })`,
      "(import ./m1.nix)",
      "l",
    ]);
    const more = random.pick(["", "", "l", `(self: super: { d = ${inner()}; })`]);
    const argument = random.pick([
      `{ o = [ ${overlay} ${more} ]; }`,
      `{ o = [ ${overlay} ${more} ]; c = { p = q: [ q k ]; }; }`,
      `{ o = with { w = k; }; [ (self: super: { a = w; }) ${more} ]; inherit k; }`,
      `{ o = map (n: self: super: { a = n; }) [ k 3 ]; c.p = builtins.add 1; }`,
    ]);
    const k = random.pick(["4", '"k"', "(import ./m2.nix)"]);
    return `k = ${k}; l = self: super: { d = k; }; v = ${argument}; p = import ./callee.nix v`;
  }

  /** A program that begins with one of a few calls, perhaps with a change that matters or does not. */
  #callProgram(): string {
    const random = this.#random;
    let prefix = random.pick(this.#prefixes);
    if (random.chance(0.2)) prefix = prefix.replace("k = 4", "k = 5").replace("super.b", "super.d");
    if (random.chance(0.2)) prefix = prefix.replaceAll("; ", ";\n  ");
    const use = (): string =>
      random.pick([
        "p.a",
        "p.b",
        "p.d",
        "p.f",
        "(p.f { })",
        "p.q",
        "p.m",
        "p.e",
        "p.fixed",
        "p.args",
        "(p.args == v)",
        "(p.o == v.o)",
        "([ l ] == p.o)",
        "(builtins.elem l p.o)",
        '(builtins.unsafeGetAttrPos "a" p.fixed)',
        '(builtins.unsafeGetAttrPos "o" p.args)',
        "(builtins.functionArgs p.f)",
        "(builtins.toXML p.a)",
        "(builtins.trace p.o p.a)",
        "(builtins.attrNames p.fixed)",
        "(import ./callee.nix v == p)",
        "(builtins.seq p.a v)",
      ]);
    const before = random.chance(0.15) ? "builtins.seq (l 1 2) " : "";
    return `let ${prefix}; in ${before}[ ${use()} ${use()} ${use()} ]`;
  }

  #program(): readonly string[] {
    const random = this.#random;
    let expression = this.#tree.expression();
    if (this.#prefixes.length > 0 && random.chance(0.6)) expression = this.#callProgram();
    // Images have what was imported.
    for (let n = 0; this.#images && n < MORE_PROGRAMS && !/import/.test(expression); n++) {
      expression = this.#tree.expression();
    }
    const flags = random.pick([[], ["--show-trace"], ["--strict"], ["-I", "p=a"]]);
    if (random.chance(0.3)) return ["eval", ...flags, "--expr", expression];
    if (random.chance(0.3)) {
      const body = `derivation { name = "n"; system = "s"; builder = ./x; e = builtins.toJSON (${expression}); }`;
      return ["drv", "-E", body];
    }
    return ["instantiate", "--eval", "--read-write-mode", ...flags, "-E", expression];
  }

  #start(args: readonly string[], store: string, terminal: Terminal): number {
    const [word, ...rest] = args;
    const given = ["--store", `local?root=${store}`, ...rest];
    if (word === "eval") return runNivis(["eval", ...given], terminal) as number;
    return runProgram(nixInstantiate, given, terminal);
  }

  /** Writes a heap image of a program. */
  #warm(program: number, tally: Tally): void {
    const terminal = this.#terminal([], this.#cachedEnvironment());
    const args = this.#programs[program] as readonly string[];
    const { failure } = runKeepingImage(terminal, (own) =>
      this.#start(args, join(this.#folder, "store"), own),
    );
    if (failure === undefined) tally.images++;
  }

  #terminal(pieces: string[], environment: Terminal["environment"]): Terminal {
    return {
      writeOut: (bytes) => put(pieces, 1, bytes),
      writeLine: (bytes) => put(pieces, 2, `${bytes}\n`),
      readInput: () => "",
      color: false,
      build: "fuzz",
      environment,
    };
  }

  #cachedEnvironment(): Record<string, string> {
    const cache = join(this.#folder, "cache");
    return { ...this.#environment(), NIVIS_NO_CACHE: "", XDG_CACHE_HOME: cache };
  }

  #environment(): Record<string, string> {
    return {
      NIX_CONF_DIR: join(this.#tree.root, "conf"),
      HOME: join(this.#folder, "home"),
      NIX_STATE_DIR: "/var/empty",
      NIVIS_NO_CACHE: "1",
      ...this.#tree.environment,
    };
  }

  #fresh(
    args: readonly string[],
    store: string,
    slot: ResultSlot | undefined,
    tally: Tally,
  ): Printed {
    const pieces: string[] = [];
    const inputs = slot === undefined ? undefined : new InputRecorder(SETTLING_TIME);
    const withImages = this.#images && slot !== undefined;
    const environment = withImages ? this.#cachedEnvironment() : this.#environment();
    const observed = inputs?.observeEnvironment(environment) ?? environment;
    const terminal = this.#terminal(pieces, observed);
    if (slot === undefined || inputs === undefined) {
      return { code: this.#start(args, store, terminal), pieces: this.#named(pieces, store) };
    }
    const recording = new RunRecording(slot, inputs);
    const start = (own: Terminal): number => this.#start(args, store, own);
    const told = (): void => {
      tally.used++;
    };
    const code = withImages
      ? (runThroughImage(recording.observe(terminal), start, told) as number)
      : start(recording.observe(terminal));
    if (!recording.finish(code)) tally.unkept++;
    return { code, pieces: this.#named(pieces, store) };
  }

  #recalled(slot: ResultSlot, isQuick: boolean): Printed | undefined {
    const pieces: string[] = [];
    const code = recall(slot, {
      write: (stream, bytes) => put(pieces, stream, bytes),
      environment: this.#images ? this.#cachedEnvironment() : this.#environment(),
      settlingTime: SETTLING_TIME,
      isQuick,
    });
    if (code === undefined) return undefined;
    return { code, pieces: this.#named(pieces, join(this.#folder, "store")) };
  }

  /** The output with one name for both stores. */
  #named(pieces: readonly string[], store: string): readonly string[] {
    return pieces.map((piece) => piece.replaceAll(store, "STORE"));
  }

  #storePaths(): string[] {
    try {
      return readdirSync(join(this.#folder, "store/nix/store"));
    } catch {
      return [];
    }
  }

  #removeFromStore(): string {
    const paths = this.#storePaths();
    if (paths.length === 0) return "nothing in the store";
    const name = this.#random.pick(paths);
    remove(join(this.#folder, "store/nix/store", name));
    return `remove ${name} from the store`;
  }

  /** What a program printed of the store must be there. */
  #checkStore({ code, pieces }: Printed): void {
    if (code !== 0) return;
    const present = new Set(this.#storePaths());
    for (const [, name] of pieces.join("").matchAll(/\/nix\/store\/([0-9a-z]{32}-[\w.-]+)/g)) {
      if (name?.endsWith(".drv") && !present.has(name)) {
        throw new Error(`${this.#name}: ${name} was printed and is not in the store`);
      }
    }
  }
}

/** Removes a tree, some of whose directories the user may not enter. */
function remove(place: string): void {
  spawnSync("chmod", ["-R", "u+rwx", place], { stdio: "ignore" });
  rmSync(place, { recursive: true, force: true });
}

function put(pieces: string[], stream: number, bytes: string): void {
  const last = pieces.length - 1;
  const prefix = `${stream}:`;
  if (pieces[last]?.startsWith(prefix)) pieces[last] += bytes;
  else pieces.push(prefix + bytes);
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
