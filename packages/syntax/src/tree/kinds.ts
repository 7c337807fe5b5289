/**
 * The kinds of nodes in the lossless tree.
 *
 * They name what is written, not what it means: parentheses are nodes, `a.b = 1` is one binding with a
 * path of two names, and nothing is merged. An expression that is a single token (a name, a number, a
 * plain path, a URI) has no node of its own; the token stands for it.
 */

/** The kind of a node of the lossless tree. */
export const enum SyntaxKind {
  /** The whole text, with the end-of-file token. */
  Root,
  /** `( e )` */
  Paren,
  /** `[ e … ]` */
  List,
  /** `f a b`; applications are flat as far as no parentheses stand between. */
  Apply,
  /** `e or`, where `or` is an ordinary name: Nix reads it as an application. */
  OrApply,
  /** `e.a.b`, `e.a or d` */
  Select,
  /** `e ? a.b` */
  HasAttr,
  /** `a + b`, pipes included */
  Binary,
  /** `!a`, `-a` */
  Unary,
  /** `x: e`, `{ a }@x: e` */
  Lambda,
  /** `{ a, b ? 1, ... }` of a lambda */
  Formals,
  /** `a`, `b ? 1` among formals */
  Formal,
  Assert,
  With,
  If,
  /** `let … in e` */
  Let,
  /** `{ … }`, `rec { … }`, `let { … }` */
  AttrSet,
  /** `a.b = e;` */
  Binding,
  /** `inherit (e) a b;` */
  Inherit,
  /** `(e)` behind `inherit` */
  InheritSource,
  /** `"…"` */
  String,
  /** `''…''` */
  IndentedString,
  /** A path with at least one interpolation. */
  Path,
  /** `${e}` inside strings and paths, or as the name of an attribute. */
  Interpolation,
}
