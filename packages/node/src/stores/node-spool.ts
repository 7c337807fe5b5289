/** A temporary file that is removed when it is not wanted any more. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Spool } from "@nivis/store";

const PIECE = 256 * 1024;

/** Makes an empty spool in the directory for temporary files. */
export async function nodeSpool(): Promise<Spool> {
  const { tmpdir } = process.getBuiltinModule("node:os");
  const folder = await mkdtemp(join(tmpdir(), "nivis-spool-"));
  const file = await open(join(folder, "data"), "wx+", 0o600);
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
      await rm(folder, { recursive: true, force: true });
    },
  };
}
