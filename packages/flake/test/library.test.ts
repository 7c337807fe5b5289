/** What a bot does: updates lock files with a fetcher of its own, without Nix and without a store. */
import { describeInput, parseFlakeRef, withInputAttrs } from "@nivis/formats";
import { expect, test } from "vitest";
import { diffLockFiles, InputCache, LockedNode, lockFlake, updateInputs } from "../src/index.ts";

const TREE_HASH = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

const flakes: Readonly<Record<string, string>> = {
  "github:me/top":
    '{ inputs.dep.url = "github:me/dep"; inputs.same.follows = "dep"; outputs = _: { }; }',
  "github:me/dep": "{ outputs = _: { }; }",
};

/** A world whose forges have one commit, which `digit` repeats. */
function worldAt(digit: string) {
  const fetched: string[] = [];
  const inputs = new InputCache(
    {
      fetch: async (input) => {
        const name = describeInput(input);
        fetched.push(name);
        return {
          locked: withInputAttrs(input, { rev: digit.repeat(40), __final: true }),
          tree: {
            fileType: (path) => (path === "/flake.nix" ? "regular" : undefined),
            readFile: () => flakes[name] ?? "",
            readLink: () => "",
            display: (path) => path,
          },
          narHash: async () => TREE_HASH,
        };
      },
    },
    { registries: async function* () {} },
  );
  return { inputs, fetched };
}

test("inputs are updated through the fetcher that is given", async () => {
  const world = worldAt("1");
  const { before, after } = await updateInputs(world, parseFlakeRef("github:me/top"), []);
  expect(before.root.inputs.size).toBe(0);
  expect(diffLockFiles(before, after)).toContain("Added input 'dep':\n    'github:me/dep/1111");
  expect(world.fetched).toEqual(["github:me/top", "github:me/dep"]);
  const dep = after.find(["same"]);
  expect(dep).toBeInstanceOf(LockedNode);
  expect((dep as LockedNode).locked.input.attrs.get("narHash")).toBe(TREE_HASH);
});

test("a lock file that fits is kept without fetching its inputs", async () => {
  const first = await lockFlake(worldAt("1"), parseFlakeRef("github:me/top"), {});
  const reference = { text: first.lockFile.formatFile(), path: "flake.lock" };
  const world = worldAt("2");
  const again = await lockFlake(world, parseFlakeRef("github:me/top"), { reference });
  expect(again.isChanged).toBe(false);
  expect(world.fetched).toEqual(["github:me/top"]);
  const updated = await lockFlake(worldAt("2"), parseFlakeRef("github:me/top"), {
    reference,
    updates: [["dep"]],
  });
  const dep = updated.lockFile.find(["dep"]) as LockedNode;
  expect(dep.locked.input.attrs.get("rev")).toBe("2".repeat(40));
});
