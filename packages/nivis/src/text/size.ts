/** Sizes for people, as C++ Nix writes them: `1.2 MiB`, never less than KiB. */

const UNITS = ["K", "M", "G", "T", "P", "E"];
const KIBI = 1024;
/** The width to which C++ Nix aligns the number. */
const WIDTH = 6;

/** A number of bytes with a unit; `align` pads the number. */
export function renderSize(bytes: number | bigint, align = false): string {
  let value = Number(bytes) / KIBI;
  let unit = 0;
  while (Math.abs(value) >= KIBI && unit < UNITS.length - 1) {
    value /= KIBI;
    unit++;
  }
  const text = value.toFixed(1);
  return `${align ? text.padStart(WIDTH) : text} ${UNITS[unit]}iB`;
}
