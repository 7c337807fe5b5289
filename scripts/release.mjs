/**
 * Releases all packages in one version.
 *
 *     node scripts/release.mjs prepare VERSION   sets the version everywhere, dates the changelog
 *     node scripts/release.mjs check             fails unless everything is ready to be published
 *     node scripts/release.mjs publish [--dry-run]
 *
 * `publish` checks first, and publishes the packages in the order in which they depend on each other,
 * with provenance unless it is a dry run: that needs the release workflow, whose token the registry
 * trusts. A version that the registry has already is left out, so an interrupted release can be
 * repeated.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npmName, PACKAGES, PUBLIC_PACKAGES, root, run } from "./workspace.mjs";

const VERSION_FILE = join(root, "packages", "nivis", "src", "version.ts");
const CHANGELOG = join(root, "CHANGELOG.md");
/** Semantic versioning, without build metadata. */
const VERSION_FORM = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;
const OURS = new Set(PACKAGES.map(({ name }) => npmName(name)));

const [command, ...rest] = process.argv.slice(2);
switch (command) {
  case "prepare":
    prepare(rest[0] ?? "");
    break;
  case "check":
    report(problems());
    break;
  case "publish":
    report(problems());
    publish(rest.includes("--dry-run"));
    break;
  default:
    fail("usage: release.mjs prepare VERSION | check | publish [--dry-run]");
}

/** @param {string} version */
function prepare(version) {
  if (!VERSION_FORM.test(version)) fail(`'${version}' is not a version such as 1.2.3`);
  const changelog = readFileSync(CHANGELOG, "utf8");
  if (!changelog.includes("## [Unreleased]\n")) fail("CHANGELOG.md has no section [Unreleased]");
  if (changelog.includes(`## [${version}]`))
    fail(`CHANGELOG.md has a section [${version}] already`);
  if (unreleased(changelog).trim() === "") fail("CHANGELOG.md says nothing of this version");
  for (const { name } of PACKAGES) {
    const path = join(root, "packages", name, "package.json");
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    manifest.version = version;
    for (const field of ["dependencies", "peerDependencies"]) {
      for (const dependency of Object.keys(manifest[field] ?? {})) {
        if (OURS.has(dependency)) manifest[field][dependency] = version;
      }
    }
    writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  }
  const source = readFileSync(VERSION_FILE, "utf8");
  writeFileSync(VERSION_FILE, source.replace(/(export const VERSION = )"[^"]*"/, `$1"${version}"`));
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(
    CHANGELOG,
    changelog.replace("## [Unreleased]\n", `## [Unreleased]\n\n## [${version}] - ${date}\n`),
  );
  if (run("npm", ["install", "--package-lock-only", "--ignore-scripts"]) !== 0) {
    fail("npm could not update package-lock.json");
  }
  process.stdout.write(`prepared ${version}: check, commit, tag v${version}\n`);
}

/** What stands in the way of publishing. */
function problems() {
  const found = [];
  const version = manifestOf("nivis").version;
  for (const name of PUBLIC_PACKAGES) {
    const manifest = manifestOf(name);
    if (manifest.version !== version) {
      found.push(`${npmName(name)} has version ${manifest.version}, not ${version}`);
    }
    for (const field of ["dependencies", "peerDependencies"]) {
      for (const [dependency, wanted] of Object.entries(manifest[field] ?? {})) {
        if (OURS.has(dependency) && wanted !== version) {
          found.push(`${npmName(name)} wants ${dependency} ${wanted}, not ${version}`);
        }
      }
    }
  }
  if (!readFileSync(VERSION_FILE, "utf8").includes(`VERSION = "${version}"`)) {
    found.push(`packages/nivis/src/version.ts does not say ${version}`);
  }
  if (!readFileSync(CHANGELOG, "utf8").includes(`## [${version}]`)) {
    found.push(`CHANGELOG.md has no section [${version}]`);
  }
  return found;
}

/** @param {boolean} isTrial */
function publish(isTrial) {
  const { version } = manifestOf("nivis");
  // Pre-releases must not become what `npm install` takes.
  const tag = version.includes("-") ? ["--tag", "next"] : [];
  for (const name of PUBLIC_PACKAGES) {
    const full = npmName(name);
    if (!isTrial && isPublished(`${full}@${version}`)) {
      process.stdout.write(`${full} ${version} is published already\n`);
      continue;
    }
    // Provenance is made by the workflow that publishes; elsewhere npm refuses to try.
    const how = isTrial ? ["--dry-run"] : ["--provenance"];
    const flags = ["--access", "public", ...tag, ...how];
    if (run("npm", ["publish", "--workspace", full, ...flags], { stdout: "inherit" }) !== 0) {
      fail(`npm could not publish ${full}`);
    }
  }
}

/** @param {string} spec A package and its version. */
function isPublished(spec) {
  const shell = process.platform === "win32";
  return (
    spawnSync("npm", ["view", spec, "version"], { cwd: root, stdio: "ignore", shell }).status === 0
  );
}

/** @param {string} name */
function manifestOf(name) {
  return JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
}

/** @param {string} changelog The text between the heads of the first two versions. */
function unreleased(changelog) {
  const start = changelog.indexOf("## [Unreleased]\n") + "## [Unreleased]\n".length;
  const end = changelog.indexOf("\n## [", start);
  return changelog.slice(start, end < 0 ? undefined : end);
}

/** @param {readonly string[]} found */
function report(found) {
  if (found.length > 0) fail(found.join("\n"));
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
