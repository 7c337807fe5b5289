/**
 * The generator of programs: terms of a wanted type, from a seed.
 *
 * A program is generated from the outside in. Fuel bounds its size; each form takes one and gives
 * the rest to its parts. Where a value is not used, the generator puts what would fail, for that
 * is how laziness is seen. A small part of all terms has another type than the one wanted.
 */
import {
  type ArgumentKind,
  BUILTIN_VALUES,
  type BuiltinSignature,
  SIGNATURES,
} from "./builtin-signatures.ts";
import {
  floatLiteral,
  indentedText,
  intLiteral,
  pathLiteral,
  stringLiteral,
  stringText,
  trivia,
} from "./literals.ts";
import {
  BOOL,
  type Field,
  FLOAT,
  functionOf,
  INT,
  isPlainName,
  listOf,
  PATH,
  type ProgramType,
  randomName,
  randomSetType,
  randomType,
  STRING,
  sameType,
  setOf,
  VARIABLES,
} from "./program-type.ts";
import { Random } from "./random.ts";
import { group, hole, Level, type Part, printTerm, type Term, term } from "./term.ts";

/** What shapes the programs. */
export interface ProgramOptions {
  /** How large a program may become, in forms. */
  readonly fuel: number;
  /** How probable a term of a wrong type, or one that throws, is at each place. */
  readonly oddness: number;
}

/** The program of a seed. */
export function generateProgram(seed: number, options?: Partial<ProgramOptions>): Term {
  const random = new Random(seed);
  const fuel =
    options?.fuel ??
    random.weighted([
      [3, 8],
      [4, 18],
      [3, 35],
      [1, 60],
    ]);
  const oddness =
    options?.oddness ??
    random.weighted([
      [4, 0.0],
      [4, 0.004],
      [1, 0.02],
    ]);
  return new ProgramGenerator(random, oddness).program(fuel);
}

interface Variable {
  readonly name: string;
  readonly type: ProgramType;
  /** Found through a `with`, so any lexical variable of that name hides it. */
  readonly dynamic: boolean;
}

/** What is in scope, outermost first. */
type Scope = readonly Variable[];

/** Global names that a variable found through `with` cannot hide. */
const GLOBALS = new Set([
  "map",
  "toString",
  "import",
  "builtins",
  "true",
  "false",
  "null",
  "dirOf",
]);

const NO_SCOPE: Scope = [];

/** The pieces of a text, about as the lexer sees them. */
const TOKENS = /\s+|[\w'-]+|"(?:[^"\\]|\\.)*"|[^\0-\x7f]+|[^\s\w]/g;

/** What no program needs there. */
const STRAY_TOKENS = [
  ...[
    " |> ",
    " <| ",
    " ;",
    ")",
    " ]",
    "}",
    "{",
    " or ",
    " ?",
    " : ",
    "@",
    "...",
    " in ",
    '"',
    "''",
  ],
  ...["/*", " inherit ", " rec ", ".", ",", "\\", "^", "1x", "a:", "../", " -> ", " == 1 == 2 "],
];

/** Uses of builtins whose result has no type of ours. */
const UNTYPED = SIGNATURES.filter(({ result }) => result === "any");

/** Whole programs that show corners of the language which nothing else here reaches. */
const ODDITIES: readonly { readonly type: ProgramType; readonly text: string }[] = [
  { type: INT, text: "let __sub = a: b: 42; in 5 - -1" },
  { type: INT, text: "with { __add = a: b: 42; x = 1; }; x + 1" },
  {
    type: INT,
    text: "({ a, b ? a + c, c ? 1 }@args: b + builtins.length (builtins.attrNames args)) { a = 1; }",
  },
  { type: INT, text: "with { x = 1; }; let x = 2; in with { x = 3; }; x" },
  { type: INT, text: "with { x = 1; }; with { x = 2; y = 3; }; x" },
  { type: INT, text: "let { x = 1; body = x; }" },
  { type: INT, text: "let x = 1; in rec { inherit x; y = x; }.y" },
  { type: INT, text: "let or = 1; in { or = 2; }.or" },
  { type: INT, text: "let or = 5; f = x: x; in f or" },
  { type: INT, text: "let f = x: y: x; in f 1 2" },
  {
    type: INT,
    text: "(rec { __functor = self: x: if x <= 0 then n else self (x - 1); n = 7; }) 3",
  },
  { type: INT, text: "let or = x: x + 1; in builtins.head (map or [ 1 ])" },
  { type: INT, text: "{ a.b.c = 1; a.b.d = 2; }.a.b.d" },
  { type: INT, text: "rec { a.b = 1; c = a.b; }.c" },
  { type: BOOL, text: "let __lessThan = a: b: true; in 2 > 3" },
  { type: BOOL, text: "let f = x: x; in [ f ] == [ f ]" },
  { type: BOOL, text: "let f = x: x; in f == f" },
  { type: BOOL, text: "let f = x: x; in { a = f; } == { a = f; }" },
  { type: BOOL, text: "[ builtins.add ] == [ builtins.add ]" },
  { type: BOOL, text: "[ map ] == [ map ]" },
  { type: BOOL, text: "let n = 1.0e300 * 1.0e300; m = n - n; in [ m ] == [ m ]" },
  { type: BOOL, text: "!{ a = 1; } ? b" },
  { type: BOOL, text: "{ a.b = null; } ? a.b.c" },
  { type: BOOL, text: '(throw "thrown 1") ? a' },
  { type: BOOL, text: "1 ? a.b" },
  { type: BOOL, text: "builtins ? builtins.builtins" },
  { type: BOOL, text: '[ 1 (throw "thrown 2") ] < [ 0 1 ]' },
  {
    type: BOOL,
    text: '{ type = "derivation"; outPath = 1; x = 1; } == { type = "derivation"; outPath = 1; }',
  },
  { type: STRING, text: "a:b" },
  { type: STRING, text: 'toString [ 1 [ ] "" [ [ ] 2 ] null true false 1.5 ]' },
  { type: STRING, text: '"${{ outPath = { __toString = s: s.x; x = "deep"; }; }}"' },
  { type: STRING, text: "toString { __toString = _: 3; }" },
  { type: STRING, text: '{ outPath = ./text; } + "/x"' },
  { type: STRING, text: 'builtins.unsafeDiscardStringContext "${./text}"' },
  {
    type: STRING,
    text: 'builtins.toJSON { a = { outPath = ./text; }; b = { __toString = s: "x"; }; }',
  },
  { type: STRING, text: 'builtins.substring 0 0 "${./text}"' },
  { type: STRING, text: "\"$${x}$\" + ''$${x}''$''" },
  { type: INT, text: "9223372036854775808" },
  { type: INT, text: "builtins.langVersion" },
  { type: INT, text: "({ a ? 1, b ? a }@s: s.b or a) { a = 4; }" },
  { type: INT, text: "(x: x.a or x.b or 3) { b = 2; }" },
  { type: INT, text: "let a.b = 1; a.c = 2; in a.b + a.c" },
  { type: INT, text: "rec { a = b; b = c; c = 3; }.a" },
  { type: INT, text: "let x = 1; in with { x = 2; }; x" },
  { type: INT, text: "(rec { x.y = 1; z = x // { y = 2; }; }).z.y" },
  { type: BOOL, text: "[ ] == [ ] -> false || true && !false" },
  { type: BOOL, text: "{ a = 1; } // { b = 2; } == { b = 2; } // { a = 1; }" },
  { type: BOOL, text: "1 == 1.0 && [ 1 ] == [ 1.0 ] && { a = 1; } == { a = 1.0; }" },
  { type: BOOL, text: "null < null" },
  { type: INT, text: "let inherit (x) y; x = { y = 1; }; in y" },
  { type: INT, text: "rec { inherit (x) y z; x = { y = 1; z = y; }; }.z" },
  { type: INT, text: "let x = 1; in let inherit ({ x = 2; y = x; }) x y; in x + y" },
  { type: INT, text: "let inherit (builtins) add; in add 1 2" },
  { type: STRING, text: "builtins.storeDir" },
  { type: STRING, text: "builtins.currentSystem" },
  { type: BOOL, text: '"a" == ./a' },
  { type: STRING, text: '"${1}"' },
  { type: STRING, text: "''\\n  a\\n\\t b\\n''" },
  { type: PATH, text: "./a + /b" },
  { type: PATH, text: './. + "/../..//x"' },
  { type: PATH, text: '/${"a"}/b' },
];

class ProgramGenerator {
  constructor(
    private readonly random: Random,
    private readonly oddness: number,
  ) {}

  program(fuel: number): Term {
    const { random } = this;
    const program = random.weighted<() => Term>([
      [76, () => this.term(randomType(random, 2), fuel, NO_SCOPE)],
      [6, () => this.builtinCall(random.pick(UNTYPED), fuel, NO_SCOPE)],
      [6, () => this.builtinCall(random.pick(SIGNATURES), fuel, NO_SCOPE)],
      [this.oddness > 0 ? 6 : 0, () => this.misuse(fuel)],
      [4, () => this.sharing(fuel)],
      [this.oddness > 0 ? 2 : 0, () => this.malformed(fuel)],
    ])();
    return random.chance(0.12)
      ? term(
          Level.Application,
          "builtins.tryEval ",
          hole(
            Level.Select,
            random.chance(0.5)
              ? program
              : term(Level.Application, "builtins.deepSeq ", hole(Level.Select, program), " 1"),
          ),
        )
      : program;
  }

  /** A call of a builtin, one of whose arguments is of any type or fails. */
  private misuse(fuel: number): Term {
    const { random } = this;
    const { callee, args } = random.pick(SIGNATURES);
    const wrong = random.below(args.length);
    const parts: Part[] = [callee];
    args.forEach((kind, i) => {
      const right = (): Term => this.argument(kind, fuel >> 2, NO_SCOPE);
      const other = (): Term =>
        random.chance(0.2) ? this.failure() : this.leaf(randomType(random, 1), NO_SCOPE);
      parts.push(" ", hole(Level.Select, i === wrong ? other() : right()));
    });
    return term(Level.Application, ...parts);
  }

  /** A value that contains one value in several places, or itself. */
  private sharing(fuel: number): Term {
    const { random } = this;
    const value = hole(Level.Expression, this.term(randomType(random, 2), fuel, NO_SCOPE));
    const element = hole(Level.Select, value.term);
    return random.pick<() => Term>([
      () => term(Level.Expression, "let s = ", value, "; in [ s s ]"),
      () => term(Level.Expression, "let s = ", value, "; in { a = s; b = { inherit s; }; }"),
      () => term(Level.Expression, "let x = { a = x; b = ", value, "; }; in x"),
      () => term(Level.Expression, "let x = [ x ", element, " [ x ] ]; in x"),
      () => term(Level.Simple, "rec { x = { inherit x y; }; y = ", value, "; z = [ x y ]; }"),
      () =>
        term(
          Level.Application,
          "(let l = [ ",
          element,
          " ]; in f: [ (l ++ [ ]) ([ ] ++ l) (f l) l (l ++ l) ]) (map (x: x))",
        ),
      () =>
        term(
          Level.Application,
          "(s: [ s (s // { }) ({ } // s) (s // s) (removeAttrs s [ ]) (builtins.mapAttrs (_: v: v) s) ]) { a = ",
          value,
          "; }",
        ),
    ])();
  }

  /** A program with a token too few or too many: most are no programs any more. */
  private malformed(fuel: number): Term {
    const { random } = this;
    const text = printTerm(this.term(randomType(random, 1), Math.min(fuel, 10), NO_SCOPE));
    const tokens = text.match(TOKENS) as readonly string[];
    const at = random.below(tokens.length);
    const token = tokens[at] as string;
    const put = random.weighted<readonly string[]>([
      [3, []],
      [2, [token, token]],
      [2, [token, random.pick(tokens)]],
      [3, [token, random.pick(STRAY_TOKENS)]],
    ]);
    return term(Level.Expression, tokens.toSpliced(at, 1, ...put).join(""));
  }

  /** A term of that type. */
  private term(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    if (random.chance(0.01)) {
      const { level, parts } = this.term(type, fuel, scope);
      return term(level, trivia(random), ...parts);
    }
    if (random.chance(this.oddness)) return this.odd(type, fuel, scope);
    const variables = visible(scope).filter((variable) => sameType(variable.type, type));
    if (variables.length > 0 && random.chance(fuel <= 1 ? 0.75 : 0.3)) {
      return variableTerm(random.pick(variables).name);
    }
    if (fuel <= 0) return this.leaf(type, scope);
    if (random.chance(0.45)) return this.anyForm(type, fuel - 1, scope);
    return this.formOf(type, fuel - 1, scope);
  }

  /** A term that has not the type that is wanted, or no value at all. */
  private odd(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    return random.weighted<() => Term>([
      [4, () => this.leaf(randomType(random, 1), scope)],
      [2, () => this.term(randomType(random, 1), fuel >> 1, scope)],
      [4, () => this.failure()],
      [
        1,
        () =>
          this.select(this.term(randomSetType(random, 1), fuel >> 1, scope), randomName(random)),
      ],
      [1, () => this.leaf(type, scope)],
    ])();
  }

  /** A term that fails when it is evaluated. */
  private failure(): Term {
    const { random } = this;
    return random.weighted<() => Term>([
      [6, () => term(Level.Application, `throw "thrown ${random.below(9)}"`)],
      [2, () => term(Level.Expression, "assert false; 1")],
      [1, () => term(Level.Application, 'abort "aborted"')],
      [1, () => term(Level.Product, "1 / 0")],
      [1, () => term(Level.Select, "{ }.missing")],
      [1, () => term(Level.Expression, "let x = x; in x")],
      [1, () => term(Level.Sum, "1 + null")],
      [1, () => term(Level.Literal, "<missing>")],
      [1, () => term(Level.Expression, "let a = b; b = a; in a")],
      [1, () => term(Level.Application, "builtins.head [ ]")],
      [1, () => term(Level.Application, "({ a }: a) { }")],
      [1, () => term(Level.Application, "({ a }: 1) { a = 1; b = 2; }")],
    ])();
  }

  /** A term whose value is not needed: it may be anything. */
  private unused(fuel: number, scope: Scope): Term {
    if (this.random.chance(0.4)) return this.failure();
    return this.term(randomType(this.random, 1), Math.min(fuel, 3), scope);
  }

  // Forms without parts.

  private leaf(type: ProgramType, scope: Scope): Term {
    const { random } = this;
    if (random.chance(0.02)) {
      const fitting = ODDITIES.filter((oddity) => sameType(oddity.type, type));
      if (fitting.length > 0) return term(Level.Expression, random.pick(fitting).text);
    }
    switch (type.kind) {
      case "int":
        return intLiteral(random);
      case "float":
        return floatLiteral(random);
      case "bool":
        return term(Level.Simple, random.pick(["true", "false"]));
      case "string":
        return stringLiteral(random);
      case "path":
        return pathLiteral(random);
      case "null":
        return term(Level.Simple, "null");
      case "derivation":
        return this.derivation(0, scope);
      case "list": {
        const elements: Part[][] = [];
        for (let count = random.below(3); count > 0; count--) {
          elements.push([hole(Level.Select, this.leaf(type.of, scope)), " "]);
        }
        return term(Level.Simple, "[ ", group(elements), "]");
      }
      case "set":
        return this.setLiteral(type.fields, 0, scope);
      case "function":
        return this.lambda(type.from, type.to, 0, scope);
    }
  }

  // Forms for any type.

  private anyForm(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const half = fuel >> 1;
    const third = Math.floor(fuel / 3);
    return random.weighted<() => Term>([
      [
        5,
        () =>
          term(
            Level.Expression,
            "if ",
            hole(Level.Expression, this.term(BOOL, third, scope)),
            " then ",
            hole(Level.Expression, this.term(type, third, scope)),
            " else ",
            hole(Level.Expression, this.term(type, third, scope)),
          ),
      ],
      [9, () => this.letForm(type, fuel, scope)],
      [4, () => this.withForm(type, fuel, scope)],
      [
        2,
        () =>
          term(
            Level.Expression,
            "assert ",
            hole(Level.Expression, this.truth(third, scope)),
            "; ",
            hole(Level.Expression, this.term(type, half, scope)),
          ),
      ],
      [8, () => this.selection(type, fuel, scope)],
      [3, () => this.selectionWithDefault(type, fuel, scope)],
      [8, () => this.call(type, fuel, scope)],
      [
        2,
        () =>
          term(
            Level.Application,
            hole(Level.Application, this.functor(randomType(random, 1), type, half, scope)),
            " ",
            hole(Level.Select, this.unused(2, scope)),
          ),
      ],
      [2, () => this.recursion(type, fuel, scope)],
      [3, () => this.fromList(type, fuel, scope)],
      [2, () => this.cyclic(type, fuel, scope)],
      [
        2,
        () => {
          const tried = term(
            Level.Application,
            "builtins.tryEval ",
            hole(Level.Select, this.term(type, half, scope)),
          );
          return this.select(tried, "value");
        },
      ],
      [
        2,
        () => {
          const callee = random.pick([
            "builtins.seq",
            "builtins.deepSeq",
            "builtins.trace",
            "builtins.addErrorContext",
          ]);
          const first =
            callee === "builtins.addErrorContext"
              ? stringLiteral(random)
              : this.term(randomType(random, 1), third, scope);
          return term(
            Level.Application,
            `${callee} `,
            hole(Level.Select, first),
            " ",
            hole(Level.Select, this.term(type, half, scope)),
          );
        },
      ],
      [
        1,
        () =>
          this.select(
            term(
              Level.Application,
              "builtins.listToAttrs [ ",
              group([
                [
                  '{ name = "n"; value = ',
                  hole(Level.Expression, this.term(type, half, scope)),
                  "; } ",
                ],
                ['{ name = "n"; value = ', hole(Level.Expression, this.failure()), "; } "],
              ]),
              "]",
            ),
            "n",
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            'builtins.getAttr "a" ',
            hole(Level.Select, this.setLiteral([{ name: "a", type }], half, scope)),
          ),
      ],
      [
        1,
        () => {
          const inner = this.setLiteral([{ name: "a", type: randomType(random, 1) }], third, scope);
          const scopeInside: Scope = [
            ...scope,
            { name: "n", type: STRING, dynamic: false },
            { name: "v", type: INT, dynamic: false },
          ];
          const mapper = term(
            Level.Expression,
            "n: v: ",
            hole(Level.Expression, this.term(type, half, scopeInside.slice(0, -1))),
          );
          const mapped = term(
            Level.Application,
            "builtins.mapAttrs ",
            hole(Level.Select, mapper),
            " ",
            hole(Level.Select, inner),
          );
          return this.select(mapped, "a");
        },
      ],
      [
        1,
        () => {
          const base = term(
            Level.Simple,
            "let { body = ",
            hole(Level.Expression, this.term(type, half, scope)),
            "; ",
            group([["q = ", hole(Level.Expression, this.unused(1, scope)), "; "]]),
            "}",
          );
          return base;
        },
      ],
    ])();
  }

  /** A condition that is probably true. */
  private truth(fuel: number, scope: Scope): Term {
    const { random } = this;
    return random.weighted<() => Term>([
      [3, () => term(Level.Simple, "true")],
      [3, () => this.comparisonWithItself(fuel, scope)],
      [1, () => this.term(BOOL, fuel, scope)],
      [1, () => term(Level.Or, hole(Level.Or, this.term(BOOL, fuel >> 1, scope)), " || true")],
    ])();
  }

  private comparisonWithItself(fuel: number, scope: Scope): Term {
    const value = this.term(this.random.pick([INT, STRING, listOf(INT)]), fuel >> 1, scope);
    return term(Level.Equality, hole(Level.Order, value), " == ", hole(Level.Order, value));
  }

  private letForm(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const fields = this.bindings(random.between(1, 3));
    const inside: Scope = [...scope, ...lexical(fields)];
    const share = Math.floor(fuel / (fields.length + 1));
    const items: Part[][] = [];
    fields.forEach((field, i) => {
      // A binding sees those before it, so that nothing depends on itself by accident.
      const own = [...without(scope, fields), ...lexical(fields.slice(0, i))];
      if (i > 0 && random.chance(0.05)) return;
      items.push(this.inherited(field, share, scope, own) ?? this.binding(field, share, own));
    });
    if (items.length < fields.length) return this.term(type, fuel, scope);
    if (random.chance(0.25))
      items.push(this.binding({ name: "unused", type: INT }, 0, scope, this.unused(share, scope)));
    if (random.chance(0.08)) items.push(["inherit; "]);
    return term(
      Level.Expression,
      "let ",
      group(random.shuffled(items)),
      "in ",
      hole(Level.Expression, this.term(type, share, inside)),
    );
  }

  /**
   * Now and then a binding of a `let` or `rec` as an `inherit`: of a variable from outside, or of an
   * attribute of a set that sees the bindings in `own`.
   */
  private inherited(field: Field, fuel: number, outside: Scope, own: Scope): Part[] | undefined {
    const { random } = this;
    const { name, type } = field;
    if (!isPlainName(name) || name === "or") return undefined;
    const known = visible(outside).some(
      (other) => other.name === name && sameType(other.type, type),
    );
    if (known && random.chance(0.4)) return [`inherit ${name}; `];
    if (!random.chance(0.08)) return undefined;
    return ["inherit (", hole(Level.Expression, this.term(setOf(field), fuel, own)), `) ${name}; `];
  }

  private bindings(count: number): Field[] {
    const names = new Set<string>();
    while (names.size < count) names.add(this.random.pick(VARIABLES));
    return [...names].map((name) => ({ name, type: randomType(this.random, 2) }));
  }

  private binding(field: Field, fuel: number, scope: Scope, value?: Term): Part[] {
    return [
      attributeName(field.name, this.random),
      " = ",
      hole(Level.Expression, value ?? this.term(field.type, fuel, scope)),
      "; ",
    ];
  }

  private withForm(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    if (random.chance(0.15)) {
      return term(
        Level.Expression,
        "with ",
        hole(Level.Expression, this.failure()),
        "; ",
        hole(
          Level.Expression,
          this.term(
            type,
            fuel >> 1,
            scope.filter((variable) => !variable.dynamic),
          ),
        ),
      );
    }
    const fields = this.bindings(random.between(1, 2));
    const inside: Scope = [...scope, ...fields.map((field) => ({ ...field, dynamic: true }))];
    return term(
      Level.Expression,
      "with ",
      hole(Level.Expression, this.term(setOf(...fields), fuel >> 1, scope)),
      "; ",
      hole(Level.Expression, this.term(type, fuel >> 1, inside)),
    );
  }

  private select(base: Term, name: string): Term {
    return term(Level.Select, hole(Level.Simple, base), ".", ...this.name(name));
  }

  /** An attribute name, now and then computed. */
  private name(name: string): readonly Part[] {
    const { random } = this;
    // Half of a character of two bytes is no text.
    if (!random.chance(0.06) || !/^[\x20-\x7e]*$/.test(name)) return [attributeName(name, random)];
    const at = random.below(name.length + 1);
    const sum = term(
      Level.Sum,
      hole(Level.Sum, term(Level.Simple, quoted(name.slice(0, at)))),
      " + ",
      hole(Level.Product, term(Level.Simple, quoted(name.slice(at)))),
    );
    return ["${", hole(Level.Expression, sum), "}"];
  }

  private selection(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const holders = visible(scope).filter(
      ({ type: set }) =>
        set.kind === "set" && set.fields.some((field) => sameType(field.type, type)),
    );
    if (holders.length > 0 && random.chance(0.7)) {
      const holder = random.pick(holders);
      const { fields } = holder.type as Extract<ProgramType, { kind: "set" }>;
      const name = random.pick(fields.filter((field) => sameType(field.type, type))).name;
      return this.select(variableTerm(holder.name), name);
    }
    const name = randomName(random);
    const fields: Field[] = [{ name, type }];
    const other = randomName(random);
    if (other !== name) fields.push({ name: other, type: randomType(random, 1) });
    if (random.chance(0.2)) {
      const inner = this.term(setOf({ name: "a", type: setOf(...fields) }), fuel, scope);
      return term(Level.Select, hole(Level.Simple, inner), ".a.", attributeName(name, random));
    }
    return this.select(this.term(setOf(...fields), fuel, scope), name);
  }

  private selectionWithDefault(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const half = fuel >> 1;
    const wanted = hole(Level.Select, this.term(type, half, scope));
    if (random.chance(0.5)) {
      const base = this.term(randomType(random, 1), half, scope);
      return term(
        Level.Select,
        hole(Level.Simple, base),
        `.${random.pick(["q", "q.r", "a.q", '${"q"}'])} or `,
        wanted,
      );
    }
    const name = randomName(random);
    const base = this.term(setOf({ name, type }), half, scope);
    return term(
      Level.Select,
      hole(Level.Simple, base),
      ".",
      attributeName(name, random),
      " or ",
      hole(Level.Select, this.unused(1, scope)),
    );
  }

  private call(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const callees = visible(scope).filter(
      ({ type: callee }) => callee.kind === "function" && sameType(callee.to, type),
    );
    const half = fuel >> 1;
    if (callees.length > 0 && random.chance(0.7)) {
      const callee = random.pick(callees);
      const { from } = callee.type as Extract<ProgramType, { kind: "function" }>;
      return term(
        Level.Application,
        `${callee.name} `,
        hole(Level.Select, this.term(from, half, scope)),
      );
    }
    const fitting = signaturesFor(type);
    if (fitting.length > 0 && random.chance(0.5))
      return this.builtinCall(random.pick(fitting), fuel, scope);
    const from = random.chance(0.5) ? randomSetType(random, 1) : randomType(random, 1);
    const callee = this.term(functionOf(from, type), half, scope);
    return term(
      Level.Application,
      hole(Level.Application, callee),
      " ",
      hole(Level.Select, this.term(from, half, scope)),
    );
  }

  private builtinCall(signature: BuiltinSignature, fuel: number, scope: Scope): Term {
    const { random } = this;
    const share = Math.floor(fuel / Math.max(1, signature.args.length));
    const parts: Part[] = [];
    const name = signature.callee;
    const callee =
      name.startsWith("builtins.") && random.chance(0.1)
        ? `__${name.slice("builtins.".length)}`
        : name;
    parts.push(callee);
    for (const argument of signature.args) {
      parts.push(" ", hole(Level.Select, this.argument(argument, share, scope)));
    }
    return term(Level.Application, ...parts);
  }

  private argument(kind: ArgumentKind, fuel: number, scope: Scope): Term {
    const { random } = this;
    if (random.chance(this.oddness * 3)) return this.leaf(randomType(random, 1), scope);
    switch (kind.is) {
      case "any":
        if (random.chance(0.3)) return this.builtinCall(random.pick(UNTYPED), fuel, scope);
        return this.term(randomType(random, 2), fuel, scope);
      case "type":
        return this.term(kind.type, fuel, scope);
      case "text":
        return term(Level.Simple, random.pick(kind.texts));
    }
  }

  private functor(from: ProgramType, to: ProgramType, fuel: number, scope: Scope): Term {
    const inside: Scope = [...scope, { name: "arg", type: from, dynamic: false }];
    return term(
      Level.Simple,
      "{ ",
      group([
        [
          "__functor = self: arg: ",
          hole(Level.Expression, this.term(to, fuel, inside.slice(0, -1))),
          "; ",
        ],
        ["a = ", hole(Level.Expression, this.unused(1, scope)), "; "],
      ]),
      "}",
    );
  }

  private recursion(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const count = random.pick([0, 1, 3, 10, 40, 300, 1000]);
    const end = hole(
      Level.Expression,
      this.term(type, fuel >> 1, [...scope, { name: "n", type: INT, dynamic: false }]),
    );
    return random.pick<() => Term>([
      () =>
        term(
          Level.Expression,
          "let loop = n: if n <= 0 then ",
          end,
          ` else loop (n - 1); in loop ${count}`,
        ),
      () =>
        term(
          Level.Expression,
          "let even = n: if n == 0 then ",
          end,
          " else odd (n - 1); odd = n: if n == 0 then ",
          end,
          ` else even (n - 1); in even ${count}`,
        ),
      () => {
        const fields: Field[] = [{ name: "a", type }];
        const inside: Scope = [...scope, { name: "self", type: setOf(...fields), dynamic: false }];
        return term(
          Level.Select,
          "(let fix = f: let x = f x; in x; in fix (self: { a = ",
          hole(Level.Expression, this.term(type, fuel >> 1, inside.slice(0, -1))),
          "; b = self.a; c = ",
          hole(Level.Expression, this.term(randomType(random, 1), 1, inside)),
          "; })).b",
        );
      },
    ])();
  }

  private fromList(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const half = fuel >> 1;
    const first = hole(Level.Select, this.term(type, half, scope));
    const other = hole(Level.Select, this.unused(1, scope));
    return random.pick<() => Term>([
      () => term(Level.Application, "builtins.head [ ", first, " ", other, " ]"),
      () => term(Level.Application, "builtins.elemAt [ ", other, " ", first, " ] 1"),
      () =>
        term(
          Level.Application,
          "builtins.foldl' (acc: x: ",
          hole(
            Level.Expression,
            this.term(type, half, [...scope, { name: "acc", type, dynamic: false }]),
          ),
          ") ",
          first,
          " ",
          hole(Level.Select, this.term(listOf(randomType(random, 1)), half, scope)),
        ),
      () =>
        term(
          Level.Application,
          "builtins.head (builtins.tail (builtins.map (x: ",
          hole(
            Level.Expression,
            this.term(type, half, [...scope, { name: "x", type: INT, dynamic: false }]),
          ),
          ") [ 1 2 ]))",
        ),
    ])();
  }

  /** A value of that type inside a structure that contains itself. */
  private cyclic(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const value = hole(
      Level.Expression,
      this.term(type, fuel >> 1, without(scope, [{ name: "x", type }])),
    );
    const element = hole(Level.Select, value.term);
    return random.pick<() => Term>([
      () => term(Level.Select, "(let x = { a = ", value, "; b = x; }; in x).b.b.a"),
      () =>
        term(
          Level.Select,
          "rec { x = [ x ",
          element,
          " ]; a = builtins.elemAt (builtins.head x) 1; }.a",
        ),
      () =>
        term(
          Level.Application,
          "builtins.deepSeq (let x = { a = [ x { b = x; } ]; }; in x) ",
          element,
        ),
      () =>
        term(
          Level.Select,
          "(builtins.deepSeq rec { x.y = { inherit x; }; } { a = ",
          value,
          "; }).a",
        ),
      () => term(Level.Expression, "let x = [ 1 x ]; in assert x == x; ", value),
    ])();
  }

  /** A deep structure as a text. */
  private deepText(fuel: number, scope: Scope): Term {
    const { random } = this;
    const depth = random.pick([1, 5, 50, 300]);
    const step = random.pick([
      "[ acc ]",
      "{ a = acc; }",
      "{ inherit acc; n = x; }",
      "[ x acc ]",
      "acc // { b = { inherit acc; }; }",
    ]);
    const start = hole(
      Level.Select,
      step.startsWith("acc")
        ? term(Level.Simple, "{ }")
        : this.term(random.pick([INT, STRING]), fuel >> 1, scope),
    );
    const print = random.pick([
      "builtins.toJSON",
      "builtins.toXML",
      'builtins.hashString "md5" (builtins.toJSON',
    ]);
    return term(
      Level.Application,
      `${print} (builtins.foldl' (acc: x: ${step}) `,
      start,
      ` (builtins.genList (x: x) ${step.startsWith("acc") ? Math.min(depth, 8) : depth}))${print.includes("(") ? ")" : ""}`,
    );
  }

  // Forms of one type.

  private formOf(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    if (random.chance(0.3)) {
      const fitting = signaturesFor(type);
      if (fitting.length > 0) return this.builtinCall(random.pick(fitting), fuel, scope);
    }
    switch (type.kind) {
      case "int":
        return this.arithmetic(INT, fuel, scope);
      case "float":
        return this.arithmetic(FLOAT, fuel, scope);
      case "bool":
        return this.boolForm(fuel, scope);
      case "string":
        return this.stringForm(fuel, scope);
      case "path":
        return this.pathForm(fuel, scope);
      case "list":
        return this.listForm(type.of, fuel, scope);
      case "set":
        return this.setForm(type.fields, fuel, scope);
      case "function":
        return this.functionForm(type.from, type.to, fuel, scope);
      case "derivation":
        return this.derivation(fuel, scope);
      case "null":
        return this.anyForm(type, fuel, scope);
    }
  }

  private binary(
    level: Level,
    left: Level,
    operator: string,
    right: Level,
    a: Term,
    b: Term,
  ): Term {
    return term(level, hole(left, a), ` ${operator} `, hole(right, b));
  }

  private arithmetic(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const half = fuel >> 1;
    const operand = (): Term =>
      this.term(type.kind === "float" && random.chance(0.3) ? INT : type, half, scope);
    const float = (): Term => this.term(type, half, scope);
    const first = operand();
    const second = type.kind === "float" ? float() : operand();
    const [a, b] = random.chance(0.5) ? [first, second] : [second, first];
    return random.weighted<() => Term>([
      [4, () => this.binary(Level.Sum, Level.Sum, "+", Level.Product, a, b)],
      [3, () => this.binary(Level.Sum, Level.Sum, "-", Level.Product, a, b)],
      [3, () => this.binary(Level.Product, Level.Product, "*", Level.Concatenation, a, b)],
      [
        2,
        () =>
          this.binary(
            Level.Product,
            Level.Product,
            "/",
            Level.Concatenation,
            a,
            term(
              Level.Literal,
              type.kind === "float"
                ? random.pick(["0.5", "3.0", "7."])
                : random.pick(["2", "3", "7"]),
            ),
          ),
      ],
      [
        1,
        () => term(Level.Negation, "-", hole(Level.Negation, type.kind === "float" ? float() : a)),
      ],
    ])();
  }

  private boolForm(fuel: number, scope: Scope): Term {
    const { random } = this;
    const half = fuel >> 1;
    const bool = (): Term => this.term(BOOL, half, scope);
    return random.weighted<() => Term>([
      [3, () => this.binary(Level.And, Level.And, "&&", Level.Equality, bool(), bool())],
      [3, () => this.binary(Level.Or, Level.Or, "||", Level.And, bool(), bool())],
      [2, () => this.binary(Level.Implication, Level.Or, "->", Level.Implication, bool(), bool())],
      [2, () => term(Level.Not, "!", hole(Level.Not, bool()))],
      [
        1,
        () =>
          this.binary(
            Level.And,
            Level.And,
            "&&",
            Level.Equality,
            term(Level.Simple, "false"),
            this.unused(1, scope),
          ),
      ],
      [
        1,
        () =>
          this.binary(
            Level.Or,
            Level.Or,
            "||",
            Level.And,
            term(Level.Simple, "true"),
            this.unused(1, scope),
          ),
      ],
      [
        5,
        () => {
          const type = randomType(random, 2);
          const other = random.chance(0.8) ? type : randomType(random, 2);
          const operator = random.pick(["==", "!="]);
          const a = this.term(type, half, scope);
          const b = random.chance(0.3) ? a : this.term(other, half, scope);
          return this.binary(Level.Equality, Level.Order, operator, Level.Order, a, b);
        },
      ],
      [
        5,
        () => {
          const type = random.weighted<ProgramType>([
            [4, INT],
            [3, FLOAT],
            [3, STRING],
            [1, PATH],
            [1, listOf(INT)],
            [1, listOf(listOf(STRING))],
          ]);
          const mixed = type === INT ? FLOAT : type === FLOAT ? INT : type;
          const operator = random.pick(["<", ">", "<=", ">="]);
          const b = this.term(random.chance(0.3) ? mixed : type, half, scope);
          return this.binary(
            Level.Order,
            Level.Update,
            operator,
            Level.Update,
            this.term(type, half, scope),
            b,
          );
        },
      ],
      [
        3,
        () => {
          const type = random.chance(0.8) ? randomSetType(random, 1) : randomType(random, 1);
          const known = type.kind === "set" && type.fields.length > 0 && random.chance(0.6);
          const name = known ? random.pick(type.fields).name : randomName(random);
          const rest = random.chance(0.2) ? [".", ...this.name(randomName(random))] : [];
          return term(
            Level.HasAttribute,
            hole(Level.Negation, this.term(type, fuel, scope)),
            " ? ",
            ...this.name(name),
            ...rest,
          );
        },
      ],
      [
        2,
        () => {
          const tried = term(
            Level.Application,
            "builtins.tryEval ",
            hole(Level.Select, this.unused(half, scope)),
          );
          return this.select(tried, "success");
        },
      ],
    ])();
  }

  private stringForm(fuel: number, scope: Scope): Term {
    const { random } = this;
    const half = fuel >> 1;
    return random.weighted<() => Term>([
      [4, () => this.interpolation(fuel, scope)],
      [1, () => this.deepText(fuel, scope)],
      [2, () => this.indentedInterpolation(fuel, scope)],
      [
        4,
        () =>
          this.binary(
            Level.Sum,
            Level.Sum,
            "+",
            Level.Product,
            this.term(STRING, half, scope),
            this.coercible(half, scope),
          ),
      ],
      [
        2,
        () =>
          term(
            Level.Application,
            "toString ",
            hole(Level.Select, this.term(randomType(random, 0), half, scope)),
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            random.pick(["toString ", "builtins.toJSON ", "builtins.typeOf "]),
            hole(Level.Select, this.stringLikeSet(half, scope)),
          ),
      ],
      [
        1,
        () =>
          this.select(
            this.derivation(half, scope),
            random.pick(["outPath", "drvPath", "name", "type", "outputName"]),
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "toString ",
            hole(
              Level.Select,
              this.term(listOf(this.random.pick([INT, STRING, BOOL, listOf(INT)])), half, scope),
            ),
          ),
      ],
    ])();
  }

  /** What may stand inside a string: string, path, set with `outPath` or `__toString`. */
  private coercible(fuel: number, scope: Scope): Term {
    const { random } = this;
    return random.weighted<() => Term>([
      [8, () => this.term(STRING, fuel, scope)],
      [1, () => this.stringLikeSet(fuel, scope)],
      [1, () => term(Level.Literal, random.pick(["./text", "./folder", "./folder/inner/file"]))],
      [1, () => this.derivation(fuel, scope)],
    ])();
  }

  private stringLikeSet(fuel: number, scope: Scope): Term {
    const inner = hole(Level.Expression, this.term(STRING, fuel, scope));
    return term(
      Level.Simple,
      "{ ",
      group([
        this.random.pick<Part[]>([
          ["outPath = ", inner, "; "],
          ["__toString = self: ", inner, "; "],
          ["x = ", inner, "; __toString = self: self.x; "],
        ]),
        ["b = ", hole(Level.Expression, this.unused(1, scope)), "; "],
      ]),
      "}",
    );
  }

  private interpolation(fuel: number, scope: Scope): Term {
    const { random } = this;
    const pieces: Part[][] = [];
    for (let count = random.between(1, 3); count > 0; count--) {
      const text = random.chance(0.7) ? stringText(random) : "";
      // A `$` before an interpolation would escape it or be eaten.
      pieces.push([
        text.replace(/\$+$/, ""),
        "${",
        hole(Level.Expression, this.coercible(Math.floor(fuel / 3), scope)),
        "}",
      ]);
    }
    return term(Level.Simple, '"', group(pieces), stringText(random), '"');
  }

  private indentedInterpolation(fuel: number, scope: Scope): Term {
    const { random } = this;
    const pieces: Part[][] = [];
    for (let count = random.between(1, 3); count > 0; count--) {
      pieces.push([
        `${indentedText(random)}${random.pick(["", "\n  ", "\n    ", " "])}`,
        "${",
        hole(Level.Expression, this.coercible(Math.floor(fuel / 3), scope)),
        "}",
      ]);
    }
    return term(
      Level.Simple,
      random.pick(["''", "''\n  ", "''  \n    "]),
      group(pieces),
      random.pick(["", "\n", "\n  ", " x"]),
      "''",
    );
  }

  private pathForm(fuel: number, scope: Scope): Term {
    const { random } = this;
    const text = hole(
      Level.Expression,
      term(Level.Simple, random.pick(['"a"', '"b/c"', '"x.y"', '"../z"'])),
    );
    return random.weighted<() => Term>([
      [2, () => this.leaf(PATH, scope)],
      [
        2,
        () =>
          term(
            Level.Literal,
            random.pick(["./", "/a/", "./x-"]),
            "${",
            text,
            "}",
            random.pick(["", "/d", "-e"]),
          ),
      ],
      [
        2,
        () =>
          this.binary(
            Level.Sum,
            Level.Sum,
            "+",
            Level.Product,
            this.term(PATH, fuel, scope),
            term(Level.Simple, random.pick(['"/a"', '"b"', '"/../c"', "./d", '"/"', '""'])),
          ),
      ],
      [1, () => this.anyForm(PATH, fuel, scope)],
    ])();
  }

  private listForm(of: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const half = fuel >> 1;
    const type = listOf(of);
    return random.weighted<() => Term>([
      [
        8,
        () => {
          const count = random.weighted([
            [1, 0],
            [2, 1],
            [3, 2],
            [2, 3],
            [1, 6],
          ]);
          const items: Part[][] = [];
          for (let i = 0; i < count; i++) {
            items.push([hole(Level.Select, this.term(of, Math.floor(fuel / count), scope)), " "]);
          }
          return term(Level.Simple, "[ ", group(items), "]");
        },
      ],
      [
        4,
        () =>
          this.binary(
            Level.Concatenation,
            Level.HasAttribute,
            "++",
            Level.Concatenation,
            this.term(type, half, scope),
            this.term(type, half, scope),
          ),
      ],
      [
        4,
        () => {
          const from = random.weighted<ProgramType>([
            [3, INT],
            [2, STRING],
            [1, randomType(random, 1)],
          ]);
          return term(
            Level.Application,
            "map ",
            hole(Level.Select, this.term(functionOf(from, of), half, scope)),
            " ",
            hole(Level.Select, this.term(listOf(from), half, scope)),
          );
        },
      ],
      [
        2,
        () =>
          term(
            Level.Application,
            "builtins.filter ",
            hole(Level.Select, this.term(functionOf(of, BOOL), half, scope)),
            " ",
            hole(Level.Select, this.term(type, half, scope)),
          ),
      ],
      [
        2,
        () =>
          term(
            Level.Application,
            "builtins.genList ",
            hole(Level.Select, this.term(functionOf(INT, of), half, scope)),
            ` ${random.below(4)}`,
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "builtins.concatLists ",
            hole(Level.Select, this.term(listOf(type), half, scope)),
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "builtins.concatMap ",
            hole(Level.Select, this.term(functionOf(INT, type), half, scope)),
            " ",
            hole(Level.Select, this.term(listOf(INT), half, scope)),
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "builtins.attrValues ",
            hole(
              Level.Select,
              this.term(setOf({ name: "z", type: of }, { name: "a", type: of }), half, scope),
            ),
          ),
      ],
      [
        1,
        () =>
          this.select(
            term(
              Level.Application,
              "builtins.partition ",
              hole(Level.Select, this.term(functionOf(of, BOOL), half, scope)),
              " ",
              hole(Level.Select, this.term(type, half, scope)),
            ),
            random.pick(["right", "wrong"]),
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "builtins.sort (a: b: ",
            hole(Level.Expression, term(Level.Order, "builtins.toJSON a < builtins.toJSON b")),
            ") ",
            hole(Level.Select, this.term(type, half, scope)),
          ),
      ],
    ])();
  }

  private setForm(fields: readonly Field[], fuel: number, scope: Scope): Term {
    const { random } = this;
    const half = fuel >> 1;
    const type = setOf(...fields);
    return random.weighted<() => Term>([
      [10, () => this.setLiteral(fields, fuel, scope)],
      [6, () => this.recLiteral(fields, fuel, scope)],
      [
        4,
        () => {
          const left = fields.filter(() => random.chance(0.6));
          const right = fields.filter((field) => !left.includes(field) || random.chance(0.2));
          return this.binary(
            Level.Update,
            Level.Not,
            "//",
            Level.Update,
            this.term(setOf(...left), half, scope),
            this.term(setOf(...right), half, scope),
          );
        },
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "removeAttrs ",
            hole(
              Level.Select,
              this.term(
                setOf(
                  { name: "gone", type: INT },
                  ...fields.filter((field) => field.name !== "gone"),
                ),
                half,
                scope,
              ),
            ),
            ' [ "gone" "never" ]',
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "builtins.intersectAttrs ",
            hole(
              Level.Select,
              this.setLiteral(
                fields.map((field) => ({ name: field.name, type: INT })),
                0,
                scope,
              ),
            ),
            " ",
            hole(Level.Select, this.term(type, half, scope)),
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "builtins.listToAttrs [ ",
            group(
              fields.map((field): Part[] => [
                `{ name = ${quoted(field.name)}; value = `,
                hole(
                  Level.Expression,
                  this.term(field.type, Math.floor(fuel / fields.length), scope),
                ),
                "; } ",
              ]),
            ),
            "]",
          ),
      ],
      [
        1,
        () =>
          term(
            Level.Application,
            "builtins.mapAttrs (n: v: v) ",
            hole(Level.Select, this.term(type, half, scope)),
          ),
      ],
    ])();
  }

  private setLiteral(fields: readonly Field[], fuel: number, scope: Scope): Term {
    const share = Math.floor(fuel / Math.max(1, fields.length));
    const items = fields.map((field) => this.attribute(field, share, scope));
    if (this.random.chance(0.02)) {
      items.push(["${null} = ", hole(Level.Expression, this.unused(1, scope)), "; "]);
    }
    return term(Level.Simple, "{ ", group(this.random.shuffled(items)), "}");
  }

  /** A set that more attributes may be added to: all its names are known. */
  private plainSet(fields: readonly Field[], fuel: number, scope: Scope): Term {
    const share = Math.floor(fuel / (fields.length + 1));
    const items = fields.map(({ name, type }): Part[] => [
      `${staticName(name)} = `,
      hole(Level.Expression, this.term(type, share, scope)),
      "; ",
    ]);
    return term(Level.Simple, "{ ", group(items), "}");
  }

  private attribute(field: Field, fuel: number, scope: Scope): Part[] {
    const { random } = this;
    const { name, type } = field;
    if (fuel > 0 && isPlainName(name)) {
      const known = visible(scope).some(
        (other) => other.name === name && sameType(other.type, type),
      );
      if (known && random.chance(0.6)) return [random.pick(["inherit ", "inherit "]), name, "; "];
      if (random.chance(0.08)) {
        return [
          "inherit (",
          hole(Level.Expression, this.term(setOf(field), fuel, scope)),
          `) ${random.chance(0.15) ? quoted(name) : name}; `,
        ];
      }
    }
    if (type.kind === "set" && type.fields.length > 0 && random.chance(0.25)) {
      // Some together and one by itself: a = { b = 1; }; a.c = 2;
      if (random.chance(0.3)) {
        const last = type.fields.at(-1) as Field;
        return [
          `${staticName(name)} = `,
          hole(Level.Simple, this.plainSet(type.fields.slice(0, -1), fuel, scope)),
          `; ${staticName(name)}.${staticName(last.name)} = `,
          hole(Level.Expression, this.term(last.type, fuel >> 1, scope)),
          "; ",
        ];
      }
      // The attributes one by one: a.b = 1; a.c = 2;
      return type.fields.flatMap((inner): Part[] => [
        `${staticName(name)}.${staticName(inner.name)} = `,
        hole(Level.Expression, this.term(inner.type, Math.floor(fuel / type.fields.length), scope)),
        "; ",
      ]);
    }
    const [, ...rest] = this.binding(field, fuel, scope);
    return [...this.name(name), ...rest];
  }

  private recLiteral(fields: readonly Field[], fuel: number, scope: Scope): Term {
    const { random } = this;
    const share = Math.floor(fuel / (fields.length + 1));
    const items: Part[][] = [];
    const names = fields.filter((field) => isPlainName(field.name) && field.name !== "or");
    const outside = without(scope, names);
    fields.forEach((field, i) => {
      const seen = names.filter((name) => fields.indexOf(name) < i);
      const inherited = this.inherited(field, share, scope, [...outside, ...lexical(seen)]);
      if (inherited !== undefined) {
        items.push(inherited);
        return;
      }
      items.push([
        `${staticName(field.name)} = `,
        hole(Level.Expression, this.term(field.type, share, [...outside, ...lexical(seen)])),
        "; ",
      ]);
    });
    const overridden = fields.filter((field) => isPlainName(field.name)).slice(0, 1);
    if (overridden.length > 0 && random.chance(0.06)) {
      const set = term(
        Level.Application,
        "removeAttrs ",
        hole(
          Level.Select,
          term(
            Level.Simple,
            "rec { __overrides = ",
            hole(Level.Expression, this.setLiteral(overridden, share, outside)),
            "; ",
            group(items),
            "}",
          ),
        ),
        ' [ "__overrides" ]',
      );
      return set;
    }
    return term(Level.Simple, "rec { ", group(random.shuffled(items)), "}");
  }

  private functionForm(from: ProgramType, to: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const values = BUILTIN_VALUES.filter(([, type]) => sameType(type, functionOf(from, to)));
    if (values.length > 0 && random.chance(0.3)) return term(Level.Simple, random.pick(values)[0]);
    return random.weighted<() => Term>([
      [10, () => this.lambda(from, to, fuel, scope)],
      [1, () => this.functor(from, to, fuel, scope)],
      [
        1,
        () => {
          const middle = randomType(random, 1);
          const f = hole(Level.Application, this.term(functionOf(middle, to), fuel >> 1, scope));
          const g = hole(Level.Application, this.term(functionOf(from, middle), fuel >> 1, scope));
          return term(Level.Expression, "arg: ", f, " (", g, " arg)");
        },
      ],
    ])();
  }

  private lambda(from: ProgramType, to: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    const plain =
      from.kind === "set" &&
      from.fields.every((field) => isPlainName(field.name) && field.name !== "or");
    if (from.kind !== "set" || !plain || random.chance(0.25)) {
      const name = random.pick(VARIABLES);
      const inside: Scope = [
        ...without(scope, [{ name, type: from }]),
        { name, type: from, dynamic: false },
      ];
      return term(
        Level.Expression,
        `${name}: `,
        hole(Level.Expression, this.term(to, fuel, inside)),
      );
    }
    const at = random.chance(0.35) ? "args" : undefined;
    const wanted = from.fields.filter(() => random.chance(0.85));
    const ellipsis = wanted.length < from.fields.length || random.chance(0.2);
    const extra = random.chance(0.4) ? [{ name: "opt", type: randomType(random, 1) }] : [];
    const all = [...wanted, ...extra];
    const atField = at === undefined ? [] : [{ name: at, type: from }];
    const base = without(scope, [...all, ...atField]);
    const inside: Scope = [...base, ...lexical([...all, ...atField])];
    const items = random.shuffled([
      ...wanted.map(({ name, type }): Part[] =>
        random.chance(0.25)
          ? [
              name,
              " ? ",
              hole(
                Level.Expression,
                random.chance(0.5) ? this.failure() : this.term(type, 1, base),
              ),
            ]
          : [name],
      ),
      ...extra.map(({ name, type }): Part[] => [
        `${name} ? `,
        hole(
          Level.Expression,
          this.term(type, Math.min(fuel, 3), [...base, ...lexical([...wanted, ...atField])]),
        ),
      ]),
    ]);
    if (ellipsis) items.push(["..."]);
    const parts: Part[] = items.flatMap((item, i): Part[] =>
      i === 0 ? [...item] : [", ", ...item],
    );
    const pattern: Part[] = [parts.length === 0 ? "{ " : "{ ", ...parts, " }"];
    const head: Part[] =
      at === undefined
        ? pattern
        : random.chance(0.5)
          ? [...pattern, `@${at}`]
          : [`${at}@`, ...pattern];
    return term(
      Level.Expression,
      ...head,
      ": ",
      hole(Level.Expression, this.term(to, fuel, inside)),
    );
  }

  private derivation(fuel: number, scope: Scope): Term {
    const { random } = this;
    const items: Part[][] = [];
    // Without floats, whose JSON in structured attributes is part of the hash.
    const structured = random.chance(0.1);
    const simple = [INT, STRING, BOOL, listOf(STRING), listOf(INT)];
    for (let count = random.below(3); count > 0; count--) {
      const name = random.pick(["src", "x", "flags", "dep", "env"]) + String(count);
      const type = random.pick(structured ? simple : [...simple, FLOAT]);
      const value = random.chance(0.3)
        ? term(Level.Literal, random.pick(["./text", "null", "./folder", "[ ]"]))
        : this.term(type, fuel >> 1, scope);
      items.push([`${name} = `, hole(Level.Expression, value), "; "]);
    }
    if (random.chance(0.2)) items.push(['outputs = [ "out" "dev" ]; ']);
    if (random.chance(0.15))
      items.push(['args = [ "-c" ', hole(Level.Select, this.coercible(0, scope)), " ]; "]);
    if (structured) items.push(["__structuredAttrs = true; "]);
    if (random.chance(0.1)) items.push(["__ignoreNulls = true; "]);
    if (random.chance(0.1))
      items.push([
        'outputHash = "0000000000000000000000000000000000000000000000000000"; outputHashAlgo = "sha256"; ',
      ]);
    return term(
      Level.Application,
      "derivation { name = ",
      hole(Level.Expression, term(Level.Simple, random.pick(['"d"', '"hello-1.2"', '"a.b"']))),
      "; builder = ",
      hole(Level.Expression, term(Level.Literal, random.pick(['"/bin/sh"', "./text", '"b"']))),
      '; system = "x86_64-linux"; ',
      group(items),
      "}",
    );
  }
}

/** The variables that can be named: not those hidden by another one. */
function visible(scope: Scope): Variable[] {
  const found = new Map<string, Variable>();
  for (const variable of scope) {
    const other = found.get(variable.name);
    if (variable.dynamic && (GLOBALS.has(variable.name) || (other !== undefined && !other.dynamic)))
      continue;
    found.set(variable.name, variable);
  }
  return [...found.values()];
}

/** The scope without the variables that those fields hide. */
function without(scope: Scope, fields: readonly Field[]): Scope {
  const names = new Set(fields.map((field) => field.name));
  return scope.filter((variable) => !names.has(variable.name));
}

function lexical(fields: readonly Field[]): Variable[] {
  return fields.map((field) => ({ ...field, dynamic: false }));
}

function variableTerm(name: string): Term {
  return term(Level.Simple, name);
}

/** An attribute name in one of the ways in which it can be written. */
function attributeName(name: string, random: Random): string {
  if (!isPlainName(name)) return random.chance(0.3) ? `\${${quoted(name)}}` : quoted(name);
  if (random.chance(0.05)) return quoted(name);
  return name;
}

function staticName(name: string): string {
  return isPlainName(name) ? name : quoted(name);
}

function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, "\\$&").replaceAll("${", "\\${")}"`;
}

function signaturesFor(type: ProgramType): readonly BuiltinSignature[] {
  return SIGNATURES.filter(({ result }) => result !== "any" && sameType(result, type));
}
