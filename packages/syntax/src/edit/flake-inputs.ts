/**
 * The inputs of a `flake.nix`: what Renovate, Dependabot and `nivis edit` change there.
 *
 * A URL keeps everything but what is changed: its scheme, its spelling, its query.
 */
import { printIdentifier, printString } from "../ast/quote.ts";
import { EditError } from "./edit-error.ts";
import type { NixFile } from "./nix-file.ts";

/** One input as it is written. Texts are bytes. */
export interface FlakeInput {
  readonly name: string;
  /** `undefined` when it is not a plain string. */
  readonly url: string | undefined;
  /** What it follows, as a path. */
  readonly follows: string | undefined;
}

/** The short forms whose third part is a branch, a tag or a revision. */
const FORGES = /^(github|gitlab|sourcehut):/;
const REVISION = /^[0-9a-f]{40}$/;

function inputPath(name: string, ...more: string[]): string {
  return ["inputs", printIdentifier(name), ...more].join(".");
}

/** The inputs of a flake in the order of the text. */
export function flakeInputs(file: NixFile): FlakeInput[] {
  return file.names("inputs").map((name) => ({
    name,
    url: file.getString(inputPath(name, "url")),
    follows: file.getString(inputPath(name, "follows")),
  }));
}

/** Gives an input another URL. */
export function setInputUrl(file: NixFile, name: string, url: string): void {
  known(file, name);
  file.setString(inputPath(name, "url"), url);
}

/** Gives the URL of an input another branch, tag or revision. */
export function setInputRef(file: NixFile, name: string, ref: string): void {
  known(file, name);
  const url = file.getString(inputPath(name, "url"));
  if (url === undefined)
    throw new EditError(`the url of the input '${name}' is not a plain string`);
  file.setString(inputPath(name, "url"), urlWithRef(url, ref));
}

/** Adds an input, and its name to the arguments of `outputs` where these are listed. */
export function addInput(file: NixFile, name: string, url: string): void {
  if (file.names("inputs").includes(name))
    throw new EditError(`the input '${name}' is there already`);
  file.insert(inputPath(name, "url"), printString(url));
  const formals = file.formals("outputs");
  if (formals !== undefined && /^[a-zA-Z_][a-zA-Z0-9_'-]*$/.test(name))
    file.addFormal(name, "outputs");
}

/** Takes out an input, what other inputs follow through it, and its name from `outputs`. */
export function removeInput(file: NixFile, name: string): void {
  known(file, name);
  file.remove(inputPath(name));
  file.removeFormal(name, "outputs");
}

function known(file: NixFile, name: string): void {
  const names = file.names("inputs");
  if (names.includes(name)) return;
  const there = names.length === 0 ? "" : `; there are ${names.join(", ")}`;
  throw new EditError(`there is no input '${name}'${there}`);
}

/** A flake URL with another branch, tag or revision. */
export function urlWithRef(url: string, ref: string): string {
  const [, base = "", query = "", fragment = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url) ?? [];
  if (FORGES.test(base)) {
    const [owner = "", repository, ...rest] = base.split("/");
    if (repository === undefined) throw new EditError(`'${url}' has no repository`);
    // A reference may hold slashes: all that follows the repository is one.
    const inPath = rest.length > 0 || !/[?&](?:ref|rev)=/.test(query);
    if (inPath) return `${owner}/${repository}/${ref}${query}${fragment}`;
  }
  const parameters = query === "" ? [] : query.slice(1).split("&");
  const kept = parameters.filter((one) => !/^(?:ref|rev)=/.test(one));
  const was = parameters.find((one) => /^rev=/.test(one)) !== undefined;
  if (was && !REVISION.test(ref) && parameters.some((one) => one.startsWith("ref="))) {
    throw new EditError(`'${url}' names a branch and a revision; give it a whole url instead`);
  }
  const key = REVISION.test(ref) ? "rev" : "ref";
  const index = parameters.findIndex((one) => /^(?:ref|rev)=/.test(one));
  // A revision of a branch keeps the branch.
  if (key === "rev" && parameters.some((one) => one.startsWith("ref="))) {
    const branch = parameters.find((one) => one.startsWith("ref=")) as string;
    return `${base}?${[...kept, branch, `rev=${ref}`].join("&")}${fragment}`;
  }
  kept.splice(index < 0 ? kept.length : index, 0, `${key}=${encodeURI(ref)}`);
  return `${base}?${kept.join("&")}${fragment}`;
}
