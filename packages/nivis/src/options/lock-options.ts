/** The flags by which commands say what may happen to a lock file. */
import { type InputPath, parseInputPath } from "@nivis/flake";
import { encodeUtf8, marked } from "@nivis/formats";
import { type CommonFlags, commonFlags, unexpectedArgument } from "../async-program.ts";
import type { Invocation } from "../invocation.ts";
import { flag, type Option, usageError, valueFlag } from "./option.ts";

/** What the flags gather. Texts are byte strings. */
export interface LockChoices {
  recreate: boolean;
  update: boolean;
  write: boolean;
  useRegistries: boolean | undefined;
  commit: boolean;
  reference: string | undefined;
  output: string | undefined;
  readonly overrides: { readonly path: InputPath; readonly ref: string }[];
  readonly updates: InputPath[];
  readonly inputsFrom: string[];
  readonly overrideFlakes: { readonly from: string; readonly to: string }[];
  /** Warnings about the flags themselves. */
  readonly warnings: string[];
}

/** What all commands gather that lock flakes. */
export interface LockingFlags {
  readonly locking: LockChoices;
}

/** What commands gather that do nothing but lock a flake. */
export interface LockDraft extends CommonFlags, LockingFlags {
  /** The flake; the current directory unless given. */
  flake: string | undefined;
}

/** The state before the first option. */
export function emptyLockDraft(invocation: Invocation): LockDraft {
  return { ...commonFlags(invocation), locking: emptyLockChoices(), flake: undefined };
}

/** The choices before the first option. */
export function emptyLockChoices(): LockChoices {
  return {
    recreate: false,
    update: true,
    write: true,
    useRegistries: undefined,
    commit: false,
    reference: undefined,
    output: undefined,
    overrides: [],
    updates: [],
    inputsFrom: [],
    overrideFlakes: [],
    warnings: [],
  };
}

/** A path of an input that must lead somewhere. */
export function inputPathOf(text: string, name: string): InputPath {
  const path = parseInputPath(encodeUtf8(text));
  if (path.length > 0) return path;
  throw usageError(
    marked`${name} was passed a zero-length input path, which would refer to the flake itself, not an input`,
  );
}

/** Flags of all commands that lock a flake. */
export const LOCK_OPTIONS: readonly Option<LockingFlags>[] = [
  {
    names: ["--override-input"],
    values: ["INPUT", "REF"],
    doc: "Take REF for an input, such as dep/nixpkgs",
    apply: ({ locking }, path, ref) => {
      locking.overrides.push({
        path: inputPathOf(path as string, "--override-input"),
        ref: encodeUtf8(ref as string),
      });
      // Nix: a lock file with overrides is written by the commands that are for that.
      locking.write = false;
    },
  },
  valueFlag(["--reference-lock-file"], "FILE", "Begin with this lock file", ({ locking }, file) => {
    locking.reference = encodeUtf8(file);
  }),
  valueFlag(["--output-lock-file"], "FILE", "Write the lock file there", ({ locking }, file) => {
    locking.output = encodeUtf8(file);
  }),
  flag(["--commit-lock-file"], "Commit changes to the lock file", ({ locking }) => {
    locking.commit = true;
  }),
  flag(["--no-use-registries"], "Do not look into registries", ({ locking }) => {
    locking.useRegistries = false;
  }),
  {
    ...flag<LockingFlags>(["--no-registries"], "", ({ locking }) => {
      locking.warnings.push("'--no-registries' is deprecated; use '--no-use-registries'");
      locking.useRegistries = false;
    }),
    hidden: true,
  },
  {
    ...flag<LockingFlags>(["--recreate-lock-file"], "", ({ locking }) => {
      locking.warnings.push(
        "'--recreate-lock-file' is deprecated and will be removed in a future version; use 'nix flake update' instead.",
      );
      locking.recreate = true;
    }),
    hidden: true,
  },
  {
    ...valueFlag<LockingFlags>(["--update-input"], "INPUT", "", ({ locking }, path) => {
      locking.warnings.push(
        "'--update-input' is a deprecated alias for 'flake update' and will be removed in a future version.",
      );
      locking.updates.push(inputPathOf(path, "--update-input"));
    }),
    hidden: true,
  },
  valueFlag(
    ["--inputs-from"],
    "REF",
    "Put the inputs of a flake before the registries",
    ({ locking }, ref) => {
      locking.inputsFrom.push(encodeUtf8(ref));
    },
  ),
  {
    names: ["--override-flake"],
    values: ["FROM", "TO"],
    doc: "Take TO wherever FROM would be looked up",
    apply: ({ locking }, from, to) => {
      locking.overrideFlakes.push({
        from: encodeUtf8(from as string),
        to: encodeUtf8(to as string),
      });
    },
  },
];

/** For commands that may leave the lock file as it is. */
export const NO_UPDATE_OPTION: Option<LockingFlags> = flag(
  ["--no-update-lock-file"],
  "Fail if the lock file would have to change",
  ({ locking }) => {
    locking.update = false;
  },
);

/** For commands that need not write the lock file. */
export const NO_WRITE_OPTION: Option<LockingFlags> = flag(
  ["--no-write-lock-file"],
  "Keep changes to the lock file to oneself",
  ({ locking }) => {
    locking.write = false;
  },
);

/** Takes the only argument, the flake. */
export function takeFlake(flags: { flake: string | undefined }, argument: string): void {
  if (flags.flake !== undefined) unexpectedArgument(argument);
  flags.flake = encodeUtf8(argument);
}
