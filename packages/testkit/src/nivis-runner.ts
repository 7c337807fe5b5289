/** Nivis itself as a runner: the built command. */
import { fileURLToPath } from "node:url";
import type { Runner } from "./invocation.ts";
import { processRunner } from "./process-runner.ts";

/** The built `nivis-instantiate`. */
export function builtCommand(name: "cli" | "instantiate" = "instantiate"): string {
  return fileURLToPath(new URL(`../../nivis/dist/${name}.js`, import.meta.url));
}

/** One runner for each mode of evaluation, the plain VM first. */
export function nivisRunners(): Runner[] {
  return [processRunner("vm", process.execPath, [builtCommand()])];
}
