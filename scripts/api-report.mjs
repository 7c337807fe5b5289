/**
 * The reports of the public interface of `nivis`, in docs/api/: one for each stable import, as
 * declarations without comments. A change of the interface shows up as a change of its report.
 *
 *     node scripts/api-report.mjs           writes the reports
 *     node scripts/api-report.mjs --check   fails if a report is out of date
 *
 * It reads the declarations of the build (`npm run build`).
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
} from "@microsoft/api-extractor";
import { npmName, PUBLIC_PACKAGES, root } from "./workspace.mjs";

/** The stable imports, by the name of their report. `nivis/vm` and `nivis/node` are not stable. */
const ENTRIES = {
  nivis: "index",
  worker: "entries/worker",
  syntax: "entries/syntax",
  versions: "entries/versions",
  hashes: "entries/hashes",
  "store-paths": "entries/store-paths",
  derivations: "entries/derivations",
  nar: "entries/nar",
  "flake-refs": "entries/flake-refs",
};

const check = process.argv.includes("--check");
const folder = join(root, "docs", "api");
const scratch = join(root, "node_modules", ".cache", "nivis-api");
rmSync(scratch, { recursive: true, force: true });
mkdirSync(join(scratch, "reports"), { recursive: true });
mkdirSync(folder, { recursive: true });

const configs = Object.entries(ENTRIES).map(([name, entry]) => configOf(name, entry));
const [first] = configs;
if (first === undefined) throw new Error("no entries");
const compilerState = CompilerState.create(first, {
  additionalEntryPoints: configs.map((one) => one.mainEntryPointFilePath),
});
let outdated = 0;
for (const config of configs) {
  const { succeeded } = Extractor.invoke(config, {
    compilerState,
    localBuild: true,
    messageCallback: (message) => {
      message.handled = message.logLevel !== "error";
    },
  });
  if (!succeeded) process.exit(1);
  const [name] = config.reportConfigs.map(({ fileName }) => fileName);
  const text = readFileSync(join(scratch, "temp", /** @type {string} */ (name)), "utf8");
  const path = join(folder, /** @type {string} */ (name));
  if (!check) writeFileSync(path, text);
  else if (read(path) !== text) {
    outdated++;
    process.stderr.write(`docs/api/${name} is out of date: node scripts/api-report.mjs\n`);
  }
}
process.exit(outdated === 0 ? 0 : 1);

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * @param {string} name
 * @param {string} entry
 */
function configOf(name, entry) {
  const silent = { default: { logLevel: ExtractorLogLevel.None } };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, "packages", "nivis", "dist", `${entry}.d.ts`),
      bundledPackages: PUBLIC_PACKAGES.map(npmName).filter((one) => one === "@nivis/embed"),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2023",
            lib: ["es2023", "esnext.disposable"],
            module: "nodenext",
            moduleResolution: "nodenext",
            types: ["node"],
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: true,
          },
        },
      },
      apiReport: {
        enabled: true,
        reportFolder: join(scratch, "reports"),
        reportTempFolder: join(scratch, "temp"),
        reportFileName: name,
        includeForgottenExports: false,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages: {
        compilerMessageReporting: silent,
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, "packages", "nivis", "package.json"),
  });
}
