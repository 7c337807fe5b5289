/**
 * `node --import nivis/register`: Node imports Nix files. From Node 22.15 on also with `require`; before,
 * Node asks a thread of hooks, which only `import` knows.
 */
import { loadedModule } from "../library/node-hooks.ts";

type Load = (
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => unknown,
) => unknown;

/** What Node 22.15 has; the types are those of Node 20. */
interface NewerHooks {
  readonly registerHooks?: (hooks: { readonly load: Load }) => void;
}

const nodeModule = process.getBuiltinModule("node:module");
const { registerHooks } = nodeModule as NewerHooks;
if (registerHooks === undefined) {
  nodeModule.register(new URL("./register-hooks.js", import.meta.url));
} else {
  registerHooks({ load: (url, context, next) => loadedModule(url) ?? next(url, context) });
}
