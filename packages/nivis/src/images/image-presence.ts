/** Whether there are heap images: a part of the start of commands, so it looks once and loads nothing. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ResultSlot } from "../results/result-slot.ts";

/** Whether the cache that a result would be kept in has heap images. */
export function hasHeapImages({ file }: ResultSlot): boolean {
  return existsSync(join(dirname(file), "..", "..", "images"));
}
