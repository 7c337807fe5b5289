/** FrameRoots: what the frames of a stopped evaluation hold, as roots of a walk through the heap. */
import type { DebugFrame } from "../frames.ts";
import { isHeapObject } from "./heap-objects.ts";
import type { HeapRoot } from "./heap-snapshot.ts";

/**
 * The function or thunk of each frame, the thunk that waits for its value, and its locals, innermost frame
 * first. Operands and the state of builtins are not among them.
 */
export function rootsOfFrames(frames: readonly DebugFrame[]): HeapRoot[] {
  const roots: HeapRoot[] = [];
  const add = (name: string, value: unknown): void => {
    if (isHeapObject(value)) roots.push({ name, value });
  };
  frames.forEach(({ frame, name, code }, i) => {
    const title = `frame ${i} (${name})`;
    add(`${title}: its code`, frame.self);
    add(`${title}: awaited by`, frame.thunk);
    if (code === undefined) return;
    for (let local = 0; local < frame.lambda.localCount; local++) {
      add(`${title}: local ${local}`, frame.stack[frame.base + local]);
    }
  });
  return roots;
}
