/**
 * Runs of commands with heap images. {@link runThroughImage} is for commands that may find one: what they
 * print waits until the run has ended, because a run that fails or shows how much of its values was
 * evaluated is repeated without the image. {@link runKeepingImage} is for `nivis cache warm`, which writes
 * one. docs/design/016-heap-images.md says why both give what a run without images gives.
 *
 * Loaded on demand, so it exports nothing but functions (`scripts/bundles.mjs`).
 */
import {
  type Evaluation,
  type HeapImageOptions,
  openHeapImage,
  type SearchPathEntry,
  type SettingsInput,
  summarizeHeapImage,
} from "@nivis/eval";
import {
  cacheDirectory,
  InputRecorder,
  listChanges,
  nodeHashes,
  type OpenHeapImageFile,
  openHeapImageFile,
  openHeapImageFiles,
  type RecordedInputs,
  withoutPaths,
  writeHeapImage,
} from "@nivis/node";
import type { EvaluationFlags } from "../options/evaluation-options.ts";
import { observedTerminal } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { NIX_VERSION, VERSION } from "../version.ts";

/** What the evaluations of one run do with heap images. */
export interface ImageUse {
  /** Whether heaps are kept. */
  readonly keeps: boolean;
  /** Returns the image for an evaluation, and whether its heap is kept. */
  open(
    flags: EvaluationFlags,
    own: readonly [settings: SettingsInput, searchPath: readonly SearchPathEntry[]],
  ): HeapImageOptions;
  /** Tells of the evaluation that {@link open} was for. */
  watch(evaluation: Evaluation): void;
}

/** The format of the files, and of what they mean. */
const FORMAT = 3;

class RunWithImages implements ImageUse {
  /** The evaluations that it was asked for. */
  readonly evaluations: Evaluation[] = [];
  key: string | undefined;
  directory: string | undefined;
  /** What the image stands for that the evaluation began with. */
  inputs: RecordedInputs | undefined;
  readonly #files: OpenHeapImageFile[] = [];

  constructor(
    private readonly terminal: Terminal,
    readonly keeps: boolean,
    private readonly reads = true,
  ) {}

  open(
    { invocation, store, evalStore }: EvaluationFlags,
    [settings, searchPath]: readonly [SettingsInput, readonly SearchPathEntry[]],
  ): HeapImageOptions {
    const { machine } = invocation;
    const { environment, build } = this.terminal;
    this.directory = cacheDirectory(machine);
    const options = { open: openHeapImage, keeps: this.keeps, text: latin1 };
    // These allow more files as an evaluation goes on.
    if (settings.pureEval === true || settings.restrictEval === true) return options;
    // A run that fails because of these is repeated without an image.
    const { showTrace: _, maxCallDepth: __, ...own } = settings;
    this.key = JSON.stringify(
      [
        FORMAT,
        build ?? null,
        VERSION,
        NIX_VERSION,
        own,
        searchPath,
        store ?? null,
        evalStore ?? null,
        environment["NIX_REMOTE"] ?? null,
        environment["HOME"] ?? null,
        process.platform,
        process.arch,
        process.geteuid?.() ?? null,
      ],
      (_name, value: unknown) =>
        value instanceof Set || value instanceof Map ? [...value].sort() : value,
    );
    if (build === undefined || this.directory === undefined) {
      this.key = undefined;
      return options;
    }
    if (!this.reads) return options;
    const found = openHeapImageFile(this.directory, this.key);
    if (found === undefined) return options;
    const changed = listChanges({ inputs: found.inputs, environment });
    if (changed === undefined) {
      found.close();
      return options;
    }
    this.#files.push(found);
    this.inputs = withoutPaths(found.inputs, changed);
    return { ...options, bytes: found.image, changed };
  }

  watch(evaluation: Evaluation): void {
    this.evaluations.push(evaluation);
  }

  /** Closes the files of images; no evaluation may go on. */
  close(): void {
    for (const file of this.#files.splice(0)) file.close();
  }
}

/** The chars of bytes; Node has a function for it. */
function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}

/** Runs a command that may find a heap image. `onUse` is called if it took something from one and was not repeated. */
export function runThroughImage(
  terminal: Terminal,
  start: (terminal: Terminal) => number | Promise<number>,
  onUse?: () => void,
): number | Promise<number> {
  const use = new RunWithImages(terminal, false);
  const output: (() => void)[] = [];
  let waits = true;
  const put = (write: () => void): void => {
    if (waits && use.inputs !== undefined) output.push(write);
    else write();
  };
  let input: string | undefined;
  const readInput = (): string => {
    input ??= terminal.readInput();
    return input;
  };
  const own = Object.create(terminal, {
    images: { value: use },
    writeOut: { value: (bytes: string) => put(() => terminal.writeOut(bytes)) },
    writeLine: { value: (bytes: string) => put(() => terminal.writeLine(bytes)) },
    readInput: { value: readInput },
    showProgress: {
      value: (line: string) => {
        if (use.inputs === undefined) terminal.showProgress?.(line);
      },
    },
  }) as Terminal;
  const finish = (exitCode: number): number | Promise<number> => {
    waits = false;
    use.close();
    const images = use.evaluations.map(({ heapImage }) => heapImage);
    if (images.some((image) => image?.isUsed === true)) {
      if (exitCode !== 0 || images.some((image) => image?.mustRepeat === true)) {
        return start(Object.create(terminal, { readInput: { value: readInput } }) as Terminal);
      }
      if (use.inputs !== undefined) terminal.inputs?.adopt(use.inputs);
      onUse?.();
    }
    for (const write of output) write();
    return exitCode;
  };
  const fail = (error: unknown): number | Promise<number> => {
    use.close();
    if (use.evaluations.some(({ heapImage }) => heapImage?.mustRepeat === true)) return finish(1);
    throw error;
  };
  try {
    const code = start(own);
    return typeof code === "number" ? finish(code) : code.then(finish, fail);
  } catch (error) {
    return fail(error);
  }
}

/** A heap image for work that prints nothing by itself, so that it can be repeated in part. */
export interface OpenedImages {
  /** The terminal whose evaluations begin with the image. */
  readonly terminal: Terminal;
  /** Whether what was evaluated last must be evaluated again without the image, as after errors. */
  mustRepeat(): boolean;
  /** Adds what the image stands for to the recorded inputs, if something was taken from it. */
  adopt(): void;
  /** Closes the files; no evaluation may go on. */
  close(): void;
}

/** Opens the heap images that evaluations on a terminal may find. */
export function openImages(terminal: Terminal): OpenedImages {
  const use = new RunWithImages(terminal, false);
  const images = () => use.evaluations.map(({ heapImage }) => heapImage);
  return {
    terminal: Object.create(terminal, { images: { value: use } }) as Terminal,
    mustRepeat: () => images().some((image) => image?.mustRepeat === true),
    adopt: () => {
      const isUsed = images().some((image) => image?.isUsed === true);
      if (isUsed && use.inputs !== undefined) terminal.inputs?.adopt(use.inputs);
    },
    close: () => use.close(),
  };
}

/** Says for `nivis cache` how much of each image can still be used. */
export function describeImages(directory: string, environment: Terminal["environment"]): string {
  const lines: string[] = [];
  for (const { inputs, image } of openHeapImageFiles(directory)) {
    const changed = listChanges({ inputs, environment });
    const sha256 = (bytes: Uint8Array) => nodeHashes.hash("sha256", bytes);
    const summary = summarizeHeapImage(image, changed ?? [], sha256);
    if (summary === undefined) continue;
    const usable = changed === undefined ? 0 : summary.usable;
    lines.push(`  usable     ${usable} of ${summary.entries} files and calls\n`);
  }
  return lines.join("");
}

/** What became of a run that should keep its heap: its exit code, and the reason if no image was written. */
interface KeepingRun {
  readonly code: number;
  readonly failure: string | undefined;
}

/**
 * Runs a command and writes an image of its heap, added to the one that there may be. If that cannot be
 * used, the new one replaces it.
 */
export function runKeepingImage(
  terminal: Terminal,
  start: (terminal: Terminal) => number | Promise<number>,
): KeepingRun {
  let input: string | undefined;
  const own = Object.create(terminal, {
    readInput: {
      value: (): string => {
        input ??= terminal.readInput();
        return input;
      },
    },
  }) as Terminal;
  return keepImage(own, start, true) ?? (keepImage(own, start, false) as KeepingRun);
}

/**
 * See {@link runKeepingImage}. Returns `undefined` if the run must be repeated without the image that there
 * is; it has printed nothing then.
 */
function keepImage(
  terminal: Terminal,
  start: (terminal: Terminal) => number | Promise<number>,
  reads: boolean,
): KeepingRun | undefined {
  const inputs = new InputRecorder();
  const observed = observedTerminal(terminal, inputs);
  const use = new RunWithImages(observed, true, reads);
  try {
    return keepHeap({ use, inputs, observed, terminal }, start, reads);
  } finally {
    use.close();
  }
}

/** The parts of a run that keeps its heap. */
interface KeptRun {
  readonly use: RunWithImages;
  readonly inputs: InputRecorder;
  readonly observed: Terminal;
  /** The terminal that prints. */
  readonly terminal: Terminal;
}

/** See {@link keepImage}. */
function keepHeap(
  { use, inputs, observed, terminal }: KeptRun,
  start: (terminal: Terminal) => number | Promise<number>,
  reads: boolean,
): KeepingRun | undefined {
  const lines: string[] = [];
  const put = (): void => {
    for (const line of lines.splice(0)) terminal.writeLine(line);
  };
  let hasLogged = false;
  const own = Object.create(observed, {
    images: { value: use },
    writeOut: { value: () => {} },
    writeLine: {
      value: (bytes: string) => {
        hasLogged = true;
        lines.push(bytes);
        if (use.inputs === undefined) put();
      },
    },
  }) as Terminal;
  const isStale = (): boolean =>
    use.evaluations.some(({ heapImage }) => heapImage?.mustRepeat === true);
  let code: number | Promise<number>;
  try {
    code = start(own);
  } catch (error) {
    if (reads && isStale()) return undefined;
    throw error;
  }
  // An error may be due to the image.
  if (use.inputs !== undefined && (code !== 0 || isStale())) return undefined;
  put();
  if (typeof code !== "number") return { code: 1, failure: "the command waits for something" };
  const { evaluations, key, directory } = use;
  const [evaluation] = evaluations;
  const image = evaluation?.heapImage;
  const exitCode = code === 0 ? 1 : code;
  const failure = (reason: string): KeepingRun => ({ code: exitCode, failure: reason });
  if (code !== 0) return failure("the command has failed");
  if (directory === undefined) return failure("there is no cache");
  if (evaluation === undefined || image === undefined || key === undefined) {
    return failure("these flags and settings allow none");
  }
  if (evaluations.length !== 1) return failure("the command evaluates more than once");
  const wasLogged = inputs.list().some(({ kind }) => kind === "log");
  if (hasLogged || wasLogged) {
    return failure("the evaluation has printed messages, which must come again");
  }
  if (!evaluation.context.mounts.isEmpty) return failure("the evaluation has fetched something");
  if (use.inputs !== undefined && image.isOpen) inputs.adopt(use.inputs);
  // A run that goes on with the image may ask for other names.
  const recorded = inputs.finish("whole");
  if (recorded === undefined) return failure(inputs.unrepeatable ?? "its inputs cannot be checked");
  const encoded = image.encode();
  if (encoded === undefined) return failure("it would be too large");
  // What is printed does not matter.
  const others = { ...recorded.others, terminals: [] };
  const stored = { inputs: { ...recorded, others }, image: encoded };
  if (!writeHeapImage(directory, key, stored)) return failure("it could not be written");
  return { code, failure: undefined };
}
