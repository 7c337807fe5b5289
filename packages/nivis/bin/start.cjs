/**
 * Starts the built commands, and makes them runnable straight from a checkout: the published package
 * carries `dist/`, a fresh clone does not.
 *
 * Everything that the usual start does not need is loaded where it is used.
 */
const launcher = `${__dirname}/../dist/launch.cjs`;

/**
 * Runs the command of that name with the arguments of the process. Builds first when there is no
 * build and this is a checkout; otherwise says what to run and ends the process.
 *
 * @param {"nivis" | "nivis-instantiate"} command
 */
exports.start = (command) => {
  if (!require("node:fs").existsSync(launcher)) build();
  require(launcher).launch(command);
};

function build() {
  const { existsSync } = require("node:fs");
  const { resolve } = require("node:path");
  const script = resolve(__dirname, "../../../scripts/build.mjs");
  if (existsSync(script)) {
    const { spawnSync } = require("node:child_process");
    const result = spawnSync(process.execPath, [script], { stdio: ["ignore", 2, "inherit"] });
    if (result.status === 0 && existsSync(launcher)) return;
  }
  process.stderr.write(
    `error: ${resolve(launcher)} is missing; in a checkout of Nivis run: npm install && npm run build\n`,
  );
  process.exit(1);
}
