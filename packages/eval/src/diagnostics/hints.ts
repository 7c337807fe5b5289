/**
 * Hints: how to fix the most common mistakes.
 *
 * A table of rules; each examines an error and the syntax at its position, and returns a piece of
 * advice or nothing. Rules about mistakes in texts come first, then those about values, in the
 * order in which their advice is shown. A rule must be certain: a wrong hint is worse than none.
 */
import { BinaryOp, type Diagnostic, type Expr, NodeKind, type SourceFile } from "@nivis/syntax";
import { allBuiltins } from "../builtins/registry.ts";
import type { EvalError } from "../errors/eval-error.ts";
import { bestMatches } from "../errors/suggestions.ts";
import { FOREIGN_NAMES, LIB_NAMES, PKGS_NAMES } from "./known-names.ts";
import { isBoundOutsideWith, namesInScope, withsAround } from "./names-in-scope.ts";
import type { SyntaxNodeAt } from "./source-trees.ts";

/** A piece of advice and the rule that gave it. */
export interface Hint {
  /** The stable name of the rule. */
  readonly rule: string;
  /** One or two sentences; code is in backticks. */
  readonly message: string;
}

/** The data that a rule examines. */
export interface HintSubject {
  readonly error: EvalError;
  /** The syntax at the position of the error. */
  readonly syntax: SyntaxNodeAt | undefined;
  readonly source: SourceFile | undefined;
  /** The diagnostic, for a mistake in a text. */
  readonly parse: Diagnostic | undefined;
}

interface HintRule {
  readonly name: string;
  advise(subject: HintSubject): string | undefined;
}

/** Returns all hints for an error. */
export function findHints(subject: HintSubject): Hint[] {
  const hints: Hint[] = [];
  for (const { name, advise } of HINT_RULES) {
    const message = advise(subject);
    if (message !== undefined) hints.push({ rule: name, message });
  }
  return hints;
}

/** Defines a rule about syntax errors with a matching message. */
function syntaxRule(
  name: string,
  pattern: RegExp,
  advise: (before: string, at: string, after: string) => string | undefined,
): HintRule {
  return {
    name,
    advise: ({ error, parse, source }) => {
      if (parse === undefined || source === undefined || !pattern.test(error.message)) return;
      const { start, end } = parse.span;
      const { text } = source;
      return advise(text.slice(0, start), text.slice(start, end), text.slice(end));
    },
  };
}

/** Defines a rule about evaluation errors with a matching message. */
function messageRule(
  name: string,
  pattern: RegExp,
  advise: (match: RegExpExecArray, subject: HintSubject) => string | undefined,
): HintRule {
  return {
    name,
    advise: (subject) => {
      if (subject.error.kind === "parse") return undefined;
      const match = pattern.exec(subject.error.message);
      return match === null ? undefined : advise(match, subject);
    },
  };
}

/** The rules, in the order in which their advice is shown. */
export const HINT_RULES: readonly HintRule[] = [
  syntaxRule("equals-in-condition", /unexpected '='/, (before) =>
    /\b(?:if|assert|&&|\|\||->|!)\s*\(*[\w.'"-]+\s*$/.test(before) &&
    !/;\s*[\w.'"-]+\s*$/.test(before)
      ? "`=` defines an attribute; to compare, write `==`"
      : undefined,
  ),
  syntaxRule("inherit-with-value", /unexpected '='/, (before) =>
    /\binherit\b[^;=]*$/.test(before)
      ? "`inherit a;` takes `a` from the surrounding scope and gives it no value; write `a = ...;` without `inherit`"
      : undefined,
  ),
  syntaxRule("inherit-path", /unexpected '\.'/, (before) => {
    const names = /\binherit\s+(?:[\w'-]+\s+)*([\w'-]+)$/.exec(before);
    return names === null
      ? undefined
      : `to inherit from a set, put it in parentheses: \`inherit (${names[1]}) name;\``;
  }),
  syntaxRule("comma", /unexpected ','/, (before) =>
    /\binherit\b[^;]*$/.test(before) || lastOpened(before) === "["
      ? "elements of a list and names of an `inherit` stand side by side, without commas"
      : lastOpened(before) === "{"
        ? "attributes of a set end with `;`, not with `,`"
        : undefined,
  ),
  syntaxRule(
    "missing-semicolon",
    /unexpected (?:'[=}]'|'in'|end of file|'inherit'|'\$\{').*expecting ';'|unexpected '=', expecting ';'/,
    (before, at) => {
      if (/\binherit\b[^;=]*$/.test(before)) return undefined;
      return at === "="
        ? "the attribute before this one has no `;` at its end"
        : "each attribute ends with `;`, the last one too";
    },
  ),
  syntaxRule("colon-in-set", /unexpected ':'/, (before) =>
    lastOpened(before) === "{" && /[\w"'-]+\s*$/.test(before)
      ? "attributes are written `name = value;`; `name: value` is a function"
      : undefined,
  ),
  syntaxRule(
    "missing-else",
    /expecting 'else'/,
    () => "every `if` needs an `else`: it is an expression and must have a value",
  ),
  syntaxRule(
    "missing-in",
    /unexpected (?:end of file|'\)'|'\}').*expecting 'in'|unexpected end of file/,
    (before) =>
      /\blet\b(?![\s\S]*\bin\b)/.test(before)
        ? "`let` needs `in` and an expression behind its definitions"
        : undefined,
  ),
  syntaxRule("unclosed", /unexpected end of file/, (before) => {
    const opened = lastOpened(before);
    if (/\blet\b(?![\s\S]*\bin\b)/.test(before)) return undefined;
    return opened === undefined ? undefined : `a \`${opened}\` is never closed`;
  }),
  {
    name: "duplicate-attribute",
    advise: ({ parse }) =>
      parse?.code === "duplicate-attribute"
        ? "an attribute is defined once; only sets written as `a.b = ...; a.c = ...;` are put together"
        : undefined,
  },
  {
    name: "url-literal",
    advise: ({ parse }) =>
      parse?.code === "url-literal"
        ? "URLs without quotes are deprecated: put the URL in double quotes"
        : undefined,
  },
  {
    name: "experimental-feature",
    advise: ({ error }) => {
      const feature = /experimental Nix feature '([^']+)' is disabled/.exec(error.message)?.[1];
      return feature === undefined
        ? undefined
        : `to turn it on for good, write \`extra-experimental-features = ${feature}\` into nix.conf`;
    },
  },
  {
    name: "similar-name",
    advise: ({ error: { kind, suggestions, message } }) => {
      const [first] = suggestions;
      // Among names of one or two letters every pair is similar.
      const name = /'(.*)'/s.exec(message)?.[1] ?? "";
      if (first === undefined || name.length < 3) return undefined;
      if (kind === "missing-attribute")
        return `an attribute with a similar name exists: \`${first}\``;
      return message.includes("unexpected argument")
        ? `the function has an argument with a similar name: \`${first}\``
        : undefined;
    },
  },
  messageRule("undefined-variable", /^undefined variable '(.*)'$/s, ([, name], subject) =>
    adviseName(name as string, subject),
  ),
  {
    name: "with-hides-nothing",
    advise: ({ error, syntax }) => {
      const isAboutName =
        error.kind === "missing-attribute" || error.message.startsWith("attempt to call");
      const name = isAboutName ? baseName(syntax?.expr) : undefined;
      return name !== undefined && isBoundOutsideWith(syntax?.around ?? [], name)
        ? `\`${name}\` is the one that is defined around the \`with\`: a \`with\` never hides a name that is in scope`
        : undefined;
    },
  },
  messageRule(
    "called-literal",
    /^attempt to call something which is not a function but (an? [\w ]+|null)/,
    (match, { syntax }) => adviseCall(match[1] as string, syntax),
  ),
  messageRule(
    "operator-for-lists",
    /^(?:cannot coerce a list to a string|expected a (?:list|set) but found)/,
    (_, { error, syntax }) => adviseOperator(error, syntax),
  ),
  messageRule("coerced-set", /^cannot coerce a set to a string/, (_, { error, syntax }) =>
    operatorOf(syntax) === BinaryOp.Add && !/outPath/.test(error.message)
      ? "sets are merged with `//`; `+` joins strings and adds numbers"
      : "a set becomes a string only if it has `outPath` or `__toString`: select an attribute such as `.name`, or use `builtins.toJSON`",
  ),
  messageRule(
    "coerced-function",
    /^cannot coerce a function to a string/,
    () => "a function is not called yet: an argument is missing, or the call needs parentheses",
  ),
  messageRule(
    "coerced-value",
    /^cannot coerce (an integer|a float|a Boolean|null) to a string|^cannot add a string to (an integer|a float)/,
    ([, type]) =>
      type === "a Boolean"
        ? 'write `if x then "true" else "false"`, or `lib.boolToString x`'
        : type === "null"
          ? "this value is null; give it a default, or leave the text out with `lib.optionalString`"
          : "convert numbers with `toString`",
  ),
  messageRule(
    "number-for-string",
    /^expected a string but found (?:an integer|a float)/,
    () => "convert numbers with `toString`",
  ),
  messageRule("set-pattern", /^expected a set but found /, (_, { error }) =>
    error.traces.some(({ message }) =>
      message.startsWith("while evaluating the value passed for the lambda"),
    )
      ? "a function that begins with `{ ... }:` takes one set: call it as `f { name = value; }`"
      : undefined,
  ),
  messageRule("selected-from-null", /^expected a set but found null/, (_, { error }) =>
    error.traces.some(({ message }) => message === "while selecting an attribute")
      ? "`x.name or default` does not help here, for `x` itself is null: test `x != null` first"
      : undefined,
  ),
  messageRule("null-name", /^expected a string but found null/, (_, { error }) =>
    error.traces.some(({ message }) => message === "while evaluating an attribute name")
      ? "a name that is null leaves an attribute out of a set, but cannot be selected"
      : undefined,
  ),
  messageRule(
    "unexpected-argument",
    /called with unexpected argument '(.*)'$/s,
    ([, name]) =>
      `add \`${name}\` to the function's pattern, or \`...\` to let it ignore what it does not know`,
  ),
  messageRule(
    "missing-argument",
    /called without required argument '(.*)'$/s,
    ([, name]) => `pass \`${name} = ...\`, or give it a default in the pattern: \`${name} ? ...\``,
  ),
  messageRule("infinite-recursion", /^infinite recursion encountered/, (_, subject) =>
    adviseRecursion(subject),
  ),
  messageRule(
    "path-with-context",
    /^a string that refers to a store path cannot be appended to a path/,
    () => 'make a string of both: `"${path}/${string}"`',
  ),
  messageRule(
    "search-path",
    /^file '([^'/]*)[^']*' was not found in the Nix search path/,
    ([, name]) =>
      `give it a place with \`-I ${name}=PATH\` or \`NIX_PATH=${name}=PATH\`, or write a path such as \`./${name}\``,
  ),
  messageRule(
    "division-by-zero",
    /^division by zero/,
    () => "test the divisor before: `if n == 0 then ... else x / n`",
  ),
  messageRule(
    "integer-overflow",
    /^integer overflow/,
    () => "integers have 64 bits; compute with floats (`1.0 * x`) if precision does not matter",
  ),
  {
    name: "assertion",
    advise: ({ error }) =>
      error.kind === "assertion"
        ? '`assert lib.assertMsg condition "why"; ...` tells users what is wrong'
        : undefined,
  },
  messageRule("comparison", /^cannot compare (.+) with (.+?)(?:;|$)/s, ([, a, b]) => {
    if (a === b)
      return `${a === "a set" ? "sets" : "such values"} have no order; compare an attribute of them`;
    return "`<` compares two numbers, two strings, two paths or two lists; convert one of them";
  }),
  messageRule(
    "missing-file",
    /^path '([^']*)' does not exist/,
    () => "a relative path is relative to the file in which it is written",
  ),
  {
    name: "pure",
    advise: ({ error }) =>
      error.kind === "restricted" && /restricted mode/.test(error.message)
        ? "add the path to the search path with `-I`, or evaluate without `--restrict-eval`"
        : undefined,
  },
  {
    name: "deep-calls",
    advise: ({ error }) =>
      error.kind === "stack-overflow"
        ? "a function that calls itself must come to an end; if it does, raise `--max-call-depth`"
        : undefined,
  },
  {
    name: "limit",
    advise: ({ error }) => {
      const setting = /(max-(?:steps|memory|time)) \(/.exec(error.message)?.[1];
      return error.kind === "limit-exceeded" && setting !== undefined
        ? `raise \`--${setting}\` if the expression is to be trusted`
        : undefined;
    },
  },
];

/**
 * Returns the last bracket that is still open at the end of a text; comments are not considered.
 */
function lastOpened(text: string): string | undefined {
  const open: string[] = [];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|''[\s\S]*?''|#.*|[[\](){}]/g)) {
    if (token.length > 1 || token === "#") continue;
    if ("[({".includes(token)) open.push(token);
    else open.pop();
  }
  return open.at(-1);
}

const BUILTIN_NAMES: ReadonlySet<string> = new Set(allBuiltins.map(({ name }) => name));

function adviseName(name: string, { syntax }: HintSubject): string | undefined {
  const foreign = FOREIGN_NAMES.get(name);
  if (foreign !== undefined)
    return `Nix writes ${foreign.includes(" ") ? foreign : `\`${foreign}\``}`;
  const around = syntax?.around ?? [];
  const known = namesInScope(around);
  const similar = bestMatches([...known, ...COMMON_GLOBALS], name)[0];
  if (similar !== undefined && name.length > 2) return `a similar name is in scope: \`${similar}\``;
  if (BUILTIN_NAMES.has(name)) return `this is a builtin: write \`builtins.${name}\``;
  if (LIB_NAMES.has(name)) return adviseSet(name, "lib", known);
  if (PKGS_NAMES.has(name)) return adviseSet(name, "pkgs", known);
  const inherits = syntax?.expr?.kind === NodeKind.Var && around.at(-1)?.kind === NodeKind.AttrSet;
  if (withsAround(around) > 0) return `no \`with\` around this brings \`${name}\``;
  return inherits
    ? `to take it from a set, write \`inherit (set) ${name};\` or \`set.${name}\``
    : `define it with \`let\`, or take it as an argument: \`{ ${name}, ... }:\``;
}

/** Names that are in scope everywhere and often misspelled. */
const COMMON_GLOBALS: readonly string[] = [
  "true",
  "false",
  "null",
  "import",
  "builtins",
  "toString",
  "map",
  "throw",
];

function adviseSet(name: string, set: string, known: ReadonlySet<string>): string {
  const how = known.has(set) ? "" : `, and take \`${set}\` as an argument: \`{ ${set}, ... }:\``;
  return `\`${name}\` belongs to nixpkgs: write \`${set}.${name}\`${how}`;
}

function adviseCall(type: string, syntax: SyntaxNodeAt | undefined): string | undefined {
  const call = callAt(syntax);
  if (call !== undefined && call.args.length > 1 && call.callee.kind !== NodeKind.List) {
    return "the function takes fewer arguments than it gets: if one of them is a call, put it in parentheses, as in `f (g x)`";
  }
  if (type === "a path" || type === "a string") {
    return "to evaluate a file, write `import FILE`; to join texts, put `+` between them";
  }
  if (type === "a set") {
    return "a set can be called only if it has `__functor`: select the function in it, or put `;` or an operator between the two";
  }
  return "what stands beside it is read as its argument: an operator or `;` is missing between them";
}

/** Returns the variable at the start of an expression: `a` in `a`, `a.b` and `a x`. */
function baseName(expr: Expr | undefined): string | undefined {
  let base = expr;
  while (base?.kind === NodeKind.Select || base?.kind === NodeKind.Call) {
    base = base.kind === NodeKind.Select ? base.base : base.callee;
  }
  return base?.kind === NodeKind.Var ? base.name : undefined;
}

function callAt(
  syntax: SyntaxNodeAt | undefined,
): Extract<Expr, { kind: NodeKind.Call }> | undefined {
  if (syntax === undefined) return undefined;
  for (const expr of [syntax.expr, syntax.around.at(-1)])
    if (expr?.kind === NodeKind.Call) return expr;
  return undefined;
}

function operatorOf(syntax: SyntaxNodeAt | undefined): BinaryOp | undefined {
  if (syntax?.expr?.kind === NodeKind.Binary) return syntax.expr.op;
  const parent = syntax?.around.at(-1);
  return parent?.kind === NodeKind.Binary ? parent.op : undefined;
}

function adviseOperator(error: EvalError, syntax: SyntaxNodeAt | undefined): string | undefined {
  const { message } = error;
  const operator = operatorOf(syntax);
  if (message.startsWith("cannot coerce a list")) {
    return operator === BinaryOp.Add
      ? "lists are joined with `++`"
      : 'join the elements with `builtins.concatStringsSep " " list`, or write `toString list`';
  }
  const update = error.traces.some((trace) => / operand of '\/\/'$/.test(trace.message));
  if (
    message.startsWith("expected a set but found a list") &&
    (update || operator === BinaryOp.Update)
  ) {
    return "`//` merges sets; lists are joined with `++`";
  }
  if (message.startsWith("expected a list but found a set") && operator === BinaryOp.Concat) {
    return "`++` joins lists; sets are merged with `//`";
  }
  if (message.startsWith("expected a list but found a string") && operator === BinaryOp.Concat) {
    return "`++` joins lists; strings are joined with `+`";
  }
  return undefined;
}

function adviseRecursion({ error, syntax }: HintSubject): string {
  const traces = error.traces.map(({ message }) => message).join("\n");
  if (/module argument|while evaluating the module|_module\.args|lib\/modules\.nix/.test(traces)) {
    return "`imports`, and the names of options that a module sets, must not depend on `config` or on arguments from `_module.args`: use `mkIf` for values, `specialArgs` for arguments";
  }
  const around = syntax?.around ?? [];
  for (const expr of around) {
    if (expr.kind === NodeKind.Lambda && /^(?:final|self)$/.test(expr.param ?? "")) {
      const before = expr.param === "self" ? "super" : "prev";
      return `in an overlay, \`${expr.param}\` is the finished set: take what you change from \`${before}\``;
    }
  }
  if (error.cycle.length > 1) {
    return "these values need each other: break the cycle, or make a part of it a function";
  }
  const isRec = around.some((expr) => expr.kind === NodeKind.AttrSet && expr.recursive);
  if (isRec) {
    return "in a `rec` set the names on the right mean the set's own attributes: use another name, or `inherit` the outer one in a set without `rec`";
  }
  if (around.some((expr) => expr.kind === NodeKind.Let)) {
    return "in a `let` every name on the right means the one that is being defined, never an outer one of that name: use another name";
  }
  return "a value may not need itself: break the cycle, or make a part of it a function";
}
