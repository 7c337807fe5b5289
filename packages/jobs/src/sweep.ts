/**
 * Sweep: one walk over all attributes. It takes replies in any order, and twice if need be, prints a line
 * for each job, and remembers what the aggregates need. It does not know who evaluates: local workers
 * and a queue take paths from its schedule and deliver replies.
 */
import { type AttrPath, attrPathKey, compareAttrPaths, joinAttrPath } from "./attr-path.ts";
import type { KnownJob } from "./constituents.ts";
import { errorFields, formatLine, type JobReply, type LineFields } from "./reply.ts";
import { Schedule } from "./schedule.ts";

/** Where a workforce takes paths from, and delivers what became of them. */
export interface PathSource {
  readonly schedule: Schedule;
  /** Takes a reply. Those for paths that are finished already, or that nobody took, are dropped. */
  deliver(reply: JobReply): void;
}

/** What a sweep is given. */
export interface SweepOptions {
  /** Receives each line as soon as it is known, without its end; byte strings. */
  readonly emit: (line: string, path: AttrPath) => void;
  /** Whether jobs are remembered for aggregates, and aggregates with names held back. */
  readonly keepJobs: boolean;
  /** Paths whose lines are known from an earlier run, by {@link attrPathKey}. */
  readonly known?: ReadonlySet<string>;
  /** Whether lines come in the order of their paths, whoever evaluates them. Defaults to no. */
  readonly isOrdered?: boolean;
}

/** An aggregate that waits for all other jobs. */
export interface HeldJob {
  readonly path: AttrPath;
  readonly fields: LineFields;
}

/** See the head of this file. */
export class Sweep implements PathSource {
  readonly schedule = new Schedule();
  /** All jobs by the field `attr`; only if they are remembered. */
  readonly jobs = new Map<string, KnownJob>();
  /** The aggregates that wait, by the field `attr`. */
  readonly held = new Map<string, HeldJob>();
  /** The number of lines with an error. */
  errors = 0;
  /** The number of lines. */
  lines = 0;
  /** The attributes whose error says nothing about them; see {@link JobReply}. */
  readonly incomplete: AttrPath[] = [];
  readonly #options: SweepOptions;
  /** Lines that wait for those before them. */
  readonly #early: { readonly path: AttrPath; readonly line: string }[] = [];
  /** An unfinished path that precedes all of these lines. */
  #blocker: AttrPath | undefined;
  /** Whether all attributes are finished and their lines printed. */
  #isOver = false;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.schedule.add([[]]);
  }

  /** Whether all attributes are finished. */
  get isFinished(): boolean {
    return this.schedule.open === 0;
  }

  /** See {@link PathSource}. */
  deliver(reply: JobReply): void {
    const { path } = reply;
    if (!this.schedule.isActive(path)) return;
    const children = reply.kind === "set" ? reply.names.map((name) => [...path, name]) : [];
    const { known } = this.#options;
    this.schedule.add(
      known === undefined ? children : children.filter((child) => !known.has(attrPathKey(child))),
    );
    this.schedule.finish(path);
    if (reply.kind === "job") this.#takeJob(reply);
    else if (reply.kind === "error") this.#takeError(reply);
    if (this.#options.isOrdered === true) this.#printEarlyLines();
    this.#isOver = this.isFinished;
  }

  /** Prints a line that is not that of a reply. */
  print(path: AttrPath, fields: LineFields): void {
    this.lines++;
    if ("error" in fields) this.errors++;
    const line = formatLine(path, fields);
    if (this.#options.isOrdered === true && !this.#isOver) this.#early.push({ path, line });
    else this.#options.emit(line, path);
  }

  /** Prints the lines that no unfinished path precedes any more. */
  #printEarlyLines(): void {
    if (this.#blocker !== undefined && this.schedule.isOpen(this.#blocker)) return;
    this.#blocker = this.schedule.first();
    this.#early.sort((a, b) => compareAttrPaths(a.path, b.path));
    const blocker = this.#blocker;
    const isReady = ({ path }: { readonly path: AttrPath }): boolean =>
      blocker === undefined || compareAttrPaths(path, blocker) < 0;
    let count = 0;
    while (count < this.#early.length && isReady(this.#early[count] as { path: AttrPath })) count++;
    for (const { line, path } of this.#early.splice(0, count)) this.#options.emit(line, path);
  }

  #takeJob({ path, fields, aggregate }: Extract<JobReply, { kind: "job" }>): void {
    const isHeld = aggregate !== undefined && aggregate.names.length > 0;
    if (this.#options.keepJobs) {
      const name = joinAttrPath(path);
      const drvPath = JSON.parse(fields["drvPath"] as string) as string;
      this.jobs.set(name, { drvPath, ...(aggregate === undefined ? {} : { aggregate }) });
      if (isHeld) {
        this.held.set(name, { path, fields });
        return;
      }
    }
    this.print(path, fields);
  }

  #takeError({ path, message, incomplete }: Extract<JobReply, { kind: "error" }>): void {
    if (this.#options.keepJobs) this.jobs.set(joinAttrPath(path), { error: message });
    if (incomplete) this.incomplete.push(path);
    this.print(path, errorFields(message));
  }
}
