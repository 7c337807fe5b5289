/**
 * AsyncProgram: a command that waits for a network or for other programs, from the first argument
 * to the exit code. What the commands that evaluate have in common is in `program.ts`.
 */
import {
  EvalError,
  evalErrorOf,
  NO_POS,
  type PosIdx,
  type PositionTable,
  positionIn,
} from "@nivis/eval";
import { encodeUtf8, InputError, type TextPlace } from "@nivis/formats";
import { SourceFile } from "@nivis/syntax";
import { Invocation } from "./invocation.ts";
import { type HelpTopic, renderHelp } from "./options/help.ts";
import { flag, type Option, parseArguments, usageError } from "./options/option.ts";
import { versionLine } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** What all these commands gather. */
export interface CommonFlags {
  /** Settings by name in the order in which they were given; byte strings. */
  readonly settings: { readonly name: string; readonly value: string }[];
  showTrace: boolean;
}

/** A command: its help, its options and what it does. */
export interface AsyncProgram<Flags extends CommonFlags> extends HelpTopic {
  /** Its own options; the shared ones are added. */
  readonly options: readonly Option<Flags>[];
  /** The state before the first option. */
  defaults(): Flags;
  /** Takes an argument that is not a flag. */
  positional(flags: Flags, argument: string): void;
  /** Does the work; errors are thrown. */
  run(flags: Flags, invocation: Invocation): Promise<void>;
}

/** The state before the first option. */
export function commonFlags(): CommonFlags {
  return { settings: [], showTrace: false };
}

function setting(flags: CommonFlags, name: string, value: string): void {
  flags.settings.push({ name, value: encodeUtf8(value) });
}

const COMMON_OPTIONS: readonly Option<CommonFlags>[] = [
  flag(["--offline"], "Use what is in the caches, however old, and ask nobody", (flags) =>
    setting(flags, "tarball-ttl", String(Number.MAX_SAFE_INTEGER)),
  ),
  flag(["--refresh"], "Ask again about everything that may have changed", (flags) =>
    setting(flags, "tarball-ttl", "0"),
  ),
  {
    names: ["--option"],
    values: ["NAME", "VALUE"],
    doc: "Set a setting of nix.conf",
    apply: (flags, name, value) => setting(flags, name as string, value as string),
  },
  flag(["--show-trace"], "Show all traces of an error", (flags) => {
    flags.showTrace = true;
  }),
  { ...flag(["--help"], "Show this help", () => {}), instead: "help" },
  { ...flag(["--version"], "Show the version", () => {}), instead: "version" },
  ...["extra-experimental-features", "experimental-features"].map((name) => ({
    names: [`--${name}`],
    values: ["FEATURES"],
    doc: "Turn on experimental features of fetchers",
    hidden: name === "experimental-features",
    apply: (flags: CommonFlags, features?: string) => setting(flags, name, features as string),
  })),
];

/** Runs a program and returns its exit code. */
export async function runAsyncProgram<Flags extends CommonFlags>(
  program: AsyncProgram<Flags>,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const invocation = new Invocation(terminal, program.name);
  try {
    const flags = program.defaults();
    const { options: own, positional } = program;
    const grammar = { own, shared: COMMON_OPTIONS, style: "modern" as const, positional };
    switch (parseArguments(args, grammar, flags)) {
      case "help":
        terminal.writeOut(encodeUtf8(renderHelp(program, [...own, ...COMMON_OPTIONS])));
        break;
      case "version":
        terminal.writeOut(versionLine(program.name.split(" ")[0] as string));
        break;
      default:
        if (flags.showTrace) invocation.settings.showTrace = true;
        await program.run(flags, invocation);
    }
    return 0;
  } catch (error) {
    invocation.report(withTraces(error, invocation.positions));
    return error instanceof InputError ? error.exitCode : 1;
  }
}

/** An error of a fetch in the form in which errors are shown. */
function withTraces(error: unknown, positions: PositionTable): unknown {
  const shown = evalErrorOf(error);
  if (!(error instanceof InputError && shown instanceof EvalError)) return shown;
  const texts = new Map<string, PosIdx>();
  const positionOf = (place: TextPlace | undefined): PosIdx => {
    if (place === undefined) return NO_POS;
    const { file: path, text, offset } = place;
    const base = texts.get(path) ?? positions.add(new SourceFile({ kind: "file", path }, text));
    texts.set(path, base);
    return positionIn(base, offset);
  };
  shown.pos = positionOf(error.place);
  for (const { text, place } of error.notes) shown.addTrace(positionOf(place), text);
  return shown;
}

/** Refuses an argument too many. */
export function unexpectedArgument(argument: string): never {
  throw usageError(`unexpected argument '${argument}'`);
}
