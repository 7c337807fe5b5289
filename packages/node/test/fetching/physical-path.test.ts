/** Which parts of fetched trees are whole on disk, so that they can be copied from there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskTree, MountedTree, openTree } from "@nivis/fetch";
import { afterAll, expect, test } from "vitest";
import { treeHost } from "../../src/fetching/fetch-host.ts";
import { TestRepository } from "./git-repository.ts";

const folder = mkdtempSync(join(tmpdir(), "nivis-physical-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a directory with files that a tree does not have is not the tree's", () => {
  const repository = new TestRepository(join(folder, "r"));
  repository.commit({ "sub/tracked": "t" });
  writeFileSync(join(repository.path, "sub", "untracked"), "u");
  const files = new Set(["sub/tracked"]);
  const tree = openTree({ kind: "tracked", directory: repository.path, files }, treeHost());
  expect(tree.physicalPath("/")).toBeUndefined();
  expect(tree.physicalPath("/sub")).toBeUndefined();
  expect(tree.physicalPath("/sub/untracked")).toBeUndefined();
  expect(tree.physicalPath("/sub/tracked")).toBe(`${repository.path}/sub/tracked`);
  const whole = new DiskTree(treeHost().disk, repository.path);
  expect(whole.physicalPath("/sub")).toBe(`${repository.path}/sub`);
  const mounted = new MountedTree(whole, new Map([["/sub", tree]]));
  expect(mounted.physicalPath("/")).toBeUndefined();
});
