/**
 * `node scripts/generated-programs.mjs --count N --seed S`: runs generated programs in Nivis and a
 * real `nix-instantiate`. See `tests/generated/run.ts`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./workspace.mjs";

const { status } = spawnSync(
  process.execPath,
  [
    join(root, "scripts", "run-ts.mjs"),
    join(root, "tests", "generated", "run.ts"),
    ...process.argv.slice(2),
  ],
  { stdio: "inherit" },
);
process.exitCode = status ?? 1;
