/**
 * The side of a sweep that asks a queue: what the workers on other machines are told, and what only this
 * machine does with their replies.
 */
import { EvalError, type EvalIo } from "@nivis/eval";
import { canonPath, decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import type { JobReply, PathSource } from "@nivis/jobs";
import type { SourceTreeClaim, SweepRequest } from "@nivis/queue";
import { usageError } from "../options/option.ts";
import { openSession } from "../session.ts";
import { VERSION } from "../version.ts";
import type { JobFlags } from "./job-options.ts";
import { RootFailure } from "./local-workers.ts";
import { loadQueue } from "./queue-package.ts";
import type { Workforce } from "./run-jobs.ts";
import { treeHash } from "./tree-hash.ts";

/** How long results are kept for later runs of the same request, in seconds. */
const KEEP_SECONDS = 24 * 3600;
/** The options that concern only the machine that asks; each takes a value. */
const OWN_OPTIONS = [
  "--queue",
  "--tree",
  "--resume",
  "--workers",
  "--max-memory-size",
  "--gc-roots-dir",
];

/** The workforce of a sweep that a queue evaluates. */
export function queueWorkforce(
  source: PathSource,
  flags: JobFlags,
  args: readonly string[],
  show: (lines: readonly string[]) => void,
): Workforce {
  const { invocation } = flags;
  const { QueueWorkforce, QueueError } = loadQueue();
  const request = requestOf(flags, args);
  const replies = new ReplyStore(flags);
  const rooted: PathSource = {
    schedule: source.schedule,
    deliver: (reply) => {
      replies.makeRoot(reply);
      source.deliver(reply);
    },
  };
  try {
    const queue = new QueueWorkforce(rooted, {
      url: flags.queue as string,
      request,
      // What the machines do not verify may differ the next time.
      keepSeconds: flags.cache && request.tree !== undefined ? KEEP_SECONDS : 0,
      isUsable: (reply) => replies.isUsable(reply),
      show,
      warn: (message) => invocation.warn(encodeUtf8(message)),
      rootFailure: ({ message, shown, isUsage }) => new RootFailure(message, shown, isUsage),
    });
    return {
      run: async () => {
        try {
          await queue.run();
        } catch (error) {
          throw error instanceof QueueError ? queueFailure(error) : error;
        }
      },
      cancel: () => queue.cancel(),
    };
  } catch (error) {
    throw error instanceof QueueError ? queueFailure(error) : error;
  }
}

/** An error of the queue as the commands show it. */
export function queueFailure(error: Error): EvalError {
  return new EvalError("io", encodeUtf8(error.message));
}

function requestOf(flags: JobFlags, args: readonly string[]): SweepRequest {
  const { terminal, machine, settings } = flags.invocation;
  const readsInput = [...flags.autoArguments.values()].some(({ kind }) => kind === "stdin");
  const system = settings.system || machine.system();
  return {
    version: VERSION,
    args: [...withoutOptions(args, OWN_OPTIONS), "--option", "system", decodeUtf8(system)],
    directory: decodeUtf8(machine.currentDirectory()),
    nixPath: terminal.environment["NIX_PATH"] ?? "",
    input: readsInput ? terminal.readInput() : "",
    maxTime: flags.maxTime,
    tree: treeOf(flags, machine),
  };
}

/** The arguments without some options and their values. */
export function withoutOptions(
  args: readonly string[],
  names: readonly string[],
): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (names.includes(arg)) i++;
    else if (!names.some((name) => arg.startsWith(`${name}=`))) kept.push(arg);
  }
  return kept;
}

function treeOf(flags: JobFlags, machine: EvalIo): SourceTreeClaim | undefined {
  const absolute = (path: string): string =>
    canonPath(path.startsWith("/") ? path : `${machine.currentDirectory()}/${path}`);
  const { storeDir } = flags.invocation.settings;
  const given = flags.tree === undefined ? undefined : absolute(flags.tree);
  const file = flags.isExpression ? undefined : absolute(flags.source as string);
  const path = given ?? (file?.startsWith(`${storeDir}/`) === true ? file : undefined);
  if (path === undefined) {
    if (flags.isExpression) return undefined;
    throw usageError(
      "with '--queue', say with '--tree' which directory holds all sources, so that each worker can check that it has the same; or name a file in the store",
    );
  }
  if (path.startsWith(`${storeDir}/`)) {
    const [baseName = ""] = path.slice(storeDir.length + 1).split("/");
    return { kind: "store-path", path: decodeUtf8(`${storeDir}/${baseName}`) };
  }
  if (file !== undefined && file !== path && !file.startsWith(`${path}/`)) {
    throw usageError(marked`the file '${file}' is not in the directory '${path}' of '--tree'`);
  }
  return { kind: "directory", path: decodeUtf8(path), narHash: treeHash(machine, path) };
}

/** What this machine's store has to do with replies. */
class ReplyStore {
  readonly #flags: JobFlags;
  #opened: ReturnType<typeof openSession> | undefined;

  constructor(flags: JobFlags) {
    this.#flags = flags;
  }

  /** Whether the derivation of an earlier result is still in the store. */
  isUsable(reply: JobReply): boolean {
    if (reply.kind !== "job" || this.#flags.noInstantiate) return true;
    const { store } = this.#session;
    return !store.capabilities.writes || store.isValidPath(drvPathOf(reply));
  }

  /** Makes the link that keeps a derivation from garbage collection. */
  makeRoot(reply: JobReply): void {
    const { gcRootsDirectory, noInstantiate } = this.#flags;
    if (reply.kind !== "job" || gcRootsDirectory === "" || noInstantiate) return;
    const { store, machine } = this.#session;
    if (store.addRoot === undefined) return;
    const drvPath = drvPathOf(reply);
    const directory = this.#session.absolutePath(gcRootsDirectory);
    const link = `${directory}/${drvPath.slice(drvPath.lastIndexOf("/") + 1)}`;
    if (machine.fileType(link) === undefined) store.addRoot(drvPath, link);
  }

  get #session(): ReturnType<typeof openSession> {
    this.#opened ??= openSession(this.#flags, { readOnly: false });
    return this.#opened;
  }
}

function drvPathOf({ fields }: Extract<JobReply, { kind: "job" }>): string {
  return JSON.parse(fields["drvPath"] as string) as string;
}
