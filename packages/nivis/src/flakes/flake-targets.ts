/**
 * Attributes of flakes for commands that look at values without building anything, such as `nivis diff`
 * and `nivis profile`. Loaded on demand (see scripts/bundles.mjs).
 *
 * Nothing that was remembered of a flake is used: these commands watch the evaluation.
 */
import { parseAttrPath, type SourceAccessor } from "@nivis/eval";
import { type Bytes, marked } from "@nivis/formats";
import { TreeAccessor } from "@nivis/node";
import { withFlakeSession } from "../flake-session.ts";
import type { EvaluationFlags } from "../options/evaluation-options.ts";
import { usageError } from "../options/option.ts";
import type { Target } from "../selection/targets.ts";
import type { Session, SessionOptions } from "../session.ts";
import { FlakeArgument, type PathArgument, withArguments } from "./flake-arguments.ts";
import type { FlakeFlags } from "./flake-evaluation.ts";
import { prepareRegistries } from "./locking.ts";
import type { OutputCursor } from "./output-cursor.ts";

/**
 * Locks the flakes of arguments such as `nixpkgs#hello`, opens an evaluation and does some work with it.
 *
 * @param flags - those of a program that `runFlakeProgram` runs
 * @param watch - what is to watch the evaluation; called when the flakes are locked
 * @param work - receives a function that finds the attributes, in the order of the arguments
 */
export function withFlakeTargets<Result>(
  flags: EvaluationFlags,
  texts: readonly string[],
  watch: () => Omit<SessionOptions, "readOnly">,
  work: (session: Session, targets: () => readonly Target[]) => Result,
): Promise<Result> {
  const request = { use: "package", readOnly: true, remembers: false, watch } as const;
  return withArguments(flags as FlakeFlags, texts, request, ({ session, installables }) =>
    work(session, () => installables.map((one, i) => targetOf(one, texts[i] as string))),
  );
}

/**
 * Fetches the tree of a flake reference and does some work with it. Nothing is locked or evaluated.
 *
 * @param flags - those of a program that `runFlakeProgram` runs
 */
export function withFlakeTree(
  flags: EvaluationFlags,
  text: Bytes,
  work: (files: SourceAccessor) => void,
): Promise<void> {
  const { invocation, evalStore, store } = flags;
  return withFlakeSession(
    invocation,
    async (session) => {
      const { locking } = flags as FlakeFlags;
      await prepareRegistries(locking, session, invocation);
      const { ref, fragment } = session.parseRefWithFragment(text);
      if (fragment !== "") {
        throw usageError(`a whole tree is wanted here; leave out '#${fragment}'`);
      }
      const { fetched } = await session.world.inputs.get(ref.input, "all");
      work(new TreeAccessor(fetched.tree));
    },
    { store: evalStore ?? store },
  );
}

function targetOf(argument: FlakeArgument | PathArgument, shown: string): Target {
  if (!(argument instanceof FlakeArgument)) {
    throw usageError(marked`installable '${shown}' does not correspond to a Nix language value`);
  }
  const { cursor, flake, parsed } = argument;
  const { names } = cursor;
  // Names of packages say more without the prefix at which they were found.
  const given = parseAttrPath(parsed.fragment.replace(/^\./, "")).length;
  const prefix = names.slice(0, names.length - Math.max(given, 1));
  const root = flake.outputs.follow(prefix) as OutputCursor;
  return { root: root.value(), path: names.slice(prefix.length).map(quoted).join(".") };
}

/** A name as a component of an attribute path. */
function quoted(name: string): string {
  return name.includes(".") ? `"${name}"` : name;
}
