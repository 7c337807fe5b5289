/**
 * Seeds of the tests that run on generated programs. They are fixed, so that a red test is always the
 * fault of the change at hand; with `NIVIS_FRESH_SEEDS=1` each run takes programs that no run has seen.
 */

/** `fixed`, or a fresh seed if the environment asks for one; says on standard error which it took. */
export function testSeed(title: string, fixed: number): number {
  if (process.env["NIVIS_FRESH_SEEDS"] !== "1") return fixed;
  const seed = Math.floor(Math.random() * 0x3fff_ffff);
  process.stderr.write(`${title}: programs from seed ${seed}\n`);
  return seed;
}
