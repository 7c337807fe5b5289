/** Whether a descriptor is a terminal, without Node's module for terminals where that is avoidable. */
import { fstatSync } from "node:fs";

/**
 * Returns what `isatty` of `node:tty` returns. That module brings those for networks and streams with
 * it, so it is loaded only for character devices; nothing else is a terminal.
 */
export function isTerminal(descriptor: number): boolean {
  return isCharacterDevice(descriptor) && process.getBuiltinModule("node:tty").isatty(descriptor);
}

function isCharacterDevice(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice();
  } catch {
    return false;
  }
}
