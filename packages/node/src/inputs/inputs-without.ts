/** Recorded inputs without those about some paths, for a heap image of which only a part still holds. */
import { STAMP_WORDS } from "./file-status.ts";
import { DIGEST_LENGTH, Question, type RecordedInputs } from "./recorded-inputs.ts";

/** Returns the inputs that are not about one of these paths. Listings must be known as a whole. */
export function withoutPaths(inputs: RecordedInputs, paths: readonly string[]): RecordedInputs {
  if (paths.length === 0) return inputs;
  const left = new Set(paths);
  const kept: number[] = [];
  const rows: number[] = [];
  let row = 0;
  inputs.paths.forEach((path, i) => {
    const wasRead =
      ((inputs.questions[i] as number) & (Question.Contents | Question.Listing)) !== 0;
    if (!left.has(path)) {
      kept.push(i);
      if (wasRead) rows.push(row);
    }
    if (wasRead) row++;
  });
  const stamps = new Int32Array(rows.length * STAMP_WORDS);
  const digests = new Uint8Array(rows.length * DIGEST_LENGTH);
  const texts: Record<string, string> = {};
  rows.forEach((old, i) => {
    stamps.set(inputs.stamps.subarray(old * STAMP_WORDS, (old + 1) * STAMP_WORDS), i * STAMP_WORDS);
    digests.set(
      inputs.digests.subarray(old * DIGEST_LENGTH, (old + 1) * DIGEST_LENGTH),
      i * DIGEST_LENGTH,
    );
    const text = inputs.texts[old];
    if (text !== undefined) texts[i] = text;
  });
  return {
    ...inputs,
    paths: kept.map((i) => inputs.paths[i] as string),
    questions: Uint16Array.from(kept, (i) => inputs.questions[i] as number),
    stamps,
    digests,
    texts,
  };
}
