/**
 * Random trees of files with programs that look at them, and random edits: the ways in which a
 * remembered result could become wrong.
 *
 * All names are few, so that edits hit what programs look at, and programs look at what is not there.
 * Edits include those that try to hide: the same size, the old modification time, a symlink in place
 * of a directory, another file of the same age under the name.
 */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { Random } from "@nivis/testkit";

const DIRECTORIES = ["", "a", "b", "a/c", "b/d", "link"];
const NAMES = ["m0.nix", "m1.nix", "m2.nix", "m3.nix", "default.nix", "x", "y", "z.txt"];
/** Files that contain functions of sets. */
const FUNCTIONS = ["f0.nix", "f1.nix"];
const INITIAL_FILES = 30;
/** Further entries of directories, whose contents nobody looks at. */
const ENTRIES = ["0", "k", "n0", "n1", "n2", "w", "zz"];
/** A directory of directories, whose entries programs unite. */
const SHARDS = "s";
/** The names in it; one sorts before all others, and some are also names in the directories. */
const SHARD_NAMES = ["-", "k", "ka", "m", "n0", "z"];
/** Two forms in which the union of a list of sets is written by halves, and some that look like them. */
const UNIONS = [
  "if to - from == 1 then elemAt xs from else half from ((from + to) / 2) // half ((from + to) / 2) to",
  "if to - from >= 2 then half from (from + (to - from) / 2) // half (from + (to - from) / 2) to else elemAt xs from",
  "if to - from == 1 then elemAt xs from else half ((from + to) / 2) to // half from ((from + to) / 2)",
  "if to - from <= 2 then elemAt xs from else half from ((from + to) / 2) // half ((from + to) / 2) to",
];
const VARIABLES = ["V", "W", "NIX_PATH"];
const VALUES = ["", "1", "two", "p=a:q=b", "p=b:a", "nixpkgs=link"];

/** Permissions, of which the last ones matter only to users other than root. */
const MODES = [0o644, 0o755, 0o600, 0o444, 0o000];

/** A tree on disk, and the variables of the environment. */
export class RandomTree {
  readonly environment: Record<string, string> = {};

  /** With `isOfListings`, all programs look at entries of two directories, and all edits change these. */
  constructor(
    readonly root: string,
    readonly random: Random,
    readonly isOfListings = false,
  ) {
    for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true });
    for (let i = 0; i < INITIAL_FILES; i++) {
      this.#write(join(root, random.pick(DIRECTORIES), random.pick(NAMES)));
    }
    for (const name of FUNCTIONS) this.#write(join(root, random.pick(["", "a"]), name));
    if (isOfListings) {
      for (const name of SHARD_NAMES.slice(1, 4)) {
        mkdirSync(join(root, SHARDS, name), { recursive: true });
        for (const entry of ["n1", name]) writeFileSync(join(root, SHARDS, name, entry), "");
      }
    }
  }

  /** Makes a random edit and returns what it was, for people. */
  edit(): string {
    const { random } = this;
    if (this.isOfListings) return this.#changeEntry();
    const path = this.#anyPath();
    const place = join(this.root, path);
    // The current directory stays.
    if (path === ".") return "nothing";
    try {
      const action = random.weighted<() => string>([
        [6, () => this.#write(place)],
        [5, () => this.#overwriteQuietly(this.#existing(place))],
        [1, named("mode", () => chmodSync(place, random.pick(MODES)))],
        [1, named("remove", () => rmSync(place, { recursive: true, force: true }))],
        [1, () => this.#rename(place)],
        [2, () => this.#link(place)],
        [1, named("directory", () => mkdirSync(place, { recursive: true }))],
        [1, named("touch", () => utimesSync(place, 1, random.below(3)))],
        [1, () => this.#hardLink(place)],
        [1, () => this.#rewriteSame(this.#existing(place))],
        [2, () => this.#setVariable()],
        [6, () => this.#changeEntry()],
        [1, () => "nothing"],
      ]);
      return `${action()} ${path}`;
    } catch {
      return `failed ${path}`;
    }
  }

  /** {@link edit} of a file, never of the environment, which a process keeps. */
  fileEdit(): string {
    const environment = { ...this.environment };
    const edit = this.edit();
    for (const name of VARIABLES) delete this.environment[name];
    Object.assign(this.environment, environment);
    return edit;
  }

  /** A random program: an expression whose paths are relative to `from`, by default the root. */
  expression(depth = 2, from = this.root): string {
    const { random } = this;
    if (this.isOfListings) {
      const uses = Array.from({ length: 1 + random.below(2) }, () => this.#useOfListings(from));
      return `[ ${uses.map((use) => `(${use})`).join(" ")} ]`;
    }
    // What fails ends the program, so most of it should not.
    const path = (): string => {
      const chosen = this.#anyPath();
      const place = join(this.root, chosen);
      const wanted = random.chance(0.2) ? place : this.#existing(place);
      return `./${relative(from, wanted) || "."}`;
    };
    const callee = (): string => {
      const [place = this.root] = ["", "a"]
        .flatMap((directory) => FUNCTIONS.map((name) => join(this.root, directory, name)))
        .filter((place) => isFile(place) && random.chance(0.5));
      return `(import ./${relative(from, place) || "."})`;
    };
    const inner = (): string => (depth > 0 ? this.expression(depth - 1, from) : "1");
    return random.weighted<() => string>([
      [9, () => this.#useOfListings(from)],
      [4, () => `import ${path()}`],
      [3, () => `builtins.readFile ${path()}`],
      [3, () => `builtins.readDir ${path()}`],
      [3, () => `builtins.pathExists ${path()}`],
      [1, () => `builtins.pathExists "\${toString ${path()}}/"`],
      [2, () => `builtins.readFileType ${path()}`],
      [2, () => `"\${${path()}}"`],
      [1, () => `builtins.path { path = ${path()}; filter = p: t: baseNameOf p != "y"; }`],
      [1, () => `builtins.filterSource (p: t: t != "symlink") ${path()}`],
      [1, () => `builtins.hashFile "sha256" ${path()}`],
      [2, () => `builtins.getEnv "${random.pick(VARIABLES)}"`],
      [2, () => `<${random.pick(["p", "q", "p/x", "m0.nix", "nixpkgs", "nix/fetchurl.nix"])}>`],
      [1, () => `builtins.trace (${inner()}) (${inner()})`],
      [2, () => `builtins.tryEval (${inner()})`],
      [2, () => `{ a = ${inner()}; b = ${inner()}; }`],
      [6, () => `[ (${inner()}) (${inner()}) (${inner()}) ]`],
      [1, () => `builtins.attrNames (builtins.readDir ${path()})`],
      [1, () => `if ${inner()} == ${inner()} then 1 else 2`],
      [2, () => `(let x = ${inner()}; f = y: [ y x ]; in f (${inner()}))`],
      [
        1,
        () =>
          `(let f = import ${path()}; x = ${inner()}; in { inherit x; y = f; z = [ x f ] == [ x f ]; })`,
      ],
      [1, () => `builtins.map (x: [ x (${inner()}) ]) [ (${inner()}) 1 ]`],
      [1, () => `builtins.mapAttrs (n: v: [ n (${inner()}) v ]) (builtins.readDir ${path()})`],
      [1, () => `((${inner()}).v or (${inner()}))`],
      [1, () => `(rec { a = ${inner()}; b = { inherit a; c = a; }; d = b // { e = b == b; }; })`],
      [1, () => `(with { v = ${inner()}; }; [ v (${inner()}) ])`],
      [
        1,
        () => `(let r = builtins.deepSeq (${inner()}) (${inner()}); in [ r (builtins.seq r 1) ])`,
      ],
      [0.5, () => `(builtins.foldl' (a: b: [ a b ]) (${inner()}) [ (${inner()}) 2 3 ])`],
      [
        0.5,
        () => `(let x = builtins.tryEval (${inner()}); in if x.success then x else throw "failed")`,
      ],
      [0.5, () => `(builtins.toJSON (${inner()}))`],
      [0.7, () => `(1 + (${inner()}))`],
      [0.5, () => `(${inner()}).v`],
      [3, () => this.#call(callee(), inner)],
      [2, () => `(let f = ${callee()}; in [ (f { } == f { }) (${inner()}) ])`],
      [
        2,
        () => `(let t = ${this.#call(callee(), inner)}; in [ (${inner()}) (t.w or t) (t == t) ])`,
      ],
      [
        1,
        () =>
          `(let f = ${callee()}; x = (${inner()}); a = { inherit x; y = [ (z: z) x ]; }; r = f { inherit (a) x y; s = "s"; }; in [ (r.y or 1) (a == r.a or a) ((r.y or a.y) == a.y) (f { } == f { }) ])`,
      ],
      [0.4, () => `((${inner()}) (${inner()}))`],
      [0.4, () => `(builtins.addErrorContext "here" (${inner()}))`],
      [0.3, () => `(rec { a = b; b = (${inner()}).v or a; }).a`],
      [0.3, () => `throw "no"`],
      [0.2, () => `builtins.isInt builtins.currentTime`],
      [
        2,
        () =>
          `(derivation { name = "d"; system = "s"; builder = "b"; src = ${path()}; v = builtins.toJSON (${inner()}); }).drvPath`,
      ],
    ])();
  }

  /** A call with a set as it is written. */
  #call(callee: string, inner: () => string): string {
    const { random } = this;
    const attribute = (name: string): string =>
      random.pick([
        "",
        "",
        `${name} = "${name}";`,
        `${name} = [ "s" (v: v) ];`,
        `${name} = { v = ${inner()}; };`,
        `${name} = ${inner()};`,
        `${name} = (u: u);`,
      ]);
    return `(${callee} { ${["x", "y", "s"].map(attribute).join(" ")} })`;
  }

  /** An expression that looks at the entries of directories through a set. */
  #useOfListings(from: string): string {
    const { random } = this;
    const set = this.#setOfListings(from, 2);
    const name = (): string => random.pick(ENTRIES.slice(1));
    const a = name();
    const b = name();
    return random.weighted<() => string>([
      [1, () => `builtins.attrNames ${set}`],
      [1, () => `builtins.attrValues ${set}`],
      [1, () => `builtins.toJSON ${set}`],
      [0.5, () => `builtins.toXML ${set}`],
      [1, () => `${set}`],
      [1, () => `builtins.deepSeq ${set} 1`],
      [1, () => `builtins.length (builtins.attrNames ${set})`],
      [6, () => `(${set}.${a} or 5)`],
      [6, () => `(${set} ? ${a})`],
      [2, () => `(with { ${a} = 3; }; with ${set}; [ ${a} ${b} ])`],
      [2, () => `(${set} == ${random.pick([set, "{ }", `{ ${a} = "regular"; }`])})`],
      [2, () => `(({ ${a} ? 1, ... }: ${a}) ${set})`],
      [1, () => `(({ ${a} ? 1, ${b} ? 2 }: ${a}) ${set})`.replace(`, ${a} ? 2`, "")],
      [1, () => `(({ ... }@s: s ? ${a}) ${set})`],
      [2, () => `(builtins.catAttrs "${a}" [ ${set} ${set} ])`],
      [1, () => `(builtins.hasAttr "${a}" ${set})`],
      [1, () => `(builtins.getAttr "${a}" ${set})`],
      [1, () => `(builtins.tryEval ${set}.${a})`],
      [1, () => `${set}.n`],
      [0.5, () => `"\${${set}}"`],
      [0.5, () => `(1 + ${set})`],
      [1, () => `(builtins.trace ${set} 1)`],
      [1, () => `(builtins.isAttrs ${set})`],
      [1, () => `(builtins.unsafeGetAttrPos "${a}" ${set})`],
      [1, () => `(rec { __overrides = ${set}; ${a} = 9; v = ${a}; }).v`],
      [1, () => `(builtins.foldl' (n: m: n + m) "" (builtins.attrNames ${set}))`],
      [1, () => `(builtins.filter (n: ${this.#predicate(set)}) (builtins.attrNames ${set}))`],
      [
        1,
        () =>
          `(builtins.genericClosure { startSet = [ { key = ${set}.${a} or "n"; } ]; operator = _: [ ]; })`,
      ],
      [1, () => `(derivation ({ name = "d"; system = "s"; builder = "b"; } // ${set})).drvPath`],
    ])();
  }

  /** A set whose names are entries of directories, and the like. */
  #setOfListings(from: string, depth: number): string {
    const { random } = this;
    const directory = `./${relative(from, this.#anyListed()) || "."}`;
    if (depth === 0) return `(builtins.readDir ${directory})`;
    const set = (): string => this.#setOfListings(from, depth - 1);
    const name = (): string => random.pick(ENTRIES.slice(1));
    const names = (): string => `"${name()}" "${name()}"`;
    const closed = (): string => random.pick(["{ n0 = 1; w = 2; }", "{ }", "{ k = 1; x = 2; }"]);
    return random.weighted<() => string>([
      [2, () => `(builtins.readDir ${directory})`],
      [3, () => `(builtins.mapAttrs (n: t: ${random.pick(["n", "t", "[ n t ]", "1"])}) ${set()})`],
      [2, () => `(${set()} // ${set()})`],
      [1, () => `(${closed()} // ${set()})`],
      [1, () => `(${set()} // ${closed()})`],
      [1, () => `(builtins.removeAttrs ${set()} [ ${names()} ])`],
      [
        2,
        () =>
          `(let s = ${set()}; t = builtins.removeAttrs s [ ${names()} ]; in builtins.removeAttrs ${random.pick(["s", "(s // { n0 = 1; })"])} (builtins.attrNames t))`,
      ],
      [1, () => `(builtins.intersectAttrs ${closed()} ${set()})`],
      [1, () => `(builtins.intersectAttrs ${set()} ${closed()})`],
      [1, () => `(builtins.intersectAttrs ${set()} ${set()})`],
      [
        1,
        () => `(builtins.zipAttrsWith (n: vs: vs) [ ${set()} ${random.pick([set(), closed()])} ])`,
      ],
      [
        5,
        () =>
          `(let s = ${set()}; w = { n0 = 1; k = 2; x = 3; }; p = n: v: w ? \${n}; in builtins.removeAttrs s (builtins.filter (n: ${this.#predicate("s")}) (builtins.attrNames s)))`,
      ],
      [
        1,
        () =>
          `(builtins.listToAttrs (builtins.map (n: { name = n; value = n; }) (builtins.attrNames ${set()})))`,
      ],
      [this.isOfListings ? 8 : 0, () => this.#union(from)],
      [0.5, () => `(let s = ${set()}; in s // s)`],
      [0.5, () => `(builtins.foldl' (a: b: a // b) { } [ ${set()} ${set()} ])`],
      [0.5, () => `((f: f ${set()}) (s: s // { w = 1; }))`],
      [0.5, () => `(let s = ${set()}; in { inherit s; }).s`.replace(/^(.*)$/s, "($1)")],
    ])();
  }

  /** The union of sets that are made of the entries of a directory of directories. */
  #union(from: string): string {
    const { random } = this;
    const directory = `./${relative(from, join(this.root, SHARDS)) || "."}`;
    const name = (): string => random.pick(SHARD_NAMES);
    const inside = random.weighted<() => string>([
      [5, () => `builtins.readDir (d + "/\${n}")`],
      [1, () => `builtins.readDir (${directory}/\${n})`],
      [1, () => `builtins.readDir "\${toString d}/\${n}"`],
      [0.3, () => `builtins.readDir (${directory}/k + "/../\${n}")`],
    ])();
    const made = random.pick([inside, `builtins.mapAttrs (p: u: [ n p u ]) (${inside})`]);
    const body = random.weighted<() => string>([
      [8, () => `if t != "directory" then { } else ${made}`],
      [2, () => `if t == "directory" then ${made} else { }`],
      [1, () => `if t == "directory" && !(n == "${name()}") then ${made} else { }`],
      [
        1,
        () =>
          `if t == "regular" then { \${n} = t; } else if t == "directory" then ${made} else { }`,
      ],
      [1, () => `if t == "regular" then { } else ${made}`],
      [
        0.5,
        () => `if n == "${name()}" then { n0 = n; } else if t == "directory" then ${made} else { }`,
      ],
      [0.5, () => `if t == "directory" then builtins.trace n (${made}) else { }`],
      [0.5, () => `if builtins.stringLength n > 1 then { } else ${made}`],
      [
        0.5,
        () => `if n == "${name()}" then throw n else if t == "directory" then ${made} else { }`,
      ],
      [
        2,
        () => {
          const special = random.pick([
            "{ }",
            `builtins.intersectAttrs { n0 = 1; k = 1; } (${inside})`,
          ]);
          const all = SHARD_NAMES.slice(0, 1 + random.below(SHARD_NAMES.length));
          return `if builtins.elem n [ ${all.map((one) => `"${one}"`).join(" ")} ] then ${special} else if t != "directory" then { } else ${made}`;
        },
      ],
      [
        2,
        () => {
          const special = random.pick([
            "{ }",
            `builtins.intersectAttrs { n0 = 1; k = 1; } (${inside})`,
          ]);
          return `if n == "${name()}" || n == "${name()}" || n == "${name()}" then ${special} else if t != "directory" then { } else ${made}`;
        },
      ],
      [0.3, () => `if t == "directory" then ${made} else 1`],
      [0.3, () => "{ }"],
    ])();
    const list = random.weighted<() => string>([
      [4, () => "builtins.attrValues (builtins.mapAttrs f s)"],
      [2, () => "builtins.map (n: f n s.${n}) (builtins.attrNames s)"],
      [
        0.5,
        () => `builtins.attrValues (builtins.mapAttrs f (builtins.removeAttrs s [ "${name()}" ]))`,
      ],
      [0.5, () => 'builtins.attrValues (builtins.mapAttrs f (s // { k = "directory"; }))'],
    ])();
    const half = random.weighted([
      [4, UNIONS[0] as string],
      [3, UNIONS[1] as string],
      [0.5, UNIONS[2] as string],
      [0.5, UNIONS[3] as string],
    ]);
    const halves = `(xs: let half = from: to: ${half}; in if xs == [ ] then { } else half 0 (length xs))`;
    const union = random.weighted<() => string>([
      [6, () => `${halves} l`],
      [1, () => "builtins.foldl' (a: b: a // b) { } l"],
      [0.5, () => "builtins.foldl' (a: b: b // a) { } l"],
      [1, () => "builtins.zipAttrsWith (n: vs: vs) l"],
      [0.5, () => `${halves} (l ++ [ ])`],
      [0.5, () => `${halves} l // { n2 = builtins.length l; }`],
      [0.5, () => `let m = ${halves}; in m l // { w = m l; }`],
      [
        1,
        () =>
          `let a = builtins.foldl' (a: b: a // b) { x = 1; } l; in a // { w = (${halves} (builtins.attrValues (builtins.mapAttrs (n: t: if t == "directory" then builtins.readDir (d + "/\${n}") else { }) s))) ? k; }`,
      ],
      [1, () => `let u = ${halves} l; in u // { w = s ? ${name()}; }`],
      [1, () => `let u = ${halves} l; in u // { w = s.${name().replace("-", "ka")} or 1; }`],
    ])();
    const elemAt = random.weighted([
      [6, "builtins.elemAt"],
      [0.3, "(xs: i: builtins.elemAt xs 0)"],
    ]);
    const length = random.weighted([
      [6, "builtins.length"],
      [0.3, "(xs: 1)"],
    ]);
    return `(let d = ${directory}; s = builtins.readDir d; elemAt = ${elemAt}; length = ${length}; f = n: t: ${body}; l = ${list}; in ${union})`;
  }

  /** A condition on a name `n` of the set `s`. */
  #predicate(set: string): string {
    const { random } = this;
    const name = random.pick(ENTRIES);
    return random.pick([
      `n == "${name}"`,
      `!(n == "${name}")`,
      `n == "${name}" || { k = 1; w = 2; } ? \${n}`,
      `{ n0 = 1; k = 2; } ? \${n}`,
      `!{ n0 = 1; x = 2; } ? \${n} && n == n`,
      `${set} ? \${n}`,
      "builtins.stringLength n > 1",
      `builtins.elem n [ "n0" "k" ]`,
      `${set}.\${n} == "regular"`,
      "builtins.trace n true",
      `n < "m"`,
      "true",
      `(if n == "${name}" then true else false)`,
      `(if n == "${name}" then throw "no" else true)`,
      ...(set === "s" ? ["!p n s.${n}", "!p n s.${n}", "p n (throw n)", "p n"] : []),
    ]);
  }

  #anyListed(): string {
    return join(this.root, this.random.pick(this.isOfListings ? ["a", "b", SHARDS] : DIRECTORIES));
  }

  #anyPath(): string {
    const { random } = this;
    if (random.chance(0.05)) return join(random.pick(["", "a"]), random.pick(FUNCTIONS));
    return join(random.pick(DIRECTORIES), random.chance(0.15) ? "" : random.pick(NAMES));
  }

  /** The place itself if it is a file, else one that is, if a few attempts find one. */
  #existing(place: string): string {
    let found = place;
    for (let attempt = 0; attempt < 8; attempt++) {
      if (isFile(found)) return found;
      found = join(this.root, this.#anyPath());
    }
    return place;
  }

  #contents(place: string): string {
    const { random } = this;
    if (random.chance(0.5))
      return random.pick(["1", "2", "[ 1 ]", "{ v = 1; }", "x: x + 1", "", "1\xff\0"]);
    // Long texts are hashed, short ones are compared.
    if (random.chance(0.1) || FUNCTIONS.includes(basename(place))) {
      const body = this.expression(1, dirname(place));
      return random.pick([
        `{ x ? 1, ... }@a: { inherit a x; y = a.y or 2; w = ${body}; }`,
        `{ ... }@a: [ a (${body}) ]`,
        `{ x ? ${body}, y ? [ x ], ... }: { inherit x y; f = v: [ v x ]; }`,
        `{ s ? "t", ... }: builtins.seq (${body}) { w = s; y = [ (${body}) ]; }`,
        `{ ... }: { w = { v = ${body}; }; f = v: v; }`,
      ]);
    }
    const comment = random.chance(0.3) ? `# ${"c".repeat(600)}${random.below(3)}\n` : "";
    return `${comment}${this.expression(1, dirname(place))}\n`;
  }

  #write(place: string): string {
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, this.#contents(place), "latin1");
    // As archives do; then an overwrite can bring this time back exactly.
    if (this.random.chance(0.5)) utimesSync(place, 1, 1);
    return "write";
  }

  /** Another content of the same size, and the modification time from before. */
  #overwriteQuietly(place: string): string {
    const { atime, mtime, size } = statSync(place);
    const text = readFileSync(place, "latin1");
    const other = text.includes("1")
      ? text.replaceAll("1", "2")
      : text.replaceAll("2", "1").replaceAll("./a", "./b");
    writeFileSync(place, other, "latin1");
    utimesSync(place, atime, mtime);
    return `overwrite ${size} bytes`;
  }

  #rewriteSame(place: string): string {
    writeFileSync(place, readFileSync(place));
    return "rewrite";
  }

  #rename(place: string): string {
    renameSync(place, this.#otherPlace());
    return "rename";
  }

  #link(place: string): string {
    const target = this.random.pick(["a", "b", "../b", "x", "m1.nix", "nowhere", ".", this.root]);
    if (existsSync(place) && lstatSync(place).isDirectory() && this.random.chance(0.5)) {
      // A directory moves away, and a symlink to it takes its place.
      const away = `${place}.moved`;
      rmSync(away, { recursive: true, force: true });
      renameSync(place, away);
      symlinkSync(away, place);
      return "move behind a symlink";
    }
    if (place !== this.root) rmSync(place, { recursive: true, force: true });
    symlinkSync(target, place);
    return `symlink to ${target}`;
  }

  #hardLink(place: string): string {
    linkSync(place, this.#otherPlace());
    return "hard link";
  }

  #otherPlace(): string {
    const path = this.#anyPath();
    return join(this.root, path === "." ? "x" : path);
  }

  /** Adds, removes or renames an entry of a directory, or replaces it by one of another type. */
  #changeEntry(): string {
    const { random } = this;
    const listed = this.#anyListed();
    const isOfShards = listed === join(this.root, SHARDS);
    if (isOfShards && random.chance(0.5)) return this.#changeShard(listed);
    const directory = isOfShards ? join(listed, random.pick(SHARD_NAMES)) : listed;
    if (isOfShards && !isDirectory(directory)) return "nothing";
    const place = join(directory, random.pick(ENTRIES));
    const isThere = existsSync(place);
    if (isThere && random.chance(0.3)) {
      const other = join(directory, random.pick(ENTRIES));
      if (other !== place) rmSync(other, { recursive: true, force: true });
      renameSync(place, other);
      return `rename ${place} to ${other}`;
    }
    rmSync(place, { recursive: true, force: true });
    if (isThere && random.chance(0.6)) return `remove the entry ${place}`;
    if (random.chance(0.5)) mkdirSync(place);
    else writeFileSync(place, "");
    return `add the entry ${place}`;
  }

  /** Adds, removes, renames or replaces a directory in a directory of directories. */
  #changeShard(directory: string): string {
    const { random } = this;
    const place = join(directory, random.pick(SHARD_NAMES));
    const isThere = lstatSync(place, { throwIfNoEntry: false }) !== undefined;
    const other = join(directory, random.pick(SHARD_NAMES));
    if (isThere && other !== place && random.chance(0.2)) {
      rmSync(other, { recursive: true, force: true });
      renameSync(place, other);
      return `rename ${place} to ${other}`;
    }
    rmSync(place, { recursive: true, force: true });
    if (isThere && random.chance(0.5)) return `remove the shard ${place}`;
    return random.weighted<() => string>([
      [
        6,
        () => {
          mkdirSync(place);
          for (let n = random.below(3); n > 0; n--) {
            writeFileSync(join(place, random.pick(ENTRIES)), "");
          }
          return `add the shard ${place}`;
        },
      ],
      [2, named(`add the file ${place}`, () => writeFileSync(place, ""))],
      [
        1,
        named(`add the symlink ${place}`, () =>
          symlinkSync(random.pick(["k", "../a", "no"]), place),
        ),
      ],
    ])();
  }

  #setVariable(): string {
    const name = this.random.pick(VARIABLES);
    if (this.random.chance(0.3)) delete this.environment[name];
    else this.environment[name] = this.random.pick(VALUES);
    return `variable ${name}`;
  }
}

/** An action that returns its name. */
function named(name: string, action: () => unknown): () => string {
  return () => {
    action();
    return name;
  };
}

function isDirectory(place: string): boolean {
  return lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isFile(place: string): boolean {
  try {
    return statSync(place).isFile();
  } catch {
    return false;
  }
}

function isReadable(place: string): boolean {
  try {
    accessSync(place, constants.R_OK | (statSync(place).isDirectory() ? constants.X_OK : 0));
    return true;
  } catch {
    return false;
  }
}

/** All files below a directory with their contents, for people. */
export function describeTree(root: string): string {
  const lines: string[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const place = join(path, entry.name);
      if (!isReadable(place)) {
        lines.push(`${place}: not readable`);
        continue;
      }
      if (entry.isDirectory()) visit(place);
      else if (entry.isFile())
        lines.push(`${place}: ${JSON.stringify(readFileSync(place, "latin1"))}`);
      else lines.push(`${place}: ${entry.isSymbolicLink() ? "symlink" : "special"}`);
    }
  };
  visit(root);
  return lines.join("\n");
}
