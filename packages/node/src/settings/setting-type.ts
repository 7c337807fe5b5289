/**
 * The types of settings: how the text of a value is parsed, and which flags a setting has.
 *
 * Checks and messages are those of C++ Nix (libutil/configuration.cc and the specialisations of
 * `BaseSetting` elsewhere). `setting-table.ts` and `foreign-settings.ts` assign the types to
 * settings.
 */
import { EvalError, type LintLevel } from "@nivis/eval";
import { canonPath, marked } from "@nivis/formats";
import { usageError } from "../usage-error.ts";

/** A type of settings; `Parsed` is the type of a parsed value. */
export interface SettingType<Parsed> {
  /** Parses a value. Throws a usage error that names the setting if the text is invalid. */
  parse(name: string, text: string): Parsed;
  /** Whether `extra-NAME` adds to the setting. */
  readonly appendable: boolean;
  /**
   * The flags without a value, by the prefix of the name and with the value they set; absent if the
   * setting's flag takes a value.
   */
  readonly switches?: Readonly<Record<string, string>>;
}

/** Separates the words of a value. */
const BLANKS = /[ \t\n\r]+/;

/** Splits a value into words. */
export function wordsOf(text: string): string[] {
  return text.split(BLANKS).filter((word) => word !== "");
}

function oneOf<Word extends string>(
  words: readonly Word[],
  message: (name: string, text: string) => string,
): (name: string, text: string) => Word {
  return (name, text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw usageError(message(name, text));
    return found;
  };
}

const UNITS: Readonly<Record<string, bigint>> = {
  K: 1n << 10n,
  M: 1n << 20n,
  G: 1n << 30n,
  T: 1n << 40n,
};

/**
 * Parses an integer of the given size with an optional unit. Throws a usage error that does not
 * name a setting. Nix: the product wraps around; the number itself must fit.
 */
export function parseNumberWithUnit(text: string, bits: 32 | 64, signed = false): number {
  const unit = /[a-zA-Z]$/.exec(text)?.[0].toUpperCase();
  const factor = unit === undefined ? 1n : UNITS[unit];
  if (factor === undefined) throw usageError(marked`invalid unit specifier '${unit}'`);
  const digits = unit === undefined ? text : text.slice(0, -1);
  const isNumber = (signed ? /^[+-]?[0-9]+$/ : /^\+?[0-9]+$/).test(digits);
  const number = isNumber ? BigInt(digits.replace("+", "")) : undefined;
  const limit = 1n << BigInt(signed ? bits - 1 : bits);
  if (number === undefined || number >= limit || number < -limit) {
    throw usageError(marked`'${digits}' is not an integer`);
  }
  const product = number * factor;
  return Number(signed ? BigInt.asIntN(bits, product) : BigInt.asUintN(bits, product));
}

function integer(bits: 32 | 64, signed: boolean): SettingType<number> {
  return {
    parse: (name, text) => {
      try {
        return parseNumberWithUnit(text, bits, signed);
      } catch (error) {
        if (!(error instanceof EvalError)) throw error;
        throw usageError(marked`setting '${name}' has invalid value '${text}'`);
      }
    },
    appendable: false,
  };
}

/** `true` or `false`; as flags `--NAME` and `--no-NAME`. */
export const BOOL: SettingType<boolean> = {
  parse: (name, text) => {
    if (text === "true" || text === "yes" || text === "1") return true;
    if (text === "false" || text === "no" || text === "0") return false;
    throw usageError(marked`Boolean setting '${name}' has invalid value '${text}'`);
  },
  appendable: false,
  switches: { "": "true", "no-": "false" },
};

/** Any text. */
export const TEXT: SettingType<string> = { parse: (_name, text) => text, appendable: false };

/** Words separated by blanks. */
export const WORDS: SettingType<string[]> = {
  parse: (_name, text) => wordsOf(text),
  appendable: true,
};

/** An integer of 32 bits, with an optional unit `K`, `M`, `G` or `T`. */
export const U32: SettingType<number> = integer(32, false);
export const U64: SettingType<number> = integer(64, false);
export const I64: SettingType<number> = integer(64, true);

function notEmpty(name: string, text: string): void {
  if (text === "") {
    throw usageError(marked`setting '${name}' is a path and paths cannot be empty`);
  }
}

function absolutePath(text: string): string {
  if (text.startsWith("/")) return canonPath(text);
  throw new EvalError("value", marked`not an absolute path: "${text}"`);
}

/** A path, which may be relative. */
export const PATH: SettingType<string> = {
  parse: (name, text) => {
    notEmpty(name, text);
    return text;
  },
  appendable: false,
};

/** An absolute path. */
export const ABSOLUTE_PATH: SettingType<string> = {
  parse: (name, text) => {
    notEmpty(name, text);
    return absolutePath(text);
  },
  appendable: false,
};

/** An absolute path or the empty text. */
export const OPTIONAL_PATH: SettingType<string | undefined> = {
  parse: (_name, text) => (text === "" ? undefined : absolutePath(text)),
  appendable: false,
};

/** The effect of a lint. */
export const LINT: SettingType<LintLevel> = {
  parse: oneOf<LintLevel>(
    ["ignore", "warn", "fatal"],
    (name, text) =>
      `option '${name}' has invalid value '${text}' (expected 'ignore', 'warn', or 'fatal')`,
  ),
  appendable: false,
};

/** Whether builds run in a sandbox. */
export const SANDBOX: SettingType<string> = {
  parse: oneOf(
    ["true", "relaxed", "false"],
    (name, text) => `option '${name}' has invalid value '${text}'`,
  ),
  appendable: false,
  switches: { "": "true", "no-": "false", "relaxed-": "relaxed" },
};

/** How evaluation is profiled. */
export type ProfilerMode = "disabled" | "flamegraph";

/** A {@link ProfilerMode}. */
export const PROFILER: SettingType<ProfilerMode> = {
  parse: oneOf<ProfilerMode>(
    ["disabled", "flamegraph"],
    (name, text) => `option '${name}' has invalid value '${text}'`,
  ),
  appendable: false,
};

/** How many builds run at once. */
export const JOBS: SettingType<string> = {
  parse: (name, text) => {
    if (text === "auto" || (/^\+?[0-9]+$/.test(text) && Number(text) < 2 ** 32)) return text;
    throw usageError(marked`configuration setting '${name}' should be 'auto' or an integer`);
  },
  appendable: false,
};
