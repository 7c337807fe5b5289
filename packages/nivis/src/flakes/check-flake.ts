/**
 * The checks of a flake's outputs: what each output must be, by its name (C++ Nix: `CmdFlakeCheck` in
 * nix/flake.cc). Evaluates everything for this system and says what it is doing; building is the
 * caller's.
 */

import {
  Attrs,
  accessorOf,
  Closure,
  coerceToPath,
  coerceToStorePath,
  describePosition,
  EvalError,
  evalErrorOf,
  inSymbolOrder,
  isDerivation,
  isString,
  NO_POS,
  type PosIdx,
  printForError,
  type Slot,
  select,
  textOf,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import { type MarkedText, marked, uncolored } from "@nivis/formats";
import type { Invocation } from "../invocation.ts";
import type { Session } from "../session.ts";
import type { OutputCursor } from "./output-cursor.ts";

/** What is checked, and how. */
export interface CheckOptions {
  readonly session: Session;
  readonly invocation: Invocation;
  /** The system of this machine. */
  readonly system: string;
  readonly allSystems: boolean;
  /** Whether errors are shown and the check goes on. */
  readonly keepGoing: boolean;
  /** Allows or forbids building during evaluation. */
  readonly allowBuilding: (allowed: boolean) => void;
}

/** The result. */
export interface CheckedFlake {
  /** The derivations of `checks` for this system, with the attributes that they are. */
  readonly checks: ReadonlyMap<string, readonly string[]>;
  /** Whether an error was shown. */
  readonly hasErrors: boolean;
  /** The systems that were left out, sorted. */
  readonly omittedSystems: readonly string[];
}

/** Old names of outputs. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  defaultPackage: "packages.<system>.default",
  defaultApp: "apps.<system>.default",
  defaultTemplate: "templates.default",
  defaultBundler: "bundlers.<system>.default",
  overlay: "overlays.default",
  devShell: "devShells.<system>.default",
  nixosModule: "nixosModules.default",
};

/** Outputs that are known but not checked. */
const UNCHECKED: ReadonlySet<string> = new Set([
  "lib",
  "darwinConfigurations",
  "darwinModules",
  "flakeModule",
  "flakeModules",
  "herculesCI",
  "homeConfigurations",
  "homeModule",
  "homeModules",
  "nixopsConfigurations",
]);

/** Something to check: where it is, and where it is defined. */
interface Subject {
  readonly path: string;
  readonly slot: Slot;
  readonly pos: PosIdx;
}

/** Checks the outputs of a flake. Throws the first error unless the options say to go on. */
export function checkFlake(outputs: OutputCursor, options: CheckOptions): CheckedFlake {
  return new FlakeCheck(options).run(outputs);
}

class FlakeCheck {
  readonly #options: CheckOptions;
  readonly #checks = new Map<string, string[]>();
  readonly #omittedSystems = new Set<string>();
  #hasErrors = false;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  run(outputs: OutputCursor): CheckedFlake {
    this.#inform("evaluating flake");
    const set = this.#set(outputs.slot);
    const names = inSymbolOrder(set.names());
    // Nix: first, so that building during evaluation can be forbidden for it alone.
    const order = names.includes("hydraJobs")
      ? ["hydraJobs", ...names.filter((name) => name !== "hydraJobs")]
      : names;
    for (const name of order) {
      const subject = { path: name, slot: set.get(name) as Slot, pos: set.positionOf(name) };
      this.#inform(`checking flake output '${name}'`);
      this.#reporting(subject.pos, `while checking flake output '${name}'`, () =>
        this.#output(name, subject),
      );
    }
    return {
      checks: this.#checks,
      hasErrors: this.#hasErrors,
      omittedSystems: [...this.#omittedSystems].sort(),
    };
  }

  #inform(activity: string): void {
    this.#options.invocation.inform(`${activity}...`);
  }

  #report(error: unknown): void {
    if (!this.#options.keepGoing) throw error;
    if (error instanceof EvalError && error.kind === "interrupted") throw error;
    this.#options.invocation.report(error);
    this.#hasErrors = true;
  }

  /** Runs a check; an error in it has a trace. */
  #reporting(pos: PosIdx, trace: string, check: () => void): void {
    try {
      check();
    } catch (caught) {
      const error = evalErrorOf(caught);
      this.#report(error instanceof EvalError ? error.addTrace(pos, trace) : error);
    }
  }

  #force(slot: Slot): Value {
    return this.#options.session.evaluation.force(slot);
  }

  #set(slot: Slot): Attrs {
    const value = this.#force(slot);
    if (value instanceof Attrs) return value;
    throw this.#mismatch("a set", value);
  }

  #mismatch(expected: string, value: Value): EvalError {
    const { positions } = this.#options.session.evaluation;
    const found = `${typeWithArticle(value)}: ${printForError(value, positions)}`;
    return new EvalError("type", marked`expected ${expected} but found ${found}`);
  }

  #text(slot: Slot): string {
    const value = this.#force(slot);
    if (isString(value)) return textOf(value);
    throw this.#mismatch("a string", value);
  }

  #isDerivation(value: Value): boolean {
    return value instanceof Attrs && this.#options.session.run(isDerivation(value));
  }

  /** The attributes of a set in the order in which C++ Nix goes through them. */
  #members({ path, slot }: Subject): readonly (Subject & { readonly name: string })[] {
    const set = this.#set(slot);
    return inSymbolOrder(set.names()).map((name) => ({
      name,
      path: `${path}.${name}`,
      slot: set.get(name) as Slot,
      pos: set.positionOf(name),
    }));
  }

  /** The members of an output that are for systems to be checked. */
  #systems(output: Subject): readonly (Subject & { readonly name: string })[] {
    const { allSystems, system, session } = this.#options;
    return this.#members(output).filter(({ name, pos }) => {
      if (!name.includes("-")) {
        const place = describePosition(session.evaluation.positions, pos);
        this.#report(
          new EvalError("value", marked`'${name}' is not a valid system type, at ${place}`),
        );
      }
      if (allSystems || name === system) return true;
      this.#omittedSystems.add(name);
      return false;
    });
  }

  #perSystem(output: Subject, check: (subject: Subject) => void): void {
    for (const one of this.#systems(output)) check(one);
  }

  #perSystemAndName(output: Subject, check: (subject: Subject) => void): void {
    for (const system of this.#systems(output)) {
      for (const one of this.#members(system)) check(one);
    }
  }

  #perName(output: Subject, check: (subject: Subject) => void): void {
    for (const one of this.#members(output)) check(one);
  }

  #output(name: string, output: Subject): void {
    const { invocation, allowBuilding } = this.#options;
    allowBuilding(name !== "hydraJobs");
    this.#force(output.slot);
    const replacement = REPLACEMENTS[name];
    if (replacement !== undefined) {
      invocation.warn(
        `flake output attribute '${name}' is deprecated; use '${replacement}' instead`,
      );
    }
    switch (name) {
      case "checks":
        this.#checkChecks(output);
        return;
      case "packages":
      case "devShells":
        this.#perSystemAndName(output, (one) => this.#derivation(one));
        return;
      case "formatter":
      case "defaultPackage":
      case "devShell":
        this.#perSystem(output, (one) => this.#derivation(one));
        return;
      case "apps":
        this.#perSystemAndName(output, (one) => this.#app(one));
        return;
      case "defaultApp":
        this.#perSystem(output, (one) => this.#app(one));
        return;
      case "legacyPackages":
        this.#perSystem(output, () => {});
        return;
      case "overlay":
        this.#overlay(output);
        return;
      case "overlays":
        this.#perName(output, (one) => this.#overlay(one));
        return;
      case "nixosModule":
        this.#module(output);
        return;
      case "nixosModules":
        this.#perName(output, (one) => this.#module(one));
        return;
      case "nixosConfigurations":
        this.#perName(output, (one) => this.#configuration(one));
        return;
      case "hydraJobs":
        this.#jobs(output);
        return;
      case "defaultTemplate":
        this.#template(output);
        return;
      case "templates":
        this.#perName(output, (one) => this.#template(one));
        return;
      case "defaultBundler":
        this.#perSystem(output, (one) => this.#bundler(one));
        return;
      case "bundlers":
        this.#perSystemAndName(output, (one) => this.#bundler(one));
        return;
      default:
        if (!UNCHECKED.has(name)) invocation.warn(`unknown flake output '${name}'`);
    }
  }

  #checkChecks(output: Subject): void {
    for (const system of this.#systems(output)) {
      for (const one of this.#members(system)) {
        const drvPath = this.#derivation(one);
        if (drvPath === undefined) {
          const { path } = system;
          this.#report(new EvalError("value", marked`'${path}.drvPath' does not exist`));
        } else if (system.name === this.#options.system) {
          this.#checks.set(drvPath, [...(this.#checks.get(drvPath) ?? []), one.path]);
        }
      }
    }
  }

  /** Checks a derivation and returns the path of its `.drv` file. */
  #derivation({ path, slot, pos }: Subject): string | undefined {
    const { session, invocation } = this.#options;
    let drvPath: string | undefined;
    this.#reporting(pos, `while checking the derivation '${path}'`, () => {
      this.#inform(`checking derivation ${path}`);
      const value = this.#force(slot);
      if (!(value instanceof Attrs) || !this.#isDerivation(value)) {
        throw new EvalError("value", marked`flake attribute '${path}' is not a derivation`);
      }
      const name = value.get("name");
      if (name === undefined) throw new EvalError("type", "derivation name missing");
      this.#text(name);
      const found = value.get("drvPath");
      if (found === undefined) return;
      drvPath = session.run(
        coerceToStorePath(
          session.evaluation.context,
          found,
          value.positionOf("drvPath"),
          "while evaluating the 'drvPath' attribute of a derivation",
        ),
      );
      invocation.inform(`derivation evaluated to ${drvPath}`);
    });
    return drvPath;
  }

  #app({ path, slot, pos }: Subject): void {
    const { invocation } = this.#options;
    this.#reporting(pos, `while checking the app definition '${path}'`, () => {
      this.#inform(`checking app '${path}'`);
      const app = this.#set(slot);
      this.#text(required(app, "type", marked`app '${path}'`));
      this.#text(required(app, "program", marked`app '${path}'`));
      const meta = app.get("meta");
      if (meta === undefined) invocation.warn(`app '${path}' lacks attribute 'meta'`);
      else {
        const description = this.#set(meta).get("description");
        if (description === undefined) {
          invocation.warn(`app '${path}' lacks attribute 'meta.description'`);
        } else this.#text(description);
      }
      refuseOthers(app, ["type", "program", "meta"], marked`app '${path}'`);
    });
  }

  #overlay({ path, slot, pos }: Subject): void {
    this.#reporting(pos, `while checking the overlay '${path}'`, () => {
      this.#inform(`checking overlay '${path}'`);
      const value = this.#force(slot);
      if (!(value instanceof Closure)) {
        throw new EvalError(
          "value",
          marked`overlay is not a function, but ${typeWithArticle(value)} instead`,
        );
      }
      if (!takesFinal(value)) {
        throw new EvalError("value", "overlay does not take an argument named 'final'");
      }
    });
  }

  #module({ path, slot, pos }: Subject): void {
    this.#reporting(pos, `while checking the NixOS module '${path}'`, () => {
      this.#inform(`checking NixOS module '${path}'`);
      this.#force(slot);
    });
  }

  #configuration({ path, slot, pos }: Subject): void {
    const { session } = this.#options;
    this.#reporting(pos, `while checking the NixOS configuration '${path}'`, () => {
      this.#inform(`checking NixOS configuration '${path}'`);
      const attribute = "config.system.build.toplevel";
      const { context } = session.evaluation;
      const found = session.run(select(context, attribute, Attrs.of([], []), slot));
      if (!this.#isDerivation(this.#force(found))) {
        throw new EvalError("value", marked`attribute '${attribute}' is not a derivation`);
      }
    });
  }

  #jobs(jobset: Subject): void {
    const { path, slot, pos } = jobset;
    this.#reporting(pos, `while checking the Hydra jobset '${path}'`, () => {
      this.#inform(`checking Hydra job '${path}'`);
      if (this.#isDerivation(this.#set(slot))) {
        throw new EvalError("value", "jobset should not be a derivation at top-level");
      }
      for (const one of this.#members(jobset)) {
        if (!this.#isDerivation(this.#set(one.slot))) {
          this.#jobs(one);
          continue;
        }
        this.#inform(`checking Hydra job '${one.path}'`);
        this.#derivation(one);
      }
    });
  }

  #template({ path, slot, pos }: Subject): void {
    const { session } = this.#options;
    this.#reporting(pos, `while checking the template '${path}'`, () => {
      this.#inform(`checking template '${path}'`);
      const template = this.#set(slot);
      const found = required(template, "path", marked`template '${path}'`);
      const { context } = session.evaluation;
      const { path: source } = session.run(coerceToPath(context, found, NO_POS, ""));
      if (accessorOf(context, source).fileType(source.path) === undefined) {
        throw new EvalError(
          "value",
          marked`template '${path}' refers to a non-existent path '${source.shown}'`,
        );
      }
      this.#text(required(template, "description", marked`template '${path}'`));
      refuseOthers(template, ["path", "description", "welcomeText"], marked`template '${path}'`);
    });
  }

  #bundler({ path, slot, pos }: Subject): void {
    // Nix: the trace says template.
    this.#reporting(pos, `while checking the template '${path}'`, () => {
      this.#inform(`checking bundler '${path}'`);
      if (!(this.#force(slot) instanceof Closure)) {
        throw new EvalError("value", "bundler must be a function");
      }
    });
  }
}

function required(set: Attrs, name: string, what: MarkedText): Slot {
  const slot = set.get(name);
  if (slot !== undefined) return slot;
  throw new EvalError("value", marked`${uncolored(what)} lacks attribute '${name}'`);
}

function refuseOthers(set: Attrs, known: readonly string[], what: MarkedText): void {
  for (const name of inSymbolOrder(set.names())) {
    if (known.includes(name)) continue;
    throw new EvalError("value", marked`${uncolored(what)} has unsupported attribute '${name}'`);
  }
}

/** Whether the argument of a function is called `final`, `_final` or `_`. */
function takesFinal({ code }: Closure): boolean {
  return code.formals === null && ["final", "_final", "_"].includes(code.param ?? "");
}
