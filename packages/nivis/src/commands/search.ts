/** `nivis search`: finds packages by regular expressions on path, name and description. */
import type { JsonTree } from "@nivis/flake";
import { encodeUtf8 } from "@nivis/formats";
import { CommandFailure } from "../command-failure.ts";
import { walkAhead } from "../flakes/debugged-flakes.ts";
import { FlakeArgument, notAValue, withArguments } from "../flakes/flake-arguments.ts";
import { printJson } from "../flakes/json-output.ts";
import { OutputCursor } from "../flakes/output-cursor.ts";
import {
  type FoundPackage,
  highlight,
  SearchPattern,
  searchedOutputs,
  searchPackages,
} from "../flakes/search-packages.ts";
import { DEBUGGER_OPTIONS } from "../options/building-options.ts";
import {
  defaultFlakeFlags,
  FLAKE_OPTIONS,
  type FlakeCommandFlags,
  JSON_OPTIONS,
  type JsonFlags,
} from "../options/flake-options.ts";
import { usageError, valueFlag } from "../options/option.ts";
import { SOURCE_OPTIONS, sourceOf } from "../options/source-options.ts";
import type { WaitingProgram } from "../program.ts";
import { withDebugger } from "../repl/debugged-work.ts";
import { valueAt } from "../selection/targets.ts";
import { type DebuggedWork, openSession } from "../session.ts";

interface SearchFlags extends FlakeCommandFlags, JsonFlags {
  readonly excluded: string[];
}

const GREEN = "\x1b[32;1m";
const NORMAL = "\x1b[0m";
const BOLD = "\x1b[0;1m";

/** See the head of this file. */
export const searchCommand: WaitingProgram<SearchFlags> = {
  name: "nivis search",
  summary: "search for packages",
  usage: "[FLAG]... FLAKE[#ATTR] REGEX...",
  description: [
    "Each REGEX must match the attribute path, the name or the description of a package, without regard to case. With --file or --expr the first argument is an attribute path, which may be empty.",
  ],
  examples: [
    { does: "Find packages by words in any order", command: "nivis search nixpkgs git frontend" },
    {
      does: "Leave some out, and print JSON",
      command: "nivis search --json nixpkgs neovim --exclude 'python|gui'",
    },
  ],
  options: [
    ...SOURCE_OPTIONS,
    ...FLAKE_OPTIONS,
    ...DEBUGGER_OPTIONS,
    ...JSON_OPTIONS,
    valueFlag<SearchFlags>(
      ["--exclude", "-e"],
      "REGEX",
      "Hide packages that REGEX matches",
      (flags, regex) => flags.excluded.push(encodeUtf8(regex)),
    ),
  ],
  defaults: (invocation) => ({
    ...defaultFlakeFlags(invocation),
    json: false,
    pretty: undefined,
    excluded: [],
  }),
  positional: (flags, argument) => flags.positionals.push(encodeUtf8(argument)),
  run: async (flags, invocation) => {
    const [installable = "", ...regexes] = flags.positionals;
    if (regexes.length === 0) {
      throw usageError(
        "Must provide at least one regex! To match all packages, use 'nix search <installable> ^'.",
      );
    }
    const query = {
      patterns: regexes.map((text) => new SearchPattern(text)),
      excluded: flags.excluded.map((text) => new SearchPattern(text)),
    };
    const json = new Map<string, JsonTree>();
    let count = 0;
    const found = (one: FoundPackage): void => {
      count++;
      if (flags.json) json.set(one.path, jsonOf(one));
      else invocation.terminal.writeOut(`${count > 1 ? "\n" : ""}${textOf(one)}`);
    };
    await withRoots(flags, installable, (roots) => {
      for (const root of roots) searchPackages(root, query, found);
    });
    if (flags.json) printJson(invocation.terminal, json, flags.pretty);
    else if (count === 0) {
      throw new CommandFailure("value", "no results for the given search term(s)!", 1);
    }
    return 0;
  },
};

/** Finds where the search begins. */
async function withRoots(
  flags: SearchFlags,
  installable: string,
  work: (roots: readonly OutputCursor[]) => void,
): Promise<void> {
  if (flags.debugs) {
    await withDebugger(flags.invocation, flags.breaks, (debugged) =>
      openRoots(flags, installable, work, debugged),
    );
  } else await openRoots(flags, installable, work, undefined);
}

async function openRoots(
  flags: SearchFlags,
  installable: string,
  work: (roots: readonly OutputCursor[]) => void,
  debugged: DebuggedWork | undefined,
): Promise<void> {
  if (flags.expression === undefined && flags.file === undefined) {
    const request = {
      use: "search",
      readOnly: true,
      mayBuild: false,
      ...(debugged === undefined ? {} : { watch: () => debugged.options, remembers: false }),
    } as const;
    await withArguments(flags, [installable], request, async ({ session, installables: [one] }) => {
      if (!(one instanceof FlakeArgument)) throw notAValue(installable);
      if (debugged !== undefined) {
        debugged.begin(session);
        await one.findAhead();
        await walkAhead({ session }, one.cursors, searchedOutputs);
      }
      work(one.cursors);
    });
    return;
  }
  const { settings } = flags.invocation;
  if (!settings.overridden.has("allow-import-from-derivation")) {
    settings.allowImportFromDerivation = false;
  }
  const session = openSession(flags, { ...debugged?.options, readOnly: true });
  debugged?.begin(session);
  const source = sourceOf({ ...flags, positionals: [] }, session, [], "nivis search");
  const root = await session.runDebugged(session.program(source, false));
  const value = valueAt(session, installable, root);
  const roots = [new OutputCursor(session, [], () => value)];
  if (debugged !== undefined) await walkAhead({ session }, roots, searchedOutputs);
  work(roots);
}

function textOf(one: FoundPackage): string {
  const path = `${BOLD}${highlight(one.path, one.pathMatches, GREEN, BOLD)}${NORMAL}`;
  const version = one.version === "" ? "" : ` (${one.version})`;
  const description =
    one.description === ""
      ? ""
      : `  ${highlight(one.description, one.descriptionMatches, GREEN, NORMAL)}\n`;
  return `* ${path}${version}\n${description}`;
}

function jsonOf({ name, version, description }: FoundPackage): JsonTree {
  return new Map([
    ["pname", name],
    ["version", version],
    ["description", description],
  ]);
}
