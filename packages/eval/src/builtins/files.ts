/** Builtins that read files and directories, split paths, and look up the search path. */
import { digestPart, marked, storePathBaseName } from "@nivis/formats";
import type { EvalContext, SearchPathEntry } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { findInSearchPath } from "../fetching/search-path.ts";
import { WORK_PER_BUILTIN } from "../limits/meter.ts";
import { expectAttribute, expectSet, forcePlainString } from "../operations/checks.ts";
import { CoerceMode, coerceToString, tryCoerceWhole } from "../operations/coerce.ts";
import { checkNoSymlinkAbove, existingType, parentOfPath } from "../path.ts";
import { accessorOf } from "../path-value.ts";
import { NO_POS } from "../position.ts";
import type { DirectoryEntry, FileType } from "../source-accessor.ts";
import {
  type Rewrites,
  realiseContext,
  realisePath,
  referencesOfStoreObject,
  rewrite,
  tryRealisePath,
} from "../store/realise.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { contextOf, withContext } from "../value/context.ts";
import { Shape } from "../value/shape.ts";
import { nativeThunk, Thunk } from "../value/thunk.ts";
import {
  type ContextString,
  isString,
  type NixList,
  NixPath,
  type Slot,
  textOf,
  type Value,
} from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, coerced, plain, strict, suspending } from "./definition.ts";
import { forceAt } from "./force-at.ts";

type StringValue = string | ContextString;

function textOfFile(ctx: EvalContext, path: NixPath): Slot {
  const text = accessorOf(ctx, path).readFile(path.path);
  if (text.includes("\0")) {
    throw new EvalError(
      "value",
      marked`the contents of the file '${path.shown}' cannot be represented as a Nix string`,
    ).atUnknownPos();
  }
  const context = new Set<string>();
  for (const reference of referencesOfStoreObject(ctx, path.path)) {
    // Of the store object's references, only those that occur in this file.
    if (text.includes(digestPart(storePathBaseName(reference)))) context.add(reference);
  }
  return withContext(text, context);
}

function* readFile(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  const path = (tryRealisePath(ctx, slot, "full") ??
    (yield realisePath(ctx, slot, "full"))) as NixPath;
  try {
    const read = (): Slot => textOfFile(ctx, path);
    return now(read) ?? ((yield attempt(read)) as Slot);
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* readDir(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  const path = (tryRealisePath(ctx, slot, "full") ??
    (yield realisePath(ctx, slot, "full"))) as NixPath;
  try {
    const files = accessorOf(ctx, path);
    const listing = ctx.limits === undefined ? files.openListing?.(path.path) : undefined;
    const read = (): readonly DirectoryEntry[] => files.readDirectory(path.path);
    const entries =
      listing?.entries ?? now(read) ?? ((yield attempt(read)) as readonly DirectoryEntry[]);
    const names: string[] = new Array<string>(entries.length);
    const types: Slot[] = new Array<Slot>(entries.length);
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as (typeof entries)[number];
      names[i] = entry.name;
      types[i] = entry.type;
    }
    if (listing === undefined) return Attrs.of(names, types);
    // A set without names is not open: it is told apart from others in many places.
    if (names.length === 0) {
      listing.names.list();
      return EMPTY_ATTRS;
    }
    const set = new Attrs(new Shape(names, null, null, 0, listing.names), types);
    const directory = { path, names: listing.names, types: set };
    ctx.caches.madeOfEntries.set(set, { directory, f: undefined, takesType: false });
    return set;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* readFileType(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  const path = (tryRealisePath(ctx, slot, "none") ??
    (yield realisePath(ctx, slot, "none"))) as NixPath;
  try {
    const files = accessorOf(ctx, path);
    const read = (): FileType => {
      checkNoSymlinkAbove(files, path.path, ctx.caches.plainDirectories.of(files));
      return existingType(files, path.path);
    };
    return now(read) ?? ((yield attempt(read)) as FileType);
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* pathExists(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  try {
    const value: Value = slot instanceof Thunk ? yield slot : slot;
    // Paths have lost their trailing slash; a string with one requires a directory.
    const text = isString(value) ? textOf(value) : "";
    const mustBeDirectory = text.endsWith("/") || text.endsWith("/.");
    const links = mustBeDirectory ? "full" : "ancestors";
    const path = (tryRealisePath(ctx, value, links) ??
      (yield realisePath(ctx, value, links))) as NixPath;
    const read = (): FileType | "nothing" => accessorOf(ctx, path).fileType(path.path) ?? "nothing";
    const type = now(read) ?? ((yield attempt(read)) as FileType | "nothing");
    return mustBeDirectory ? type === "directory" : type !== "nothing";
  } catch (error) {
    const evalError = evalErrorOf(error);
    if (evalError instanceof EvalError && evalError.kind === "restricted") return false;
    throw evalError;
  }
}

/** Returns the last component of a path; at most one slash at the end is ignored. */
function baseNameOf(path: string): string {
  if (path === "") return "";
  const last = path.length - 1;
  const end = last > 0 && path[last] === "/" ? last : last + 1;
  return path.slice(path.lastIndexOf("/", end - 1) + 1, end);
}

function baseNameOfString(value: StringValue): Slot {
  return withContext(baseNameOf(textOf(value)), contextOf(value));
}

function baseNameOfBuiltin(ctx: EvalContext, value: Value): Slot {
  const trace = "while evaluating the first argument passed to builtins.baseNameOf";
  return ofPathText(ctx, value, trace, baseNameOfString);
}

function dirOf(ctx: EvalContext, value: Value): Slot {
  if (value instanceof NixPath) return value.at(parentOfPath(value.path));
  const trace = "while evaluating the first argument passed to 'builtins.dirOf'";
  return ofPathText(ctx, value, trace, dirOfString);
}

/** Applies a function to the text of a value, immediately if that needs no evaluation. */
function ofPathText(
  ctx: EvalContext,
  value: Value,
  trace: string,
  make: (text: StringValue) => Slot,
): Slot {
  const known = tryCoerceWhole(ctx, value, CoerceMode.Weak);
  if (known !== undefined) return make(known);
  return nativeThunk(function* (): Suspendable<Slot> {
    return make((yield coerceToString(ctx, value, CoerceMode.Weak, NO_POS, trace)) as StringValue);
  });
}

function dirOfString(value: StringValue): Slot {
  const path = textOf(value);
  const slash = path.lastIndexOf("/");
  const directory = slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
  return withContext(directory, contextOf(value));
}

const FIND_FILE_ELEMENT = "an element of the list passed to builtins.findFile";

function* searchPathEntry(ctx: EvalContext, slot: Slot): Suspendable<SearchPathEntry> {
  const elementTrace = marked`while evaluating ${FIND_FILE_ELEMENT}`;
  const element = expectSet(
    ctx,
    (yield forceAt(slot, NO_POS, elementTrace)) as Value,
    elementTrace,
  );
  const prefixSlot = element.get("prefix");
  let prefix = "";
  if (prefixSlot !== undefined) {
    const trace = marked`while evaluating the \`prefix\` attribute of ${FIND_FILE_ELEMENT}`;
    prefix = (yield forcePlainString(ctx, prefixSlot, trace)) as string;
  }
  const value = (yield coerceToString(
    ctx,
    expectAttribute(element, "path", "in an element of the __nixPath"),
    CoerceMode.Weak,
    NO_POS,
    `while evaluating the \`path\` attribute of ${FIND_FILE_ELEMENT}`,
  )) as StringValue;
  let path = textOf(value);
  try {
    const rewrites = (yield attempt(() => realiseContext(ctx, contextOf(value)))) as Rewrites;
    path = rewrite(path, rewrites);
  } catch (error) {
    if (!(error instanceof EvalError && error.kind === "invalid-path")) throw error;
    const invalid = /'(?:.*\/)?([^/']*)'/.exec(error.message)?.[1] ?? "";
    throw new EvalError(
      "value",
      marked`cannot find '${path}', since path '${invalid}' is not valid`,
    ).atUnknownPos();
  }
  return { prefix, path };
}

function* findFile(ctx: EvalContext, list: NixList, nameSlot: Slot): Suspendable<Slot> {
  const entries: SearchPathEntry[] = [];
  for (const slot of list) entries.push((yield searchPathEntry(ctx, slot)) as SearchPathEntry);
  const name = (yield forcePlainString(
    ctx,
    nameSlot,
    "while evaluating the second argument passed to builtins.findFile",
  )) as string;
  try {
    ctx.limits?.work(entries.length * WORK_PER_BUILTIN);
    const find = (): NixPath => findInSearchPath(ctx, entries, name);
    return now(find) ?? ((yield attempt(find)) as NixPath);
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** The builtins of this file. */
export const fileBuiltins: readonly BuiltinDefinition[] = [
  suspending({
    name: "readFile",
    args: args("path"),
    strict: [],
    doc: "The contents of the file at *path* as a string. If the file is in the store, the references of its store object that occur in it become the context.",
    run: readFile,
  }),
  suspending({
    name: "readDir",
    args: args("path"),
    strict: [],
    doc: 'The entries of the directory at *path*: a set from names to types, which are `"regular"`, `"directory"`, `"symlink"` or `"unknown"`.',
    run: readDir,
  }),
  suspending({
    name: "readFileType",
    args: args("path"),
    strict: [],
    doc: "The type of what is at *path*, as in `readDir`. A symlink is not followed, and no directory in the path may be one.",
    run: readFileType,
  }),
  suspending({
    name: "pathExists",
    args: args("path"),
    strict: [],
    doc: "Whether *path* exists. If *path* is a string that ends in `/` or `/.`, it must be a directory.",
    run: pathExists,
  }),
  plain({
    name: "baseNameOf",
    args: args("path"),
    strict: [coerced(0)],
    doc: "The part of *path* after the last slash. One slash at the end is ignored.",
    run: baseNameOfBuiltin,
  }),
  plain({
    name: "dirOf",
    args: args("path"),
    strict: [strict(0, "any")],
    doc: "The part of *path* before the last slash: a path if *path* is one, else a string. Without a slash it is `.`.",
    run: dirOf,
  }),
  suspending({
    name: "findFile",
    args: args("searchPath", "name"),
    strict: [strict(0, "list", "while evaluating the first argument passed to builtins.findFile")],
    doc: 'Looks up *name* in *searchPath*, a list of sets with `prefix` and `path`; `<name>` means `findFile nixPath "name"`. If nothing is found, it is an error that `tryEval` catches.',
    run: findFile,
  }),
];
