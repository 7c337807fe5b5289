/** Options of commands that start a program: what of the environment it gets. */
import { flag, type Option, valueFlag } from "./option.ts";

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
    flags.unset.push(name);
  }),
  {
    names: ["--set-env-var", "-s"],
    values: ["NAME", "VALUE"],
    doc: "Set a variable",
    apply: (flags, name, value) => flags.set.push([name as string, value as string]),
  },
];

/** The environment that a program gets. */
export function environmentFor(
  { ignoreEnvironment, keep, unset, set }: EnvironmentFlags,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = ignoreEnvironment
    ? Object.fromEntries(keep.map((name) => [name, environment[name]]))
    : { ...environment };
  for (const name of unset) delete result[name];
  for (const [name, value] of set) result[name] = value;
  return result;
}
