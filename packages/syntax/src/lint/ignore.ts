/**
 * Comments that silence the linter:
 *
 *     x = 1; # nivis-ignore unused-binding: kept for the REPL
 *
 *     # nivis-ignore useless-with, redundant-rec
 *     with lib; rec { }
 *
 *     # nivis-ignore-file deprecated-url-literal
 *
 * Behind code the comment speaks of its own line, alone on its line of the next line that has code.
 * Without codes all rules are meant. What follows a colon is for people. `# deadnix: skip`, which deadnix
 * reads, silences what deadnix would find.
 */
import type { ParseResult } from "../parse/options.ts";
import type { LintDiagnostic } from "./diagnostic.ts";

/** The mark of deadnix, and the rules that find what it finds. */
const DEADNIX_MARK = /^#\s*deadnix:\s*skip\s*$/;
const DEADNIX_CODES = [
  "unused-binding",
  "unused-pattern-name",
  "unused-formal",
  "unused-parameter",
];

const MARK = /nivis-ignore(-file)?(?![\w-])([^:\n\r]*)/;

/** Which rules are silenced where. */
interface Silence {
  /** From 1; `undefined` for the whole file. */
  readonly line: number | undefined;
  /** Empty for all. */
  readonly codes: ReadonlySet<string>;
}

/** Leaves out what comments silence. The comments must have been kept by the parser. */
export function withoutIgnored(
  diagnostics: readonly LintDiagnostic[],
  parsed: ParseResult,
): LintDiagnostic[] {
  const silences = diagnostics.length === 0 ? [] : findSilences(parsed);
  if (silences.length === 0) return [...diagnostics];
  const byLine = new Map<number | undefined, Silence[]>();
  for (const silence of silences) {
    const known = byLine.get(silence.line);
    if (known === undefined) byLine.set(silence.line, [silence]);
    else known.push(silence);
  }
  return diagnostics.filter(({ code, span }) => {
    const { line } = parsed.source.lineColumn(span.start);
    const candidates = [...(byLine.get(line) ?? []), ...(byLine.get(undefined) ?? [])];
    return !candidates.some(({ codes }) => codes.size === 0 || codes.has(code));
  });
}

function findSilences({ source, comments }: ParseResult): Silence[] {
  const { text } = source;
  if (!text.includes("nivis-ignore") && !/deadnix:\s*skip/.test(text)) return [];
  const found: Silence[] = [];
  comments.forEach((comment, i) => {
    const content = text.slice(comment.start, comment.end);
    const match = MARK.exec(content);
    if (match === null && !DEADNIX_MARK.test(content)) return;
    const codes = new Set(match?.[2]?.match(/[a-z]+(?:-[a-z]+)*/g) ?? (match ? [] : DEADNIX_CODES));
    if (match?.[1] !== undefined) {
      found.push({ line: undefined, codes });
      return;
    }
    const { line, column } = source.lineColumn(comment.start);
    const before = text.slice(comment.start - column + 1, comment.start);
    if (/\S/.test(before)) {
      found.push({ line, codes });
      return;
    }
    // The next code: behind this comment and those that follow it.
    let at = comment.end;
    for (let next = i + 1; ; next += 1) {
      const gap = /\S/g;
      gap.lastIndex = at;
      at = gap.exec(text)?.index ?? text.length;
      const following = comments[next];
      if (following === undefined || following.start !== at) break;
      at = following.end;
    }
    found.push({ line: source.lineColumn(at).line, codes });
  });
  return found;
}
