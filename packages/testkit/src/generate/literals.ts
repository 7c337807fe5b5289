/** Literals of generated programs: numbers, strings and paths that evaluators get wrong. */
import type { Random } from "./random.ts";
import { Level, type Term, term } from "./term.ts";

const LARGE = ["9223372036854775807", "9223372036854775806", "4611686018427387904", "4294967296"];
const LARGE_SAFE = ["9007199254740991", "9007199254740992", "9007199254740993", "2147483648"];
const FLOATS = [
  ...[
    "1.5",
    "0.1",
    ".5",
    "2.",
    "1.0e10",
    "1.0e-7",
    "123456.789",
    "1234567.0",
    "0.30000000000000004",
  ],
  ...[
    "100000.0",
    "1000000.0",
    "9007199254740993.0",
    "1.0e300",
    "9223372036854775807.0",
    "0.0",
    "3.0",
  ],
  ...["2.5", "1.0e15", "1.0e16", "1.0e17", "0.00001", "99999.95"],
];
const STRINGS = [
  ...[
    "a",
    "b",
    "foo",
    "",
    "x y",
    "1.2.3",
    "/p",
    "a/b/",
    "\u00c3\u00a9",
    "A",
    "ab",
    "out",
    "name",
    "1",
    "true",
  ],
  ...[
    "\\n",
    '\\"q\\"',
    "\\\\",
    "$",
    "$$",
    "\\${x}",
    "a\\tb",
    "<&>",
    "'",
    "''",
    "%s",
    "-",
    "\\q",
    "$\\{",
  ],
];

/** White space and comments that may precede any expression. */
const TRIVIA = [
  "/* c */ ",
  "# c\n",
  "/**/",
  "/** doc */ ",
  "\n",
  "\t",
  "/* * ** /* */",
  "#\n  ",
  '# "\n',
];

/** A comment, or white space other than a space. */
export function trivia(random: Random): string {
  return random.pick(TRIVIA);
}

/** An integer. */
export function intLiteral(random: Random): Term {
  if (random.chance(0.008)) return term(Level.Literal, random.pick(LARGE));
  if (random.chance(0.03)) return term(Level.Literal, random.pick(LARGE_SAFE));
  if (random.chance(0.1)) return term(Level.Negation, `-${random.below(20)}`);
  if (random.chance(0.003)) return term(Level.Sum, "-9223372036854775807 - 1");
  if (random.chance(0.02)) return term(Level.Literal, "007");
  return term(Level.Literal, String(random.below(random.chance(0.2) ? 1000 : 6)));
}

/** A float. */
export function floatLiteral(random: Random): Term {
  if (random.chance(0.1)) return term(Level.Negation, `-${random.pick(FLOATS)}`);
  return term(Level.Literal, random.pick(FLOATS));
}

/** A string without interpolation. */
export function stringLiteral(random: Random): Term {
  if (random.chance(0.03))
    return term(Level.Literal, random.pick(["http://x.y/z?q=1", "x:x", "a:b"]));
  if (random.chance(0.1)) return term(Level.Simple, indentedLiteral(random));
  return term(Level.Simple, `"${stringText(random)}"`);
}

/** Text between the quotes of a string. */
export function stringText(random: Random): string {
  return random.chance(0.85)
    ? random.pick(STRINGS)
    : random.pick(STRINGS) + random.pick(STRINGS.slice(0, 15));
}

/** A path. */
export function pathLiteral(random: Random): Term {
  const paths = [
    "/a",
    "/a/b",
    "./.",
    "./text",
    "./folder",
    "./a/../b",
    "/a/.",
    "x/y",
    "/a/b.c-d_e+f",
    "~/x",
    "../x",
  ];
  return term(Level.Literal, random.pick(paths));
}

/** Text between the quotes of an indented string. */
export function indentedText(random: Random): string {
  // No piece ends in a quote or a dollar that could form an escape with the next piece.
  const pieces = [
    ...["a", " b", "\n", "\n  ", "\n    c", "''$x", "'''", "''\\n", "$ ", "$$ ", "\t", "\\ ", "  "],
    ...["x\n  y\n", "'x", "''\\t", "''$y", "' "],
  ];
  let text = "";
  for (let count = random.below(6); count > 0; count--) text += random.pick(pieces);
  return text;
}

function indentedLiteral(random: Random): string {
  return `''${indentedText(random)}${random.pick(["", "\n", "\n  "])}''`;
}
