/**
 * Random programs whose calls take arguments that come from files, and random edits of these files, which often
 * leave what a function looks at as it is: fixpoints as of module systems, functions and comparisons in
 * arguments and results, failures, traces, positions.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "@nivis/testkit";

const DATA = ["d0", "d1", "d2"];
const FUNCTIONS = ["f0", "f1", "f2"];
const MAINS = ["m0", "m1"];
const NAMES = ["x", "y", "f", "t", "n", "l"];

/** A directory of such programs. */
export class RandomCalls {
  readonly environment: Record<string, string> = {};
  /** Whether programs catch errors. Calls that do are never the same after an edit, so others are made, too. */
  readonly catches: boolean;

  constructor(
    readonly root: string,
    readonly random: Random,
  ) {
    this.catches = random.chance(0.5);
    mkdirSync(root, { recursive: true });
    for (const name of DATA) this.#write(name, this.#dataFile());
    for (const name of FUNCTIONS) this.#write(name, this.#functionFile());
    for (const name of MAINS) this.#write(name, this.#main(2));
  }

  /** Makes a random edit and returns what it was, for people. */
  edit(): string {
    const { random } = this;
    if (random.chance(0.8)) {
      const name = random.pick(DATA);
      return this.#write(name, this.#dataFile());
    }
    if (random.chance(0.5)) return this.#write(random.pick(FUNCTIONS), this.#functionFile());
    return this.#write(random.pick(MAINS), this.#main(2));
  }

  /** A random program. */
  expression(): string {
    return this.random.chance(0.5) ? `import ./${this.random.pick(MAINS)}.nix` : this.#main(2);
  }

  #write(name: string, text: string): string {
    writeFileSync(join(this.root, `${name}.nix`), `${text}\n`);
    return `${name}: ${text}`;
  }

  /** A set in a file; most versions of it differ in little. */
  #dataFile(): string {
    const { random } = this;
    const attributes = NAMES.filter(() => random.chance(0.9)).map(
      (name) => `${name} = ${this.#datum(name, 2)};`,
    );
    const comment = random.chance(0.2) ? "/* */ " : "";
    const set = `${random.chance(0.3) ? "rec " : ""}{ ${attributes.join(" ")} }`;
    return random.weighted<() => string>([
      [6, () => `${comment}${set}`],
      [1, () => `builtins.trace "read" (${set})`],
      [1, () => `${set} // import ./d2.nix`.replace("import ./d2.nix", '{ z = "z"; }')],
      [1, () => `let n = 1; in ${set}`],
      [1, () => `with { w = 1; }; ${set}`],
    ])();
  }

  #datum(name: string, depth: number): string {
    const { random } = this;
    switch (name) {
      case "x":
        return random.pick(["1", "1", "1", "2", "1 + 0", "null", '"s"', "1.0", "./d0.nix"]);
      case "y":
        return random.pick(['"s"', '"s"', '"s" + ""', 'builtins.getEnv "N"', "[ ]", "{ }"]);
      case "f":
        return random.pick(["z: z", "z: [ z ]", "let k = 1; in z: [ z k ]", "builtins.add 1"]);
      case "t":
        if (!this.catches && random.chance(0.8)) return "1";
        return random.pick([
          'throw "t"',
          "1",
          'throw "u"',
          'builtins.trace "t" 1',
          "assert false; 1",
        ]);
      case "n":
        return depth === 0
          ? "1"
          : `{ ${NAMES.map((inner) => `${inner} = ${this.#datum(inner, depth - 1)};`).join(" ")} }`;
      default:
        return random.pick(["[ 1 2 ]", "[ 1 (z: z) ]", "[ ]", "[ { x = 1; } 2 ]", "[ [ 1 ] 2 ]"]);
    }
  }

  #functionFile(): string {
    const { random } = this;
    const body = `{ r = ${this.#use("a", 2)}; p = ${this.#use("b", 2)}; g = v: [ v ${this.#use("a", 1)} ]; inherit a; q = args == args; e = ${this.#use("(args.b or a)", 2)}; }`;
    const pattern = random.pick(["{ a, b ? 1, ... }@args", "args@{ a, b ? a, ... }"]);
    return random.weighted<() => string>([
      [3, () => `${pattern}: ${body}`],
      [1, () => `${pattern}: let self = ${body} // { s = self.r; }; in self`],
      [1, () => `${pattern}: builtins.seq (${this.#use("a", 1)}) ${body}`],
      [1, () => `let k = import ./d1.nix; in ${pattern}: ${body} // { k = k == a; }`],
      [
        2,
        () =>
          `${pattern}: let i = import ./${random.pick(FUNCTIONS)}.nix; in ${body} // { i = if args ? stop then 1 else i { a = ${this.#use("a", 1)}; b = args.b or 1; stop = 1; }; }`,
      ],
    ])();
  }

  /** An expression about a variable. */
  #use(variable: string, depth: number): string {
    const { random } = this;
    const name = random.pick(NAMES);
    const inner = (): string => (depth > 0 ? this.#use(variable, depth - 1) : variable);
    return random.weighted<() => string>([
      [6, () => `(${variable}.${name} or 7)`],
      [2, () => `(${variable}.n.${name} or 7)`],
      [2, () => variable],
      [2, () => `((${variable}.f or (q: q)) (${inner()}))`],
      [2, () => `((${variable}.n.f or (q: q)) 5)`],
      [1, () => `(builtins.attrNames ${variable})`],
      [1, () => `(${variable} == ${inner()})`],
      [1, () => `((${variable}.l or [ ]) == (${variable}.l or 1))`],
      [this.catches ? 2 : 0, () => `(builtins.tryEval (${variable}.t or 3))`],
      [this.catches ? 1 : 0, () => `(builtins.tryEval (builtins.deepSeq ${variable} 1))`],
      [1, () => `(builtins.map (e: [ e ]) (${variable}.l or [ ]))`],
      [1, () => `(builtins.length (${variable}.l or [ ]))`],
      [1, () => `(${variable} // { x = 9; })`],
      [1, () => `(with ${variable}; [ (x: x) ])`],
      [0.5, () => `(builtins.unsafeGetAttrPos "${name}" ${variable})`],
      [0.5, () => `(builtins.trace "use" (${inner()}))`],
      [0.5, () => `(builtins.addErrorContext "here" (${inner()}))`],
      [0.5, () => `(builtins.seq (${inner()}) 1)`],
      [0.5, () => `(builtins.elem (${inner()}) [ ${variable} (${variable}.f or 1) ])`],
      [0.5, () => `(builtins.functionArgs (${variable}.f or (q: q)))`],
      [0.3, () => `(builtins.trace ${variable} 1)`],
      [0.3, () => `(1 + (${inner()}))`],
      [0.3, () => `${variable}.${name}`],
    ])();
  }

  /** A program that calls a function. */
  #main(depth: number): string {
    const { random } = this;
    const callee = (): string => `(import ./${random.pick(FUNCTIONS)}.nix)`;
    const data = (): string => `(import ./${random.pick(DATA)}.nix)`;
    const shown = (): string => {
      const parts = ["r.r", "r.p", "(r.g 1)", "r.a", "r.e", "r", "(r.i or 1)", "(r.k or 1)"];
      const chosen = parts.filter(() => random.chance(0.4));
      return `[ ${chosen.join(" ")} (r.a == d) ((r.a.f or 1) == (d.f or 2)) ([ r ] == [ r ]) ]`;
    };
    const given = (): string =>
      random.pick([
        "a = d;",
        "inherit (c) a;",
        "a = d; b = c;",
        "a = c.n or d;",
        "a = { inherit d; inherit (d) x n; f = v: [ v d.x ]; };",
        `a = ${this.#use("d", 1)};`,
        `a = ${this.#use("d", 1)}; b = ${this.#use("c", 1)};`,
        "a = d // { f = let k = d; in q: [ q (k.x or 1) ]; };",
        "a = d.n or d; b = [ d (d.f or 1) ];",
        "a = with d; { g = q: [ q x ]; x = 1; };",
      ]);
    return random.weighted<() => string>([
      [
        3,
        () =>
          `let d = ${data()}; c = { a = d; n = d; }; r = ${callee()} { ${given()} }; in ${shown()}`,
      ],
      [
        3,
        () =>
          `let d = { x = 1; f = v: v; } // ${data()}; c = { a = d.n or 1; n = r.p; }; r = ${callee()} ({ ${given()} } // { }); in ${shown()}`,
      ],
      [
        3,
        () =>
          `let fix = f: let s = f s; in s; s = fix (self: { d = ${data()}; c = { a = self.d; n = self.d.n or 3; y = self.r.r; }; r = let inherit (self) c d; in ${callee()} { ${given()} }; o = self.r.r; }); inherit (s) c d r; in [ s.o ${shown()} ]`,
      ],
      [
        2,
        () =>
          `let d = ${data()}; c = { inherit d; a = d; }; r = (if (d.x or 1) == 1 then ${callee()} else ${callee()}) { ${given()} }; in ${shown()}`,
      ],
      [
        1,
        () =>
          `let d = ${data()}; c = { a = d; x = r.e; }; r = ${callee()} { a = { inherit (d) x f; y = r.p; }; b = r.r; }; in ${shown()}`,
      ],
      [1, () => (depth > 0 ? `[ (${this.#main(depth - 1)}) (${this.#main(depth - 1)}) ]` : "1")],
    ])();
  }
}
