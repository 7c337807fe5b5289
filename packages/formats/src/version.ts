/**
 * Versions and package names: how versions are split and compared, and where a name ends and
 * its version begins. Follows names.cc of libstore, in the C locale.
 */
import { CharCode, isDigit, isLetter } from "./char-code.ts";

function isSeparator(c: number): boolean {
  return c === CharCode.Dot || c === CharCode.Minus;
}

/** The end of the component that starts at `start`, which is not a separator. */
function componentEnd(version: string, start: number): number {
  let end = start;
  if (isDigit(version.charCodeAt(start))) {
    while (end < version.length && isDigit(version.charCodeAt(end))) end++;
  } else {
    while (
      end < version.length &&
      !isDigit(version.charCodeAt(end)) &&
      !isSeparator(version.charCodeAt(end))
    )
      end++;
  }
  return end;
}

function skipSeparators(version: string, start: number): number {
  let at = start;
  while (at < version.length && isSeparator(version.charCodeAt(at))) at++;
  return at;
}

/**
 * The components of a version: runs of digits and runs of anything else, without dots and dashes.
 */
export function splitVersion(version: string): string[] {
  const components: string[] = [];
  for (let at = skipSeparators(version, 0); at < version.length; ) {
    const end = componentEnd(version, at);
    components.push(version.slice(at, end));
    at = skipSeparators(version, end);
  }
  return components;
}

/** The largest numeric component; larger ones compare as text. */
const MAX_COMPONENT = 2 ** 31 - 1;

/** The component's value if it is a number that fits in an `int`, else undefined. */
function componentNumber(component: string): number | undefined {
  if (component === "" || !isDigit(component.charCodeAt(0))) return undefined;
  const value = Number(component);
  return value <= MAX_COMPONENT ? value : undefined;
}

function isComponentLess(a: string, b: string): boolean {
  const numberA = componentNumber(a);
  const numberB = componentNumber(b);
  if (numberA !== undefined && numberB !== undefined) return numberA < numberB;
  if (a === "" && numberB !== undefined) return true;
  if (a === "pre" && b !== "pre") return true;
  if (b === "pre") return false;
  // `2.3a` is older than `2.3.1`.
  if (numberB !== undefined) return true;
  if (numberA !== undefined) return false;
  return a < b;
}

/** Returns -1, 0 or 1 if `a` is older than, as old as, or newer than `b`. */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  let atA = 0;
  let atB = 0;
  while (atA < a.length || atB < b.length) {
    atA = skipSeparators(a, atA);
    atB = skipSeparators(b, atB);
    const endA = atA < a.length ? componentEnd(a, atA) : atA;
    const endB = atB < b.length ? componentEnd(b, atB) : atB;
    const componentA = a.slice(atA, endA);
    const componentB = b.slice(atB, endB);
    if (isComponentLess(componentA, componentB)) return -1;
    if (isComponentLess(componentB, componentA)) return 1;
    atA = endA;
    atB = endB;
  }
  return 0;
}

/** A derivation's name without its version, and the version. */
export interface DrvName {
  readonly name: string;
  /** Empty if there is no version. */
  readonly version: string;
}

/** Splits `name` at the first dash that is not followed by a letter. */
export function parseDrvName(name: string): DrvName {
  for (
    let dash = name.indexOf("-");
    dash >= 0 && dash + 1 < name.length;
    dash = name.indexOf("-", dash + 1)
  ) {
    if (!isLetter(name.charCodeAt(dash + 1))) {
      return { name: name.slice(0, dash), version: name.slice(dash + 1) };
    }
  }
  return { name, version: "" };
}
