/**
 * The examples and the tour, as data. `test/examples.test.ts` evaluates all of them with the library: an
 * example has the value that it claims, a lesson's solution passes and its start does not.
 */

/** An example. */
export interface Example {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  /** The view that shows it best. */
  readonly view: string;
  /** Its value as `nix eval` prints it; absent if it needs nixpkgs. */
  readonly value?: string;
}

/** A lesson: a text, an exercise, and an expression that is true for the solutions. */
export interface Lesson {
  readonly title: string;
  /** Paragraphs; backquotes mark code. */
  readonly text: readonly string[];
  readonly start: string;
  /** A function from the value of the exercise to a Boolean. */
  readonly check: string;
  readonly hint: string;
  readonly solution: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    title: "First steps",
    files: {
      "main.nix": `# A Nix expression has a value. Change something: it is evaluated as you type.
let
  name = "world";
  double = x: x * 2;
in
{
  greeting = "Hello, \${name}!";
  answer = double 21;
  squares = map (n: n * n) [ 1 2 3 4 5 ];

  # Values are lazy: this fails only when you open it.
  trap = throw "you looked";
}
`,
    },
    view: "value",
  },
  {
    title: "Functions with named arguments",
    files: {
      "main.nix": `let
  greet = { name, greeting ? "Hello", ... }@args:
    "\${greeting}, \${name}" + (if args ? loud then "!" else ".");
in
[
  (greet { name = "Ada"; })
  (greet { name = "Grace"; greeting = "Good morning"; })
  (greet { name = "Alan"; loud = true; })
]
`,
    },
    view: "value",
    value: `[ "Hello, Ada." "Good morning, Grace." "Hello, Alan!" ]`,
  },
  {
    title: "Laziness: an infinite list",
    files: {
      "main.nix": `# A set that contains itself, as deep as you look.
let
  numbersFrom = n: { head = n; tail = numbersFrom (n + 1); };
  take = n: stream:
    if n == 0 then [ ] else [ stream.head ] ++ take (n - 1) stream.tail;
  primes = sieve (numbersFrom 2);
  sieve = s: { inherit (s) head; tail = sieve (without s.head s.tail); };
  without = p: s:
    if s.head - p * (s.head / p) == 0
    then without p s.tail
    else { inherit (s) head; tail = without p s.tail; };
in
take 10 primes
`,
    },
    view: "value",
    value: "[ 2 3 5 7 11 13 17 19 23 29 ]",
  },
  {
    title: "Several files",
    files: {
      "main.nix": `let
  inherit (import ./shapes.nix) area;
in
map area [
  { kind = "square"; side = 3; }
  { kind = "rectangle"; width = 2; height = 5; }
]
`,
      "shapes.nix": `{
  area = shape: {
    square = shape.side * shape.side;
    rectangle = shape.width * shape.height;
  }.\${shape.kind};
}
`,
    },
    view: "value",
    value: "[ 9 10 ]",
  },
  {
    title: "A derivation",
    files: {
      "main.nix": `# What to build, as data. Its path follows from everything that goes into it.
let
  script = builtins.toFile "build.sh" ''
    echo "built by $name" > $out
  '';
in
derivation {
  name = "demo";
  system = "x86_64-linux";
  builder = "/bin/sh";
  args = [ script ];
}
`,
    },
    view: "derivation",
  },
  {
    title: "An error, explained",
    files: {
      "main.nix": `let
  config = { server = { port = "8080"; }; };
  nextPort = cfg: cfg.server.port + 1;
in
{ port = nextPort config; }.port
`,
    },
    view: "value",
  },
  {
    title: "Deep recursion",
    files: {
      "main.nix": `# Calls do not use JavaScript's stack, so a million of them are no problem.
let sum = n: if n == 0 then 0 else n + sum (n - 1);
in sum 1000000
`,
    },
    view: "value",
    value: "500000500000",
  },
];

/** Examples that need the pack. */
export const NIXPKGS_EXAMPLES: readonly Example[] = [
  {
    title: "nixpkgs: the library",
    files: {
      "main.nix": `let lib = import <nixpkgs/lib>;
in lib.strings.toUpper "nix" + " " + lib.concatStringsSep ", " (lib.lists.unique [ "a" "b" "a" ])
`,
    },
    view: "value",
  },
  {
    title: "nixpkgs: hello",
    files: {
      "main.nix": `let pkgs = import <nixpkgs> { system = "x86_64-linux"; };
in pkgs.hello
`,
    },
    view: "derivation",
  },
  {
    title: "nixpkgs: a package of your own",
    files: {
      "main.nix": `let pkgs = import <nixpkgs> { system = "x86_64-linux"; };
in pkgs.stdenv.mkDerivation {
  pname = "mine";
  version = "1.0";
  src = builtins.toFile "hello.c" "int main() { return 0; }";
  buildInputs = [ pkgs.zlib ];
}
`,
    },
    view: "derivation",
  },
];

export const LESSONS: readonly Lesson[] = [
  {
    title: "Values",
    text: [
      "Everything in Nix is an expression with a value: numbers, strings, Booleans, `null`, paths, lists, sets and functions.",
      "Write an expression whose value is `42`. Any way counts.",
    ],
    start: "6 * 9\n",
    check: "v: v == 42",
    hint: "What is 6 times 7?",
    solution: "6 * 7\n",
  },
  {
    title: "Strings",
    text: [
      '`"a ${e} b"` inserts the string `e`. Numbers are not inserted by themselves; `toString` makes a string of them.',
      "Make the string `3 apples` from `count`.",
    ],
    start: 'let count = 3; in "${count} apples"\n',
    check: 'v: v == "3 apples"',
    hint: "Put `toString` in front of `count`.",
    solution: 'let count = 3; in "${toString count} apples"\n',
  },
  {
    title: "Lists",
    text: [
      "Elements of a list are separated by blanks: `[ 1 2 3 ]`. `map f list` applies a function to each.",
      "Return the doubles of the numbers.",
    ],
    start: "let numbers = [ 1 2 3 ]; in numbers\n",
    check: "v: v == [ 2 4 6 ]",
    hint: "`map (n: n * 2) numbers`",
    solution: "let numbers = [ 1 2 3 ]; in map (n: n * 2) numbers\n",
  },
  {
    title: "Sets",
    text: [
      "A set has names and values: `{ a = 1; b = 2; }`. `set.a` selects, and `//` takes the names of both sides, the right one first.",
      "Change only the port.",
    ],
    start: 'let defaults = { host = "localhost"; port = 80; };\nin defaults\n',
    check: 'v: v == { host = "localhost"; port = 8080; }',
    hint: "`defaults // { port = …; }`",
    solution:
      'let defaults = { host = "localhost"; port = 80; };\nin defaults // { port = 8080; }\n',
  },
  {
    title: "Functions",
    text: [
      "`x: x + 1` is a function, and `f 1` calls one. A function takes one argument; for more, it returns a function: `x: y: x + y`.",
      "Define `add3` so that it adds three numbers.",
    ],
    start: "let add3 = a: a;\nin add3\n",
    check: "v: v 1 2 3 == 6",
    hint: "`a: b: c: …`",
    solution: "let add3 = a: b: c: a + b + c;\nin add3\n",
  },
  {
    title: "Laziness",
    text: [
      "Nix computes a value when it is needed, and not before. What nobody looks at may even fail.",
      "Return the length of the list without touching its elements.",
    ],
    start: 'let list = [ (throw "no") (throw "no") ];\nin builtins.head list\n',
    check: "v: v == 2",
    hint: "`builtins.length`",
    solution: 'let list = [ (throw "no") (throw "no") ];\nin builtins.length list\n',
  },
  {
    title: "Named arguments",
    text: [
      "`{ a, b ? 2 }: …` is a function that takes a set with an `a`, and perhaps a `b`.",
      "Give `port` the default 80.",
    ],
    start: 'let url = { host, port }: "${host}:${toString port}";\nin url\n',
    check: 'v: v { host = "h"; } == "h:80" && v { host = "h"; port = 1; } == "h:1"',
    hint: "A question mark behind the name.",
    solution: 'let url = { host, port ? 80 }: "${host}:${toString port}";\nin url\n',
  },
  {
    title: "Derivations",
    text: [
      "A derivation says what to build: a name, a system, a builder. Nix computes where the result will be, from all of it.",
      "Name the derivation `mine`, and return its `name`.",
    ],
    start:
      'let drv = derivation { name = "demo"; system = "x86_64-linux"; builder = "/bin/sh"; };\nin drv.name\n',
    check: 'v: v == "mine"',
    hint: "Change the name.",
    solution:
      'let drv = derivation { name = "mine"; system = "x86_64-linux"; builder = "/bin/sh"; };\nin drv.name\n',
  },
];
