/**
 * Builds what a command is about to load: the published package carries `dist/`, a fresh clone does
 * not.
 */
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { resolve } = require("node:path");

/**
 * Builds if this is a checkout; otherwise, and when that does not make the file, says what to run
 * and ends the process.
 *
 * @param {string} wanted The file that was missing.
 */
exports.build = (wanted) => {
  const script = resolve(__dirname, "../../../scripts/build.mjs");
  if (existsSync(script)) {
    const result = spawnSync(process.execPath, [script], { stdio: ["ignore", 2, "inherit"] });
    if (result.status === 0 && existsSync(wanted)) return;
  }
  process.stderr.write(
    `error: ${resolve(wanted)} is missing; in a checkout of Nivis run: npm install && npm run build\n`,
  );
  process.exit(1);
};
