/**
 * `nivis eval --write-to`: a string as a file, a set as a directory of them (C++ Nix: nix/eval.cc). A
 * module on demand, see scripts/bundles.mjs.
 */

import {
  Attrs,
  describePosition,
  EvalError,
  isString,
  joinPath,
  NO_POS,
  type PosIdx,
  type Slot,
  textOf,
  withTrace,
} from "@nivis/eval";
import { marked } from "@nivis/formats";
import { NodeDisk } from "@nivis/node";
import type { Session } from "./session.ts";

/** Writes a value to a path where nothing is; bytes. */
export function writeValue(value: Slot, target: string, session: Session): void {
  const disk = new NodeDisk();
  if (disk.stat(target) !== undefined) {
    throw new EvalError("value", marked`path '${target}' already exists`);
  }
  write(value, NO_POS, target);

  // The depth is that of a directory, which the file system bounds.
  function write(slot: Slot, pos: PosIdx, path: string): void {
    const found = session.evaluation.force(slot);
    if (isString(found)) {
      disk.writeFile(path, textOf(found));
      return;
    }
    if (!(found instanceof Attrs)) {
      const place = describePosition(session.evaluation.positions, pos);
      throw new EvalError("type", marked`value at '${place}' is not a string or an attribute set`);
    }
    disk.makeDirectory(path);
    for (const name of found.sortedNames()) {
      const at = found.positionOf(name);
      try {
        if (name === "." || name === "..") {
          throw new EvalError("value", marked`invalid file name '${name}'`);
        }
        write(found.get(name) as Slot, at, joinPath(path, name));
      } catch (error) {
        throw withTrace(error, at, marked`while evaluating the attribute '${name}'`);
      }
    }
  }
}
