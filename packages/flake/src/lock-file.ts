/**
 * Lock files: the graph of a flake's inputs, read from versions 5 to 7 and written as version 7
 * byte for byte as C++ Nix does (libflake/lockfile.cc).
 *
 *     { "nodes": { "nixpkgs": { "locked": …, "original": … }, "root": { "inputs": … } },
 *       "root": "root", "version": 7 }
 *
 * Node keys mean nothing beyond one file: writing gives each node the name of the input by which the
 * walk in depth meets it first, with a number behind it if the name is taken.
 */
import {
  type FlakeRef,
  FormatError,
  flakeRefFromAttrs,
  formatFlakeRef,
  type InputAttr,
  type InputAttrs,
  InputError,
  inputAttrsToJson,
  isFinalInput,
  isLockedInput,
  type LockPolicy,
  lockFileAttrs,
  type MarkedText,
  marked,
  narHashOf,
  relativeInputPath,
  sortedBytes,
  uncolored,
  withInputAttrs,
} from "@nivis/formats";
import { compareInputPaths, formatInputPath, type InputPath } from "./input-path.ts";
import {
  formatJsonTree,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonTree,
  readJsonTree,
} from "./json-tree.ts";

/** An input of a node: a node of its own, or the path from the root of the one it follows. */
export type LockEdge = LockedNode | InputPath;

/** A node: the flake itself (the root), or a {@link LockedNode}. */
export class LockNode {
  readonly inputs = new Map<string, LockEdge>();

  /** The names of the inputs in the order in which everything goes through them. */
  inputNames(): readonly string[] {
    return sortedBytes(this.inputs.keys());
  }
}

/** An input with what it is locked to. */
export class LockedNode extends LockNode {
  constructor(
    /** What was fetched; final, or a relative path. */
    readonly locked: FlakeRef,
    /** The reference as `flake.nix` has it. */
    readonly original: FlakeRef,
    /** Whether it is evaluated; otherwise it is a tree of sources. */
    readonly isFlake: boolean,
    /** For a relative path: the input whose tree it is relative to; empty for the root. */
    readonly parent: InputPath | undefined,
  ) {
    super();
  }
}

/** Whether an input is a node of its own. */
export function isLockedNode(edge: LockEdge | undefined): edge is LockedNode {
  return edge instanceof LockedNode;
}

/** What reading a lock file may need of its caller. */
export interface ReadLockOptions extends LockPolicy {
  /** Takes a warning about an entry. */
  readonly warn?: (message: string) => void;
  /** Accepts entries that are neither locked nor have a hash, for tools that only look. */
  readonly acceptUnlocked?: boolean;
}

const OLDEST_VERSION = 5;
const NEWEST_VERSION = 7;

/** A lock file. */
export class LockFile {
  constructor(readonly root: LockNode = new LockNode()) {}

  /**
   * Reads the text of a lock file.
   *
   * @param path The file as messages call it.
   * @throws {InputError} if the text is not a lock file, or has an entry that locks nothing.
   */
  static parse(text: string, path: string, options: ReadLockOptions = {}): LockFile {
    return new LockFile(new LockReader(text, path, options).read());
  }

  /** The input at a path, follows resolved; `undefined` if there is none. A cycle is an error. */
  find(path: InputPath): LockNode | undefined {
    return find(this.root, path, []);
  }

  /** All inputs with the path by which they are met first; a walk in depth, so sorted by path. */
  allInputs(): readonly (readonly [InputPath, LockEdge])[] {
    const found: (readonly [InputPath, LockEdge])[] = [];
    const done = new Set<LockNode>([this.root]);
    const open = [{ path: [] as InputPath, node: this.root, names: namesToPop(this.root) }];
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const name = last.names.pop();
      if (name === undefined) {
        open.pop();
        continue;
      }
      const edge = last.node.inputs.get(name) as LockEdge;
      const path = [...last.path, name];
      found.push([path, edge]);
      if (!isLockedNode(edge) || done.has(edge)) continue;
      done.add(edge);
      open.push({ path, node: edge, names: namesToPop(edge) });
    }
    return found;
  }

  /** Checks that each input that follows another one finds it. */
  check(): void {
    for (const [path, edge] of this.allInputs()) {
      if (isLockedNode(edge) || edge.length === 0 || this.find(edge) !== undefined) continue;
      throw new InputError(
        marked`input '${formatInputPath(path)}' follows a non-existent input '${formatInputPath(edge)}'`,
      );
    }
  }

  /** The first input that does not name its contents for all time; `undefined` if all do. */
  firstUnlocked(policy: LockPolicy & { readonly allowDirtyLocks?: boolean }): FlakeRef | undefined {
    for (const [, edge] of this.allInputs()) {
      if (!isLockedNode(edge)) continue;
      const { input } = edge.locked;
      if (relativeInputPath(input) !== undefined) continue;
      const byHash = policy.allowDirtyLocks === true && narHashOf(input.attrs) !== undefined;
      const counts = isLockedInput(input, policy) || byHash;
      if (!counts || !isFinalInput(input)) return edge.locked;
    }
    return undefined;
  }

  /** The nodes under the keys that they have in the text, the root first. */
  keys(): ReadonlyMap<LockNode, string> {
    const giver = new KeyGiver();
    const keys = new Map<LockNode, string>([[this.root, giver.give("root")]]);
    const open = [{ node: this.root, names: namesToPop(this.root) }];
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const name = last.names.pop();
      if (name === undefined) {
        open.pop();
        continue;
      }
      const child = last.node.inputs.get(name);
      if (!isLockedNode(child) || keys.has(child)) continue;
      keys.set(child, giver.give(name));
      open.push({ node: child, names: namesToPop(child) });
    }
    return keys;
  }

  /** The lock file as JSON. */
  toJson(): JsonObject {
    const keys = this.keys();
    const nodes = new Map<string, JsonTree>();
    for (const [node, key] of keys) nodes.set(key, nodeJson(node, keys));
    return new Map<string, JsonTree>([
      ["nodes", nodes],
      ["root", "root"],
      ["version", NEWEST_VERSION],
    ]);
  }

  /** The text without the line break at its end. */
  format(): string {
    return formatJsonTree(this.toJson());
  }

  /** The contents of the file `flake.lock`. */
  formatFile(): string {
    return `${this.format()}\n`;
  }

  /** Whether two lock files have the same text. */
  equals(other: LockFile): boolean {
    return this.format() === other.format();
  }
}

/** The names of a node's inputs, the first one last. */
function namesToPop(node: LockNode): string[] {
  return [...node.inputNames()].reverse();
}

/** Gives out keys: a name, or the name with the first free number from 2 on behind it. */
class KeyGiver {
  readonly #taken = new Set<string>();
  /** For each name the number from which on there may be free keys: keys are never given back. */
  readonly #next = new Map<string, number>();

  give(name: string): string {
    let key = name;
    if (this.#taken.has(key)) {
      let number = this.#next.get(name) ?? 2;
      for (key = `${name}_${number}`; this.#taken.has(key); ) key = `${name}_${++number}`;
      this.#next.set(name, number + 1);
    }
    this.#taken.add(key);
    return key;
  }
}

function nodeJson(node: LockNode, keys: ReadonlyMap<LockNode, string>): JsonObject {
  const json = new Map<string, JsonTree>();
  if (node.inputs.size > 0) {
    const inputs = new Map<string, JsonTree>();
    for (const [name, edge] of node.inputs) {
      inputs.set(name, isLockedNode(edge) ? (keys.get(edge) as string) : edge);
    }
    json.set("inputs", inputs);
  }
  if (!(node instanceof LockedNode)) return json;
  json.set("original", new Map(lockFileAttrs(node.original)));
  json.set("locked", new Map(lockFileAttrs(node.locked)));
  if (!node.isFlake) json.set("flake", false);
  if (node.parent !== undefined) json.set("parent", node.parent);
  return json;
}

function find(root: LockNode, path: InputPath, visited: InputPath[]): LockNode | undefined {
  const seen = visited.findIndex((one) => compareInputPaths(one, path) === 0);
  if (seen >= 0) {
    const cycle = [...visited.slice(seen), path].map(formatInputPath);
    throw new InputError(marked`follow cycle detected: [${cycle.join(" -> ")}]`);
  }
  visited.push(path);
  let node = root;
  for (const name of path) {
    const edge = node.inputs.get(name);
    const next = edge === undefined || isLockedNode(edge) ? edge : find(root, edge, visited);
    if (next === undefined) return undefined;
    node = next;
  }
  return node;
}

/** Reads one text. */
class LockReader {
  readonly #path: string;
  readonly #options: ReadLockOptions;
  readonly #nodes: JsonObject;
  readonly #rootKey: string;

  constructor(text: string, path: string, options: ReadLockOptions) {
    this.#path = path;
    this.#options = options;
    const json = parsed(text, path);
    if (!isJsonObject(json)) throw this.#malformed("it is not an object");
    const version = json.get("version") ?? 0;
    if (!(typeof version === "number" && version >= OLDEST_VERSION && version <= NEWEST_VERSION)) {
      const shown = typeof version === "number" ? String(version) : formatJsonTree(version, "");
      throw new InputError(marked`lock file '${path}' has unsupported version ${shown}`);
    }
    const rootKey = json.get("root");
    const nodes = json.get("nodes");
    if (typeof rootKey !== "string") throw this.#malformed("'root' is not a string");
    if (!isJsonObject(nodes)) throw this.#malformed("'nodes' is not an object");
    this.#rootKey = rootKey;
    this.#nodes = nodes;
  }

  read(): LockNode {
    const root = new LockNode();
    const byKey = new Map<string, LockNode>([[this.#rootKey, root]]);
    const open: (readonly [LockNode, string])[] = [[root, this.#rootKey]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [node, key] = next;
      for (const [name, edge] of this.#inputs(key)) {
        if (typeof edge !== "string") {
          node.inputs.set(name, edge);
          continue;
        }
        let child = byKey.get(edge);
        if (child === undefined) {
          child = this.#node(edge);
          byKey.set(edge, child);
          open.push([child, edge]);
        }
        if (!(child instanceof LockedNode)) {
          throw new InputError("lock file contains cycle to root node");
        }
        node.inputs.set(name, child);
      }
    }
    return root;
  }

  /** The inputs of the node with a key: keys of others, or paths that they follow. */
  #inputs(key: string): readonly (readonly [string, string | InputPath])[] {
    const node = this.#nodes.get(key);
    const inputs = isJsonObject(node) ? node.get("inputs") : undefined;
    if (inputs === undefined) return [];
    if (!isJsonObject(inputs))
      throw this.#malformed(marked`the inputs of '${key}' are not an object`);
    return sortedBytes(inputs.keys()).map((name) => {
      const edge = inputs.get(name);
      if (typeof edge === "string") return [name, edge];
      return [name, this.#inputPath(edge, marked`input '${name}' of '${key}'`)];
    });
  }

  #inputPath(json: JsonTree | undefined, what: MarkedText): InputPath {
    if (isJsonArray(json) && json.every((name) => typeof name === "string")) return json;
    throw this.#malformed(marked`${uncolored(what)} is neither a name nor a list of names`);
  }

  #node(key: string): LockedNode {
    const json = this.#nodes.get(key);
    if (json === undefined) {
      throw new InputError(marked`lock file references missing node '${key}'`);
    }
    if (!isJsonObject(json)) throw this.#malformed(marked`node '${key}' is not an object`);
    const locked = this.#locked(json);
    const original = flakeRefFromAttrs(this.#attrs(json, "original"));
    const isFlake = json.get("flake") ?? true;
    if (typeof isFlake !== "boolean")
      throw this.#malformed(marked`'flake' of '${key}' is not a Boolean`);
    const parent = json.get("parent");
    return new LockedNode(
      locked,
      original,
      isFlake,
      parent === undefined ? undefined : this.#inputPath(parent, `'parent' of '${key}'`),
    );
  }

  #locked(json: JsonObject): FlakeRef {
    const attrs = new Map(this.#attrs(json, "locked"));
    // Version 5 has what the fetch found in a place of its own.
    if (json.has("info"))
      for (const [name, value] of this.#attrs(json, "info")) attrs.set(name, value);
    if (attrs.has("__final")) {
      throw this.#malformed("an entry has the attribute '__final', which is not for lock files");
    }
    const ref = flakeRefFromAttrs(attrs);
    const { input } = ref;
    const { warn, acceptUnlocked } = this.#options;
    if (!isLockedInput(input, this.#options) && relativeInputPath(input) === undefined) {
      if (narHashOf(input.attrs) !== undefined) {
        warn?.(
          `Lock file entry '${formatFlakeRef(ref)}' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. ` +
            "This is not reproducible and will break after garbage collection or when shared.",
        );
      } else if (acceptUnlocked !== true) {
        throw new InputError(
          marked`Lock file contains unlocked input '${inputAttrsToJson(input.attrs)}'. Use '--allow-dirty-locks' to accept this lock file.`,
        );
      }
    }
    return { ...ref, input: withInputAttrs(input, { __final: true }) };
  }

  #attrs(node: JsonObject, name: string): InputAttrs {
    const json = node.get(name);
    if (json === undefined) throw new InputError(marked`attribute '${name}' missing in lock file`);
    if (!isJsonObject(json)) throw this.#malformed(marked`'${name}' of a node is not an object`);
    return inputAttrsOfJson(json);
  }

  #malformed(reason: string): InputError {
    return new InputError(marked`lock file '${this.#path}' is malformed: ${reason}`);
  }
}

function parsed(text: string, path: string): JsonTree {
  try {
    return readJsonTree(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new InputError(marked`Could not parse '${path}': ${error.message}`);
  }
}

/** The attributes that a JSON object holds, in a lock file or a registry. */
export function inputAttrsOfJson(json: JsonObject): InputAttrs {
  const attrs = new Map<string, InputAttr>();
  for (const [name, value] of json) {
    if (typeof value === "string" || typeof value === "boolean" || typeof value === "bigint") {
      attrs.set(name, value);
    } else if (typeof value === "number") {
      attrs.set(name, Math.trunc(value));
    } else {
      throw new InputError("unsupported input attribute type in lock file");
    }
  }
  return attrs;
}
