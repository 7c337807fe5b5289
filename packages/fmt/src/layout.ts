/**
 * The layout: chooses the line breaks of a document, greedily, from left to right.
 *
 * A group is put on one line if it fits together with what follows it up to the next possible break.
 * Otherwise its priority groups are tried, the last one first: that one expanded, what stands before
 * and behind it each on one line. If none of them works, the group expands: its own spacings break, its
 * parts are tried one by one.
 *
 * The limit counts columns without indentation, so code may stand as deep as it likes. Several
 * nestings that open on one line indent what follows once.
 *
 * Source: nixfmt's `layoutGreedy` (RFC 166). Groups know their width on one line, so that asking
 * whether one fits takes no walk; state is small and immutable, so that a try can be taken back.
 */
import {
  Group,
  GroupKind,
  mergeSpacings,
  type Part,
  PartType,
  Space,
  Spacing,
  type Text,
  TextKind,
} from "./document.ts";

/** The indentations that are open, the innermost first. */
interface Indents {
  readonly indent: number;
  /** The nesting depth of the texts that have it. */
  readonly depth: number;
  readonly outer: Indents | undefined;
}

/** What follows: the parts from `at` on, then `next`. */
interface Rest {
  readonly parts: readonly Part[];
  readonly at: number;
  readonly next: Rest | undefined;
}

const NO_INDENT: Indents = { indent: 0, depth: 0, outer: undefined };
const SPACES = " ".repeat(256);

function spaces(count: number): string {
  return count <= SPACES.length ? SPACES.slice(0, count) : " ".repeat(count);
}

/** Lays out a document within `width` columns, with `step` columns for each indentation. */
export function layOut(document: Group, width: number, step: number): string {
  return new Layout(width, step).run(document);
}

class Layout {
  readonly #limit: number;
  readonly #step: number;
  /** Columns on this line, without indentation; 0 at its start. */
  #column = 0;
  #indents: Indents = NO_INDENT;
  /** Inside a disabled region: nothing is printed until its verbatim text. */
  #disabled = false;
  /** The pieces of the result; a try that is taken back shortens it. */
  readonly #out: string[] = [];

  constructor(limit: number, step: number) {
    this.#limit = limit;
    this.#step = step;
  }

  run(document: Group): string {
    this.#group(document, undefined);
    return this.#out.join("");
  }

  #emit(text: string): void {
    if (!this.#disabled) this.#out.push(text);
  }

  #breakLines(count: number): void {
    this.#column = 0;
    this.#emit(count === 1 ? "\n" : "\n".repeat(count));
  }

  /** Makes the indentation of texts of this depth the current one. */
  #enter(depth: number): void {
    let indents = this.#indents;
    while (depth < indents.depth) indents = indents.outer as Indents;
    if (depth > indents.depth) {
      const indent = this.#column === 0 ? indents.indent + this.#step : indents.indent;
      indents = { indent, depth, outer: indents };
    }
    this.#indents = indents;
  }

  #put(depth: number, offset: number, text: string, width: number): void {
    this.#enter(depth);
    if (this.#column === 0 && this.#indents.indent + offset > 0)
      this.#emit(spaces(this.#indents.indent + offset));
    this.#column += width;
    this.#emit(text);
  }

  /** Prints parts of an expanded group. */
  #expanded(parts: readonly Part[], next: Rest | undefined): void {
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i] as Part;
      if (part.type === PartType.Text) {
        if (part.kind === TextKind.Plain) this.#put(part.depth, part.offset, part.text, part.width);
        else this.#special(part, parts, i + 1, next);
      } else if (part.type === PartType.Spacing) this.#spacing(part, parts, i + 1, next);
      else this.#group(part, { parts, at: i + 1, next });
    }
  }

  /** Prints a text that is not plain. */
  #special(part: Text, parts: readonly Part[], at: number, next: Rest | undefined): void {
    switch (part.kind) {
      case TextKind.TrailingComment: {
        // One more space, or the next run would take the comment for one of the next line.
        const first = firstText({ parts, at, next });
        if (this.#column === 2 && (first?.depth ?? 0) > this.#indents.depth) {
          this.#column += 1 + part.width;
          this.#emit(` ${part.text}`);
        } else this.#put(part.depth, part.offset, part.text, part.width);
        return;
      }
      case TextKind.Disabled:
        this.#disabled = true;
        return;
      case TextKind.Verbatim:
      case TextKind.VerbatimToEnd: {
        const atStart = this.#column === 0 || this.#disabled;
        this.#disabled = false;
        const lastLine = part.text.slice(part.text.lastIndexOf("\n") + 1);
        this.#column = lastLine.length;
        this.#emit(atStart ? part.text : `\n${part.text}`);
        return;
      }
      case TextKind.Raw:
        this.#enter(part.depth);
        this.#column = Math.max(1, this.#column + part.width);
        this.#emit(part.text);
        return;
      default:
        this.#put(part.depth, part.offset, part.text, part.width);
    }
  }

  /** Prints a spacing of an expanded group; behind a line break it is nothing. */
  #spacing(spacing: Spacing, parts: readonly Part[], at: number, next: Rest | undefined): void {
    if (this.#column === 0) return;
    const limit = this.#limit;
    switch (spacing.space) {
      case Space.Hard:
        this.#column += 1;
        this.#emit(" ");
        return;
      case Space.SoftCut:
        if (!this.#lineFits(limit - this.#column, { parts, at, next })) this.#breakLines(1);
        return;
      case Space.Soft:
        if (this.#lineFits(limit - this.#column - 1, { parts, at, next })) {
          this.#column += 1;
          this.#emit(" ");
        } else this.#breakLines(1);
        return;
      case Space.Blank:
        this.#breakLines(2);
        return;
      case Space.Newlines:
        this.#breakLines(spacing.count);
        return;
      default:
        this.#breakLines(1);
    }
  }

  #group(group: Group, rest: Rest | undefined): void {
    if (this.#onOneLine(group, rest)) return;
    if (group.hasPriority && group.kind !== GroupKind.Transparent) {
      if (this.#withPriority(group, rest)) return;
    }
    this.#expanded(group.parts, rest);
  }

  /** Prints a group on one line if it fits there with the begin of what follows. */
  #onOneLine(group: Group, rest: Rest | undefined): boolean {
    let { width, fullWidth, breaks, first, commentAt } = group;
    const end = group.end;
    let skipped: Spacing | undefined;
    if (this.#column === 0) {
      skipped = leadingSpacing(group.parts);
      if (skipped !== undefined) {
        if (breaks && skipped.space >= Space.Line) {
          const trimmed = new Group(GroupKind.Regular, withoutLeading(group.parts));
          ({ width, fullWidth, breaks, first, commentAt } = trimmed);
        } else {
          width -= skipped.width;
          fullWidth -= skipped.width;
          if (commentAt >= 0) commentAt -= skipped.width;
        }
      }
    }
    if (breaks) return false;
    if (end !== undefined) {
      width += end.width;
      fullWidth += end.width;
    }
    const room = this.#limit - this.#column - width;
    if (room < 0) return false;
    if (firstLineWidth(rest, room) > room) return false;
    const spaced = commentAt >= 0 && this.#mustMove(first, commentAt, rest);
    const line = new OneLine(spaced, skipped !== undefined);
    line.add(group.parts);
    const text = line.finish();
    if (spaced) fullWidth += 1;
    if (this.#column === 0) this.#put(first?.depth ?? 0, first?.offset ?? 0, text, fullWidth);
    else {
      this.#column += fullWidth;
      this.#emit(text);
    }
    return true;
  }

  /** Whether a trailing comment at that width would stand above deeper code in its own column. */
  #mustMove(first: Text | undefined, commentAt: number, rest: Rest | undefined): boolean {
    let depth = this.#indents.depth;
    if (this.#column === 0 && (first?.depth ?? 0) > depth) depth += this.#step;
    const deeper = (rest === undefined ? 0 : (firstText(rest)?.depth ?? 0)) > depth;
    const indent = deeper ? this.#step : 0;
    return indent - this.#column - commentAt === 0;
  }

  /** Prints a group with one of its priority groups expanded, if that works. */
  #withPriority(group: Group, rest: Rest | undefined): boolean {
    const parts: Part[] = [];
    // Pairs of where a priority group begins and ends.
    const ranges: number[] = [];
    collectPriority(group.parts, parts, ranges);
    const column = this.#column;
    const indents = this.#indents;
    const disabled = this.#disabled;
    const size = this.#out.length;
    for (let i = ranges.length - 2; i >= 0; i -= 2) {
      const from = ranges[i] as number;
      const to = ranges[i + 1] as number;
      const after = new Group(GroupKind.Regular, parts.slice(to));
      // At the start of a line a leading break would be dropped, so this holds elsewhere only.
      if (after.breaks && !isBreak(leadingSpacing(after.parts))) continue;
      if (from > 0) {
        const before = new Group(GroupKind.Regular, parts.slice(0, from));
        if (!this.#onOneLine(before, { parts, at: from, next: rest })) continue;
      }
      const flat: Rest = { parts: withoutBreaks(after.parts), at: 0, next: rest };
      this.#expanded(parts.slice(from, to), flat);
      if (to === parts.length || this.#onOneLine(after, rest)) return true;
      this.#column = column;
      this.#indents = indents;
      this.#disabled = disabled;
      this.#out.length = size;
    }
    return false;
  }

  /** Whether the first line of what follows takes at most `target` columns. */
  #lineFits(target: number, following: Rest): boolean {
    let used = 0;
    let rest: Rest | undefined = following;
    let carried: Spacing | undefined;
    for (;;) {
      if (used > this.#limit) return false;
      while (rest !== undefined && rest.at >= rest.parts.length) rest = rest.next;
      if (carried !== undefined) {
        const part = rest?.parts[rest.at];
        if (part?.type === PartType.Spacing) {
          carried = mergeSpacings(carried, part);
          rest = {
            parts: (rest as Rest).parts,
            at: (rest as Rest).at + 1,
            next: (rest as Rest).next,
          };
          continue;
        }
        if (carried.space !== Space.Hard) return used <= target;
        used += 1;
        carried = undefined;
        continue;
      }
      if (rest === undefined) return used <= target;
      const part = rest.parts[rest.at] as Part;
      rest = { parts: rest.parts, at: rest.at + 1, next: rest.next };
      if (part.type === PartType.Spacing) carried = part;
      else if (part.type === PartType.Text) {
        if (part.kind === TextKind.Plain) used += part.width;
        else if (part.kind === TextKind.Verbatim || part.kind === TextKind.VerbatimToEnd)
          return used <= target;
      } else {
        const width = part.width + (part.end?.width ?? 0);
        const room = this.#limit - used;
        if (!part.breaks && width <= room && width + firstLineWidth(rest, room) <= room)
          used += part.fullWidth + (part.end?.width ?? 0);
        else rest = { parts: part.parts, at: 0, next: rest };
      }
    }
  }
}

/** Writes parts of a group on one line. */
class OneLine {
  #text = "";
  #pending: Spacing | undefined;
  readonly #moved: boolean;
  #skip: boolean;

  /**
   * @param moved A trailing comment gets one more space.
   * @param skip The first spacing is dropped.
   */
  constructor(moved: boolean, skip: boolean) {
    this.#moved = moved;
    this.#skip = skip;
  }

  add(parts: readonly Part[]): void {
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i] as Part;
      if (part.type === PartType.Spacing) {
        if (this.#skip) this.#skip = false;
        else
          this.#pending = this.#pending === undefined ? part : mergeSpacings(this.#pending, part);
        continue;
      }
      if (this.#pending !== undefined) {
        if (this.#pending.width > 0) this.#text += " ";
        this.#pending = undefined;
      }
      if (part.type === PartType.Group) this.add(part.parts);
      else if (part.kind === TextKind.TrailingComment && this.#moved) this.#text += ` ${part.text}`;
      else if (part.kind !== TextKind.ExpandedOnly) this.#text += part.text;
    }
  }

  finish(): string {
    return this.#pending !== undefined && this.#pending.width > 0 ? `${this.#text} ` : this.#text;
  }
}

/** The spacing that is dropped when parts begin a line. */
function leadingSpacing(parts: readonly Part[]): Spacing | undefined {
  const first = parts[0];
  if (first === undefined || first.type === PartType.Text) return undefined;
  if (first.type === PartType.Spacing) return first;
  const inner = first.parts[0];
  return inner !== undefined && inner.type === PartType.Spacing ? inner : undefined;
}

function withoutLeading(parts: readonly Part[]): readonly Part[] {
  const first = parts[0] as Part;
  if (first.type === PartType.Spacing) return parts.slice(1);
  const group = first as Group;
  return [new Group(group.kind, group.parts.slice(1)), ...parts.slice(1)];
}

function isBreak(spacing: Spacing | undefined): boolean {
  return spacing !== undefined && spacing.space >= Space.Line;
}

/** The parts of a group with its transparent groups opened, and where its priority groups lie. */
function collectPriority(from: readonly Part[], parts: Part[], ranges: number[]): void {
  for (const part of from) {
    if (part.type !== PartType.Group || part.kind === GroupKind.Regular) parts.push(part);
    else if (part.kind === GroupKind.Transparent) collectPriority(part.parts, parts, ranges);
    else {
      ranges.push(parts.length);
      for (const inner of part.parts) parts.push(inner);
      ranges.push(parts.length);
    }
  }
}

const HARD_SPACE: Part = new Spacing(Space.Hard);

/** Parts as they look when their own spacings do not break; groups among them stay as they are. */
function withoutBreaks(parts: readonly Part[]): readonly Part[] {
  const flat: Part[] = [];
  for (const part of parts) {
    if (part.type !== PartType.Spacing || part.space === Space.Hard || part.space >= Space.Line)
      flat.push(part);
    else if (part.space >= Space.Soft) flat.push(HARD_SPACE);
  }
  return flat;
}

/** The first text of what follows; a group that begins it and holds none ends the search. */
function firstText(rest: Rest | undefined): Text | undefined {
  for (let place = rest; place !== undefined; place = place.next) {
    for (let i = place.at; i < place.parts.length; i += 1) {
      const part = place.parts[i] as Part;
      if (part.type === PartType.Text) return part;
      if (part.type === PartType.Group) return part.first;
    }
  }
  return undefined;
}

/** How many columns what follows takes up to the first possible break; may stop behind `enough`. */
function firstLineWidth(rest: Rest | undefined, enough: number): number {
  if (rest === undefined) return 0;
  let { parts, at, next } = rest;
  let width = 0;
  // A space merges with a spacing right behind it, across the ends of groups but not into them.
  let space = false;
  for (;;) {
    while (at >= parts.length) {
      if (next === undefined) return space ? width + 1 : width;
      ({ parts, at, next } = next);
    }
    const part = parts[at] as Part;
    at += 1;
    if (part.type === PartType.Spacing) {
      if (part.space !== Space.Hard) return width;
      space = true;
      continue;
    }
    if (space) {
      width += 1;
      space = false;
    }
    if (part.type === PartType.Group) {
      next = { parts, at, next };
      parts = part.parts;
      at = 0;
    } else if (part.kind !== TextKind.Comment && part.kind !== TextKind.TrailingComment)
      width += part.width;
    if (width > enough) return width;
  }
}
