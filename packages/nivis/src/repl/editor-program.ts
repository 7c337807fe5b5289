/**
 * Opening files in the user's editor, for `:edit`. Source: libcmd/editor-for.cc of C++ Nix.
 */
import { type Bytes, decodeUtf8 } from "@nivis/formats";
import { runChild } from "../child-process.ts";

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
export async function editFile(
  environment: Readonly<Record<string, string | undefined>>,
  file: EditedFile,
): Promise<void> {
  const editor = environment["EDITOR"] || "cat";
  const [program = "cat", ...args] = editor.split(/\s+/).filter((word) => word !== "");
  if (file.line > 0 && TAKE_LINES.some((name) => editor.includes(name))) {
    args.push(`+${file.line}`);
  }
  const path = decodeUtf8(file.path);
  if (file.copyOf === undefined) {
    await runChild(program, [...args, path], environment);
    return;
  }
  const { mkdtempSync, rmSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const { basename, join } = process.getBuiltinModule("node:path");
  const { tmpdir } = process.getBuiltinModule("node:os");
  const folder = mkdtempSync(join(tmpdir(), "nivis-edit-"));
  try {
    const copy = join(folder, basename(path) || "nivis-edit");
    writeFileSync(copy, Buffer.from(file.copyOf, "latin1"), { mode: 0o400 });
    await runChild(program, [...args, copy], environment);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
