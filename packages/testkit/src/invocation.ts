/**
 * The one way in which every suite runs Nix code: an {@link Invocation} in the words of
 * `nix-instantiate`, with an {@link Outcome} as its result.
 *
 * Because the words are upstream's, the same invocation works for the built command, for Nivis
 * inside the test process and for a real C++ Nix, and the outcomes are directly comparable. Texts
 * are byte strings (one char is one byte), as everywhere in Nivis.
 */

/** One run of `nix-instantiate`. */
export interface Invocation {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** The text on standard input; empty if absent. */
  readonly stdin?: string;
  /** The current directory. */
  readonly cwd: string;
  /** Variables added to {@link testEnvironment}; no others are passed on. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The result of an invocation. */
export interface Outcome {
  /** The exit code; 128 + n after signal n, and 124 after a timeout. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Something that runs invocations. */
export interface Runner {
  /** The name of the runner in test titles, such as `vm` or `C++ Nix 2.8.0`. */
  readonly name: string;
  run(invocation: Invocation): Promise<Outcome>;
}

/**
 * The environment of every run: no system configuration, no search path, no channels, a
 * missing home directory, and a store that only computes.
 */
export function testEnvironment(): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: "/fake-home",
    NIX_PATH: "",
    NIX_REMOTE: "dummy://",
    NIX_STATE_DIR: "/var/empty",
    NIX_STORE_DIR: "/nix/store",
    NIX_CONF_DIR: "/var/empty",
    NIX_USER_CONF_FILES: "",
    NO_COLOR: "1",
    NIVIS_NO_CACHE: "1",
    TEST_VAR: "foo",
  };
}

/** The outcome with `/pwd` in place of each occurrence of `folder`. */
export function withoutFolder(outcome: Outcome, folder: string): Outcome {
  return {
    code: outcome.code,
    stdout: outcome.stdout.replaceAll(folder, "/pwd"),
    stderr: outcome.stderr.replaceAll(folder, "/pwd"),
  };
}
