/**
 * Session: everything that the worker does for a page, without the worker. It holds the world, one
 * evaluation at a time, and the values that the page has seen, by number.
 *
 * A new evaluation forgets the values of the one before. All work is asynchronous, in slices, so that a
 * message can stop it and files of a pack can be fetched meanwhile. It is done by the machine alone:
 * code that waits cannot be translated to JavaScript.
 */
import { flamePage, profileOf, rank } from "@nivis/debugger";
import {
  Attrs,
  Builtin,
  deepForce,
  EvalError,
  type EvalIo,
  Evaluation,
  type EvaluationOptions,
  explainErrors,
  ForwardingIo,
  instructionName,
  isList,
  knownValue,
  type Lambda,
  LambdaKind,
  type LogMessage,
  memoryIo,
  NO_POS,
  type PosIdx,
  type PositionTable,
  printForError,
  printPretty,
  type RunObserver,
  renderLogMessage,
  renderRich,
  type Slot,
  type Suspendable,
  Thunk,
  TimeSampler,
  toJson,
  toXml,
  typeName,
  type Value,
} from "@nivis/eval";
import { decodeUtf8, encodeUtf8, namePart, storePathBaseName } from "@nivis/formats";
import { browserCache, httpSource, PackIo, PackReader } from "@nivis/pack";
import type { SourceFile } from "@nivis/syntax";
import { Offsets } from "../text/offsets.ts";
import type {
  BuiltinInfo,
  ChildNode,
  DerivationView,
  Failure,
  Outcome,
  Place,
  ProfileView,
  Step,
  ValueNode,
  World,
} from "./protocol.ts";

/** The folder of the page's files. */
export const HOME = "/playground";
/** The place of the pack. */
export const PACK = "/nixpkgs";
/** Samples a second of a profile; the rows of its table. */
const FREQUENCY = 500;
const PROFILE_ROWS = 12;
/** The longest text of a row. */
const MAX_PREVIEW = 120;

/** The platform of a session. */
export interface SessionHost {
  /** Lets the event loop turn. */
  pause(): Promise<void>;
  /** A monotonic time in milliseconds. */
  now(): number;
}

/** See the head of this file. */
export class Session {
  readonly #host: SessionHost;
  #world: World = { files: {} };
  #pack: PackReader | undefined;
  #evaluation: Evaluation | undefined;
  #nodes: Slot[] = [];
  #log: string[] = [];
  #stop = new AbortController();
  readonly #offsets = new WeakMap<SourceFile, Offsets>();

  constructor(host: SessionHost) {
    this.#host = host;
  }

  /** Takes the files of a page, and opens its pack when it is first evaluated. */
  open(world: World): null {
    if (world.pack?.url !== this.#world.pack?.url) this.#pack = undefined;
    this.#world = world;
    return null;
  }

  /** Stops what runs. */
  stop(): void {
    this.#stop.abort();
  }

  /** Evaluates a file of the page to weak head normal form. */
  async evaluate({ file }: { readonly file: string }): Promise<Outcome> {
    const begun = this.#host.now();
    this.#begin();
    this.#nodes = [];
    this.#log = [];
    const before = this.#pack?.transfer ?? { requests: 0, bytes: 0 };
    const cost = () => {
      const { requests, bytes } = this.#pack?.transfer ?? { requests: 0, bytes: 0 };
      return {
        milliseconds: this.#host.now() - begun,
        requests: requests - before.requests,
        bytes: bytes - before.bytes,
        log: this.#log,
      };
    };
    let evaluation: Evaluation | undefined;
    try {
      evaluation = await this.#start();
      this.#evaluation = evaluation;
      const slot = evaluation.loadFile(this.#path(file));
      await evaluation.forceAsync(slot, this.#options);
      return { kind: "value", root: this.#node(slot), ...cost() };
    } catch (error) {
      if (isStop(error)) return { kind: "stopped", ...cost() };
      return { kind: "failure", failure: this.#failure(error, evaluation), ...cost() };
    }
  }

  /** Returns an error as a message has it. */
  describe(error: unknown): { readonly error: string; readonly stopped: boolean } {
    const { message } = this.#failure(error, this.#evaluation);
    return { error: message, stopped: isStop(error) };
  }

  /** Evaluates a value to weak head normal form. A failure is a row, too. */
  async force({ id }: { readonly id: number }): Promise<ValueNode> {
    const slot = this.#slot(id);
    this.#begin();
    try {
      await this.#running.forceAsync(slot, this.#options);
    } catch (error) {
      if (!(error instanceof EvalError) || isStop(error)) throw error;
      return { ...this.#rowOf(id, slot), type: "error", text: decodeUtf8(error.message) };
    }
    return this.#rowOf(id, slot);
  }

  /** Returns the rows of children, without evaluating them. */
  children(params: { readonly id: number; readonly from: number; readonly count: number }) {
    const { id, from, count } = params;
    const value = knownValue(this.#slot(id));
    const children: ChildNode[] = [];
    if (isList(value)) {
      value.slice(from, from + count).forEach((slot, i) => {
        children.push({ name: String(from + i), ...this.#node(slot) });
      });
    } else if (value instanceof Attrs) {
      for (const name of value.sortedNames().slice(from, from + count)) {
        const node = this.#node(value.get(name) as Slot);
        const place = this.#place(value.positionOf(name), name.length);
        children.push({ ...node, name: decodeUtf8(name), place: place ?? node.place });
      }
    }
    return children;
  }

  /** Prints a value whole. */
  async print({ id, form }: { readonly id: number; readonly form: "nix" | "json" | "xml" }) {
    const slot = this.#slot(id);
    const { context } = this.#running;
    this.#begin();
    const run = <Result>(work: Suspendable<Result>): Promise<Result> =>
      this.#running.runAsync(work, this.#options);
    switch (form) {
      case "nix":
        return decodeUtf8(await run(printPretty(context, slot)));
      case "json": {
        const { text } = await run(toJson(context, slot, { copyPaths: false, pos: NO_POS }));
        return decodeUtf8(text);
      }
      case "xml": {
        const { text } = await run(toXml(context, slot, { strict: true, location: false }));
        return decodeUtf8(text);
      }
    }
  }

  /** Lists the bytecode of a file, or the JavaScript that the second tier makes of it. */
  async code({ file, form }: { readonly file: string; readonly form: "bytecode" | "js" }) {
    const evaluation = await this.#start();
    const text = encodeUtf8(this.#world.files[file] ?? "");
    return decodeUtf8(evaluation.disassemble(text, { basePath: HOME }, form));
  }

  /** Evaluates a file and records the first steps. */
  async trace({ file, limit }: { readonly file: string; readonly limit: number }) {
    const recorder: StepRecorder = new StepRecorder(limit, (pos) =>
      this.#place(pos, 1, recorder.positions),
    );
    this.#begin();
    const evaluation = await this.#start({ observer: recorder });
    recorder.positions = evaluation.positions;
    const ended = new AbortController();
    recorder.full = () => ended.abort();
    this.#stop.signal.addEventListener("abort", () => ended.abort(), { once: true });
    let isWhole = true;
    try {
      const slot = evaluation.loadFile(this.#path(file));
      const work = printPretty(evaluation.context, slot);
      await evaluation.runAsync(work, { signal: ended.signal, slice: 4 });
    } catch (error) {
      if (isStop(error)) isWhole = false;
      else
        recorder.add({ kind: "leave", depth: 0, text: this.#failure(error, evaluation).message });
    }
    return { steps: recorder.steps, isWhole: isWhole && recorder.steps.length < limit };
  }

  /** Evaluates a file whole and samples the stack; a derivation up to its path. */
  async profile(params: {
    readonly file: string;
    readonly theme: "dark" | "light";
  }): Promise<ProfileView> {
    const { file, theme } = params;
    this.#begin();
    const sampler = new TimeSampler({
      frequency: FREQUENCY,
      milliseconds: () => this.#host.now(),
    });
    const evaluation = await this.#start({ sampler });
    let error: string | undefined;
    try {
      const value = await evaluation.forceAsync(
        evaluation.loadFile(this.#path(file)),
        this.#options,
      );
      if (value instanceof Attrs) sampler.nameAttributes(value);
      const drvPath = value instanceof Attrs ? value.get("drvPath") : undefined;
      if (drvPath !== undefined) await evaluation.forceAsync(drvPath, this.#options);
      else await evaluation.runAsync(deepForce(evaluation.context, value), this.#options);
    } catch (thrown) {
      if (isStop(thrown)) throw thrown;
      error = this.#failure(thrown, evaluation).message;
    }
    sampler.finish();
    const profile = profileOf(sampler, evaluation, file);
    return {
      page: flamePage(profile, { theme }),
      milliseconds: profile.milliseconds,
      samples: profile.samples.length,
      rows: rank(profile, "function")
        .slice(0, PROFILE_ROWS)
        .map(({ name, place, own, total }) => ({
          name,
          place,
          own: own.milliseconds,
          total: total.milliseconds,
        })),
      error,
    };
  }

  /** Returns a derivation of this evaluation by the path of its `.drv` file. */
  derivation({ path }: { readonly path: string }): DerivationView {
    const known = this.#running.context.caches.derivations.get(path);
    if (known === undefined) throw new Error(`'${path}' is not a derivation of this evaluation`);
    const { outputs, references } = known;
    const isDrv = (one: string): boolean => one.endsWith(".drv");
    return {
      path,
      name: nameOf(path),
      outputs: Array.from(outputs, ([name, output]) => ({
        name,
        path: "path" in output ? output.path : "known after the build",
      })),
      inputs: references.filter(isDrv).map((one) => ({ path: one, name: nameOf(one) })),
      sources: references.filter((one) => !isDrv(one)),
    };
  }

  /** Compares the value of a file with what is wanted, by a function that returns a Boolean. */
  async check({ file, check }: { readonly file: string; readonly check: string }) {
    this.#begin();
    let evaluation: Evaluation | undefined;
    try {
      evaluation = await this.#start();
      const text = encodeUtf8(`(${check}) (import ./${file})`);
      const value = await evaluation.forceAsync(
        evaluation.loadText(text, { basePath: HOME }),
        this.#options,
      );
      return { passed: value === true };
    } catch (error) {
      if (isStop(error)) throw error;
      return { passed: false, error: this.#failure(error, evaluation).message };
    }
  }

  /** Returns all builtins with their documentation. */
  builtins(): readonly BuiltinInfo[] {
    const { builtins } = new Evaluation({ io: memoryIo() }).context;
    return builtins.sortedNames().map((name) => {
      const value = knownValue(builtins.get(name) as Slot);
      if (!(value instanceof Builtin)) return { name, args: [], doc: "" };
      const { args, doc } = value.definition;
      return { name, args: args.map((argument) => argument.name), doc: decodeUtf8(doc) };
    });
  }

  /** Returns the text of a file that a position names. */
  async text({ path }: { readonly path: string }): Promise<string> {
    const io = await this.#io();
    for (;;) {
      try {
        return decodeUtf8(io.readFile(encodeUtf8(path)));
      } catch (error) {
        const promise = (error as { promise?: PromiseLike<unknown> }).promise;
        if (promise === undefined) throw error;
        await promise;
      }
    }
  }

  get #running(): Evaluation {
    if (this.#evaluation === undefined) throw new Error("nothing has been evaluated yet");
    return this.#evaluation;
  }

  get #options() {
    return { signal: this.#stop.signal };
  }

  /** Begins something that `stop` ends. */
  #begin(): void {
    this.#stop = new AbortController();
  }

  async #start(
    watching: Pick<EvaluationOptions, "observer" | "sampler"> = {},
  ): Promise<Evaluation> {
    return new Evaluation({
      io: await this.#io(),
      searchPath: [{ prefix: "nixpkgs", path: PACK }],
      settings: { experimentalFeatures: ["pipe-operators"] },
      tier: "vm",
      ...watching,
    });
  }

  async #io(): Promise<EvalIo> {
    const files = Object.entries(this.#world.files).map(([name, text]) => [
      this.#path(name),
      encodeUtf8(text),
    ]);
    const memory = memoryIo({
      files: { [HOME]: { directory: true }, ...Object.fromEntries(files) },
      currentDirectory: HOME,
      environment: { HOME },
      now: Math.floor(Date.now() / 1000),
      milliseconds: () => this.#host.now(),
      log: (message) => this.#heard(message),
    });
    const base = new PageIo(memory, this.#host);
    const { pack } = this.#world;
    if (pack === undefined) return base;
    this.#pack ??= await PackReader.open(httpSource(pack.url), {
      hash: pack.hash,
      cache: browserCache(),
    });
    return new PackIo(this.#pack, base, PACK);
  }

  #path(file: string): string {
    return `${HOME}/${encodeUtf8(file)}`;
  }

  #heard(message: LogMessage): void {
    this.#log.push(decodeUtf8(renderLogMessage(message, false)));
  }

  #slot(id: number): Slot {
    const slot = this.#nodes[id];
    if (slot === undefined) throw new Error("this value belongs to an earlier evaluation");
    return slot;
  }

  #node(slot: Slot): ValueNode {
    this.#nodes.push(slot);
    return this.#rowOf(this.#nodes.length - 1, slot);
  }

  #rowOf(id: number, slot: Slot): ValueNode {
    const value = knownValue(slot);
    if (value === undefined) {
      return { id, type: "thunk", text: "…", size: 0, isDerivation: false };
    }
    const type = typeName(value);
    const isDerivation =
      value instanceof Attrs && knownValue(value.get("type") ?? null) === "derivation";
    return { id, type, ...this.#summary(value), isDerivation, place: this.#placeOfValue(value) };
  }

  #summary(value: Value): { readonly text: string; readonly size: number } {
    if (isList(value))
      return { text: `[ ${counted(value.length, "element")} ]`, size: value.length };
    if (value instanceof Attrs) {
      const names = value.sortedNames();
      const known = names.slice(0, 4).map((name) => decodeUtf8(name));
      const shown = known.join(", ") + (names.length > 4 ? ", …" : "");
      return { text: names.length === 0 ? "{ }" : `{ ${shown} }`, size: names.length };
    }
    const text = decodeUtf8(printForError(value, this.#running.positions));
    return { text: text.length > MAX_PREVIEW ? `${text.slice(0, MAX_PREVIEW)}…` : text, size: 0 };
  }

  #placeOfValue(value: Value): Place | undefined {
    const code = (value as { code?: Lambda } | null)?.code;
    return code === undefined || value instanceof Thunk ? undefined : this.#place(code.pos, 1);
  }

  #place(pos: PosIdx, length: number, positions?: PositionTable): Place | undefined {
    const found = (positions ?? this.#evaluation?.positions)?.resolve(pos);
    return found && this.#placeIn(found.source, found.offset, found.offset + length);
  }

  #placeIn(source: SourceFile, start: number, end: number): Place {
    let offsets = this.#offsets.get(source);
    if (offsets === undefined) {
      offsets = new Offsets(decodeUtf8(source.text));
      this.#offsets.set(source, offsets);
    }
    const name = decodeUtf8(source.displayName);
    return {
      file: name.startsWith(`${HOME}/`) ? name.slice(HOME.length + 1) : name,
      from: offsets.toUnits(start),
      to: offsets.toUnits(end),
      line: source.lineColumn(start).line,
    };
  }

  #failure(error: unknown, evaluation: Evaluation | undefined): Failure {
    if (!(error instanceof EvalError) || evaluation === undefined) {
      const message = error instanceof Error ? decodeUtf8(error.message) : String(error);
      return { report: `error: ${message}`, message, code: "host", labels: [] };
    }
    const explanations = explainErrors(error, evaluation.positions, evaluation.context.settings);
    const [first] = explanations;
    return {
      report: explanations
        .map((one) => decodeUtf8(renderRich(one, { color: false, showTrace: false })))
        .join("\n"),
      message: decodeUtf8(first?.message ?? error.message),
      code: first?.code ?? error.kind,
      labels: explanations.flatMap(({ labels }) =>
        labels.map(({ source, span, message, primary }) => ({
          ...this.#placeIn(source, span.start, span.end),
          message: decodeUtf8(message),
          primary,
        })),
      ),
    };
  }
}

/** The files of the page: they do not change during an evaluation. */
class PageIo extends ForwardingIo {
  readonly #host: SessionHost;

  constructor(io: EvalIo, host: SessionHost) {
    super(io);
    this.#host = host;
  }

  override get immutable(): boolean {
    return true;
  }

  override pause(): Promise<void> {
    return this.#host.pause();
  }
}

/** Keeps the first steps of a run. */
class StepRecorder implements RunObserver {
  readonly steps: Step[] = [];
  positions: PositionTable | undefined;
  /** Called once when no further step is kept. */
  full: () => void = () => {};
  readonly #limit: number;
  readonly #place: (pos: PosIdx) => Place | undefined;
  #depth = 0;

  constructor(limit: number, place: (pos: PosIdx) => Place | undefined) {
    this.#limit = limit;
    this.#place = place;
  }

  add(step: Step): void {
    if (this.steps.length < this.#limit) this.steps.push(step);
    else this.full();
  }

  enterFrame(lambda: Lambda, depth: number): void {
    this.#depth = depth;
    const text = lambda.kind === LambdaKind.Thunk ? "thunk" : decodeUtf8(lambda.name ?? "function");
    this.add({ kind: "enter", depth, text, place: this.#place(lambda.pos) });
  }

  leaveFrame(_lambda: Lambda, value: Value, depth: number): void {
    this.#depth = depth;
    this.add({ kind: "leave", depth, text: this.#show(value) });
  }

  callBuiltin(builtin: { readonly definition: { readonly name: string } }): void {
    this.add({ kind: "builtin", depth: this.#depth + 1, text: builtin.definition.name });
  }

  instruction(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
  ): void {
    if (this.steps.length >= this.#limit) {
      this.full();
      return;
    }
    const shown = stack.slice(base, sp).map((slot) => this.#show(slot as Slot));
    const text = instructionName(lambda, pc);
    this.add({ kind: "instruction", depth: this.#depth, text, stack: shown });
  }

  #show(slot: Slot): string {
    const value = knownValue(slot);
    if (value === undefined) return "thunk";
    if (isList(value)) return `[ ${value.length} ]`;
    if (value instanceof Attrs) return `{ ${value.size()} }`;
    const text = decodeUtf8(printForError(value, this.positions));
    return text.length > 40 ? `${text.slice(0, 40)}…` : text;
  }
}

function isStop(error: unknown): boolean {
  return error instanceof EvalError && error.kind === "interrupted";
}

/** Returns the name of a derivation by the path of its `.drv` file. */
function nameOf(path: string): string {
  return namePart(storePathBaseName(path)).replace(/\.drv$/, "");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
