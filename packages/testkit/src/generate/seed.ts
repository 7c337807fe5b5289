/**
 * Seeds of the tests that run generated programs. They are fixed, so that a red test is always
 * caused by the change under test; with `NIVIS_FRESH_SEEDS=1` each run takes new programs.
 */

/**
 * Returns `fixed`, or a fresh seed if the environment asks for one; prints a fresh seed on standard
 * error.
 */
export function testSeed(title: string, fixed: number): number {
  if (process.env["NIVIS_FRESH_SEEDS"] !== "1") return fixed;
  const seed = Math.floor(Math.random() * 0x3fff_ffff);
  process.stderr.write(`${title}: programs from seed ${seed}\n`);
  return seed;
}
