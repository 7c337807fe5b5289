/**
 * Asks the real `nix-instantiate` many programs in one process.
 *
 * It takes several expressions and evaluates them one after the other until one fails, so the
 * answers before the failure are known, that program has failed, and the rest is asked again. A
 * known string after each program says where its answer ends.
 */
import { spawnSync } from "node:child_process";
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

/** Bytes of program text in one process; the system allows two million for all arguments. */
const BATCH_BYTES = 400_000;
const BATCH_PROGRAMS = 400;

/** A store in which nothing can be written. */
const NO_STORE: readonly string[] = ["--store", "dummy://"];

/** What the original answers, in the order of the programs; `store` are its flags about the store. */
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

interface BatchAnswer {
  readonly values: readonly string[];
  /** The outcome of the program behind those with values. */
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
  const failure: Outcome = crashed
    ? { kind: "failure", failure: "crash", gist: "", message: `signal ${signal ?? status}` }
    : { kind: "failure", failure: "error", gist: gistOfReference(stderr), message: stderr };
  return { values: trimmed, failure };
}

/** Node encodes arguments as UTF-8; texts here are bytes. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function xmlMark(): string {
  return `<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <string value="${MARK}" />\n</expr>\n`;
}
