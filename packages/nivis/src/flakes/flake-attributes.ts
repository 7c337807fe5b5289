/**
 * Which attributes of a flake an argument such as `nixpkgs#hello` stands for: what each kind of command
 * looks for without a name, and before which prefixes it tries a name (C++ Nix: `InstallableFlake` in
 * libcmd/installable-flake.cc).
 */
import { bestMatchesOf, EvalError, parseAttrPath } from "@nivis/eval";
import { type FlakeRef, formatFlakeRef, marked } from "@nivis/formats";
import { isTypeError } from "./error-classes.ts";
import { OutputCursor } from "./output-cursor.ts";

/** What a command wants of a flake. */
export type FlakeUse = "package" | "app" | "dev-shell" | "search" | "formatter" | "template";

/** Attributes that are tried, in order. */
interface Candidates {
  /** Without a name. */
  readonly defaults: readonly string[];
  /** Before a name; the name alone is tried last. */
  readonly prefixes: readonly string[];
}

function candidatesFor(use: FlakeUse, system: string): Candidates {
  const packages: Candidates = {
    defaults: [`packages.${system}.default`, `defaultPackage.${system}`],
    prefixes: [`packages.${system}.`, `legacyPackages.${system}.`],
  };
  switch (use) {
    case "package":
      return packages;
    case "app":
      return {
        defaults: [`apps.${system}.default`, `defaultApp.${system}`, ...packages.defaults],
        prefixes: [`apps.${system}.`, ...packages.prefixes],
      };
    case "dev-shell":
      return {
        defaults: [`devShells.${system}.default`, `devShell.${system}`, ...packages.defaults],
        prefixes: [`devShells.${system}.`, ...packages.prefixes],
      };
    case "search":
      return {
        defaults: [`packages.${system}`, `legacyPackages.${system}`],
        prefixes: packages.prefixes,
      };
    case "formatter":
      return { defaults: [`formatter.${system}`], prefixes: [] };
    case "template":
      return { defaults: ["templates.default", "defaultTemplate"], prefixes: ["templates."] };
  }
}

/** The attributes that a fragment may mean, the best first. A dot at its head means exactly what follows. */
export function attributesOf({
  fragment,
  use,
  system,
}: Pick<AttributeRequest, "fragment" | "use" | "system">): readonly string[] {
  const { defaults, prefixes } = candidatesFor(use, system);
  if (fragment === "") return defaults;
  if (fragment.startsWith(".")) return [fragment.slice(1)];
  return [...prefixes.map((prefix) => prefix + fragment), fragment];
}

/** What messages call an attribute: the fragment as it was given, or the first default. */
export function attributeName({ ref, fragment, use, system }: AttributeRequest): string {
  const name = fragment === "" ? candidatesFor(use, system).defaults[0] : fragment;
  return `${formatFlakeRef(ref)}#${name}`;
}

/** What is looked for in the outputs of a flake. */
export interface AttributeRequest {
  readonly ref: FlakeRef;
  /** The part behind `#`. */
  readonly fragment: string;
  readonly use: FlakeUse;
  readonly system: string;
}

/** All attributes that a request may mean, the best first; an error if there is none. */
export function findAttributes(
  outputs: OutputCursor,
  request: AttributeRequest,
): readonly OutputCursor[] {
  const { ref } = request;
  const attributes = attributesOf(request);
  const found: OutputCursor[] = [];
  /** By the name that is missing: the names that are there. */
  const misses = new Map<string, Set<string>>();
  for (const attribute of attributes) {
    try {
      const end = outputs.follow(parseAttrPath(attribute));
      if (end instanceof OutputCursor) found.push(end);
      else {
        const known = misses.get(end.missing) ?? new Set();
        for (const name of end.known) known.add(name);
        misses.set(end.missing, known);
      }
    } catch (error) {
      if (!isTypeError(error)) throw error;
    }
  }
  if (found.length > 0) return found;
  throw notProvided(ref, attributes).suggest(bestMatchesOf(misses));
}

/** The error of a flake that has none of the attributes that were looked for. */
export function notProvided(ref: FlakeRef, attributes: readonly string[]): EvalError {
  const shown = attributes.map((attribute) => `'${attribute}'`);
  const last = shown.pop() as string;
  const list = shown.length === 0 ? last : `${shown.join(", ")} or ${last}`;
  const message = marked`flake '${formatFlakeRef(ref)}' does not provide attribute ${list}`;
  return new EvalError("missing-attribute", message);
}
