/**
 * The plugin for bundlers: `import config from "./config.nix"` is the value of the file, evaluated while
 * the program is built. A module depends on everything that its evaluation looked at: files, listed
 * directories, and places where nothing was.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { NixError, type NixInput, type NixOptions } from "nivis";
import { type NixDependencies, readNixModule } from "nivis/modules";
import { createUnplugin, type UnpluginBuildContext, type UnpluginContext } from "unplugin";

/** The options of the plugin. */
export interface NixPluginOptions {
  /** The arguments of functions with formals in all files. Defaults to none. */
  readonly args?: { readonly [name: string]: NixInput } | undefined;
  /** Further arguments by name, for `import x from "./x.nix?args=NAME"`. Defaults to none. */
  readonly argSets?: { readonly [name: string]: { readonly [name: string]: NixInput } } | undefined;
  /**
   * Whether `x.d.nix.ts` is written beside each `x.nix` that is imported without a query, if its contents
   * change; TypeScript reads it with `allowArbitraryExtensions`. Defaults to `false`.
   */
  readonly types?: boolean | undefined;
  /** The options of the sessions that evaluate. */
  readonly nix?: Omit<NixOptions, "files" | "io"> | undefined;
}

/** The imports that the plugin takes: `x.nix`, perhaps with a query. */
const NIX_FILE = /\.nix(?:\?[^#]*)?$/;

/** The parts of a query that the plugin knows; a bundler adds some of its own, such as times. */
const OTHERS_QUERY = /[?&](?:url|inline|worker|sharedworker|no-inline)(?:[=&]|$)/;

/** What hot reload needs of Vite; the package does not depend on it. */
interface HotUpdate {
  readonly file: string;
  readonly modules: readonly unknown[];
}

interface ViteEnvironment {
  readonly environment: {
    readonly moduleGraph: { getModuleById(id: string): unknown };
  };
}

/**
 * The plugin by bundler: `nix.vite()`, `nix.rollup()`, `nix.rolldown()`, `nix.webpack()`,
 * `nix.rspack()`, `nix.esbuild()`, `nix.farm()`, `nix.bun()`.
 */
export const nix = createUnplugin((options: NixPluginOptions | undefined = {}, { framework }) => {
  /** What the modules that were loaded depend on, by their identifiers. */
  const loaded = new Map<string, NixDependencies>();
  return {
    name: "nivis",
    ...(framework === "bun" ? { resolveId: resolveWithQuery } : {}),
    load: {
      filter: { id: NIX_FILE },
      handler(id) {
        if (OTHERS_QUERY.test(id)) return null;
        const [file = "", query = ""] = id.split("?", 2);
        const params = new URLSearchParams(query);
        const result = readNixModule(file, {
          attr: params.get("attr") ?? undefined,
          args: argumentsOf(options, params.get("args")),
          raw: params.has("raw"),
          declares: options.types === true && query === "",
          nix: options.nix,
        });
        loaded.set(id, result.dependencies);
        watch(this, result.dependencies);
        if (result.error === undefined) {
          writeDeclaration(file, result.declaration);
          return { code: result.code, map: null };
        }
        throw bundlerError(result.error, id);
      },
    },
    rollup: { resolveId: resolveWithQuery },
    rolldown: { resolveId: resolveWithQuery },
    vite: {
      hotUpdate(this: unknown, { file, modules }: HotUpdate): unknown {
        const { moduleGraph } = (this as ViteEnvironment).environment;
        const affected = [...loaded].flatMap(([id, dependencies]) => {
          const module = dependsOn(dependencies, file) ? moduleGraph.getModuleById(id) : undefined;
          return module === undefined || module === null ? [] : [module];
        });
        return affected.length === 0 ? undefined : [...new Set([...modules, ...affected])];
      },
      // The plugin does not depend on Vite and has only the part of its types that it needs.
    } as object,
  };
});

/** Resolves a relative import with a query, which Rollup and Bun take for a part of the file's name. */
function resolveWithQuery(source: string, importer: string | undefined): string | null {
  const isOurs = NIX_FILE.test(source) && source.startsWith(".") && source.includes("?");
  if (!isOurs || importer === undefined) return null;
  const [file = "", query = ""] = source.split("?", 2);
  return `${resolve(dirname(importer), file)}?${query}`;
}

function argumentsOf(
  { args = {}, argSets = {} }: NixPluginOptions,
  name: string | null,
): { readonly [name: string]: NixInput } {
  if (name === null) return args;
  const more = argSets[name];
  if (more === undefined) {
    throw new Error(`there is no '${name}' among the 'argSets' of the Nix plugin`);
  }
  return { ...args, ...more };
}

/** Writes the declarations of a file beside it, unless they are there already. */
function writeDeclaration(file: string, text: string | undefined): void {
  if (text === undefined) return;
  const path = file.replace(/\.nix$/, ".d.nix.ts");
  const known = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (known !== text) writeFileSync(path, text);
}

/** Tells a bundler what a module depends on. */
function watch(
  context: UnpluginBuildContext & UnpluginContext,
  { files, directories, missing }: NixDependencies,
): void {
  const native = context.getNativeBuildContext?.();
  const loader =
    native?.framework === "webpack" || native?.framework === "rspack"
      ? native.loaderContext
      : undefined;
  if (loader !== undefined) {
    for (const path of files) loader.addDependency(path);
    for (const path of directories) loader.addContextDependency(path);
    for (const path of missing) loader.addMissingDependency(path);
    return;
  }
  for (const path of files) context.addWatchFile(path);
  if (native?.framework === "esbuild") return;
  for (const path of [...directories, ...missing]) context.addWatchFile(path);
}

/** Whether a change of a file may change what a module depends on. */
function dependsOn({ files, directories, missing }: NixDependencies, file: string): boolean {
  const path = file.replaceAll("\\", "/");
  const isSame = (other: string): boolean => other.replaceAll("\\", "/") === path;
  return (
    files.some(isSame) ||
    missing.some((one) => isSame(one) || path.startsWith(`${one.replaceAll("\\", "/")}/`)) ||
    directories.some((one) => one.replaceAll("\\", "/") === dirname(path))
  );
}

/** An error with the place and the excerpt that bundlers show. */
function bundlerError(error: Error, id: string): Error {
  if (!(error instanceof NixError)) return error;
  const label = error.labels.find(({ primary }) => primary) ?? error.labels[0];
  const shown = new Error(error.message, { cause: error });
  if (label === undefined || label.origin !== "file") return Object.assign(shown, { id });
  const { file, start } = label;
  const column = columnInUnits(file, start.line, start.column);
  const frame = error.explain().split("\n").slice(1).join("\n");
  const loc = { file, line: start.line, column };
  return Object.assign(shown, { id, loc, frame, plugin: "nivis" });
}

/** The column in UTF-16 from 0 of a column in bytes from 1. */
function columnInUnits(file: string, line: number, column: number): number {
  try {
    const text = readFileSync(file, "utf8").split(/\r\n|\n|\r/)[line - 1] ?? "";
    return Buffer.from(text, "utf8")
      .subarray(0, column - 1)
      .toString("utf8").length;
  } catch {
    return column - 1;
  }
}
