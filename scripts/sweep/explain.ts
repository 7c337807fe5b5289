/**
 * Explains why two derivations differ: reads the `.drv` files from two stores and descends to the
 * first input that differs by itself; everything above differs only because of it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_STORE_DIR, type Derivation, parseDerivation } from "@nivis/formats";
import { nodeHashes } from "@nivis/node";

/** Reads the bytes of a store path. */
export type ReadDerivation = (path: string) => string;

export interface Explanation {
  /** The names of the derivations from the root down to the cause. */
  readonly chain: readonly string[];
  /** The differences in the last one, one per line. */
  readonly lines: readonly string[];
}

const PARSE = { storeDir: DEFAULT_STORE_DIR, hashes: nodeHashes };

/** Reads from a store below a directory, as `--store DIR` creates it. */
export function storeReader(root: string): ReadDerivation {
  return (path) => readFileSync(join(root, path), "latin1");
}

/** Compares two derivations in two stores. */
export function explainDifference(
  ours: { readonly path: string; readonly read: ReadDerivation },
  theirs: { readonly path: string; readonly read: ReadDerivation },
): Explanation {
  const chain: string[] = [];
  let left = ours.path;
  let right = theirs.path;
  for (;;) {
    chain.push(nameOf(right));
    const a = parseDerivation(ours.read(left), drvName(left), PARSE);
    const b = parseDerivation(theirs.read(right), drvName(right), PARSE);
    const pair = firstDifferingInput(a, b);
    if (pair === undefined) return { chain, lines: describe(a, b) };
    [left, right] = pair;
  }
}

/** The first pair of corresponding inputs that differ, in the order of their names. */
function firstDifferingInput(a: Derivation, b: Derivation): [string, string] | undefined {
  const onlyOurs = [...a.inputDrvs.keys()].filter((path) => !b.inputDrvs.has(path));
  const onlyTheirs = [...b.inputDrvs.keys()].filter((path) => !a.inputDrvs.has(path));
  // Inputs with equal names correspond if both sides have equally many.
  for (const left of onlyOurs.sort((x, y) => (nameOf(x) < nameOf(y) ? -1 : 1))) {
    const partners = onlyTheirs.filter((right) => nameOf(right) === nameOf(left));
    const rivals = onlyOurs.filter((other) => nameOf(other) === nameOf(left));
    if (partners.length === rivals.length) {
      return [left, partners[rivals.indexOf(left)] as string];
    }
  }
  return undefined;
}

function describe(a: Derivation, b: Derivation): string[] {
  const lines: string[] = [];
  const compare = (what: string, ours: string | undefined, theirs: string | undefined): void => {
    if (ours !== theirs) lines.push(`${what}:`, ...firstDifference(ours, theirs));
  };
  compare("builder", a.builder, b.builder);
  compare("system", a.system, b.system);
  compare("arguments", JSON.stringify(a.args), JSON.stringify(b.args));
  compare("structured attributes", a.structuredAttrs, b.structuredAttrs);
  const outputs = new Set([...a.outputs.keys(), ...b.outputs.keys()]);
  for (const name of [...new Set([...a.env.keys(), ...b.env.keys()])].sort()) {
    // Output paths are derived from the rest.
    if (!outputs.has(name)) compare(`variable ${name}`, a.env.get(name), b.env.get(name));
  }
  const paths = (set: Iterable<string>): string => [...set].sort().join("\n");
  compare("sources", paths(a.inputSrcs), paths(b.inputSrcs));
  compare("input derivations", paths(a.inputDrvs.keys()), paths(b.inputDrvs.keys()));
  compare("outputs", paths(a.outputs.keys()), paths(b.outputs.keys()));
  if (lines.length === 0) lines.push("only output paths or the outputs used of an input differ");
  return lines;
}

const CONTEXT = 60;

/** An excerpt of both texts around the first byte that differs. */
function firstDifference(ours: string | undefined, theirs: string | undefined): string[] {
  if (ours === undefined) return ["  Nivis:     (not there)", `  reference: ${show(theirs, 0)}`];
  if (theirs === undefined) return [`  Nivis:     ${show(ours, 0)}`, "  reference: (not there)"];
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at++;
  return [
    `  Nivis:     ${show(ours, at)}`,
    `  reference: ${show(theirs, at)}`,
    `  (from byte ${at} on)`,
  ];
}

function show(text: string | undefined, at: number): string {
  const from = Math.max(0, at - CONTEXT);
  const piece = (text ?? "").slice(from, at + CONTEXT);
  const dots = from > 0 ? "…" : "";
  return `${dots}${JSON.stringify(Buffer.from(piece, "latin1").toString("utf8"))}`;
}

function drvName(path: string): string {
  return nameOf(path).replace(/\.drv$/, "");
}

/** The name part of a store path. */
function nameOf(path: string): string {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return base.slice(base.indexOf("-") + 1);
}
