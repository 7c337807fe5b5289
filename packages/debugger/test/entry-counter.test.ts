/** Counts of calls and thunks: also of what builtins call and force. */
import { countKey, countsByFile, EntryCounter } from "@nivis/debugger";
import { Evaluation, memoryIo } from "@nivis/eval";
import { expect, test } from "vitest";

test("counts what builtins call and force, by place and by file", () => {
  const observer = new EntryCounter();
  const text = "builtins.length (builtins.filter (n: n > 5) (builtins.genList (i: i + 0) 300))";
  const evaluation = new Evaluation({ io: memoryIo({ files: { "/main.nix": text } }), observer });
  expect(evaluation.force(evaluation.loadFile("/main.nix"))).toBe(294);
  const counts = observer.counts(evaluation.positions);
  const calls = (offset: number) =>
    counts.get(countKey(true, `/main.nix:1:${offset + 1}`))?.entries;
  expect(calls(text.indexOf("n: n"))).toBe(300);
  expect(calls(text.indexOf("i: i"))).toBe(300);
  // The calls, the two thunks of the arguments, and the file; calls that builtins suspend have no place.
  expect(countsByFile(counts).get("/main.nix")?.entries).toBe(300 + 300 + 3);
});
