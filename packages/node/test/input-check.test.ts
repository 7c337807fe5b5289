/** When a check renews what was recorded: only with stamps that later checks may trust. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Evaluation } from "@nivis/eval";
import { checkInputs, InputRecorder, nodeIo } from "@nivis/node";
import { expect, test } from "vitest";

test("a check of a file that has just been touched compares its contents and renews nothing", () => {
  const root = mkdtempSync(join(tmpdir(), "nivis-input-check-"));
  try {
    const file = join(root, "a.nix");
    writeFileSync(file, "1");
    const recorder = new InputRecorder(0);
    new Evaluation({ io: nodeIo({ inputs: recorder }) }).evaluateFile(file);
    const inputs = recorder.finish();
    if (inputs === undefined) throw new Error(recorder.unrepeatable);
    utimesSync(file, 1, 1);
    // A file that changes again within such a time would look the same.
    const early = checkInputs({ inputs, settlingTime: 60_000 });
    expect(early).toEqual({ holds: true });
    const late = checkInputs({ inputs, settlingTime: 0 });
    expect(late.holds).toBe(true);
    expect(late.renewed?.stamps).not.toEqual(inputs.stamps);
    writeFileSync(file, "2");
    expect(checkInputs({ inputs, settlingTime: 60_000 }).holds).toBe(false);
  } finally {
    rmSync(root, { recursive: true });
  }
});
