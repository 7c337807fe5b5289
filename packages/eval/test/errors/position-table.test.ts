/** Positions of files that are read again. */
import { SourceFile } from "@nivis/syntax";
import { expect, test } from "vitest";
import { PositionTable, positionIn } from "../../src/position.ts";

const file = (path: string, text: string) => new SourceFile({ kind: "file", path }, text);

test("a file that is read again unchanged keeps its positions, and a changed one gets others", () => {
  const table = new PositionTable();
  const same = table.add(file("/same.nix", "1 + 2"));
  const changed = table.add(file("/changed.nix", "one"));
  table.forgetFiles();
  expect(table.add(file("/same.nix", "1 + 2"))).toBe(same);
  const next = table.add(file("/changed.nix", "two"));
  expect(next).toBeGreaterThan(changed);
  // Values of the old text still show it.
  expect(table.resolve(positionIn(changed, 0))?.source.text).toBe("one");
  expect(table.resolve(positionIn(next, 0))?.source.text).toBe("two");
  table.forgetFiles();
  expect(table.add(file("/changed.nix", "two"))).toBe(next);
  expect(table.add(file("/same.nix", "1 + 2"))).toBe(same);
});

test("a file that is loaded twice at the same time has two ranges", () => {
  const table = new PositionTable();
  const first = table.add(file("/a.nix", "1"));
  expect(table.add(file("/a.nix", "1"))).not.toBe(first);
  table.forgetFiles();
  const again = table.add(file("/a.nix", "1"));
  expect(table.add(file("/a.nix", "1"))).not.toBe(again);
});
