/**
 * Asks the real `nix-instantiate` many programs in one process.
 *
 * It takes several expressions and evaluates them one after the other until one fails, so the
 * answers before the failure are known, that program has failed, and the rest is asked again. A
 * known string after each program says where its answer ends.
 */
import { spawnSync } from "node:child_process";
import {
  asArgument,
  ENVIRONMENT,
  type Failure,
  fixture,
  MODE_FLAGS,
  type Mode,
  type Outcome,
} from "./modes.ts";

const MARK = "@@ nivis: end of program @@";

const PRINTED_MARK: Readonly<Record<Mode, string>> = {
  strict: `"${MARK}"\n`,
  lazy: `"${MARK}"\n`,
  json: `"${MARK}"`,
  xml: xmlMark(),
  "xml-lazy": xmlMark(),
  "xml-located": xmlMark(),
};

/** Bytes of program text in one process; the system allows two million for all arguments. */
const BATCH_BYTES = 400_000;
const BATCH_PROGRAMS = 400;

/** What the original answers, in the order of the programs. */
export function askReference(program: string, texts: readonly string[], mode: Mode): Outcome[] {
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
    const { values, failure } = runBatch(program, batch, mode);
    for (const text of values) outcomes.push({ kind: "value", text });
    if (failure !== undefined) outcomes.push(failure);
  }
  return outcomes;
}

interface BatchAnswer {
  readonly values: readonly string[];
  /** The outcome of the program behind those with values. */
  readonly failure?: Outcome;
}

function runBatch(program: string, texts: readonly string[], mode: Mode): BatchAnswer {
  const args = [...MODE_FLAGS[mode], "--store", "dummy://", "--expr"];
  for (const text of texts) args.push(utf8(asArgument(text)), `"${MARK}"`);
  const { stdout, stderr, status, signal } = spawnSync(program, args, {
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
    encoding: "latin1",
  });
  const values = stdout.split(PRINTED_MARK[mode]);
  values.pop();
  const trimmed = values.map((value) =>
    mode === "strict" || mode === "lazy" ? value.replace(/\n$/, "") : value,
  );
  if (status === 0) return { values: trimmed };
  const crashed = status === null || status > 1;
  const failure = crashed ? "crash" : classify(stderr);
  const message = crashed ? `signal ${signal ?? status}` : stderr;
  return { values: trimmed, failure: { kind: "failure", failure, message } };
}

/** Node encodes arguments as UTF-8; texts here are bytes. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function classify(stderr: string): Failure {
  const text = stderr.slice(Math.max(0, stderr.search(/^error:/m)));
  if (
    /^error: (thrown|while evaluating)? ?thrown \d|^error: file 'missing' was not found/m.test(text)
  )
    return "thrown";
  if (/error: infinite recursion encountered/.test(text)) return "infinite-recursion";
  if (/error: division by zero/.test(text)) return "division";
  if (/error: evaluation aborted/.test(text)) return "abort";
  if (/error: assertion '/.test(text)) return "assertion";
  if (/error: undefined variable/.test(text)) return "undefined-variable";
  if (/error: attribute '.*' missing/.test(text)) return "missing-attribute";
  if (/error: thrown \d/.test(text)) return "thrown";
  return "other";
}

function xmlMark(): string {
  return `<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <string value="${MARK}" />\n</expr>\n`;
}
