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
  const file = await disk().open(join(folder, "data"), "wx+", 0o600);
  let size = 0;
  return {
    async write(bytes) {
      await file.appendFile(bytes);
      size += bytes.length;
    },
    async *read() {
      for (let at = 0; at < size; ) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE), 0, PIECE, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    },
    async dispose() {
      await file.close();
      await disk().rm(folder, { recursive: true, force: true });
    },
  };
}
