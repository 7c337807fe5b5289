/**
 * Messages that remember which of their parts are arguments.
 *
 * C++ Nix colours the arguments of a message magenta, and printed values by their types
 * (libutil/fmt.hh, `HintFmt`), in terminals and in `--log-format internal-json`. A byte string has no
 * char above 255, so a marked text puts chars of the private use area around its coloured parts:
 * U+E000 plus the parameter of the SGR sequence. {@link plainText} drops them for all who want the words,
 * and {@link coloredText} turns them into ANSI escapes. Errors keep the marked text beside their message.
 */
import type { Bytes } from "./codec/utf8.ts";

/** A byte string with marks for colours. Every byte string is one without marks. */
export type MarkedText = string;

const FIRST_MARK = 0xe000;
const MARKS = /[\ue000-\ue0ff]/g;
const NORMAL = "\ue000";

/** The colours of C++ Nix by the parameter of their SGR sequence (libutil/ansicolor.hh). */
export type Color = "normal" | "faint" | "red" | "green" | "blue" | "magenta" | "cyan";

const MARK_OF: Readonly<Record<Color, string>> = {
  normal: NORMAL,
  faint: "\ue002",
  red: "\ue01f",
  green: "\ue020",
  blue: "\ue022",
  magenta: "\ue023",
  cyan: "\ue024",
};

/** The mark where a color starts. */
export function startOf(color: Color): MarkedText {
  return MARK_OF[color];
}

/** An argument of a message that has no colour, or colours of its own. */
export class Uncolored {
  constructor(readonly text: MarkedText) {}

  toString(): MarkedText {
    return this.text;
  }
}

/** Marks a text with a colour. */
export function colored(color: Color, text: MarkedText): MarkedText {
  return MARK_OF[color] + text + NORMAL;
}

/** Returns an argument for {@link marked} that is part of the sentence, or already marked. */
export function uncolored(text: MarkedText): Uncolored {
  return new Uncolored(text);
}

/**
 * The tag of a message's template: marks each substitution as an argument, except those that are
 * {@link uncolored}. Double quotes around an argument are part of it, as C++ Nix prints paths of the
 * file system (`PathFmt`).
 */
export function marked(texts: TemplateStringsArray, ...args: readonly unknown[]): MarkedText {
  let result = texts[0] as string;
  args.forEach((arg, i) => {
    let rest = texts[i + 1] as string;
    if (arg instanceof Uncolored) result += arg.text;
    else if (result.endsWith('"') && rest.startsWith('"')) {
      result = result.slice(0, -1) + colored("magenta", `"${arg}"`);
      rest = rest.slice(1);
    } else result += colored("magenta", String(arg));
    result += rest;
  });
  return result;
}

/** Returns the words of a marked text. */
export function plainText(text: MarkedText): Bytes {
  return text.replace(MARKS, "");
}

/** Returns a marked text with ANSI escapes for its colours. */
export function coloredText(text: MarkedText): Bytes {
  return text.replace(MARKS, (mark) => {
    const parameter = mark.charCodeAt(0) - FIRST_MARK;
    return `\x1b[${parameter}${parameter < 30 ? "" : ";1"}m`;
  });
}
