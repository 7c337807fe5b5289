/** The lines of messages: their indentation, and the blanks at their ends. */

/** Indents all lines, the first one differently, and removes blanks at their ends. */
export function indent(first: string, rest: string, text: string): string {
  const lines = text.split("\n");
  // Nix: a newline at the end of the text does not start another line.
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, i) => trimEnd((i === 0 ? first : rest) + line)).join("\n");
}

/** Nix: `chomp` removes only these four. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && " \n\r\t".includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}
