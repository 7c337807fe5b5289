/**
 * Aggregates: makes the jobs that an aggregate names inputs of its derivation, so that building it
 * builds them, and prints the lines that were held back for it. Source: src/constituents.cc of
 * nix-eval-jobs.
 */
import { EvalError, plainWarning } from "@nivis/eval";
import {
  type Derivation,
  type DerivationCache,
  derivationType,
  finishDerivation,
  type HashModuloContext,
  marked,
  sortedBytes,
} from "@nivis/formats";
import {
  type Aggregate,
  brokenMessage,
  cycleMessage,
  errorFields,
  type HeldJob,
  jsonText,
  resolveAggregates,
  SKIPPED_MESSAGE,
  type Sweep,
} from "@nivis/jobs";
import { nodeHashes } from "@nivis/node";
import { openSession, type Session } from "../session.ts";
import type { JobFlags } from "./job-options.ts";

/** Resolves all aggregates of a finished sweep and prints their lines. */
export function printAggregates(sweep: Sweep, flags: JobFlags): void {
  if (sweep.held.size === 0) return;
  const { invocation } = flags;
  const session = openSession(flags, { readOnly: false });
  if (!session.store.capabilities.writes) {
    invocation.warn("constituents feature requires a local store, skipping aggregate rewriting");
    return;
  }
  const resolved = resolveAggregates(sweep.jobs, ({ severity, text }) => {
    if (severity === "warning") invocation.log(plainWarning(text));
    else invocation.note(text);
  });
  if (resolved.kind === "ordered") {
    const rewriter = new Rewriter(sweep, session, flags);
    for (const aggregate of resolved.aggregates) rewriter.print(aggregate);
    return;
  }
  const { between, skipped } = resolved;
  invocation.note(`Found dependency cycle between jobs '${between[0]}' and '${between[1]}'`);
  for (const name of between) printFailed(sweep, name, cycleMessage(between));
  for (const name of skipped) printFailed(sweep, name, SKIPPED_MESSAGE);
}

function printFailed(sweep: Sweep, name: string, message: string): void {
  const { path, fields } = sweep.held.get(name) as HeldJob;
  sweep.print(path, { ...fields, ...errorFields(message) });
}

class Rewriter {
  readonly #sweep: Sweep;
  readonly #session: Session;
  readonly #flags: JobFlags;
  readonly #hashes: HashModuloContext;
  /** The derivations of the aggregates that were rewritten, by name. */
  readonly #rewritten = new Map<string, string>();

  constructor(sweep: Sweep, session: Session, flags: JobFlags) {
    this.#sweep = sweep;
    this.#session = session;
    this.#flags = flags;
    const cache: DerivationCache = new Map();
    this.#hashes = {
      storeDir: session.store.storeDir,
      hashes: nodeHashes,
      cache,
      readDerivation: (path) => this.#read(path),
    };
  }

  print(aggregate: Aggregate): void {
    const { path, fields: held } = this.#sweep.held.get(aggregate.name) as HeldJob;
    const { namedConstituents: _, ...fields } = held;
    this.#sweep.print(
      path,
      aggregate.broken.size > 0
        ? { ...fields, ...errorFields(brokenMessage(aggregate.broken)) }
        : { ...fields, ...this.#rewrite(aggregate, fields) },
    );
  }

  /** The fields that change. */
  #rewrite(aggregate: Aggregate, fields: Readonly<Record<string, string>>) {
    const drv = this.#read(JSON.parse(fields["drvPath"] as string) as string);
    const constituents = JSON.parse(fields["constituents"] as string) as string[];
    for (const name of aggregate.dependencies) {
      const child = this.#drvPathOf(name);
      const [output = "out"] = sortedBytes(this.#read(child).outputs.keys());
      constituents.push(child);
      drv.inputDrvs.set(child, { outputs: new Set([output]) });
    }
    const changed: Record<string, string> = { constituents: list(constituents) };
    // A derivation whose outputs are not known before the build stays as it is.
    if (derivationType(drv) !== "input-addressed") return changed;
    const path = this.#write(drv);
    this.#rewritten.set(aggregate.name, path);
    const outputs = sortedBytes(drv.outputs.keys()).map(
      (name) => `${jsonText(name)}:${jsonText(drv.env.get(name) as string)}`,
    );
    changed["drvPath"] = jsonText(path);
    changed["outputs"] = `{${outputs.join(",")}}`;
    return changed;
  }

  #drvPathOf(name: string): string {
    return this.#rewritten.get(name) ?? (this.#sweep.jobs.get(name)?.drvPath as string);
  }

  #read(path: string): Derivation {
    const drv = this.#session.store.readDerivation(path);
    if (drv === undefined) throw new EvalError("invalid-path", marked`path '${path}' is not valid`);
    return drv;
  }

  #write(drv: Derivation): string {
    for (const name of drv.outputs.keys()) drv.outputs.set(name, { kind: "deferred" });
    const finished = finishDerivation(drv, this.#hashes);
    const { store } = this.#session;
    store.addDerivation(finished);
    this.#session.flush();
    const { gcRootsDirectory } = this.#flags;
    if (gcRootsDirectory !== "" && store.addRoot !== undefined) {
      const directory = this.#session.absolutePath(gcRootsDirectory);
      const { drvPath } = finished;
      store.addRoot(drvPath, `${directory}/${drvPath.slice(drvPath.lastIndexOf("/") + 1)}`);
    }
    return finished.drvPath;
  }
}

function list(texts: readonly string[]): string {
  return `[${texts.map(jsonText).join(",")}]`;
}
