/**
 * Open names: which names of directories an evaluation can tell apart.
 *
 * A result depends on an entry of a directory only if the program asks for the entry's name or lists the
 * names of a set that came from the directory. The set that `readDir` returns is therefore *open*: its shape
 * refers to an {@link OpenNames}, and so do the shapes that `//`, `mapAttrs` and the like derive from it.
 * Looking up a name in an open shape reports that name, and listing its names reports the directories as a
 * whole. `Shape` and `Attrs` report both, so code that reads sets through them cannot forget it.
 *
 * Hosts that record what an evaluation looks at make the roots (`SourceAccessor.openListing`); all other
 * evaluations have no open shapes. docs/design/012-remembered-results.md says why this is enough to know
 * whether a result still holds.
 */

/** Names beyond this are not remembered: the directories are listed instead. */
const MAX_ASKED = 65_536;

/** The names that an evaluation has looked up in open sets. */
export interface AskedNames {
  readonly names: Set<string>;
  /** All names up to this one, in bytewise order, count as asked for, too. */
  upTo: string;
}

/** The directories whose entries a set may have as names. */
export class OpenNames {
  /** The parts of a union; empty for the names of one directory. */
  private readonly parts: readonly OpenNames[];
  private isListed = false;

  private constructor(
    private readonly asked: AskedNames,
    /** Called when the names of the directory are listed. */
    private readonly onList: (() => void) | undefined,
    parts: readonly OpenNames[],
  ) {
    this.parts = parts;
  }

  /**
   * Returns the names of one directory. All directories of an evaluation share `asked`. `onList` is called once,
   * when a program can see which names there are.
   */
  static ofDirectory(asked: AskedNames, onList: () => void): OpenNames {
    return new OpenNames(asked, onList, []);
  }

  /** Returns the names of all directories of both; `null` stands for none. */
  static union(a: OpenNames | null, b: OpenNames | null): OpenNames | null {
    if (a === b || b === null || a?.parts.includes(b) === true) return a;
    if (a === null || b.parts.includes(a)) return b;
    return new OpenNames(a.asked, undefined, [a, b]);
  }

  /** The program looks a name up. */
  ask(name: string): void {
    const { names } = this.asked;
    if (names.size < MAX_ASKED) names.add(name);
    else if (!names.has(name)) this.list();
  }

  /** The program asks for all names up to this one, in bytewise order. */
  askUpTo(name: string): void {
    if (name > this.asked.upTo) this.asked.upTo = name;
  }

  /** The program can see which names there are. */
  list(): void {
    const pending: OpenNames[] = [this];
    for (let names = pending.pop(); names !== undefined; names = pending.pop()) {
      if (names.isListed) continue;
      names.isListed = true;
      names.onList?.();
      pending.push(...names.parts);
    }
  }
}
