/**
 * Sizes in progress lines, as C++ Nix writes them: one decimal, KiB at least, and a unit that is named
 * once where all figures have it. Source: renderSize and getCommonSizeUnit in libutil/util.cc.
 */

const UNITS = "KMGTPE";
const KIBI = 1024;

/** The power of 1024 in which a size is measured. */
function unitOf(bytes: number): number {
  let unit = 0;
  for (let limit = KIBI; bytes >= limit && unit < UNITS.length; limit *= KIBI) unit++;
  return unit;
}

function inUnit(bytes: number, unit: number): string {
  return (bytes / KIBI ** Math.max(1, unit)).toFixed(1);
}

function nameOf(unit: number): string {
  return `${UNITS[Math.max(1, unit) - 1]}iB`;
}

/** A number of bytes with its unit: `1.2 MiB`. */
export function sizeText(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${nameOf(unit)}`;
}

/** Sizes side by side. `unit` is that of all of them, or empty where each text names its own. */
export function sizeTexts(sizes: readonly number[]): {
  readonly texts: readonly string[];
  readonly unit: string;
} {
  const units = new Set(sizes.map(unitOf));
  if (units.size > 1) return { texts: sizes.map(sizeText), unit: "" };
  const [unit = 1] = units;
  return { texts: sizes.map((bytes) => inUnit(bytes, unit)), unit: nameOf(unit) };
}
