import { expect, test } from "vitest";
import { debugged } from "./debugged.ts";

const PROGRAM = `let
  f = x: y:
    let z = x + y;
    in z * 2;
  a = f 1 2;
  b = f a 4;
in
a + b
`;

test("a program without breakpoints runs as ever", async () => {
  const program = debugged(PROGRAM);
  expect(await program.run()).toBe("26");
  expect(program.stops).toEqual([]);
});

test("a breakpoint in a thunk stops once, when its value is wanted", async () => {
  const program = debugged(PROGRAM);
  program.debug.breakpoints.add({ kind: "line", path: "/main.nix", line: 5, column: undefined });
  expect(await program.run()).toBe("26");
  expect(program.stops).toEqual(["breakpoint a /main.nix:5:7"]);
});

test("a breakpoint in a function stops at each call", async () => {
  const program = debugged(PROGRAM);
  program.debug.breakpoints.add({ kind: "line", path: "/main.nix", line: 4, column: undefined });
  expect(await program.run()).toBe("26");
  expect(program.stops).toEqual(["breakpoint f /main.nix:4:8", "breakpoint f /main.nix:4:8"]);
});

test("steps in follow demand, and show what a frame has returned", async () => {
  const program = debugged(PROGRAM, ["in"]);
  program.debug.pause("entry");
  expect(await program.run()).toBe("26");
  expect(program.stops).toMatchInlineSnapshot(`
    [
      "entry main.nix /main.nix:1:1",
      "step main.nix /main.nix:8:1",
      "step a /main.nix:5:7",
      "step f /main.nix:3:5",
      "step f /main.nix:4:8",
      "step z /main.nix:3:13",
      "step f /main.nix:4:12 => 3",
      "step a /main.nix:5:7 => 6",
      "step main.nix /main.nix:8:1 => 6",
      "step b /main.nix:6:7",
      "step f /main.nix:3:5",
      "step f /main.nix:4:8",
      "step z /main.nix:3:13",
      "step f /main.nix:4:12 => 10",
      "step b /main.nix:6:7 => 20",
      "step main.nix /main.nix:8:1 => 20",
    ]
  `);
});

test("expressions see the scope of a frame", async () => {
  const seen: unknown[] = [];
  const program = debugged(PROGRAM, [
    async (stop, debug) => {
      seen.push(await debug.evaluate("x * 10 + y", stop.frames[0]));
      return "continue";
    },
  ]);
  program.debug.breakpoints.add({ kind: "function", name: "f" });
  expect(await program.run()).toBe("26");
  expect(seen).toEqual([12, 64]);
});
