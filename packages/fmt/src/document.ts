/**
 * The document: what the style rules say about a text, before line breaks are chosen.
 *
 * A document is a list of *texts*, *spacings* and *groups* of the same. `DocumentWriter` is what the
 * rules write to; it normalises while they write, so that the layout finds
 *
 * - no two spacings side by side (they are merged into the stronger one),
 * - no hard spacing and no comment at the front of a group, no hard spacing at its end (a comment's line
 *   break must not expand the group that happens to hold the comment),
 * - no empty group, and no group that holds nothing but a group of its own kind.
 *
 * Source of the algebra and of the normalisation: nixfmt's `Predoc` (RFC 166), whose order of merging
 * is kept exactly, because texts that are merged share one nesting depth.
 */

/** How much room a spacing takes, in the order of strength. */
export const enum Space {
  /** Nothing, or a line break when the next stretch does not fit. */
  SoftCut,
  /** Nothing, or a line break in an expanded group. */
  Cut,
  /** A space. */
  Hard,
  /** A space, or a line break when the next stretch does not fit. */
  Soft,
  /** A space, or a line break in an expanded group. */
  Plain,
  /** A line break. */
  Line,
  /** A blank line. */
  Blank,
  /** `count` line breaks that are content, inside strings. */
  Newlines,
}

/** What a text is to the layout. */
export const enum TextKind {
  Plain,
  /** Takes no width. */
  Comment,
  /** `# …` behind code. */
  TrailingComment,
  /** Printed in expanded groups only: the comma behind the last formal. */
  ExpandedOnly,
  /** Where a disabled region begins: nothing is printed until the next verbatim text. */
  Disabled,
  /** The bytes of a disabled region. */
  Verbatim,
  /** The bytes of a disabled region that ends with the file. */
  VerbatimToEnd,
  /** The blanks before a line of a string that a disabled region cuts: no indentation is added. */
  Raw,
}

/** How a group expands. */
export const enum GroupKind {
  Regular,
  /** Expanded first when the group around it does not fit. */
  Priority,
  /** Its priority groups count as those of the group around it. */
  Transparent,
}

/** The discriminant of {@link Part}. */
export const enum PartType {
  Text,
  Spacing,
  Group,
}

/** A stretch without a possible line break. */
export class Text {
  readonly type = PartType.Text;

  /**
   * @param depth How many nestings are around it.
   * @param offset Columns that are added to its indentation.
   * @param width In code points.
   */
  constructor(
    readonly depth: number,
    readonly offset: number,
    readonly kind: TextKind,
    readonly text: string,
    readonly width: number,
  ) {}
}

/** A possible line break or space. */
export class Spacing {
  readonly type = PartType.Spacing;

  constructor(
    readonly space: Space,
    /** For {@link Space.Newlines}. */
    readonly count: number = 0,
  ) {}

  get isHard(): boolean {
    return this.space === Space.Hard || this.space >= Space.Line;
  }

  /** The width when the group around it is on one line; a break has none and cannot be. */
  get width(): number {
    return this.space >= Space.Hard ? 1 : 0;
  }
}

/** One element of a document. */
export type Part = Text | Spacing | Group;

/** A list of parts that expands as a whole or not at all. */
export class Group {
  readonly type = PartType.Group;
  readonly kind: GroupKind;
  readonly parts: readonly Part[];
  /** Holds a break: it never fits on one line. */
  readonly breaks: boolean;
  /** The width on one line that counts against the limit, without `end`. */
  readonly width: number;
  /** The same with comments. */
  readonly fullWidth: number;
  /** The spacing at its end, which merges with what follows the group. */
  readonly end: Spacing | undefined;
  /** The width before a trailing comment that ends the group; -1 without one. */
  readonly commentAt: number;
  /** Its first text, which decides the indentation when the group begins a line. */
  readonly first: Text | undefined;
  /** Has priority groups of its own or in transparent groups. */
  readonly hasPriority: boolean;

  constructor(kind: GroupKind, parts: readonly Part[]) {
    this.kind = kind;
    this.parts = parts;
    let breaks = false;
    let width = 0;
    let fullWidth = 0;
    let commentAt = -1;
    let hasPriority = false;
    let first: Text | undefined;
    let firstKnown = false;
    let pending: Spacing | undefined;
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i] as Part;
      if (part.type === PartType.Spacing) {
        pending = pending === undefined ? part : mergeSpacings(pending, part);
        continue;
      }
      if (pending !== undefined) {
        if (pending.space >= Space.Line) breaks = true;
        width += pending.width;
        fullWidth += pending.width;
        pending = undefined;
      }
      if (part.type === PartType.Group) {
        if (part.breaks) breaks = true;
        if (part.commentAt >= 0) commentAt = width + part.commentAt;
        width += part.width;
        fullWidth += part.fullWidth;
        pending = part.end;
        if (!firstKnown) {
          first = part.first;
          firstKnown = true;
        }
        if (
          part.kind === GroupKind.Priority ||
          (part.kind === GroupKind.Transparent && part.hasPriority)
        )
          hasPriority = true;
        continue;
      }
      if (!firstKnown) {
        first = part;
        firstKnown = true;
      }
      switch (part.kind) {
        case TextKind.Plain:
          width += part.width;
          fullWidth += part.width;
          break;
        case TextKind.TrailingComment:
          commentAt = width;
          fullWidth += part.width;
          break;
        case TextKind.Comment:
          fullWidth += part.width;
          break;
        case TextKind.ExpandedOnly:
          break;
        default:
          breaks = true;
      }
    }
    if (pending !== undefined && pending.space >= Space.Line) breaks = true;
    this.breaks = breaks;
    this.width = width;
    this.fullWidth = fullWidth;
    this.end = pending;
    this.commentAt = commentAt;
    this.first = first;
    this.hasPriority = hasPriority;
  }
}

const SPACINGS: readonly Spacing[] = [
  new Spacing(Space.SoftCut),
  new Spacing(Space.Cut),
  new Spacing(Space.Hard),
  new Spacing(Space.Soft),
  new Spacing(Space.Plain),
  new Spacing(Space.Line),
  new Spacing(Space.Blank),
  new Spacing(Space.Newlines, 1),
];

/** The spacing that two neighbours become. */
export function mergeSpacings(left: Spacing, right: Spacing): Spacing {
  let weak = left;
  let strong = right;
  if (
    weak.space > strong.space ||
    (weak.space === Space.Newlines && strong.space === Space.Newlines && weak.count > strong.count)
  ) {
    weak = right;
    strong = left;
  }
  if (strong.space === Space.Newlines) return new Spacing(Space.Newlines, countWith(weak, strong));
  if (weak.space === Space.Cut && (strong.space === Space.Soft || strong.space === Space.Hard))
    return SPACINGS[Space.Plain] as Spacing;
  if (weak.space === Space.SoftCut && strong.space === Space.Hard)
    return SPACINGS[Space.Soft] as Spacing;
  return strong;
}

function countWith(weak: Spacing, strong: Spacing): number {
  switch (weak.space) {
    case Space.Newlines:
      return weak.count + strong.count;
    case Space.Blank:
      return strong.count + 2;
    case Space.Hard:
      return strong.count;
    default:
      return strong.count + 1;
  }
}

/** Thrown when a stretch cannot be written on one line; caught by `onOneLine`. */
const NOT_ON_ONE_LINE: unique symbol = Symbol("not on one line");

/** Takes what the rules write and makes a normalised document of it. */
export class DocumentWriter {
  /** The parts of all open groups, outer ones first; a group takes its own away when it is closed. */
  readonly #parts: Part[] = [];
  /** Where the parts of the innermost open group begin. */
  #from = 0;
  #kind: GroupKind = GroupKind.Regular;
  /** Pairs of `#from` and `#kind` of the groups around it. */
  readonly #open: number[] = [];
  #depth = 0;
  #offset = 0;
  /** Inside `onOneLine`: how much room is left, -1 for room without end. */
  #room = -1;
  #oneLine = false;
  readonly #widthOf: (text: string) => number;

  /** @param widthOf The width of a text in columns. */
  constructor(widthOf: (text: string) => number) {
    this.#widthOf = widthOf;
  }

  /** Whether what is written now goes on one line whatever its width. */
  get isOneLine(): boolean {
    return this.#oneLine;
  }

  text(text: string, kind: TextKind = TextKind.Plain): void {
    if (text === "" && kind < TextKind.Disabled) return;
    const width = this.#widthOf(text);
    if (this.#oneLine) {
      if (kind >= TextKind.Disabled) throw NOT_ON_ONE_LINE;
      this.#take(width);
    }
    const parts = this.#parts;
    const last = this.#last();
    if (last !== undefined && last.type === PartType.Text && last.kind === kind) {
      parts[parts.length - 1] = new Text(
        last.depth,
        last.offset,
        kind,
        last.text + text,
        last.width + width,
      );
    } else parts.push(new Text(this.#depth, this.#offset, kind, text, width));
  }

  /** The last part of the innermost open group. */
  #last(): Part | undefined {
    const parts = this.#parts;
    return parts.length > this.#from ? parts[parts.length - 1] : undefined;
  }

  space(space: Space): void {
    let taken = space;
    if (this.#oneLine) {
      if (space >= Space.Line) throw NOT_ON_ONE_LINE;
      if (space < Space.Hard) return;
      taken = Space.Hard;
      this.#take(1);
    }
    this.#addSpacing(SPACINGS[taken] as Spacing);
  }

  #take(width: number): void {
    if (this.#room < 0) return;
    if (width > this.#room) throw NOT_ON_ONE_LINE;
    this.#room -= width;
  }

  #addSpacing(spacing: Spacing): void {
    const last = this.#last();
    if (last !== undefined && last.type === PartType.Spacing)
      this.#parts[this.#parts.length - 1] = mergeSpacings(last, spacing);
    else this.#parts.push(spacing);
  }

  /** Opens a group; `close` ends it. */
  open(kind: GroupKind = GroupKind.Regular): void {
    if (this.#oneLine) return;
    const last = this.#last();
    this.#open.push(this.#from, this.#kind);
    // A space before a group belongs into it, where it may merge.
    const takesSpace =
      last !== undefined && last.type === PartType.Spacing && last.space === Space.Hard;
    this.#from = this.#parts.length - (takesSpace ? 1 : 0);
    this.#kind = kind;
  }

  close(): void {
    if (this.#oneLine) return;
    const parts = this.#parts;
    const kind = this.#kind;
    const start = this.#from;
    const end = parts.length;
    this.#kind = this.#open.pop() as GroupKind;
    this.#from = this.#open.pop() as number;
    let from = start;
    while (from < end && leavesFront(parts[from] as Part)) from += 1;
    let to = end;
    while (to > from && leavesBack(parts[to - 1] as Part)) to -= 1;
    if (from === start && to === end) {
      if (from === to) return;
      const body = parts.slice(start);
      parts.length = start;
      parts.push(groupOf(kind, body));
      return;
    }
    const front = parts.slice(start, from);
    const body = parts.slice(from, to);
    const back = parts.slice(to, end);
    parts.length = start;
    for (const part of front) this.#splice(part);
    if (body.length > 0) parts.push(groupOf(kind, body));
    for (const part of back) this.#splice(part);
  }

  /** Adds a part that left a group. Its text does not merge with the text before the group. */
  #splice(part: Part): void {
    if (part.type === PartType.Spacing) this.#addSpacing(part);
    else this.#parts.push(part);
  }

  /** One nesting deeper; `unnest` goes back. */
  nest(): void {
    this.#depth += 1;
  }

  unnest(): void {
    this.#depth -= 1;
  }

  /** Moves what follows by so many columns, back by a negative number. */
  shift(columns: number): void {
    this.#offset += columns;
  }

  /**
   * Writes what `write` writes on one line, without its groups: spaces stay, possible breaks go. When
   * that cannot be, or takes more than `room` columns (-1 for any width), nothing is written.
   *
   * Returns whether it was written.
   */
  onOneLine(room: number, write: () => void): boolean {
    if (this.#oneLine) {
      write();
      return true;
    }
    const parts = this.#parts;
    const count = parts.length;
    const last = parts[count - 1];
    const depth = this.#depth;
    const offset = this.#offset;
    this.#oneLine = true;
    this.#room = room;
    try {
      write();
      return true;
    } catch (error) {
      if (error !== NOT_ON_ONE_LINE) throw error;
      parts.length = count;
      if (last !== undefined) parts[count - 1] = last;
      this.#depth = depth;
      this.#offset = offset;
      return false;
    } finally {
      this.#oneLine = false;
    }
  }

  /** The document; all groups must be closed. */
  finish(): Group {
    return new Group(GroupKind.Regular, this.#parts);
  }
}

/** A group of these parts; one that holds nothing but a group of its own kind is that group. */
function groupOf(kind: GroupKind, parts: readonly Part[]): Group {
  const only = parts[0] as Part;
  if (parts.length === 1 && only.type === PartType.Group && only.kind === kind) return only;
  return new Group(kind, parts);
}

function leavesFront(part: Part): boolean {
  if (part.type === PartType.Spacing) return part.isHard;
  if (part.type !== PartType.Text) return false;
  switch (part.kind) {
    case TextKind.Comment:
    case TextKind.TrailingComment:
    case TextKind.Verbatim:
    case TextKind.VerbatimToEnd:
      return true;
    default:
      return false;
  }
}

function leavesBack(part: Part): boolean {
  return part.type === PartType.Spacing && part.isHard;
}
