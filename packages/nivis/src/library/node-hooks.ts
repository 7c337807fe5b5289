/**
 * The hook by which Node imports Nix files: `import config from "./config.nix"`, also with `?raw` and
 * `?attr=a.b`.
 */
import { readNixModule } from "./nix-module.ts";

/** A module as the hook returns it to Node. */
export interface LoadedModule {
  readonly format: "module";
  readonly shortCircuit: true;
  readonly source: string;
}

/** Returns the module of a URL; `undefined` if it is not that of a Nix file. */
export function loadedModule(url: string): LoadedModule | undefined {
  if (!/^file:[^?#]*\.nix(?:[?#]|$)/.test(url)) return undefined;
  const { searchParams, pathname } = new URL(url);
  const { fileURLToPath } = process.getBuiltinModule("node:url");
  const file = fileURLToPath(`file://${pathname}`);
  const attr = searchParams.get("attr") ?? undefined;
  const module = readNixModule(file, { attr, raw: searchParams.has("raw") });
  if (module.error !== undefined) throw module.error;
  return { format: "module", shortCircuit: true, source: module.code };
}
