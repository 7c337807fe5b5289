/** Options of commands that start a program: what of the environment it gets. */
import { encodeUtf8, marked } from "@nivis/formats";
import { flag, type Option, usageError, valueFlag } from "./option.ts";

/** What the options here gather. Texts. */
export interface EnvironmentFlags {
  ignoreEnvironment: boolean;
  readonly keep: string[];
  readonly unset: string[];
  readonly set: (readonly [name: string, value: string])[];
}

/** The state before the first option. */
export function defaultEnvironmentFlags(): EnvironmentFlags {
  return { ignoreEnvironment: false, keep: [], unset: [], set: [] };
}

/** The options. */
export const ENVIRONMENT_OPTIONS: readonly Option<EnvironmentFlags>[] = [
  flag(["--ignore-environment", "--ignore-env", "-i"], "Start with no variables", (flags) => {
    flags.ignoreEnvironment = true;
  }),
  valueFlag(
    ["--keep-env-var", "--keep", "-k"],
    "NAME",
    "With --ignore-environment: keep a variable",
    (flags, name) => {
      flags.keep.push(name);
    },
  ),
  valueFlag(["--unset-env-var", "--unset", "-u"], "NAME", "Remove a variable", (flags, name) => {
    if (flags.set.some(([other]) => other === name)) {
      throw usageError(
        marked`Cannot unset environment variable '${encodeUtf8(name)}' that is set with '--set-env-var'`,
      );
    }
    flags.unset.push(name);
  }),
  {
    names: ["--set-env-var", "-s"],
    values: ["NAME", "VALUE"],
    doc: "Set a variable",
    apply: (flags, name, value) => {
      const shown = encodeUtf8(name as string);
      if (flags.unset.includes(name as string)) {
        throw usageError(
          marked`Cannot set environment variable '${shown}' that is unset with '--unset-env-var'`,
        );
      }
      if (flags.set.some(([other]) => other === name)) {
        throw usageError(
          marked`Duplicate definition of environment variable '${shown}' with '--set-env-var' is ambiguous`,
        );
      }
      flags.set.push([name as string, value as string]);
    },
  },
];

/** The environment that a program gets. Throws a usage error for flags that contradict each other. */
export function environmentFor(
  { ignoreEnvironment, keep, unset, set }: EnvironmentFlags,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  if (ignoreEnvironment && unset.length > 0) {
    throw usageError("--unset-env-var does not make sense with --ignore-env");
  }
  if (!ignoreEnvironment && keep.length > 0) {
    throw usageError("--keep-env-var does not make sense without --ignore-env");
  }
  const result: Record<string, string | undefined> = ignoreEnvironment
    ? Object.fromEntries(keep.map((name) => [name, environment[name]]))
    : { ...environment };
  for (const name of unset) delete result[name];
  for (const [name, value] of set) result[name] = value;
  return result;
}
