/**
 * Checks the packages as they are published: packs each, and prints what package-problems.mjs finds.
 *
 *     node scripts/check-packages.mjs [NAME…]
 *
 * It packs the build (`npm run build`).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageProblems } from "./package-problems.mjs";
import { npmName, PUBLIC_PACKAGES, root } from "./workspace.mjs";

const wanted = process.argv.slice(2);
const names = PUBLIC_PACKAGES.filter((name) => wanted.length === 0 || wanted.includes(name));
const folder = mkdtempSync(join(tmpdir(), "nivis-packages-"));
let findings = 0;
try {
  for (const name of names) {
    const tarball = pack(name);
    const problems = await packageProblems(name, tarball);
    findings += problems.length;
    process.stdout.write(`${problems.length === 0 ? "✓" : "✗"} ${npmName(name)}\n`);
    for (const problem of problems) process.stdout.write(`    ${problem}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(findings === 0 ? 0 : 1);

/**
 * @param {string} name
 * @returns {Uint8Array<ArrayBuffer>} The tarball of a package.
 */
function pack(name) {
  const flags = ["--ignore-scripts", "--silent", "--pack-destination", folder];
  const { status } = spawnSync("npm", ["pack", ...flags, "--workspace", npmName(name)], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm pack failed for ${npmName(name)}`);
  const prefix = `${npmName(name).replace("@", "").replace("/", "-")}-`;
  const file = readdirSync(folder).find(
    (entry) => entry.startsWith(prefix) && /^\d.*\.tgz$/.test(entry.slice(prefix.length)),
  );
  if (file === undefined) throw new Error(`npm pack made no tarball of ${name}`);
  return new Uint8Array(readFileSync(join(folder, file)));
}
