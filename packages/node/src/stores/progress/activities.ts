/**
 * Activities: what a store is busy with, and the line that says so.
 *
 * A store announces activities (a build, a download) and their results (a line of a log, how far it
 * is). From them come the counts in brackets and the newest activity behind them, as C++ Nix shows
 * them: `[1/3/7 built, 12.0/31.9 MiB DL] building hello (buildPhase): cc -c main.c`. Source:
 * libmain/progress-bar.cc. Texts are byte strings with ANSI escapes.
 */
import {
  ACTIVITY_TYPES,
  type ActivityResult,
  type ActivityStart,
  RESULT_TYPES,
} from "@nivis/formats";
import { sizeText, sizeTexts } from "./sizes.ts";

const BOLD = "\x1b[1m";
const RED = "\x1b[31;1m";
const GREEN = "\x1b[32;1m";
const BLUE = "\x1b[34;1m";
const NORMAL = "\x1b[0m";

/** How long an activity lasts before it is shown, in milliseconds. */
const SHOWN_AFTER = 10;

interface Counts {
  done: number;
  expected: number;
  running: number;
  failed: number;
}

interface Running extends Counts {
  readonly type: number;
  readonly parent: bigint;
  readonly startTime: number;
  readonly text: string;
  readonly isVisible: boolean;
  /** The name of what is built, without its version. */
  readonly name: string | undefined;
  phase: string;
  lastLine: string;
  /** What this activity expects of activities, by their type. */
  readonly expectedByType: Map<number, number>;
}

/** Sums over activities of a type that have ended, and what is expected of all of them. */
interface Ended {
  done: number;
  failed: number;
  expected: number;
}

/** See the head of this file. */
export class Activities {
  /** In the order in which they are shown: the last first. */
  readonly #running = new Map<bigint, Running>();
  readonly #ended = new Map<number, Ended>();
  readonly #now: () => number;
  #filesLinked = 0;
  #bytesLinked = 0;
  #corrupted = 0;
  #untrusted = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes that an activity began. */
  start(activity: ActivityStart): void {
    const { id, type, parent } = activity;
    const name =
      type === ACTIVITY_TYPES.build || type === ACTIVITY_TYPES.postBuildHook
        ? withoutVersion(nameOf(activity, ".drv"))
        : undefined;
    this.#running.set(id, {
      type,
      parent,
      startTime: this.#now(),
      text: describe(activity),
      isVisible: !this.#isPartOfOther(activity),
      name,
      phase: "",
      lastLine: "",
      expectedByType: new Map(),
      done: 0,
      expected: 0,
      running: 0,
      failed: 0,
    });
  }

  /** Notes that an activity ended. */
  stop(id: bigint): void {
    const found = this.#running.get(id);
    if (found === undefined) return;
    this.#running.delete(id);
    const sums = this.#endedOf(found.type);
    sums.done += found.done;
    sums.failed += found.failed;
    for (const [type, expected] of found.expectedByType) this.#endedOf(type).expected -= expected;
  }

  /** Notes a result of an activity. */
  result({ id, type, fields }: ActivityResult): void {
    const [first, second, third, fourth] = fields;
    switch (type) {
      case RESULT_TYPES.fileLinked:
        this.#filesLinked++;
        this.#bytesLinked += Number(first ?? 0);
        return;
      case RESULT_TYPES.untrustedPath:
        this.#untrusted++;
        return;
      case RESULT_TYPES.corruptedPath:
        this.#corrupted++;
        return;
    }
    const found = this.#running.get(id);
    if (found === undefined) return;
    switch (type) {
      case RESULT_TYPES.buildLogLine:
      case RESULT_TYPES.postBuildLogLine:
        found.lastLine = String(first ?? "").trimEnd();
        // What speaks comes to the front.
        this.#running.delete(id);
        this.#running.set(id, found);
        return;
      case RESULT_TYPES.setPhase:
        found.phase = String(first ?? "");
        return;
      case RESULT_TYPES.fetchStatus:
        found.lastLine = String(first ?? "");
        return;
      case RESULT_TYPES.progress:
        if (fourth === undefined) return;
        found.done = Number(first);
        found.expected = Number(second);
        found.running = Number(third);
        found.failed = Number(fourth);
        return;
      case RESULT_TYPES.setExpected: {
        const expectedType = Number(first ?? 0);
        const sums = this.#endedOf(expectedType);
        sums.expected += Number(second ?? 0) - (found.expectedByType.get(expectedType) ?? 0);
        found.expectedByType.set(expectedType, Number(second ?? 0));
      }
    }
  }

  /** What the lines of the log of an activity begin with. */
  nameOf(id: bigint): string {
    return this.#running.get(id)?.name ?? "unnamed";
  }

  /** The line that shows what goes on; empty if nothing does. */
  line(): string {
    const status = this.#status();
    const counts = status === "" ? "" : `[${status}] `;
    const newest = this.#newest();
    if (newest === undefined) return counts;
    const { text, phase, lastLine } = newest;
    const head = text + (phase === "" ? "" : ` (${phase})`);
    const between = text !== "" && lastLine !== "" ? ": " : "";
    return counts + head + between + lastLine;
  }

  /**
   * Whether an activity is too young to be shown by `line`: it has to be asked again after a pause,
   * because the store may say nothing more for as long as the activity lasts.
   */
  isWaitingToBeShown(): boolean {
    const shownBefore = this.#now() - SHOWN_AFTER;
    return this.#showable().some(({ startTime }) => startTime >= shownBefore);
  }

  #newest(): Running | undefined {
    const shownBefore = this.#now() - SHOWN_AFTER;
    return this.#showable()
      .reverse()
      .find(({ startTime }) => startTime < shownBefore);
  }

  #showable(): Running[] {
    return [...this.#running.values()].filter(
      ({ isVisible, text, lastLine }) => isVisible && (text !== "" || lastLine !== ""),
    );
  }

  #status(): string {
    const copied = this.#counted(ACTIVITY_TYPES.copyPaths, "copied");
    const copiedSize = this.#sized(ACTIVITY_TYPES.copyPath);
    const downloaded = this.#sized(ACTIVITY_TYPES.fileTransfer);
    const optimised = this.#counted(ACTIVITY_TYPES.optimiseStore, "paths optimised");
    const freed = `, ${sizeText(this.#bytesLinked)} / ${this.#filesLinked} inodes freed`;
    return [
      this.#counted(ACTIVITY_TYPES.builds, "built"),
      (copied === "" && copiedSize !== "" ? "0 copied" : copied) +
        (copiedSize === "" ? "" : ` (${copiedSize})`),
      downloaded === "" ? "" : `${downloaded} DL`,
      optimised === "" ? "" : optimised + freed,
      this.#counted(ACTIVITY_TYPES.verifyPaths, "paths verified"),
      this.#corrupted === 0 ? "" : `${RED}${this.#corrupted} corrupted${NORMAL}`,
      this.#untrusted === 0 ? "" : `${RED}${this.#untrusted} untrusted${NORMAL}`,
    ]
      .filter((part) => part !== "")
      .join(", ");
  }

  #counted(type: number, what: string): string {
    const counts = this.#countsOf(type);
    const figures = figuresOf(counts, (numbers) => ({ texts: numbers.map(String), unit: "" }));
    if (figures === "") return "";
    const failed = counts.failed === 0 ? "" : ` (${RED}${counts.failed} failed${NORMAL})`;
    return `${figures} ${what}${failed}`;
  }

  #sized(type: number): string {
    const counts = this.#countsOf(type);
    const figures = figuresOf(counts, sizeTexts);
    if (figures === "" || counts.failed === 0) return figures;
    return `${figures} (${RED}${sizeText(counts.failed)} failed${NORMAL})`;
  }

  #countsOf(type: number): Counts {
    const ended = this.#endedOf(type);
    const counts = { done: ended.done, expected: ended.done, running: 0, failed: ended.failed };
    for (const one of this.#running.values()) {
      if (one.type !== type) continue;
      counts.done += one.done;
      counts.expected += one.expected;
      counts.running += one.running;
      counts.failed += one.failed;
    }
    counts.expected = Math.max(counts.expected, ended.expected);
    return counts;
  }

  #endedOf(type: number): Ended {
    let found = this.#ended.get(type);
    if (found === undefined) {
      found = { done: 0, failed: 0, expected: 0 };
      this.#ended.set(type, found);
    }
    return found;
  }

  /** Whether an activity is a step of one that is shown already. */
  #isPartOfOther({ type, parent }: ActivityStart): boolean {
    const { fileTransfer, copyPath, queryPathInfo, substitute } = ACTIVITY_TYPES;
    if (type === fileTransfer) {
      return this.#hasAncestor(parent, copyPath) || this.#hasAncestor(parent, queryPathInfo);
    }
    return type === copyPath && this.#hasAncestor(parent, substitute);
  }

  #hasAncestor(id: bigint, type: number): boolean {
    let at = this.#running.get(id);
    for (let levels = this.#running.size; at !== undefined && levels > 0; levels--) {
      if (at.type === type) return true;
      at = this.#running.get(at.parent);
    }
    return false;
  }
}

/** `running/done/expected`, as far as there is something to say. */
function figuresOf({ running, done, expected, failed }: Counts, texts: typeof sizeTexts): string {
  if (running === 0 && done === 0 && expected === 0 && failed === 0) return "";
  const rows: { readonly color: string; readonly figure: number }[] = [];
  if (running !== 0) rows.push({ color: BLUE, figure: running });
  rows.push({ color: running !== 0 || done !== expected || done !== 0 ? GREEN : "", figure: done });
  if (expected !== 0 && (running !== 0 || expected !== done)) {
    rows.push({ color: "", figure: expected });
  }
  const { texts: figures, unit } = texts(rows.map(({ figure }) => figure));
  const shown = rows.map(({ color }, i) =>
    color === "" ? figures[i] : `${color}${figures[i]}${NORMAL}`,
  );
  return shown.join("/") + (unit === "" ? "" : ` ${unit}`);
}

/** The name in the store path that is the first field of an activity. */
function nameOf({ fields }: ActivityStart, suffix = ""): string {
  const path = String(fields[0] ?? "");
  const name = path.replace(/^.*\/[0-9a-z]{32}-/, "");
  return suffix !== "" && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

/** Nix: the version begins at the first dash that no letter follows. */
function withoutVersion(name: string): string {
  return name.replace(/-[^a-zA-Z].*$/, "");
}

function describe(activity: ActivityStart): string {
  const { type, text, fields } = activity;
  const second = typeof fields[1] === "string" ? fields[1] : "";
  if (typeof fields[0] !== "string") return text;
  switch (type) {
    case ACTIVITY_TYPES.build: {
      const where = second === "" ? "" : ` on ${BOLD}${second}${NORMAL}`;
      return `building ${BOLD}${nameOf(activity, ".drv")}${NORMAL}${where}`;
    }
    case ACTIVITY_TYPES.substitute: {
      const verb = second.startsWith("local") ? "copying" : "fetching";
      return `${verb} ${BOLD}${nameOf(activity)}${NORMAL} from ${second}`;
    }
    case ACTIVITY_TYPES.queryPathInfo:
      return `querying ${BOLD}${nameOf(activity)}${NORMAL} on ${second}`;
    case ACTIVITY_TYPES.postBuildHook:
      return `post-build ${BOLD}${nameOf(activity, ".drv")}${NORMAL}`;
    default:
      return text;
  }
}
