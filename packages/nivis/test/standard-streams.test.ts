/** What the built commands say when a standard stream or the current directory fails them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const command = fileURLToPath(new URL("../bin/nivis.cjs", import.meta.url));

function shell(script: string, cwd: string) {
  const args = ["-c", script, "sh", process.execPath, command];
  return spawnSync("sh", args, {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], NIVIS_NO_CACHE: "1" },
  });
}

const EVAL = '"$1" "$2" eval --store dummy:// --expr';

// Recorded from C++ Nix 2.36.
test.skipIf(!existsSync("/dev/full"))("a full disk on standard output is an error", () => {
  const { status, stderr } = shell(`${EVAL} 1 > /dev/full`, tmpdir());
  expect(stderr).toBe("error: write of 2 bytes: No space left on device\n");
  expect(status).toBe(1);
});

test.skipIf(process.platform === "win32")("a current directory that was removed", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nivis-gone-")));
  try {
    const { status, stderr } = shell(`rmdir ${folder} && ${EVAL} 1`, folder);
    expect(stderr).toBe("error: cannot get cwd: No such file or directory\n");
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
