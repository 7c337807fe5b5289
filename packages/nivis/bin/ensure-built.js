/**
 * Makes the commands runnable straight from a checkout: the published package carries `dist/`, a
 * fresh clone does not.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Builds when `dist/NAME.js` is missing and this is a checkout; otherwise says what to run and
 * ends the process.
 *
 * @param {string} name
 */
export function ensureBuilt(name) {
  const built = new URL(`../dist/${name}.js`, import.meta.url);
  if (existsSync(built)) return;
  const script = fileURLToPath(new URL("../../../scripts/build.mjs", import.meta.url));
  if (existsSync(script)) {
    const result = spawnSync(process.execPath, [script], { stdio: ["ignore", 2, "inherit"] });
    if (result.status === 0 && existsSync(built)) return;
  }
  process.stderr.write(
    `error: ${fileURLToPath(built)} is missing; in a checkout of Nivis run: npm install && npm run build\n`,
  );
  process.exit(1);
}
