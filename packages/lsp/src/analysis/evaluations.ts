/**
 * Evaluations: values for features, from the evaluator of the platform.
 *
 * A feature asks about an expression of a text. What stands for it outside of the text is decided here: a
 * name that a `let` binds is its value, `pkgs` and `lib` are those of the setting `nixpkgs.expr`, the
 * arguments of a file that `callPackage` calls are packages, those of `outputs` in a `flake.nix` are its
 * inputs. An expression whose names are all known can be evaluated; about others nothing is said.
 *
 * Replies are awaited for a short time only, and what failed is not tried again for a while, so that no
 * feature hangs on a program that is slow or broken.
 */
import { decodeUtf8 } from "@nivis/formats";
import { BindingKind, type Expr, NodeKind, printIdentifier, walk } from "@nivis/syntax";
import type {
  Cancelled,
  DescribedValue,
  Evaluated,
  EvaluationProblem,
  EvaluationQuery,
  Evaluator,
  Host,
  ListedAttribute,
  OpenText,
} from "../host.ts";
import type { Settings } from "../settings.ts";
import type { Definition } from "./names.ts";
import type { Snapshot } from "./snapshot.ts";

/** Values that are remembered, at most. */
const MAX_REMEMBERED = 500;
/** After a failure the same question is not asked again for so long, in milliseconds. */
const FAILURE_PAUSE = 10_000;
/** How long features wait for a value, in milliseconds: what the user asked for, and what comes by itself. */
const PATIENCE = 2500;
const LITTLE_PATIENCE = 400;
/** An evaluation that takes longer is shown, in milliseconds. */
const UNSEEN = 500;
const MIB = 1024 * 1024;
/** Names that a walk through bindings follows, at most. */
const MAX_STEPS = 20;

/** An expression that can be evaluated outside of its text. */
interface Root {
  readonly root: string;
  readonly path: readonly string[];
}

/** What the service needs. */
export interface EvaluationsOptions {
  readonly host: Host;
  readonly settings: () => Settings;
  readonly openDocuments: () => readonly Snapshot[];
  /** Shows that something takes long; the result ends that. `cancel` is for a user who does not want to wait. */
  readonly showProgress: (title: string, cancel: () => void) => () => void;
}

/** See the head of this file. */
export class Evaluations {
  readonly #options: EvaluationsOptions;
  #evaluator: Evaluator | undefined;
  /** The versions of the documents that the evaluator knows, by path. */
  readonly #known = new Map<string, number>();
  #lateCount = 0;
  readonly #remembered = new Map<string, Promise<Evaluated<unknown>>>();

  constructor(options: EvaluationsOptions) {
    this.#options = options;
  }

  /** Whether a reply is late, so that a list without it is not complete. */
  get isLate(): boolean {
    return this.#lateCount > 0;
  }

  /** Evaluates what features are likely to ask about a document, so that the first need not wait. */
  prepare(snapshot: Snapshot): void {
    if (!this.isEnabled || !/\b(?:pkgs|lib|stdenv)\b/.test(snapshot.bytes)) return;
    const query = this.packagesQuery(snapshot, []);
    if (query !== undefined) void this.attributesOf(query, "hello");
  }

  /** Whether anything evaluates. */
  get isEnabled(): boolean {
    const { host, settings } = this.#options;
    return host.openEvaluator !== undefined && settings().evaluation.enable;
  }

  /** The attributes of the value at a path of an expression; `undefined` if nobody knows. */
  async attributes(
    snapshot: Snapshot,
    base: Expr,
    path: readonly string[],
    prefix: string,
  ): Promise<readonly ListedAttribute[] | undefined> {
    const query = this.queryOf(snapshot, base, path);
    if (query === undefined) return undefined;
    return this.attributesOf(query, prefix);
  }

  /** The attributes of an expression that is not in the text. */
  async attributesOf(
    query: EvaluationQuery,
    prefix: string,
  ): Promise<readonly ListedAttribute[] | undefined> {
    // The reply is kept for the next question even if this one is cancelled by the next key.
    const run = (evaluator: Evaluator) => evaluator.attributes(query, prefix, MAX_LISTED, NEVER);
    return this.#ask(`attributes ${prefix}`, query, run, LITTLE_PATIENCE);
  }

  /** The value at a path of an expression. */
  async describe(
    snapshot: Snapshot,
    base: Expr,
    path: readonly string[],
    token: Cancelled,
  ): Promise<DescribedValue | undefined> {
    const query = this.queryOf(snapshot, base, path);
    return query === undefined ? undefined : this.describeQuery(query, token);
  }

  async describeQuery(
    query: EvaluationQuery,
    token: Cancelled,
  ): Promise<DescribedValue | undefined> {
    return this.#ask("describe", query, (evaluator) => evaluator.describe(query, token));
  }

  /** Evaluates because the user asks for it: waits, and returns the value as text or why there is none. */
  async evaluateNow(
    query: EvaluationQuery,
    token: Cancelled,
  ): Promise<{ readonly value: string } | { readonly error: string }> {
    const asked = this.#open()?.describe(query, token);
    if (asked !== undefined) this.#show(asked);
    const reply = await asked;
    if (reply === undefined) return { error: "nothing evaluates here" };
    return reply.kind === "value" ? { value: reply.value.shown } : { error: reply.message };
  }

  /** The mistakes that evaluation finds in a file; `undefined` if it could not be evaluated. */
  async check(path: string, token: Cancelled): Promise<readonly EvaluationProblem[] | undefined> {
    const evaluator = this.#open();
    if (evaluator === undefined) return undefined;
    const reply = await evaluator.check(path, token);
    return reply.kind === "value" ? reply.value : undefined;
  }

  /** Ends the evaluator; the next question starts another. */
  restart(): void {
    this.#evaluator?.dispose();
    this.#evaluator = undefined;
    this.#known.clear();
    this.#remembered.clear();
  }

  /** Files on disk have changed. */
  filesChanged(paths: readonly string[]): void {
    this.#remembered.clear();
    this.#evaluator?.filesChanged(paths);
  }

  /** What to evaluate for a path of an expression. */
  queryOf(snapshot: Snapshot, base: Expr, path: readonly string[]): EvaluationQuery | undefined {
    if (!this.isEnabled) return undefined;
    const root = this.#rootOf(snapshot, base, MAX_STEPS);
    if (root === undefined) return undefined;
    return { root: root.root, directory: snapshot.directory, path: [...root.path, ...path] };
  }

  /** A query about `pkgs`. */
  packagesQuery(snapshot: Snapshot, path: readonly string[]): EvaluationQuery | undefined {
    if (!this.isEnabled) return undefined;
    return { root: this.#packages, directory: snapshot.directory, path };
  }

  get #packages(): string {
    return this.#options.settings().nixpkgs.expr;
  }

  #rootOf(snapshot: Snapshot, expr: Expr, left: number): Root | undefined {
    if (left === 0) return undefined;
    if (expr.kind === NodeKind.Var) {
      const use = snapshot.names.useAt(expr.pos);
      if (use?.kind === "global") return { root: expr.name, path: [] };
      if (use?.kind === "free") return this.#freeName(snapshot, expr.name, expr.pos, left);
      return use?.definition === undefined
        ? undefined
        : this.#rootOfName(snapshot, use.definition, left);
    }
    if (expr.kind === NodeKind.Select && expr.fallback === undefined) {
      const names = expr.path.map(({ name }) => name);
      if (names.some((name) => name === undefined)) return undefined;
      const root = this.#rootOf(snapshot, expr.base, left - 1);
      return root === undefined
        ? undefined
        : { root: root.root, path: [...root.path, ...(names as string[])] };
    }
    return isClosed(snapshot, expr)
      ? { root: decodeUtf8(snapshot.slice(expr)), path: [] }
      : undefined;
  }

  #rootOfName(snapshot: Snapshot, definition: Definition, left: number): Root | undefined {
    const { binding } = definition.variable;
    if (binding !== undefined) {
      if (binding.kind === BindingKind.Plain)
        return this.#rootOf(snapshot, binding.value, left - 1);
      if (binding.kind === BindingKind.InheritedFrom) {
        const { owner } = definition;
        const set = owner.kind === NodeKind.Let ? owner.attrs : owner;
        const source = set.kind === NodeKind.AttrSet ? set.inheritFrom[binding.from] : undefined;
        const root = source === undefined ? undefined : this.#rootOf(snapshot, source, left - 1);
        return root === undefined
          ? undefined
          : { root: root.root, path: [...root.path, binding.name] };
      }
      const outer = snapshot.names.useAt(binding.pos)?.definition;
      return outer === undefined ? undefined : this.#rootOfName(snapshot, outer, left - 1);
    }
    return this.#argument(snapshot, definition);
  }

  /** An argument of a function that nobody calls in this text. */
  #argument(snapshot: Snapshot, { name, owner }: Definition): Root | undefined {
    if (snapshot.isFlake && owner.kind === NodeKind.Lambda) {
      if (name === "self") return { root: "builtins.getFlake (toString ./.)", path: [] };
      if (isOutputs(snapshot, owner))
        return { root: "(builtins.getFlake (toString ./.)).inputs", path: [name] };
    }
    if (name === "pkgs") return { root: this.#packages, path: [] };
    if (name === "lib") return { root: this.#packages, path: ["lib"] };
    // A file that `callPackage` calls: its arguments are packages.
    const isOfFile = owner === snapshot.expr && owner.kind === NodeKind.Lambda;
    const formals = isOfFile ? owner.formals?.formals : undefined;
    if (formals === undefined || formals.some((one) => one.name === "config")) return undefined;
    const looksLikePackage = formals.some((one) =>
      /^(?:lib|stdenv.*|fetch.*|build.*|callPackage|.*Packages|.*Hook)$/.test(one.name),
    );
    return looksLikePackage ? { root: this.#packages, path: [name] } : undefined;
  }

  /** A name that can only come from a `with`. */
  #freeName(snapshot: Snapshot, name: string, offset: number, left: number): Root | undefined {
    const [only, ...others] = withsAround(snapshot, offset);
    if (only === undefined || others.length > 0) return undefined;
    const root = this.#rootOf(snapshot, only, left - 1);
    return root === undefined ? undefined : { root: root.root, path: [...root.path, name] };
  }

  #open(): Evaluator | undefined {
    const { host, settings, openDocuments } = this.#options;
    if (!this.isEnabled || host.openEvaluator === undefined) return undefined;
    const { maxMemory, maxRestingMemory, maxTime } = settings().evaluation;
    this.#evaluator ??= host.openEvaluator({
      memory: maxMemory * MIB,
      resting: maxRestingMemory * MIB,
      time: maxTime * 1000,
    });
    this.#tellTexts(this.#evaluator, openDocuments());
    return this.#evaluator;
  }

  /** Tells the evaluator of documents that have changed since the last question. */
  #tellTexts(evaluator: Evaluator, documents: readonly Snapshot[]): void {
    const changed: OpenText[] = [];
    const open = new Set<string>();
    for (const { path, version, text } of documents) {
      if (path === undefined) continue;
      open.add(path);
      if (this.#known.get(path) === version) continue;
      this.#known.set(path, version);
      changed.push({ path, text });
    }
    for (const path of this.#known.keys()) {
      if (open.has(path)) continue;
      this.#known.delete(path);
      changed.push({ path, text: undefined });
    }
    if (changed.length === 0) return;
    this.#remembered.clear();
    evaluator.openTexts(changed);
  }

  /** Asks the evaluator unless the reply is known; `undefined` for failures. */
  async #ask<T>(
    what: string,
    query: EvaluationQuery,
    run: (evaluator: Evaluator) => Promise<Evaluated<T>>,
    patience = PATIENCE,
  ): Promise<T | undefined> {
    const evaluator = this.#open();
    if (evaluator === undefined) return undefined;
    const key = JSON.stringify([what, query]);
    let reply = this.#remembered.get(key) as Promise<Evaluated<T>> | undefined;
    if (reply === undefined) {
      reply = run(evaluator);
      this.#remember(key, reply);
      this.#show(reply);
    }
    const found = await this.#patiently(reply, patience);
    return found?.kind === "value" ? found.value : undefined;
  }

  /** Shows an evaluation that takes long, until it ends. */
  #show(reply: Promise<unknown>): void {
    const { host, showProgress } = this.#options;
    let end = host.schedule(UNSEEN, () => {
      end = showProgress("Evaluating", () => this.restart());
    });
    const ended = (): void => end();
    reply.then(ended, ended);
  }

  /** A reply if it comes in time; one that comes later is there for the next question. */
  async #patiently<T>(reply: Promise<T>, patience: number): Promise<T | undefined> {
    let stop = (): void => {};
    const late = new Promise<undefined>((resolve) => {
      stop = this.#options.host.schedule(patience, () => {
        this.#lateCount += 1;
        const arrived = (): void => {
          this.#lateCount -= 1;
        };
        reply.then(arrived, arrived);
        resolve(undefined);
      });
    });
    try {
      return await Promise.race([reply, late]);
    } finally {
      stop();
    }
  }

  #remember(key: string, reply: Promise<Evaluated<unknown>>): void {
    this.#remembered.set(key, reply);
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    const forget = (): void => {
      if (this.#remembered.get(key) === reply) this.#remembered.delete(key);
    };
    reply.then((found) => {
      if (found.kind !== "failure") return;
      if (found.message === CANCELLED) forget();
      else this.#options.host.schedule(FAILURE_PAUSE, forget);
    }, forget);
  }
}

/** A question that is never cancelled. */
const NEVER: Cancelled = {
  isCancellationRequested: false,
  onCancellationRequested: () => ({ dispose: () => {} }),
};

/** The message of a reply that nobody waited for. */
export const CANCELLED = "cancelled";

/** Attributes in one reply, at most. */
export const MAX_LISTED = 200;

/** Whether all names in an expression are its own or global. */
function isClosed(snapshot: Snapshot, expr: Expr): boolean {
  let closed = true;
  walk(expr, (one) => {
    if (one.kind === NodeKind.Error) closed = false;
    return closed;
  });
  if (!closed) return false;
  return snapshot.names.uses.every((use) => {
    if (use.start < expr.start || use.end > expr.end) return true;
    if (use.kind === "global") return true;
    const owner = use.definition?.owner;
    return owner !== undefined && owner.start >= expr.start && owner.end <= expr.end;
  });
}

/** The namespaces of the `with`s around a place, the innermost first. */
export function withsAround(snapshot: Snapshot, offset: number): Expr[] {
  const found: Expr[] = [];
  walk(snapshot.expr, (one) => {
    const inside =
      (one.start <= offset && offset <= one.end) || (one.kind === NodeKind.AttrSet && one.implicit);
    if (inside && one.kind === NodeKind.With && offset > one.namespace.end)
      found.unshift(one.namespace);
    return inside;
  });
  return found;
}

/** Whether a function is `outputs` of a flake. */
function isOutputs({ expr }: Snapshot, lambda: Expr): boolean {
  if (expr.kind !== NodeKind.AttrSet) return false;
  return expr.bindings.some(({ name, value }) => name === "outputs" && value === lambda);
}

/** `a."b c"` */
export function pathText(path: readonly string[]): string {
  return path.map((name) => printIdentifier(name)).join(".");
}
