/** `nivis flake init` and `nivis flake new`: a flake from a template. */
import { accessorOf, coerceToPath, EvalError, NO_POS } from "@nivis/eval";
import { encodeUtf8, type FlakeRef, marked } from "@nivis/formats";
import { NodeProgramRunner } from "@nivis/node";
import { unexpectedArgument } from "../async-program.ts";
import { copyTemplate } from "../flakes/copy-template.ts";
import { findAttributes } from "../flakes/flake-attributes.ts";
import { withFlakes } from "../flakes/flake-evaluation.ts";
import type { Invocation } from "../invocation.ts";
import { defaultFlakeFlags, type FlakeCommandFlags } from "../options/flake-options.ts";
import { LOCK_OPTIONS, NO_WRITE_OPTION } from "../options/lock-options.ts";
import { type Option, usageError, valueFlag } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";

interface InitFlags extends FlakeCommandFlags {
  template: string;
  /** Where the files go; bytes. */
  target: string | undefined;
}

const TEMPLATE_OPTION: Option<InitFlags> = valueFlag(
  ["--template", "-t"],
  "FLAKE#NAME",
  "The template; templates#default unless given",
  (flags, template) => {
    flags.template = encodeUtf8(template);
  },
);

function defaultInitFlags(invocation: Invocation): InitFlags {
  const flags = defaultFlakeFlags(invocation);
  // The lock file of the template is not to be changed.
  flags.locking.write = false;
  return { ...flags, template: "templates", target: undefined };
}

/** `nivis flake init`: the files go into the current directory. */
export const flakeInitCommand: WaitingProgram<InitFlags> = {
  name: "nivis flake init",
  summary: "create a flake in the current directory from a template",
  usage: "[-t FLAKE#NAME] [FLAG]...",
  description: ["Files that are there already stay as they are."],
  examples: [
    { does: "Begin with the usual template", command: "nivis flake init" },
    { does: "Use a template of a flake", command: "nivis flake init -t templates#rust" },
  ],
  options: [TEMPLATE_OPTION, ...LOCK_OPTIONS, NO_WRITE_OPTION],
  defaults: defaultInitFlags,
  positional: (_flags, argument) => unexpectedArgument(argument),
  run: (flags, invocation) => init(flags, invocation, "."),
};

/** `nivis flake new`: the files go into a directory. */
export const flakeNewCommand: WaitingProgram<InitFlags> = {
  ...flakeInitCommand,
  name: "nivis flake new",
  summary: "create a flake in a directory from a template",
  usage: "[-t FLAKE#NAME] [FLAG]... DIR",
  examples: [{ does: "Begin in a new directory", command: "nivis flake new my-project" }],
  positional: (flags, argument) => {
    if (flags.target !== undefined) unexpectedArgument(argument);
    flags.target = encodeUtf8(argument);
  },
  run: (flags, invocation) => {
    if (flags.target === undefined) throw usageError("'nivis flake new' needs a directory");
    return init(flags, invocation, flags.target);
  },
};

async function init(flags: InitFlags, invocation: Invocation, target: string): Promise<number> {
  let parsed: { readonly ref: FlakeRef; readonly fragment: string } | undefined;
  return withFlakes(
    flags,
    { appliesConfig: true, readOnly: false },
    (session) => {
      parsed = session.parseRefWithFragment(flags.template);
      return [parsed.ref];
    },
    async ({ flakes: [flake], session }) => {
      if (flake === undefined || parsed === undefined) return 1;
      const { ref, fragment } = parsed;
      const request = { ref, fragment, use: "template", system: session.io.system() } as const;
      const [template] = findAttributes(flake.outputs, request);
      if (template === undefined) return 1;
      const { context } = session.evaluation;
      const { path } = session.run(coerceToPath(context, template.get("path").value(), NO_POS, ""));
      const source = { files: accessorOf(context, path), path: path.path };
      const directory = session.absolutePath(target);
      const { written, conflicts } = copyTemplate(source, directory, invocation);
      if (written.length > 0 && session.exists(`${directory}/.git`)) {
        await addToGit(directory, written, invocation);
      }
      const welcome = template.find("welcomeText")?.text();
      if (welcome !== undefined) {
        invocation.note("\n");
        invocation.note(welcome);
      }
      if (conflicts.length > 0) {
        throw new EvalError("value", marked`encountered ${conflicts.length} conflicts - see above`);
      }
      return 0;
    },
  );
}

async function addToGit(
  directory: string,
  files: readonly string[],
  { terminal }: Invocation,
): Promise<void> {
  const runner = new NodeProgramRunner(terminal.environment);
  const args = ["-C", directory, "add", "--intent-to-add", "--force", "--", ...files];
  const { code, errors } = await runner.run("git", args);
  if (code === 0) return;
  throw new EvalError(
    "value",
    marked`program 'git' failed with exit code ${code}\n${errors.trimEnd()}`,
  );
}
