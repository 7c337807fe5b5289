/** `nivis registry list`: all names, the first first asked. */
import { type Registry, registryLines } from "@nivis/flake";
import {
  type AsyncProgram,
  type CommonFlags,
  commonFlags,
  unexpectedArgument,
} from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";

/** See the head of this file. */
export const registryListCommand: AsyncProgram<CommonFlags> = {
  name: "nivis registry list",
  summary: "list the names of flakes",
  usage: "[FLAG]...",
  examples: [{ does: "Show all names and what they stand for", command: "nivis registry list" }],
  options: [],
  defaults: commonFlags,
  positional: (_flags, argument) => unexpectedArgument(argument),
  run: (_flags, invocation) =>
    withFlakeSession(invocation, async (session) => {
      const registries: Registry[] = [];
      for await (const registry of session.registries()) registries.push(registry);
      for (const line of registryLines(registries)) invocation.terminal.writeOut(`${line}\n`);
    }),
};
