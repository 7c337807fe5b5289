/**
 * Runs many programs in one process of a real `nix-instantiate`.
 *
 * The command takes several expressions and evaluates them in order until one fails. The
 * answers before the failure are then known, that program has failed, and the rest is run again. A
 * marker string after each program shows where its answer ends.
 *
 * Programs that probably fail run in `nix repl` instead, which continues after errors; ambiguous
 * answers are checked in a process of their own.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { gistOfReference } from "./failures.ts";
import { asArgument, ENVIRONMENT, fixture, MODE_FLAGS, type Mode, type Outcome } from "./modes.ts";

const MARK = "@@ nivis: end of program @@";

const PRINTED_MARK: Readonly<Record<Mode, string>> = {
  strict: `"${MARK}"\n`,
  lazy: `"${MARK}"\n`,
  json: `"${MARK}"`,
  xml: xmlMark(),
  "xml-lazy": xmlMark(),
  "xml-located": xmlMark(),
};

/** The options for processes of the original. */
const PROCESS = {
  cwd: fixture,
  env: {
    ...ENVIRONMENT,
    NIX_PATH: "",
    NIX_CONF_DIR: "/var/empty",
    NIX_USER_CONF_FILES: "",
    NO_COLOR: "1",
  },
  maxBuffer: 1 << 28,
  timeout: 60_000,
};

/** The number of bytes of programs per process; the system allows two million for all arguments. */
const BATCH_BYTES = 400_000;
const BATCH_PROGRAMS = 400;

/** The flags for a store that cannot be written. */
const NO_STORE: readonly string[] = ["--store", "dummy://"];

/** The answers of the original, in the order of the programs; `store` are its store flags. */
export function askReference(
  program: string,
  texts: readonly string[],
  mode: Mode,
  store = NO_STORE,
): Outcome[] {
  const outcomes: Outcome[] = [];
  while (outcomes.length < texts.length) {
    const batch: string[] = [];
    let bytes = 0;
    for (let i = outcomes.length; i < texts.length && batch.length < BATCH_PROGRAMS; i++) {
      const text = texts[i] as string;
      bytes += text.length + MARK.length;
      if (bytes > BATCH_BYTES && batch.length > 0) break;
      batch.push(text);
    }
    const { values, failure } = runBatch(program, batch, mode, store);
    for (const text of values) outcomes.push({ kind: "value", text });
    if (failure !== undefined) outcomes.push(failure);
  }
  return outcomes;
}

/**
 * The answers of the original to programs that fail in Nivis when they are evaluated strictly,
 * in their order; `program` is its `nix-instantiate`.
 */
export function askReferenceFailures(program: string, texts: readonly string[]): Outcome[] {
  const nix = join(dirname(program), "nix");
  // A line of the repl is one expression; a tab would request completions.
  const lines = texts.map((text, i) =>
    /[\n\r\t]/.test(text)
      ? ""
      : `:p builtins.deepSeq (${asArgument(text)}) null\n:p builtins.trace "${MARK}${i}" null\n`,
  );
  const { stderr } = existsSync(nix)
    ? spawnSync(nix, ["--extra-experimental-features", "nix-command", "repl", ...NO_STORE], {
        ...PROCESS,
        input: Buffer.from(`:p builtins.trace "${MARK}" null\n${lines.join("")}`, "latin1"),
        encoding: "latin1",
      })
    : { stderr: "" };
  const answers = new Map<number, string>();
  let said = "";
  for (const line of stderr.split("\n")) {
    if (!line.startsWith(`trace: ${MARK}`)) {
      said += `${line}\n`;
      continue;
    }
    const index = line.slice(`trace: ${MARK}`.length);
    if (index !== "") answers.set(Number(index), said);
    said = "";
  }
  return texts.map((text, i) => {
    const message = answers.get(i) ?? "";
    // No error, or more than one: the program is not a single expression.
    if (message.match(/^error: /gm)?.length !== 1) {
      return askReference(program, [text], "strict")[0] as Outcome;
    }
    return { kind: "failure", failure: "error", gist: gistOfReference(message), message };
  });
}

interface BatchAnswer {
  readonly values: readonly string[];
  /** The outcome of the program after those with values. */
  readonly failure?: Outcome;
}

function runBatch(
  program: string,
  texts: readonly string[],
  mode: Mode,
  store: readonly string[],
): BatchAnswer {
  const args = [...MODE_FLAGS[mode], ...store, "--expr"];
  for (const text of texts) args.push(utf8(asArgument(text)), `"${MARK}"`);
  const { stdout, stderr, status, signal } = spawnSync(program, args, {
    ...PROCESS,
    encoding: "latin1",
  });
  const values = stdout.split(PRINTED_MARK[mode]);
  values.pop();
  const trimmed = values.map((value) =>
    mode === "strict" || mode === "lazy" ? value.replace(/\n$/, "") : value,
  );
  if (status === 0) return { values: trimmed };
  const crashed = status === null || status > 1;
  const failure: Outcome = crashed
    ? { kind: "failure", failure: "crash", gist: "", message: `signal ${signal ?? status}` }
    : { kind: "failure", failure: "error", gist: gistOfReference(stderr), message: stderr };
  return { values: trimmed, failure };
}

/** Decodes bytes to text, which Node encodes as UTF-8 again in arguments. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function xmlMark(): string {
  return `<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <string value="${MARK}" />\n</expr>\n`;
}
