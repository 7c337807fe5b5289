/**
 * Runs one of C++ Nix's functional scripts from its checkout, with Nivis in place of
 * `nix-instantiate`, `nix-build` and `nix`, and C++ Nix for everything else. Each script has a
 * folder with the files that the suite's build system would generate, and with the wrappers.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout and the programs of the scripts. */
export interface Suite {
  /** The checkout's `tests/functional`. */
  readonly folder: string;
  /** The folder with the programs of C++ Nix for the store side. */
  readonly programs: string;
  /** Their version. */
  readonly version: string;
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
  "hash",
  "log",
  "nar",
  "path-info",
  "print-dev-env",
  "run",
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

function writePrograms(folder: string, { programs }: Suite): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(programs).filter((name) => /^nix(?:-|$)/.test(name))) {
    writeProgram(join(folder, name), [`exec -a ${name} ${join(programs, name)} "$@"`]);
  }
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
  writeProgram(join(folder, "nix"), [
    ...cache,
    'for word in "$@"; do',
    "  case $word in",
    `    ${COMMANDS.join("|")}) exec ${node} ${bin("nivis-nix")} "$@" ;;`,
    "    -*) ;;",
    "    *) break ;;",
    "  esac",
    "done",
    `exec ${join(programs, "nix")} "$@"`,
  ]);
}

/** Runs a script by its name, such as `simple.sh`. */
export async function runScript(suite: Suite, name: string): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "nivis-functional-"));
  try {
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
    const { code, output } = await runBash(suite, name, folder);
    if (code === 0) return { status: "passed", reason: "" };
    const reason =
      code === undefined ? `took longer than ${TIME_LIMIT} s` : reasonOf(output, folder);
    return { status: code === SKIPPED ? "skipped" : "failed", reason };
  } finally {
    const remove = spawn("chmod", ["-R", "u+w", folder], { stdio: "ignore" });
    await new Promise((resolve) => remove.once("exit", resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

function runBash(
  suite: Suite,
  name: string,
  folder: string,
): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve) => {
    const child = spawn("bash", ["-x", "-e", "-u", "-o", "pipefail", name], {
      cwd: suite.folder,
      // A separate process group, so that remaining processes of a script can be killed.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
        HOME: folder,
        TEST_ROOT: join(folder, "root"),
        TMPDIR: folder,
        _NIX_TEST_SOURCE_DIR: suite.folder,
        _NIX_TEST_BUILD_DIR: folder,
        TEST_SUITE_NAME: "main",
        TEST_NAME: name.replace(/\.sh$/, ""),
        NIX_REMOTE: "",
        NIX_STORE: "",
        BASH_ENV: join(folder, "trace.sh"),
      },
    });
    let output = "";
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
    const take = (piece: Buffer): void => {
      output = (output + piece.toString("utf8")).slice(-200_000);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("exit", (code) => {
      clearTimeout(timer);
      end();
      resolve({ code: timedOut ? undefined : (code ?? 128), output });
    });
  });
}

/** The last command of the script, and the first error after it. */
function reasonOf(output: string, folder: string): string {
  const lines = output.split("\n").map((line) => line.replaceAll(folder, "ROOT"));
  const isCommand = (line: string): boolean => /^\++\((?!.*common\/).*\.sh:\d+\) /.test(line);
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
