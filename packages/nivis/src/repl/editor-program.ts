/**
 * The user's editor: for files, and for the input that is being typed. Source of `:edit`:
 * libcmd/editor-for.cc of C++ Nix.
 */
import { EvalError } from "@nivis/eval";
import { type Bytes, decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import { runChild } from "../child-process.ts";

/** The environment; texts, not bytes. */
type Environment = Readonly<Record<string, string | undefined>>;

/** A file to open. */
export interface EditedFile {
  /** Its path; of a copy, the path whose name the copy gets. */
  readonly path: Bytes;
  /** The line to go to, from 1; 0 for none. */
  readonly line: number;
  /** The contents, if the file is not on disk: a copy that cannot be written is opened. */
  readonly copyOf?: Bytes;
}

/** The editors that take `+LINE`. */
const TAKE_LINES = ["emacs", "nano", "vim", "kak"];

/** Opens a file in `$EDITOR`, which defaults to `cat`, and waits until the editor has ended. */
export async function editFile(environment: Environment, file: EditedFile): Promise<void> {
  const editor = environment["EDITOR"] || "cat";
  const args =
    file.line > 0 && TAKE_LINES.some((name) => editor.includes(name)) ? [`+${file.line}`] : [];
  const path = decodeUtf8(file.path);
  const open = (place: string): Promise<void> => runEditor(editor, [...args, place], environment);
  if (file.copyOf === undefined) return open(path);
  const { basename } = process.getBuiltinModule("node:path");
  const contents = Buffer.from(file.copyOf, "latin1");
  return withTemporaryFile(basename(path) || "nivis-edit", contents, 0o400, open);
}

/** Lets the user edit a text with `$VISUAL` or `$EDITOR`, and returns it without its last newline. */
export async function editText(environment: Environment, text: string): Promise<string> {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const editor = environment["VISUAL"] || environment["EDITOR"] || "vi";
  return withTemporaryFile("input.nix", Buffer.from(`${text}\n`), 0o600, async (file) => {
    await runEditor(editor, [file], environment);
    return readFileSync(file, "utf8").replace(/\n$/, "");
  });
}

/** Beyond it, exit codes say which signal has ended a program. */
const SIGNAL_CODES = 128;

/** Runs an editor, whose name may have arguments of its own behind it. */
async function runEditor(
  editor: string,
  args: readonly string[],
  environment: Environment,
): Promise<void> {
  const [program = "cat", ...own] = editor.split(/\s+/).filter((word) => word !== "");
  const code = await runChild(program, [...own, ...args], environment);
  if (code === 0) return;
  const reason =
    code > SIGNAL_CODES ? `died of signal ${code - SIGNAL_CODES}` : `failed with exit code ${code}`;
  throw new EvalError("value", marked`program "${encodeUtf8(program)}" ${reason}`);
}

/** Does some work with a file in a folder of its own, and removes both. */
async function withTemporaryFile<Result>(
  name: string,
  contents: Uint8Array,
  mode: number,
  work: (file: string) => Promise<Result>,
): Promise<Result> {
  const { mkdtempSync, rmSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  const { tmpdir } = process.getBuiltinModule("node:os");
  const folder = mkdtempSync(join(tmpdir(), "nivis-edit-"));
  try {
    const file = join(folder, name);
    writeFileSync(file, contents, { mode });
    return await work(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
