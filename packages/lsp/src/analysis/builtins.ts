/** What is known of builtins, from the table that docs/builtins.md is generated from. Texts, not bytes. */
import { allBuiltins, allConstants, globalName } from "@nivis/eval";

/** A builtin as features see it. */
export interface KnownBuiltin {
  /** Its name in `builtins`. */
  readonly name: string;
  /** Its name in scope. */
  readonly global: string;
  /** The names of its arguments; `undefined` for constants. */
  readonly args: readonly string[] | undefined;
  /** Markdown. */
  readonly doc: string;
  /** The experimental feature that it needs. */
  readonly feature: string | undefined;
}

const OTHERS: readonly KnownBuiltin[] = [
  {
    name: "builtins",
    global: "builtins",
    args: undefined,
    doc: "The set of all builtins, itself included.",
    feature: undefined,
  },
  {
    name: "derivation",
    global: "derivation",
    args: ["attrs"],
    doc: "Describes a build: a set with the attributes `name`, `system` and `builder` and any others for the environment of the builder.",
    feature: undefined,
  },
];

const ALL: readonly KnownBuiltin[] = [
  ...allBuiltins.map(({ name, args, doc, feature, callFeature }) => ({
    name,
    global: globalName(name),
    args: args.map((one) => one.name),
    doc,
    feature: feature ?? callFeature,
  })),
  ...allConstants.map(({ name, doc }) => ({
    name,
    global: globalName(name),
    args: undefined,
    doc,
    feature: undefined,
  })),
  ...OTHERS,
];

const BY_NAME: ReadonlyMap<string, KnownBuiltin> = new Map(ALL.map((one) => [one.name, one]));

/** All builtins and constants. */
export function knownBuiltins(): readonly KnownBuiltin[] {
  return ALL;
}

/** The builtin with a name in `builtins`. */
export function builtinNamed(name: string): KnownBuiltin | undefined {
  return BY_NAME.get(name);
}

/** The builtin behind a global name: `__length` and `length` alike. */
export function globalBuiltin(name: string): KnownBuiltin | undefined {
  return BY_NAME.get(name.startsWith("__") ? name.slice(2) : name);
}

/** `elemAt xs n` */
export function builtinHead({ name, args }: KnownBuiltin): string {
  return args === undefined ? name : [name, ...args].join(" ");
}

/** What a hover or a completion shows of a builtin; Markdown. */
export function builtinMarkdown(builtin: KnownBuiltin): string {
  const feature =
    builtin.feature === undefined
      ? ""
      : `\n\nNeeds the experimental feature \`${builtin.feature}\`.`;
  return `\`\`\`nix\nbuiltins.${builtinHead(builtin)}\n\`\`\`\n\n${builtin.doc}${feature}`;
}
