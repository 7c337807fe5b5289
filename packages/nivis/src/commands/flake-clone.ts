/** `nivis flake clone`: a copy of the source of a flake to work with. */
import { lookUpInput } from "@nivis/flake";
import { encodeUtf8, InputError, marked } from "@nivis/formats";
import { NodeDisk } from "@nivis/node";
import {
  type AsyncProgram,
  type CommonFlags,
  commonFlags,
  unexpectedArgument,
} from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import { copyTree } from "../flakes/copy-tree.ts";
import { valueFlag } from "../options/option.ts";

interface CloneFlags extends CommonFlags {
  ref: string | undefined;
  target: string | undefined;
}

/** The kinds of inputs that are repositories. */
const CLONED: ReadonlySet<string> = new Set(["git", "github", "gitlab", "sourcehut"]);

/** See the head of this file. */
export const flakeCloneCommand: AsyncProgram<CloneFlags> = {
  name: "nivis flake clone",
  summary: "clone the repository of a flake, or copy its source",
  usage: "--dest DIR [FLAG]... [FLAKE]",
  examples: [
    {
      does: "Get a repository to work with",
      command: "nivis flake clone github:NixOS/patchelf --dest patchelf",
    },
  ],
  options: [
    valueFlag<CloneFlags>(["--dest", "-f"], "DIR", "Where to put it", (flags, target) => {
      flags.target = encodeUtf8(target);
    }),
  ],
  defaults: (invocation) => ({ ...commonFlags(invocation), ref: undefined, target: undefined }),
  positional: (flags, argument) => {
    if (flags.ref !== undefined) unexpectedArgument(argument);
    flags.ref = encodeUtf8(argument);
  },
  run: (flags, invocation) =>
    withFlakeSession(invocation, async (session) => {
      const { target } = flags;
      if (target === undefined) throw new InputError("missing flag '--dest'");
      const { input } = session.parseRef(flags.ref ?? ".");
      const resolved = (await lookUpInput(session, input, "all")).input;
      const path = session.absolutePath(target);
      if (CLONED.has(resolved.scheme?.name ?? "")) await session.fetcher.clone(resolved, path);
      else if (new NodeDisk().stat(path) !== undefined) {
        throw new InputError(marked`cannot clone into existing path "${path}"`);
      } else copyTree((await session.fetcher.fetch(resolved)).tree, path);
    }),
};
