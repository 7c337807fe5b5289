/** A temporary file that is removed when it is not wanted any more. */
import { join } from "node:path";
import type { Spool } from "@nivis/store";

/** Loaded when it is used; see the invariants of the architecture. */
function disk(): typeof import("node:fs/promises") {
  return process.getBuiltinModule("node:fs/promises");
}

const PIECE = 256 * 1024;

/** Makes an empty spool in the directory for temporary files. */
export async function nodeSpool(): Promise<Spool> {
  const { tmpdir } = process.getBuiltinModule("node:os");
  const folder = await disk().mkdtemp(join(tmpdir(), "nivis-spool-"));
  const remove = (): Promise<void> => disk().rm(folder, { recursive: true, force: true });
  const file = await disk().open(join(folder, "data"), "wx+", 0o600);
  // A file without a name leaves nothing behind if the process dies. Windows keeps the names of open files.
  const hasName = process.platform === "win32";
  if (!hasName) await remove();
  let size = 0;
  return {
    async write(bytes) {
      await file.appendFile(bytes);
      size += bytes.length;
    },
    async *read(from = 0) {
      for (let at = from; at < size; ) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE), 0, PIECE, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    },
    async dispose() {
      await file.close();
      if (hasName) await remove();
    },
  };
}
