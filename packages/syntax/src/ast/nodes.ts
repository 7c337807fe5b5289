/**
 * The tree: every kind of node that a Nix text can become, each with an example.
 *
 * The parser builds it, the compiler of `@nivis/eval` and the linter read it, and nobody changes it
 * afterwards. It is the *merged* tree: `a.b = 1; a.c = 2;` is one binding `a` holding one (implicit)
 * set, as C++ Nix sees it, and relative paths are absolute. What only a formatter would need
 * (white space, ordinary comments) is not here.
 *
 * All offsets are byte offsets into the source text. `start`/`end` span the whole expression, the
 * parentheses around it included; `pos` is the place that C++ Nix attaches to the expression and
 * prints in errors (for a binary operator the operator token, for an application the start of the
 * function, …). It is -1 (`NO_OFFSET`) where C++ Nix has none: numbers, plain strings, plain paths,
 * `let`, empty lists, and sets that an attribute path made.
 */

/** The discriminant of {@link Expr}; numeric so that a switch over it is a jump table. */
export const enum NodeKind {
  Int,
  Float,
  String,
  StringTemplate,
  Path,
  PathTemplate,
  SearchPath,
  Var,
  CurPos,
  Select,
  HasAttr,
  Lambda,
  Call,
  List,
  AttrSet,
  Let,
  With,
  Assert,
  If,
  Not,
  Negate,
  Binary,
  Error,
}

/** What every expression carries. */
interface NodeBase {
  /** First byte of the expression. */
  readonly start: number;
  /** One past its last byte. */
  readonly end: number;
  /** The byte offset that C++ Nix reports for it; -1 when it reports none. */
  readonly pos: number;
}

/** `42`; a `bigint` only beyond 2^53. */
export interface IntLiteral extends NodeBase {
  readonly kind: NodeKind.Int;
  readonly value: number | bigint;
}

/** `4.2` */
export interface FloatLiteral extends NodeBase {
  readonly kind: NodeKind.Float;
  readonly value: number;
}

/** How a string was written. */
export type StringForm = "quoted" | "indented" | "uri";

/** `"text"`, `''text''` or `http://uri`, without interpolations; escapes and indentation are resolved. */
export interface StringLiteral extends NodeBase {
  readonly kind: NodeKind.String;
  /** The bytes of the string. */
  readonly value: string;
  readonly form: StringForm;
}

/** `"a${b}c"`: at least one interpolation. */
export interface StringTemplate extends NodeBase {
  readonly kind: NodeKind.StringTemplate;
  /** In order; text pieces are {@link StringLiteral}s, empty ones appear where C++ Nix keeps them. */
  readonly parts: readonly Expr[];
  /** For each part the offset that C++ Nix reports for it (the piece of text or the `${`). */
  readonly partPositions: readonly number[];
  readonly form: StringForm;
}

/** How a path literal was written. */
export type PathForm = "absolute" | "relative" | "home";

/** `./a`, `/a`, `~/a`; `value` is absolute and canonical. */
export interface PathLiteral extends NodeBase {
  readonly kind: NodeKind.Path;
  readonly value: string;
  readonly form: PathForm;
}

/** `./a${b}/c`: the first part is a {@link PathLiteral}, text pieces are {@link StringLiteral}s. */
export interface PathTemplate extends NodeBase {
  readonly kind: NodeKind.PathTemplate;
  readonly parts: readonly Expr[];
  readonly partPositions: readonly number[];
}

/** `<nixpkgs/lib>`; means `__findFile __nixPath "nixpkgs/lib"` with both names resolved lexically. */
export interface SearchPath extends NodeBase {
  readonly kind: NodeKind.SearchPath;
  readonly value: string;
}

/** `x` */
export interface Var extends NodeBase {
  readonly kind: NodeKind.Var;
  readonly name: string;
}

/** `__curPos` */
export interface CurPos extends NodeBase {
  readonly kind: NodeKind.CurPos;
}

/** One element of an attribute path: a known name, or an expression whose string is the name. */
export interface AttrName {
  /** The name when it is known at parse time, else `undefined` and `expr` is set. */
  readonly name: string | undefined;
  readonly expr: Expr | undefined;
  readonly start: number;
  readonly end: number;
}

/** `base.a.${b} or fallback` */
export interface Select extends NodeBase {
  readonly kind: NodeKind.Select;
  readonly base: Expr;
  readonly path: readonly AttrName[];
  /** The expression behind `or`. */
  readonly fallback: Expr | undefined;
}

/** `base ? a.b` */
export interface HasAttr extends NodeBase {
  readonly kind: NodeKind.HasAttr;
  readonly base: Expr;
  readonly path: readonly AttrName[];
}

/** One name of a formals pattern, `b ? 1`. */
export interface Formal {
  readonly name: string;
  readonly pos: number;
  readonly fallback: Expr | undefined;
}

/** `{ a, b ? 1, ... }` */
export interface Formals {
  /** In source order. */
  readonly formals: readonly Formal[];
  readonly ellipsis: boolean;
}

/** `x: body`, `{ a, ... }@x: body` */
export interface Lambda extends NodeBase {
  readonly kind: NodeKind.Lambda;
  /** The plain parameter or the name at the `@`. */
  readonly param: string | undefined;
  /** Offset of `param`. */
  readonly paramPos: number;
  readonly formals: Formals | undefined;
  readonly body: Expr;
  /** The binding that the lambda was given to (through `x: y:` chains), for messages. */
  name: string | undefined;
  /** The documentation comment that belongs to it, as a span of the source. */
  readonly doc: Span | undefined;
}

/** `f a b`: one node with two arguments; also `a |> f`. */
export interface Call extends NodeBase {
  readonly kind: NodeKind.Call;
  readonly callee: Expr;
  readonly args: readonly Expr[];
  /** Written with a pipe operator. */
  readonly pipe: boolean;
}

/** `[ a b ]` */
export interface List extends NodeBase {
  readonly kind: NodeKind.List;
  readonly items: readonly Expr[];
}

/** How a binding got its value: `a = e`, `inherit a`, `inherit (e) a`. */
export const enum BindingKind {
  Plain,
  /** `inherit a`: `value` is a {@link Var} that is resolved *outside* the set. */
  Inherited,
  /** `inherit (e) a`: `value` is a {@link Var} of that name, `from` indexes {@link AttrSet.inheritFrom}. */
  InheritedFrom,
}

/** A statically named attribute of a set or a `let`. */
export interface Binding {
  readonly kind: BindingKind;
  readonly name: string;
  /** Where the name stands (the position of the attribute). */
  readonly pos: number;
  readonly value: Expr;
  /** For {@link BindingKind.InheritedFrom}: index into `inheritFrom`; else -1. */
  readonly from: number;
  readonly doc: Span | undefined;
}

/** `${name} = value` */
export interface DynamicBinding {
  readonly name: Expr;
  readonly value: Expr;
  readonly pos: number;
}

/** `{ … }`, `rec { … }`, and the bindings of a `let`. */
export interface AttrSet extends NodeBase {
  readonly kind: NodeKind.AttrSet;
  readonly recursive: boolean;
  /** In source order of first definition, names unique. */
  readonly bindings: readonly Binding[];
  readonly dynamic: readonly DynamicBinding[];
  /** The sources of `inherit (e) …;`, one for each clause. */
  readonly inheritFrom: readonly Expr[];
  /** Made by an attribute path such as `a.b = 1`, not by braces. */
  readonly implicit: boolean;
  /** The bindings of a legacy `let { … }` (which is `(rec { … }).body`). */
  readonly legacyLet: boolean;
}

/** `let … in body` */
export interface Let extends NodeBase {
  readonly kind: NodeKind.Let;
  readonly attrs: AttrSet;
  readonly body: Expr;
}

/** `with namespace; body` */
export interface With extends NodeBase {
  readonly kind: NodeKind.With;
  readonly namespace: Expr;
  readonly body: Expr;
}

/** `assert condition; body` */
export interface Assert extends NodeBase {
  readonly kind: NodeKind.Assert;
  readonly condition: Expr;
  readonly body: Expr;
}

/** `if condition then consequence else alternative` */
export interface If extends NodeBase {
  readonly kind: NodeKind.If;
  readonly condition: Expr;
  readonly consequence: Expr;
  readonly alternative: Expr;
}

/** `!operand` */
export interface Not extends NodeBase {
  readonly kind: NodeKind.Not;
  readonly operand: Expr;
}

/** `-operand`; means `__sub 0 operand` with `__sub` resolved lexically. */
export interface Negate extends NodeBase {
  readonly kind: NodeKind.Negate;
  readonly operand: Expr;
}

/** The binary operators; those marked mean calls to lexically resolved names. */
export const enum BinaryOp {
  Add,
  /** `__sub a b` */
  Sub,
  /** `__mul a b` */
  Mul,
  /** `__div a b` */
  Div,
  Equal,
  NotEqual,
  /** `__lessThan a b` */
  Less,
  /** `! (__lessThan b a)` */
  LessOrEqual,
  /** `__lessThan b a` */
  More,
  /** `! (__lessThan a b)` */
  MoreOrEqual,
  And,
  Or,
  Implication,
  Update,
  Concat,
}

/** `left op right`; `pos` is the operator. */
export interface Binary extends NodeBase {
  readonly kind: NodeKind.Binary;
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
}

/** Stands where an expression was expected and not found; a diagnostic says so. */
export interface ErrorExpr extends NodeBase {
  readonly kind: NodeKind.Error;
}

/** Any expression. */
export type Expr =
  | IntLiteral
  | FloatLiteral
  | StringLiteral
  | StringTemplate
  | PathLiteral
  | PathTemplate
  | SearchPath
  | Var
  | CurPos
  | Select
  | HasAttr
  | Lambda
  | Call
  | List
  | AttrSet
  | Let
  | With
  | Assert
  | If
  | Not
  | Negate
  | Binary
  | ErrorExpr;

/** A stretch of source text, `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
