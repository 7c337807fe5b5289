/** The texts of log points: `{expressions}` are replaced by their values. */
import { EvalError, isString, printPretty, textOf, type Value } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import type { Debugger } from "./engine.ts";
import type { DebugFrame } from "./frames.ts";

/** How deep values are shown in a log. */
const LOG_DEPTH = 2;

/**
 * The text of a log point in a frame. An expression that fails is replaced by `«error: MESSAGE»`;
 * `{{` and `}}` stand for braces.
 */
export async function logText(
  template: Bytes,
  frame: DebugFrame | undefined,
  debug: Debugger,
  milliseconds: number,
): Promise<Bytes> {
  let text = "";
  for (const piece of piecesOf(template)) {
    text += piece.isExpression ? await shown(piece.text, frame, debug, milliseconds) : piece.text;
  }
  return text;
}

async function shown(
  text: Bytes,
  frame: DebugFrame | undefined,
  debug: Debugger,
  milliseconds: number,
): Promise<Bytes> {
  try {
    return await debug.quietly(
      async (signal) => {
        const { evaluation } = debug;
        const options = signal === undefined ? {} : { signal };
        const value: Value = await evaluation.forceAsync(debug.load(text, frame), options);
        if (isString(value)) return textOf(value);
        const printed = printPretty(evaluation.context, value, { maxDepth: LOG_DEPTH });
        return evaluation.runAsync(printed, options);
      },
      { milliseconds },
    );
  } catch (error) {
    return `\xc2\xaberror: ${error instanceof EvalError ? error.message : String(error)}\xc2\xbb`;
  }
}

interface Piece {
  readonly isExpression: boolean;
  readonly text: Bytes;
}

/** Splits a template at its braces; braces inside of an expression nest. */
export function piecesOf(template: Bytes): Piece[] {
  const pieces: Piece[] = [];
  let plain = "";
  for (let at = 0; at < template.length; at++) {
    const char = template[at] as string;
    if ((char === "{" || char === "}") && template[at + 1] === char) {
      plain += char;
      at++;
      continue;
    }
    const end = char === "{" ? closingBrace(template, at) : -1;
    if (end < 0) {
      plain += char;
      continue;
    }
    if (plain !== "") pieces.push({ isExpression: false, text: plain });
    plain = "";
    pieces.push({ isExpression: true, text: template.slice(at + 1, end) });
    at = end;
  }
  if (plain !== "") pieces.push({ isExpression: false, text: plain });
  return pieces;
}

/** The index of the brace that closes the one at `open`; -1 if none does. */
function closingBrace(text: Bytes, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}
