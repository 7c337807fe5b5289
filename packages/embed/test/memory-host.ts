/** The host of tests: no files, no fetchers. */
import { type Evaluation, memoryIo, type Slot } from "@nivis/eval";
import type { NixInput, PlainData, PlainOptions, ValueOwner } from "../src/data.ts";
import { Engine } from "../src/engine.ts";
import { frontDoor } from "../src/front-door.ts";
import type { NixHost } from "../src/nix.ts";
import { toSlot } from "../src/nix-input.ts";
import { plainDataOf } from "../src/plain-data.ts";

/** A host with nothing in it. */
export const memoryHost: NixHost = {
  io: () => memoryIo(),
  path: (path) => (typeof path === "string" ? path : decodeURIComponent(path.pathname)),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
};

/** The functions of the library on that host. */
export const { createNix, evaluate, evaluateAsync, evaluateFile, evaluateFileAsync } =
  frontDoor(memoryHost);

/** The owner of the values of an evaluation. */
export function ownerOf(evaluation: Evaluation): ValueOwner {
  return new Engine(() => evaluation, {}, new Map());
}

/** Converts data of an evaluation. */
export function toPlainData(
  evaluation: Evaluation,
  slot: Slot,
  options: PlainOptions = {},
): PlainData {
  const { context } = evaluation;
  return evaluation.run(plainDataOf(context, slot, options, ownerOf(evaluation)));
}

/** Converts data to a value of an evaluation. */
export function toNixValue(evaluation: Evaluation, data: NixInput, name = "data"): Slot {
  return toSlot(data, name, ownerOf(evaluation));
}
