import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { NodeDisk } from "../../src/fetching/node-disk.ts";

describe("NodeDisk", () => {
  const folder = mkdtempSync(join(tmpdir(), "nivis-disk-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("finds nothing below a file, as in a Git work tree whose `.git` is a file", () => {
    writeFileSync(join(folder, ".git"), "gitdir: elsewhere\n");
    const disk = new NodeDisk();
    expect(disk.stat(`${folder}/.git/shallow`)).toBeUndefined();
    expect(disk.stat(`${folder}/missing`)).toBeUndefined();
    expect(disk.stat(`${folder}/.git`)?.type).toBe("regular");
  });
});
