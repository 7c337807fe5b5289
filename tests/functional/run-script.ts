/**
 * Runs one of C++ Nix's functional scripts from its checkout, with Nivis in place of
 * `nix-instantiate`, `nix-build` and `nix`, and C++ Nix for everything else. Each script has a
 * folder with the files that the suite's build system would generate, and with the wrappers.
 */
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout and the programs of the scripts. */
export interface Suite {
  /** The checkout's `tests/functional`. */
  readonly folder: string;
  /** The folder with the programs of C++ Nix for the store side. */
  readonly programs: string;
  /** Their version. */
  readonly version: string;
  /** Whether C++ Nix runs everything. */
  readonly reference: boolean;
}

/** The outcome of a script. */
export interface Outcome {
  readonly status: "passed" | "skipped" | "failed";
  /** The command that failed, and the first line of the reason. */
  readonly reason: string;
}

/** The commands of `nix` that Nivis runs; C++ Nix runs all others. */
const COMMANDS = [
  "build",
  "copy",
  "derivation",
  "develop",
  "eval",
  "flake",
  "fmt",
  "formatter",
  "hash",
  "key",
  "log",
  "nar",
  "path-info",
  "print-dev-env",
  "realisation",
  "registry",
  "run",
  "search",
  "shell",
  "store",
  "why-depends",
];

/** The time in seconds after which a script counts as failed. */
const TIME_LIMIT = 240;
/** The exit code of a script that cannot run in this environment. */
const SKIPPED = 77;

function bin(name: string): string {
  return fileURLToPath(new URL(`../../packages/nivis/bin/${name}.cjs`, import.meta.url));
}

function which(program: string): string {
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    if (existsSync(join(folder, program))) return realpathSync(join(folder, program));
  }
  throw new Error(`${program} is not on PATH`);
}

function writeProgram(file: string, lines: readonly string[]): void {
  writeFileSync(file, `#!${which("bash")}\n${lines.join("\n")}\n`);
  chmodSync(file, 0o755);
}

/** Flags that may precede the command, with the number of their values. */
const FLAGS_WITH_VALUES: Readonly<Record<string, number>> = {
  "--extra-experimental-features": 1,
  "--experimental-features": 1,
  "--store": 1,
  "--eval-store": 1,
  "--log-format": 1,
  "--option": 2,
};

function writePrograms(folder: string, { programs, reference }: Suite): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(programs).filter((name) => /^nix(?:-|$)/.test(name))) {
    if (name === "nix-daemon") {
      // Nivis starts it by another name as well.
      symlinkSync(join(programs, name), join(folder, name));
    } else writeProgram(join(folder, name), [`exec -a ${name} ${join(programs, name)} "$@"`]);
  }
  if (reference) return;
  const node = process.execPath;
  // Scripts delete C++ Nix's cache, so that of Nivis is the same directory.
  const cache = [
    'if [ -n "$HOME" ] && [ ! -e "$HOME/.cache/nivis" ]; then',
    '  mkdir -p "$HOME/.cache/nix" && ln -sfn nix "$HOME/.cache/nivis"',
    "fi",
  ];
  writeProgram(join(folder, "nix-instantiate"), [
    ...cache,
    `exec ${node} ${bin("nivis-instantiate")} "$@"`,
  ]);
  writeProgram(join(folder, "nix-build"), [...cache, `exec ${node} ${bin("nivis-build")} "$@"`]);
  // Bash does not pass the variable `_` to what replaces it, and a script compares environments.
  const nivis = `exec env "_=$0" ${node} ${bin("nivis-nix")} "$@"`;
  writeProgram(join(folder, "nix"), [
    ...cache,
    "skip=0",
    'for word in "$@"; do',
    "  if ((skip > 0)); then skip=$((skip - 1)); continue; fi",
    "  case $word in",
    `    ${COMMANDS.join("|")}) ${nivis} ;;`,
    ...Object.entries(FLAGS_WITH_VALUES).map(([flag, count]) => `    ${flag}) skip=${count} ;;`),
    "    -*) ;;",
    "    *) break ;;",
    "  esac",
    "done",
    `exec ${join(programs, "nix")} "$@"`,
  ]);
}

/** The user for the scripts where the runner is root, to whom nothing is forbidden. */
const NOBODY = 65_534;

/** Folders of the checkout that no script here reads. */
const UNUSED = new Set(["git"]);

/**
 * Runs a script by its name, such as `simple` or `ca/build`. `log` names the file that receives its
 * whole output.
 */
export async function runScript(
  suite: Suite,
  name: string,
  log: string | undefined,
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "nivis-functional-"));
  try {
    // Scripts write beside themselves, and several run at a time.
    const source = join(folder, "source");
    cpSync(suite.folder, source, {
      recursive: true,
      filter: (path) => !UNUSED.has(relative(suite.folder, path)),
    });
    const programs = join(folder, "bin");
    writePrograms(programs, suite);
    mkdirSync(join(folder, "common"));
    const system = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-${process.platform}`;
    const bash = which("bash");
    const coreutils = dirname(which("cat"));
    writeFileSync(
      join(folder, "common", "subst-vars.sh"),
      `bash=${bash}\nbindir=${programs}\ncoreutils=${coreutils}\ndot=\nbusybox=\nversion=${suite.version}\nsystem=${system}\n`,
    );
    const template = readFileSync(join(suite.folder, "config.nix.in"), "utf8");
    const values: Record<string, string> = { bash, coreutils, system };
    writeFileSync(
      join(folder, "config.nix"),
      template.replace(/@(\w+)@/g, (all, key: string) => values[key] ?? all),
    );
    // Bash ignores PS4 in root's environment.
    writeFileSync(join(folder, "trace.sh"), "PS4='+($BASH_SOURCE:$LINENO) '\n");
    const isRoot = process.getuid?.() === 0;
    if (isRoot) execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, folder]);
    const { code, output } = await runBash(name, folder, isRoot ? NOBODY : undefined);
    if (log !== undefined) writeFileSync(log, output.replaceAll(folder, "ROOT"));
    if (code === 0) return { status: "passed", reason: "" };
    if (code === SKIPPED) return { status: "skipped", reason: skipReason(output) };
    const reason =
      code === undefined ? `took longer than ${TIME_LIMIT} s` : reasonOf(output, folder);
    return { status: "failed", reason };
  } finally {
    const remove = spawn("chmod", ["-R", "u+w", folder], { stdio: "ignore" });
    await new Promise((resolve) => remove.once("exit", resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

function skipReason(output: string): string {
  return /^(.*), skipping this test\.\.\.$/m.exec(output)?.[1] ?? "";
}

function runBash(
  name: string,
  folder: string,
  user: number | undefined,
): Promise<{ code: number | undefined; output: string }> {
  const source = join(folder, "source");
  // A file and not a pipe: scripts open /dev/stderr, and processes that remain may hold it.
  const outputFile = join(folder, "output");
  const stream = openSync(outputFile, "a");
  if (user !== undefined) chownSync(outputFile, user, user);
  return new Promise((resolve) => {
    const child = spawn("bash", ["-x", "-e", "-u", "-o", "pipefail", `${basename(name)}.sh`], {
      cwd: join(source, dirname(name)),
      ...(user === undefined ? {} : { uid: user, gid: user }),
      // A separate process group, so that remaining processes of a script can be killed.
      detached: true,
      stdio: ["ignore", stream, stream],
      env: {
        PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
        HOME: folder,
        TEST_ROOT: join(folder, "root"),
        TMPDIR: folder,
        _NIX_TEST_SOURCE_DIR: source,
        _NIX_TEST_BUILD_DIR: folder,
        TEST_SUITE_NAME: name.includes("/") ? dirname(name) : "main",
        TEST_NAME: basename(name),
        NIX_REMOTE: "",
        NIX_STORE: "",
        BASH_ENV: join(folder, "trace.sh"),
      },
    });
    let timedOut = false;
    const end = (): void => {
      try {
        process.kill(-(child.pid as number), "SIGKILL");
      } catch {
        // All processes of the group have ended.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, TIME_LIMIT * 1000);
    child.once("exit", (code) => {
      clearTimeout(timer);
      end();
      closeSync(stream);
      const output = readFileSync(outputFile, "utf8");
      resolve({ code: timedOut ? undefined : (code ?? 128), output });
    });
  });
}

/** The last command of the script, and the first error after it. */
function reasonOf(output: string, folder: string): string {
  const lines = output.split("\n").map((line) => line.replaceAll(folder, "ROOT"));
  const isCommand = (line: string): boolean =>
    /^\++\((?!.*common(?:\/|\.sh)).*\.sh:\d+\) /.test(line);
  const at = lines.findLastIndex(
    (line) =>
      isCommand(line) && !/\) (?:exit|set|return|cleanup|onError|trap|killDaemon)\b/.test(line),
  );
  const command = (lines[at] ?? "").replace(/^\++\(.*?([\w-]+\.sh:\d+)\) /, "$1: ");
  const message =
    lines
      .slice(at + 1)
      .find((line) => /error|unexpected|expected|differs/i.test(line) && !line.startsWith("+")) ??
    lines.slice(at + 1).find((line) => line !== "" && !line.startsWith("+")) ??
    "";
  return [command, message.trim()]
    .filter((part) => part !== "")
    .join(" — ")
    .slice(0, 240);
}
