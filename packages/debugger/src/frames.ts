/**
 * Frames of a stopped evaluation: who wants the value that is being computed, from the innermost demand
 * outwards. A frame of Nix code knows the expression that it evaluates and the names in its scope.
 */
import {
  type Attrs,
  builtinOf,
  type CodeRegion,
  Environment,
  NO_POS,
  type PosIdx,
  type Slot,
  type StackFrame,
  Thunk,
  upvalueOf,
} from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { type Expr, NodeKind } from "@nivis/syntax";
import type { CodeMap, LoadedFile, UnitCode } from "./code-map.ts";

/** A range of a source text; lines and columns count from 1, columns in bytes. */
export interface SourceRange {
  readonly file: LoadedFile;
  readonly start: number;
  readonly end: number;
}

/** One level of names: those of a function, a `let`, a `rec` or a `with`. */
export interface ScopeLevel {
  readonly kind: "names" | "with";
  /** The names in the order of the text; empty for a `with`. */
  readonly names: readonly Bytes[];
  /** The set behind a `with`, which may not be evaluated. */
  readonly namespace: Slot | undefined;
  /** The slot of a name; `undefined` while it is not bound yet. */
  get(name: Bytes): Slot | undefined;
}

/** A frame of a stopped evaluation. */
export class DebugFrame {
  /** `undefined` for builtins and other native code. */
  readonly code: UnitCode | undefined;
  readonly frame: StackFrame;

  constructor(map: CodeMap, frame: StackFrame) {
    this.frame = frame;
    this.code = frame.kind === "code" ? map.codeOf(frame.lambda) : undefined;
  }

  /** What the frame is, as its title. */
  get name(): Bytes {
    const { code, frame } = this;
    if (code === undefined) return `builtins.${builtinOf(frame)}`;
    if (code.isFunction) return frame.lambda.name ?? "anonymous lambda";
    const { unit, file } = code;
    const name = file.nameOf(unit.expr);
    if (name !== undefined) return name;
    if (unit.parent === undefined) return file.source.displayName.replace(/^.*\//, "");
    return titleOf(unit.expr);
  }

  /** Whether it is part of the machinery: builtins, and files that come with the evaluator. */
  get isInternal(): boolean {
    return this.code === undefined || this.code.file.isInternal;
  }

  /** The position at which the frame stands. */
  get pos(): PosIdx {
    return this.frame.pos;
  }

  /** The bindings around the expression of a thunk or function, outer ones last: `b in f in lib.nix`. */
  definedIn(): Bytes {
    const { code } = this;
    if (code === undefined) return "";
    const names: Bytes[] = [];
    for (let unit = code.unit.parent; unit !== undefined; unit = unit.parent) {
      const name = code.file.nameOf(unit.expr) ?? unit.lambda.name;
      if (name !== undefined && name !== names.at(-1)) names.push(name);
    }
    return [...names, code.file.source.displayName].join(" in ");
  }

  /** The innermost region of code at which the frame stands. */
  get region(): CodeRegion | undefined {
    const { at } = this.frame;
    // Where several expressions begin, the frame is about to evaluate the outermost.
    const begun = this.code?.regionsAt(at).findLast(({ start }) => start === at);
    if (begun !== undefined) return begun;
    // Behind all expressions, where a frame returns, it is the one that was evaluated last.
    return this.code?.regionAt(at) ?? this.code?.regionAt(at - 1);
  }

  /** The expression that is being evaluated. */
  get expr(): Expr | undefined {
    return this.region?.expr ?? this.code?.unit.expr;
  }

  /** Where that expression is. */
  get range(): SourceRange | undefined {
    const { expr, code } = this;
    if (expr === undefined || code === undefined) return undefined;
    return { file: code.file, start: expr.start, end: expr.end };
  }

  /** The scope at the place where the frame stands. */
  get environment(): Environment | undefined {
    return this.code && this.environmentAt(this.region);
  }

  /** The scope of the expression of a region. */
  environmentAt(region: CodeRegion | undefined): Environment | undefined {
    const { code } = this;
    return code && this.#environmentOf((region?.scope ?? code.unit.scope).innermostEnvironment);
  }

  /** The scope of the body of a function, or of a `let`, that begins at `owner`. */
  environmentIn(owner: Expr): Environment | undefined {
    return this.#environmentOf(this.code?.file.resolution.scopes.get(owner)?.environment);
  }

  #environmentOf(
    binding: NonNullable<CodeRegion["scope"]["environment"]> | undefined,
  ): Environment | undefined {
    const { code, frame } = this;
    if (code === undefined || binding === undefined) return undefined;
    const kept: unknown =
      binding.owner === code.unit
        ? frame.stack[frame.base + binding.slot]
        : upvalueOf(frame, code.unit.upvalueOf(binding));
    return kept instanceof Environment ? kept : undefined;
  }
}

/** The levels of a scope, inner ones first. */
export function levelsOf(environment: Environment | undefined): ScopeLevel[] {
  const levels: ScopeLevel[] = [];
  for (let level = environment ?? null; level !== null; level = level.parent) {
    const current: Environment = level;
    levels.push({
      kind: current.names === null ? "with" : "names",
      names: current.names?.filter((name) => name !== "") ?? [],
      namespace: current.namespace,
      get: (name) => current.get(name),
    });
  }
  return levels;
}

/** The visible names of a scope with their slots; inner ones shadow outer ones. */
export function namesIn(environment: Environment | undefined): Map<Bytes, Slot> {
  const names = new Map<Bytes, Slot>();
  for (const level of levelsOf(environment)) {
    for (const name of level.names) {
      const slot = level.get(name);
      if (slot !== undefined && !names.has(name)) names.set(name, slot);
    }
  }
  return names;
}

/** The sets behind the `with`s of a scope, inner ones first. */
export function namespacesIn(environment: Environment | undefined): Slot[] {
  return levelsOf(environment).flatMap(({ namespace }) =>
    namespace === undefined ? [] : [namespace],
  );
}

/** The set behind a `with` if it has been evaluated. */
export function knownSet(slot: Slot): Attrs | undefined {
  const value = slot instanceof Thunk ? (slot.code === null ? slot.a : undefined) : slot;
  return value as Attrs | undefined;
}

/** The title of a thunk that no binding names. */
function titleOf(expr: Expr): Bytes {
  switch (expr.kind) {
    case NodeKind.Var:
      return expr.name;
    case NodeKind.Select:
      return expr.path.at(-1)?.name ?? "attribute";
    case NodeKind.Call:
      return "call";
    case NodeKind.AttrSet:
      return "set";
    case NodeKind.List:
      return "list";
    case NodeKind.StringTemplate:
    case NodeKind.String:
      return "string";
    case NodeKind.Let:
      return "let";
    case NodeKind.If:
      return "if";
    default:
      return "expression";
  }
}

/** A known position, or the next outer one. */
export function firstPosition(frames: readonly DebugFrame[]): PosIdx {
  return frames.find(({ pos }) => pos > NO_POS)?.pos ?? NO_POS;
}
