/**
 * The arguments in the message of a syntax error or warning. The parser's messages are plain texts,
 * since `@nivis/syntax` knows no other package; few of them have arguments, all in quotes but one.
 */
import { colored, type MarkedText } from "@nivis/formats";
import type { Diagnostic } from "@nivis/syntax";

const DUPLICATE = /^(attribute ')(.*)(' already defined at )(.*)$/s;
const URL_LITERAL =
  /^(URL literals are )(\w+)(\. Consider using a string literal ")(.*)(" instead.*)$/s;
const QUOTED = /'(.+?)'(?![\w'])/gs;

/** Returns the message of a diagnostic with its arguments marked. */
export function markedDiagnostic({ code, message }: Diagnostic): MarkedText {
  if (code === "syntax-error" || code === "cursed-or") return message;
  const parts = DUPLICATE.exec(message) ?? URL_LITERAL.exec(message);
  if (parts === null) {
    return message.replace(QUOTED, (_, text) => `'${colored("magenta", text)}'`);
  }
  return parts
    .slice(1)
    .map((part, i) => (i % 2 === 0 ? part : colored("magenta", part)))
    .join("");
}
