/**
 * Random texts for the property tests: expressions that are right by construction, and fragments that
 * are mostly wrong.
 */
import * as fc from "fast-check";

const name = fc.constantFrom("a", "b", "x'", "foo-bar", "_y", "z1", "__sub");
const plainName = fc.oneof(name, fc.constantFrom('"a b"', '"if"', '""', "or", '${"q"}'));
const binary = fc.constantFrom("->", "||", "&&", "//", "+", "-", "*", "/", "++");
const comparison = fc.constantFrom("==", "!=", "<", ">", "<=", ">=");

const text = fc.constantFrom(
  "",
  "a",
  " ",
  "\\n",
  "\\${",
  "$ ",
  "$$",
  "é",
  "\\\\",
  '\\"',
  " {",
  "'",
);
const indentedText = fc.constantFrom(
  "",
  "a",
  " ",
  "\n",
  "\n  ",
  "''$",
  "'''",
  "$ ",
  "''\\n",
  "$$",
  "\t",
);

/** Texts of expressions that parse, without `or` as an argument and without pipes. */
export const expressionText: fc.Arbitrary<string> = fc.letrec<{ expr: string; simple: string }>(
  (tie) => {
    const expr = tie("expr");
    const simple = tie("simple");
    const attr = fc.oneof(
      { weight: 5, arbitrary: plainName },
      { weight: 1, arbitrary: expr.map((e) => `\${${e}}`) },
    );
    const path = fc.array(attr, { minLength: 1, maxLength: 3 }).map((names) => names.join("."));
    const binding = fc.oneof(
      fc.tuple(fc.nat(1000), path, expr).map(([n, p, e]) => `k${n}.${p} = ${e};`),
      fc.tuple(fc.nat(1000), expr).map(([n, e]) => `n${n} = ${e};`),
      fc.tuple(fc.nat(1000), expr).map(([n, e]) => `inherit (${e}) i${n};`),
      fc.nat(1000).map((n) => `inherit j${n};`),
    );
    const bindings = fc
      .uniqueArray(binding, { maxLength: 4, selector: (b) => /\d+/.exec(b)?.[0] })
      .map((all) => all.join(" "));
    const formals = fc
      .uniqueArray(fc.tuple(fc.nat(50), fc.option(expr)), { maxLength: 3, selector: ([n]) => n })
      .chain((all) =>
        fc.boolean().map((more) => {
          const list = all.map(([n, e]) => (e === null ? `f${n}` : `f${n} ? ${e}`));
          if (more) list.push("...");
          return `{ ${list.join(", ")} }`;
        }),
      );
    const string = fc.array(
      fc.oneof(
        text,
        expr.map((e) => `\${${e}}`),
      ),
      { maxLength: 4 },
    );
    const indented = fc.array(
      fc.oneof(
        indentedText,
        expr.map((e) => `\${${e}}`),
      ),
      { maxLength: 5 },
    );
    return {
      simple: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        name,
        fc.constantFrom(
          "1",
          "007",
          "9007199254740993",
          "./p/q",
          "/r",
          "~/h",
          "<s/t>",
          "(u:v)",
          "__curPos",
        ),
        string.map((parts) => `"${parts.join("")}"`),
        indented.map((parts) => `''${parts.join("")}''`),
        expr.map((e) => `(${e})`),
        fc.array(simple, { maxLength: 3 }).map((items) => `[ ${items.join(" ")} ]`),
        bindings.map((b) => `{ ${b} }`),
        bindings.map((b) => `rec { ${b} }`),
        bindings.map((b) => `let { ${b} }`),
        expr.map((e) => `./p/\${${e}}/q`),
      ),
      expr: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        simple,
        fc.tuple(simple, path).map(([e, p]) => `${e} .${p}`),
        fc.tuple(simple, path, simple).map(([e, p, d]) => `${e} .${p} or ${d}`),
        fc.tuple(simple, simple, simple).map(([f, a, b]) => `${f} ${a} ${b}`),
        fc.tuple(simple, binary, simple, binary, simple).map((parts) => parts.join(" ")),
        fc.tuple(simple, comparison, simple).map((parts) => parts.join(" ")),
        fc.tuple(simple, path).map(([e, p]) => `${e} ? ${p}`),
        fc.tuple(fc.constantFrom("!", "-"), simple).map((parts) => parts.join(" ")),
        fc.tuple(expr, expr, expr).map(([a, b, c]) => `if ${a} then ${b} else ${c}`),
        fc.tuple(expr, expr).map(([a, b]) => `assert ${a}; ${b}`),
        fc.tuple(expr, expr).map(([a, b]) => `with ${a}; ${b}`),
        fc.tuple(bindings, expr).map(([b, e]) => `let ${b} in ${e}`),
        fc.tuple(name, expr).map(([x, e]) => `${x}: ${e}`),
        fc.tuple(formals, expr).map(([f, e]) => `${f}: ${e}`),
        fc.tuple(formals, expr).map(([f, e]) => `${f}@args: ${e}`),
      ),
    };
  },
).expr;

const fragment = fc.constantFrom(
  ..."a|or |if |then |else |let |in |rec |inherit |with |assert |{|}|(|)|[|]|;|=|:|@|,|?|.|...|+|-|*|/|//|++|==|<|!|\"|''|${|$|\\|./a|/b|~/c|<d>|a/|u:v|1|1.5|99999999999999999999|1e999|1.0e999| |\n|\r|# c\n|/* c */|/**|'|\xe9|\0|&&|->".split(
    "|",
  ),
);

/** Texts that look like Nix and mostly are not. */
export const brokenText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join("")),
  fc.tuple(expressionText, fc.nat(), fc.nat(6), fragment).map(([source, at, cut, insert]) => {
    const i = at % (source.length + 1);
    return source.slice(0, i) + insert + source.slice(i + cut);
  }),
  fc
    .tuple(expressionText, fc.nat())
    .map(([source, at]) => source.slice(0, at % (source.length + 1))),
);

/** Any bytes. */
export const anyBytes: fc.Arbitrary<string> = fc
  .array(fc.nat(255), { maxLength: 200 })
  .map((codes) => String.fromCharCode(...codes));
