/**
 * The objects of the heap as an explorer sees them: what kind each is, what it refers to, and how large it
 * is. Nothing here evaluates, and nothing changes an object: the layers of a set stay as they are.
 *
 * JavaScript has no list of its objects. What is found is what can be reached from the roots through
 * fields that are known here; the state of native code (a builtin that has been suspended) is opaque.
 */
import {
  Attrs,
  Builtin,
  Closure,
  ContextString,
  Environment,
  isList,
  isSuspendedCall,
  Lambda,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
  Thunk,
  thunkState,
} from "@nivis/eval";

/** The kinds of objects, in the order of the overview. */
export const OBJECT_KINDS = [
  "set",
  "list",
  "function",
  "builtin",
  "partial builtin",
  "string with context",
  "path",
  "float",
  "scope",
  "thunk: not evaluated",
  "thunk: suspended call",
  "thunk: native",
  "thunk: being evaluated",
  "thunk: evaluated",
  "thunk: failed",
] as const;

/** What an object is. */
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** An object that can be numbered. Integers, Booleans, null and plain strings are part of what holds them. */
export type HeapObject =
  | Attrs
  | readonly Slot[]
  | Closure
  | Builtin
  | PartialBuiltin
  | ContextString
  | NixPath
  | NixFloat
  | Environment
  | Thunk;

/** How an object refers to another; the key says more. */
export type ReferenceRole =
  /** `key` is the name. */
  | "attribute"
  /** The set under the layer of a `//`. */
  | "base"
  /** `key` is the index. */
  | "item"
  /** The value of an evaluated thunk. */
  | "value"
  /** `key` is the number of the upvalue. */
  | "capture"
  | "callee"
  | "argument"
  /** `key` is the name of a variable in scope. */
  | "variable"
  /** The set of a `with`. */
  | "with"
  /** The scope around a scope. */
  | "outer"
  /** `key` is the name of the root. */
  | "root";

/** Receives the references of an object. */
export type ReferenceVisitor = (target: unknown, role: ReferenceRole, key: string | number) => void;

/** Whether a value is an object with a number. */
export function isHeapObject(value: unknown): value is HeapObject {
  if (typeof value !== "object" || value === null) return false;
  return (
    value instanceof Thunk ||
    value instanceof Attrs ||
    isList(value) ||
    value instanceof Closure ||
    value instanceof Environment ||
    value instanceof ContextString ||
    value instanceof NixPath ||
    value instanceof PartialBuiltin ||
    value instanceof Builtin ||
    value instanceof NixFloat
  );
}

/** The index of the kind of an object in {@link OBJECT_KINDS}. */
export function kindIndexOf(object: HeapObject): number {
  if (object instanceof Thunk) return thunkKind(object);
  if (object instanceof Attrs) return 0;
  if (isList(object)) return 1;
  if (object instanceof Closure) return 2;
  if (object instanceof Builtin) return 3;
  if (object instanceof PartialBuiltin) return 4;
  if (object instanceof ContextString) return 5;
  if (object instanceof NixPath) return 6;
  return object instanceof NixFloat ? 7 : 8;
}

function thunkKind(thunk: Thunk): number {
  switch (thunkState(thunk).state) {
    case "forced":
      return 13;
    case "failed":
      return 14;
    case "blackhole":
      return 12;
    case "suspended":
      if (thunk.code instanceof Lambda) return 9;
      return isSuspendedCall(thunk.code) ? 10 : 11;
  }
}

/** The code of a function or of a thunk that is not evaluated. */
export function codeOfObject(object: HeapObject): Lambda | undefined {
  if (object instanceof Closure) return object.code;
  return object instanceof Thunk && object.code instanceof Lambda ? object.code : undefined;
}

/** Calls back for everything that an object refers to, plain values included. */
export function eachReference(object: HeapObject, visit: ReferenceVisitor): void {
  if (object instanceof Thunk) {
    visitThunk(object, visit);
  } else if (object instanceof Attrs) {
    const { names } = object.shape;
    const { values } = object;
    for (let i = 0; i < values.length; i++) visit(values[i], "attribute", names[i] as string);
    if (object.base !== null) visit(object.base, "base", 0);
  } else if (isList(object)) {
    for (let i = 0; i < object.length; i++) visit(object[i], "item", i);
  } else if (object instanceof Closure) {
    visitCaptures(object, visit);
  } else if (object instanceof PartialBuiltin) {
    visit(object.builtin, "callee", 0);
    object.args.forEach((argument, i) => {
      visit(argument, "argument", i);
    });
  } else if (object instanceof Environment) {
    visitScope(object, visit);
  }
}

function visitThunk(thunk: Thunk, visit: ReferenceVisitor): void {
  const { code } = thunk;
  if (code instanceof Lambda) {
    visitCaptures(thunk, visit);
    return;
  }
  switch (thunkState(thunk).state) {
    case "forced":
      visit(thunk.a, "value", 0);
      return;
    case "blackhole":
      // The code is in the frame; what the thunk captured is still in its fields.
      visitCaptures(thunk, visit);
      return;
    case "suspended":
      if (!isSuspendedCall(code)) return;
      visit(thunk.a, "callee", 0);
      if (typeof thunk.rest === "string") visit(thunk.rest, "argument", 0);
      visit(thunk.b, "argument", typeof thunk.rest === "string" ? 1 : 0);
      return;
    case "failed":
      return;
  }
}

/** What a closure or thunk has captured. */
function visitCaptures(
  { a, b, rest }: Pick<Thunk, "a" | "b" | "rest">,
  visit: ReferenceVisitor,
): void {
  if (a !== undefined) visit(a, "capture", 0);
  if (b !== undefined) visit(b, "capture", 1);
  if (!Array.isArray(rest)) return;
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] !== undefined) visit(rest[i], "capture", i + 2);
  }
}

function visitScope(scope: Environment, visit: ReferenceVisitor): void {
  if (scope.names === null) {
    if (scope.namespace !== undefined) visit(scope.namespace, "with", 0);
  } else {
    for (let i = 0; i < scope.names.length; i++) {
      const name = scope.names[i] as string;
      const value = name === "" ? undefined : scope.values[i];
      if (value !== undefined) visit(value, "variable", name);
    }
  }
  if (scope.parent !== null) visit(scope.parent, "outer", 0);
}

/** Bytes of a word of V8 in Node, which does not compress pointers. */
const WORD = 8;
/** Words of an object before its fields: hidden class, properties, elements. */
const HEADER = 3;
/** Words of the store of an array's items before the first: hidden class and length. */
const STORE = 2;

/**
 * Roughly how many bytes an object takes by itself: its fields and arrays, without what it refers to. Plain
 * strings, names, positions and code are not counted; many objects share them.
 */
export function shallowSize(object: HeapObject): number {
  if (object instanceof Thunk || object instanceof Closure) {
    return WORD * (HEADER + 4 + arrayWords(object.rest));
  }
  if (object instanceof Attrs) return WORD * (HEADER + 4 + arrayWords(object.values));
  if (isList(object)) return WORD * arrayWords(object);
  if (object instanceof PartialBuiltin) return WORD * (HEADER + 2 + arrayWords(object.args));
  if (object instanceof Builtin) return WORD * (HEADER + 5);
  if (object instanceof ContextString) return WORD * (HEADER + 2);
  if (object instanceof Environment) return WORD * (HEADER + 3 + arrayWords(object.values));
  return WORD * (HEADER + 2);
}

function arrayWords(array: readonly unknown[] | null): number {
  return Array.isArray(array) ? HEADER + 1 + STORE + array.length : 0;
}
