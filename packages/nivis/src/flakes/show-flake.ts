/**
 * The outputs of a flake as a tree, as text or as JSON (C++ Nix: `CmdFlakeShow` in nix/flake.cc).
 *
 * What is shown of an output depends on its name: `packages.SYSTEM.NAME` is a derivation, `overlays.NAME`
 * a function. Outputs with other names are not looked into.
 */
import { EvalError } from "@nivis/eval";
import type { JsonTree } from "@nivis/flake";
import { sortedBytes } from "@nivis/formats";
import { bold, green, warningText } from "./ansi.ts";
import type { OutputWalk } from "./debugged-flakes.ts";
import { isEvaluationError, isImportFromDerivation } from "./error-classes.ts";
import type { OutputCursor } from "./output-cursor.ts";

/** What is shown, and where. */
export interface ShowOptions {
  /** The system of this machine. */
  readonly system: string;
  /** Whether derivations for other systems are shown. */
  readonly allSystems: boolean;
  /** Whether `legacyPackages` is shown. */
  readonly legacy: boolean;
  /** Takes a line of the text; absent if JSON is wanted. */
  readonly line?: (text: string) => void;
  readonly warn: (message: string) => void;
}

/** What a path of an output stands for. */
type Role = "group" | "derivation" | "jobs" | "legacy" | "app" | "template" | "value";

/** How many levels of groups there are above the things themselves, by the name of the output. */
const GROUP_LEVELS: Readonly<Record<string, number>> = {
  apps: 2,
  checks: 2,
  devShells: 2,
  packages: 2,
  defaultApp: 1,
  defaultPackage: 1,
  devShell: 1,
  formatter: 1,
  nixosConfigurations: 1,
  nixosModules: 1,
  overlays: 1,
  templates: 1,
};

/** Groups that are hidden if nothing is in them, with their depth. */
const HIDDEN_IF_EMPTY: Readonly<Record<string, number>> = {
  apps: 2,
  checks: 2,
  devShells: 2,
  legacyPackages: 2,
  packages: 2,
  formatter: 1,
  nixosConfigurations: 1,
  nixosModules: 1,
  overlays: 1,
};

/** What lies below the groups; values by default. */
const LEAF_ROLES: Readonly<Record<string, Role>> = {
  apps: "app",
  defaultApp: "app",
  checks: "derivation",
  devShells: "derivation",
  devShell: "derivation",
  packages: "derivation",
  defaultPackage: "derivation",
  formatter: "derivation",
  templates: "template",
};

/** The type in JSON and the text of functions and other values that are not looked into. */
const VALUES: Readonly<Record<string, readonly [depth: number, type: string, text: string]>> = {
  overlay: [1, "nixpkgs-overlay", "Nixpkgs overlay"],
  overlays: [2, "nixpkgs-overlay", "Nixpkgs overlay"],
  nixosConfigurations: [2, "nixos-configuration", "NixOS configuration"],
  nixosModule: [1, "nixos-module", "NixOS module"],
  nixosModules: [2, "nixos-module", "NixOS module"],
};

function roleOf(names: readonly string[]): Role {
  const [output] = names;
  if (output === undefined) return "group";
  if (output === "hydraJobs") return "jobs";
  if (output === "legacyPackages") return names.length === 1 ? "group" : "legacy";
  if (output === "defaultTemplate" && names.length === 1) return "template";
  const levels = GROUP_LEVELS[output] ?? 0;
  if (names.length <= levels) return "group";
  return names.length === levels + 1 ? (LEAF_ROLES[output] ?? "value") : "value";
}

const TREE = { middle: "├───", last: "└───", line: "│   ", blank: "    " };
const TREE_BYTES = Object.fromEntries(
  Object.entries(TREE).map(([name, text]) => [name, Buffer.from(text, "utf8").toString("latin1")]),
) as typeof TREE;

type JsonNode = Map<string, JsonTree>;

/** Shows the outputs of a flake and returns them as JSON. */
export function showFlake(root: OutputCursor, title: string, options: ShowOptions): JsonTree {
  return new FlakeShow(options).visit(root, bold(title), "");
}

/** What {@link showFlake} looks at. */
export function shownOutputs({
  system,
  allSystems,
  legacy,
}: Pick<ShowOptions, "system" | "allSystems" | "legacy">): OutputWalk {
  const isOfSystem = (names: readonly string[]): boolean => allSystems || names[1] === system;
  return {
    enters: (names) => {
      const role = roleOf(names);
      return role === "group" || role === "jobs" || (role === "legacy" && names.length <= 2);
    },
    visits: (names) => {
      const role = roleOf(names);
      if (role === "value") return false;
      if (role === "legacy") return legacy && isOfSystem(names);
      return role !== "derivation" || isOfSystem(names);
    },
    order: sortedBytes,
    needs: [["name"], ["meta", "description"]],
    keepsGoing: false,
  };
}

class FlakeShow {
  readonly #options: ShowOptions;

  constructor(options: ShowOptions) {
    this.#options = options;
  }

  #line(text: string): void {
    this.#options.line?.(text);
  }

  get #isText(): boolean {
    return this.#options.line !== undefined;
  }

  visit(cursor: OutputCursor, head: string, prefix: string): JsonNode {
    const node: JsonNode = new Map();
    try {
      this.#show(cursor, head, prefix, node);
    } catch (error) {
      if (cursor.names[0] !== "legacyPackages" || !isEvaluationError(error)) throw error;
    }
    return node;
  }

  #show(cursor: OutputCursor, head: string, prefix: string, node: JsonNode): void {
    const { names } = cursor;
    switch (roleOf(names)) {
      case "group":
        this.#group(cursor, head, prefix, node);
        return;
      case "derivation":
        if (!this.#omitsSystem(cursor, head)) {
          this.#unlessBuilding(cursor, head, () => {
            if (cursor.isDerivation()) this.#derivation(cursor, head, node);
            else this.#options.warn(`${cursor.path}.name is not a derivation`);
          });
        }
        return;
      case "jobs":
        this.#unlessBuilding(cursor, head, () => {
          if (cursor.isDerivation()) this.#derivation(cursor, head, node);
          else this.#group(cursor, head, prefix, node);
        });
        return;
      case "legacy":
        if (!this.#options.legacy) this.#omit(cursor, head, "--legacy");
        else if (!this.#omitsSystem(cursor, head)) {
          this.#unlessBuilding(cursor, head, () => {
            if (cursor.isDerivation()) this.#derivation(cursor, head, node);
            else if (names.length <= 2) this.#group(cursor, head, prefix, node);
          });
        }
        return;
      case "app":
        this.#app(cursor, head, node);
        return;
      case "template": {
        const description = cursor.get("description").text();
        node.set("type", "template").set("description", description);
        this.#line(`${head}: template: ${bold(description)}`);
        return;
      }
      case "value": {
        const [depth, type, text] = VALUES[names[0] as string] ?? [0, "", ""];
        const isKnown = names.length === depth;
        node.set("type", isKnown ? type : "unknown");
        this.#line(`${head}: ${warningText(isKnown ? text : "unknown")}`);
        return;
      }
    }
  }

  #group(cursor: OutputCursor, head: string, prefix: string, node: JsonNode): void {
    this.#line(head);
    const members = cursor
      .attributeNames()
      .map((name) => cursor.get(name))
      .filter((member) => hasContent(member));
    members.forEach((member, i) => {
      const isLast = i === members.length - 1;
      const name = member.names.at(-1) as string;
      const branch = isLast ? TREE_BYTES.last : TREE_BYTES.middle;
      const json = this.visit(
        member,
        green(prefix + branch) + bold(name),
        prefix + (isLast ? TREE_BYTES.blank : TREE_BYTES.line),
      );
      node.set(name, json);
    });
  }

  /** Whether this is for another system, which is then said. */
  #omitsSystem(cursor: OutputCursor, head: string): boolean {
    const { allSystems, system } = this.#options;
    if (allSystems || cursor.names[1] === system) return false;
    this.#omit(cursor, head, "--all-systems");
    return true;
  }

  #omit(cursor: OutputCursor, head: string, flag: string): void {
    if (this.#isText) this.#line(`${head} ${warningText("omitted")} (use '${flag}' to show)`);
    else this.#options.warn(`${cursor.path} omitted (use '${flag}' to show)`);
  }

  /** Shows something unless that would build a derivation, which is then said. */
  #unlessBuilding(cursor: OutputCursor, head: string, show: () => void): void {
    try {
      show();
    } catch (error) {
      if (!isImportFromDerivation(error)) throw error;
      const reason = "omitted due to use of import from derivation";
      if (this.#isText) this.#line(`${head} ${warningText(reason)}`);
      else this.#options.warn(`${cursor.path} ${reason}`);
    }
  }

  #derivation(cursor: OutputCursor, head: string, node: JsonNode): void {
    const name = cursor.get("name").text();
    if (this.#isText) {
      this.#line(`${head}: ${kindOfDerivation(cursor.names)} '${name}'`);
      return;
    }
    node.set("type", "derivation").set("name", name);
    node.set("description", cursor.meta("description") ?? "");
  }

  #app(cursor: OutputCursor, head: string, node: JsonNode): void {
    const type = cursor.find("type");
    const description = cursor.meta("description");
    if (type?.text() !== "app") throw new EvalError("value", "not an app definition");
    node.set("type", "app");
    if (description !== undefined) node.set("description", description);
    this.#line(`${head}: app: ${bold(description ?? "no description")}`);
  }
}

function kindOfDerivation([output]: readonly string[]): string {
  switch (output) {
    case "devShell":
    case "devShells":
      return "development environment";
    case "checks":
    case "hydraJobs":
      return "derivation";
    default:
      return "package";
  }
}

/**
 * Whether there is something to show. Frameworks define outputs that are empty sets, so that they need
 * not evaluate anything to know which outputs there are.
 */
function hasContent(cursor: OutputCursor): boolean {
  const { names } = cursor;
  if (names.length > (HIDDEN_IF_EMPTY[names[0] as string] ?? 0)) return true;
  try {
    return cursor.attributeNames().some((name) => hasContent(cursor.get(name)));
  } catch (error) {
    if (isEvaluationError(error)) return true;
    throw error;
  }
}
