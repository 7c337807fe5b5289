/** The platform of the language server on this machine. */
import { decodeUtf8 } from "@nivis/formats";
import type { Host } from "@nivis/lsp";
import { nixPathEntries } from "@nivis/node";
import type { Invocation } from "../invocation.ts";
import { scriptPath } from "../jobs/script-path.ts";
import type { EvaluationFlags } from "../options/evaluation-options.ts";
import { NodeWorkspace } from "./node-workspace.ts";
import { ProcessEvaluator } from "./process-evaluator.ts";

/** The files, the clock and the evaluator of this machine. */
export function nodeHost(flags: EvaluationFlags, invocation: Invocation): Host {
  const { machine } = invocation;
  const settings = invocation.finishSettings();
  const includes = flags.includes.map(decodeUtf8);
  const entries = [...includes, ...nixPathEntries(settings, machine).map(decodeUtf8)];
  let home: string | undefined;
  try {
    home = decodeUtf8(machine.homeDirectory());
  } catch {
    home = undefined;
  }
  return {
    workspace: new NodeWorkspace({ home, searchPath: entries }),
    openEvaluator: (limits) =>
      new ProcessEvaluator({
        processScript: scriptPath("./lsp-evaluator.cjs"),
        commandScript: scriptPath("./launch.cjs"),
        limits,
        args: includes.flatMap((entry) => ["-I", entry]),
      }),
    schedule: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}
