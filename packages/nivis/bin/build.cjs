/**
 * Builds what a command is about to load: the published package carries `dist/`, a fresh clone does
 * not.
 */
const { spawnSync } = require("node:child_process");
const { existsSync, readFileSync } = require("node:fs");
const { resolve } = require("node:path");

/**
 * Whether a folder is the workspace of Nivis. An installed package lies in `node_modules` of a project,
 * whose own scripts are not ours to run.
 *
 * @param {string} folder
 */
function isWorkspace(folder) {
  try {
    const manifest = JSON.parse(readFileSync(resolve(folder, "package.json"), "utf8"));
    return manifest.name === "nivis-workspace";
  } catch {
    return false;
  }
}

/**
 * Builds if this is a checkout; otherwise, and when that does not make the file, says what to run
 * and ends the process.
 *
 * @param {string} wanted The file that was missing.
 */
exports.build = (wanted) => {
  const script = resolve(__dirname, "../../../scripts/build.mjs");
  const inWorkspace = isWorkspace(resolve(__dirname, "../../..")) && existsSync(script);
  if (inWorkspace) {
    const result = spawnSync(process.execPath, [script], { stdio: ["ignore", 2, "inherit"] });
    if (result.status === 0 && existsSync(wanted)) return;
  }
  const remedy = inWorkspace ? "npm install && npm run build" : "npm install nivis";
  process.stderr.write(`error: ${resolve(wanted)} is missing; run: ${remedy}\n`);
  process.exit(1);
};
