/**
 * The one way in which every suite runs Nix code: an {@link Invocation} in the words of
 * `nix-instantiate`, answered by an {@link Outcome}.
 *
 * Because the words are upstream's, the same invocation goes to the built command, to Nivis inside
 * the test process, and to a real C++ Nix, and the outcomes can be compared as they are. Texts are
 * byte strings (one char is one byte), as everywhere in Nivis.
 */

/** What is asked. */
export interface Invocation {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** What stands on standard input; empty when absent. */
  readonly stdin?: string;
  /** The folder in which relative paths begin. */
  readonly cwd: string;
  /** Variables on top of {@link testEnvironment}; nothing else is passed on. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What is answered. */
export interface Outcome {
  /** The exit code; 128 + n after signal n, and 124 when time ran out. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Something that answers invocations. */
export interface Runner {
  /** How the runner is called in the titles of tests: `vm`, `C++ Nix 2.8.0`. */
  readonly name: string;
  run(invocation: Invocation): Promise<Outcome>;
}

/**
 * The environment of every run: no configuration of the machine, no search path and no channels, a
 * home that does not exist, and a store that only computes.
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

/** The outcome with each occurrence of `folder` in its texts replaced by `/pwd`. */
export function withoutFolder(outcome: Outcome, folder: string): Outcome {
  return {
    code: outcome.code,
    stdout: outcome.stdout.replaceAll(folder, "/pwd"),
    stderr: outcome.stderr.replaceAll(folder, "/pwd"),
  };
}
