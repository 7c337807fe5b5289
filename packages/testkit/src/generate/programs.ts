/**
 * The generator of programs: makes terms of a wanted type from a seed.
 *
 * A program is generated from the outside in. Fuel limits its size: each form takes one unit and
 * passes the rest to its parts. Where a value is not used, the generator puts a term that would
 * fail, which makes laziness observable. A small part of all terms has another type than the wanted
 * one.
 */
import { SIGNATURES } from "./builtin-signatures.ts";
import { anyForm } from "./forms/any.ts";
import { builtinArgument, builtinCall, signaturesFor, UNTYPED } from "./forms/calls.ts";
import { derivation } from "./forms/coercible.ts";
import { failure } from "./forms/failures.ts";
import { functionForm, lambda } from "./forms/functions.ts";
import { listForm } from "./forms/lists.ts";
import { arithmetic, boolForm } from "./forms/numbers.ts";
import { select } from "./forms/selections.ts";
import { setForm, setLiteral } from "./forms/sets.ts";
import { pathForm, stringForm } from "./forms/strings.ts";
import { floatLiteral, intLiteral, pathLiteral, stringLiteral, trivia } from "./literals.ts";
import { ODDITIES } from "./oddities.ts";
import {
  FLOAT,
  INT,
  type ProgramType,
  randomName,
  randomSetType,
  randomType,
  sameType,
} from "./program-type.ts";
import { Random } from "./random.ts";
import { NO_SCOPE, type Scope, variableTerm, visible } from "./scope.ts";
import { group, hole, Level, type Part, printTerm, type Term, term } from "./term.ts";
import type { TermSource } from "./term-source.ts";

/** Parameters of the generator. */
export interface ProgramOptions {
  /** The largest number of forms in a program. */
  readonly fuel: number;
  /** The probability, at each place, of a term that throws or has a wrong type. */
  readonly oddness: number;
}

/** The program for a seed. */
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

/** The tokens of a text, approximately. */
const TOKENS = /\s+|[\w'-]+|"(?:[^"\\]|\\.)*"|[^\0-\x7f]+|[^\s\w]/g;

/** Tokens to insert where no program has them. */
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

class ProgramGenerator implements TermSource {
  constructor(
    readonly random: Random,
    readonly oddness: number,
  ) {}

  program(fuel: number): Term {
    const { random } = this;
    const program = random.weighted<() => Term>([
      [76, () => this.term(randomType(random, 2), fuel, NO_SCOPE)],
      [6, () => builtinCall(this, random.pick(UNTYPED), fuel, NO_SCOPE)],
      [6, () => builtinCall(this, random.pick(SIGNATURES), fuel, NO_SCOPE)],
      [this.oddness > 0 ? 6 : 0, () => this.#misuse(fuel)],
      [4, () => this.#sharing(fuel)],
      [this.oddness > 0 ? 2 : 0, () => this.#malformed(fuel)],
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
  #misuse(fuel: number): Term {
    const { random } = this;
    const { callee, args } = random.pick(SIGNATURES);
    const wrong = random.below(args.length);
    const parts: Part[] = [callee];
    args.forEach((kind, i) => {
      const right = (): Term => builtinArgument(this, kind, fuel >> 2, NO_SCOPE);
      const other = (): Term =>
        random.chance(0.2) ? failure(this) : this.leaf(randomType(random, 1), NO_SCOPE);
      parts.push(" ", hole(Level.Select, i === wrong ? other() : right()));
    });
    return term(Level.Application, ...parts);
  }

  /** A value that contains one value in several places, or itself. */
  #sharing(fuel: number): Term {
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

  /** A program with a missing or an extra token; most do not parse. */
  #malformed(fuel: number): Term {
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

  /** A term with another type than the wanted one, or without a value. */
  #odd(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    return random.weighted<() => Term>([
      [4, () => this.leaf(randomType(random, 1), scope)],
      [2, () => this.term(randomType(random, 1), fuel >> 1, scope)],
      [4, () => failure(this)],
      [
        1,
        () =>
          select(this, this.term(randomSetType(random, 1), fuel >> 1, scope), randomName(random)),
      ],
      [1, () => this.leaf(type, scope)],
    ])();
  }

  /** A term of the type. */
  term(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    if (random.chance(0.01)) {
      const { level, parts } = this.term(type, fuel, scope);
      return term(level, trivia(random), ...parts);
    }
    if (random.chance(this.oddness)) return this.#odd(type, fuel, scope);
    const variables = visible(scope).filter((variable) => sameType(variable.type, type));
    if (variables.length > 0 && random.chance(fuel <= 1 ? 0.75 : 0.3)) {
      return variableTerm(random.pick(variables).name);
    }
    if (fuel <= 0) return this.leaf(type, scope);
    if (random.chance(0.45)) return this.anyForm(type, fuel - 1, scope);
    return this.#formOf(type, fuel - 1, scope);
  }

  leaf(type: ProgramType, scope: Scope): Term {
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
        return derivation(this, 0, scope);
      case "list": {
        const elements: Part[][] = [];
        for (let count = random.below(3); count > 0; count--) {
          elements.push([hole(Level.Select, this.leaf(type.of, scope)), " "]);
        }
        return term(Level.Simple, "[ ", group(elements), "]");
      }
      case "set":
        return setLiteral(this, type.fields, 0, scope);
      case "function":
        return lambda(this, type.from, type.to, 0, scope);
    }
  }

  #formOf(type: ProgramType, fuel: number, scope: Scope): Term {
    const { random } = this;
    if (random.chance(0.3)) {
      const fitting = signaturesFor(type);
      if (fitting.length > 0) return builtinCall(this, random.pick(fitting), fuel, scope);
    }
    switch (type.kind) {
      case "int":
        return arithmetic(this, INT, fuel, scope);
      case "float":
        return arithmetic(this, FLOAT, fuel, scope);
      case "bool":
        return boolForm(this, fuel, scope);
      case "string":
        return stringForm(this, fuel, scope);
      case "path":
        return pathForm(this, fuel, scope);
      case "list":
        return listForm(this, type.of, fuel, scope);
      case "set":
        return setForm(this, type.fields, fuel, scope);
      case "function":
        return functionForm(this, type.from, type.to, fuel, scope);
      case "derivation":
        return derivation(this, fuel, scope);
      case "null":
        return anyForm(this, type, fuel, scope);
    }
  }

  anyForm(type: ProgramType, fuel: number, scope: Scope): Term {
    return anyForm(this, type, fuel, scope);
  }
}
