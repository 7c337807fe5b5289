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

/** What an evaluation has done with open sets; all directories of an evaluation share it. */
export interface AskedNames {
  /** The names that were looked up. */
  readonly names: Set<string>;
  /** How many messages the evaluation has printed: the order of what it does can be seen by these alone. */
  messages: number;
}

/**
 * What an entry adds to a union: no names, the names in the directory that it is, or something that is not
 * known. In the order of how much must be compared.
 */
export const enum EntryMeaning {
  Nothing,
  Listing,
  Unknown,
}

/** By the type of an entry, as `readDir` names it. */
export type EntryMeanings = Readonly<
  Record<"regular" | "directory" | "symlink" | "unknown", EntryMeaning>
>;

/** The directories whose entries a set may have as names. */
export class OpenNames {
  /** Parts of the program that could still list the names. */
  private holds = 0;
  private isListed = false;
  /**
   * What entries mean that are added to the directory, if sets made of its entries were united and are all that the
   * program has seen of them (`vm/union-of-entries.ts`).
   */
  meaningsOfEntries: EntryMeanings | undefined = undefined;

  private constructor(
    readonly asked: AskedNames,
    /** The parts of a union; empty for the names of one directory. */
    private readonly parts: readonly OpenNames[],
  ) {}

  /** Returns the names of one directory. */
  static ofDirectory(asked: AskedNames): OpenNames {
    return new OpenNames(asked, []);
  }

  /**
   * Returns the names of sets that were made of the entries of a directory and united: those of `element`, one of
   * the sets, and what other entries of the directory contribute. Listing them lists the directory. They are never
   * the names of another union, since another function could make other sets.
   */
  static ofUnion(directory: OpenNames, element: OpenNames | null): OpenNames {
    return new OpenNames(directory.asked, element === null ? [directory] : [element, directory]);
  }

  /** Returns the names of all directories of both; `null` stands for none. */
  static union(a: OpenNames | null, b: OpenNames | null): OpenNames | null {
    if (a === b || b === null || a?.parts.includes(b) === true) return a;
    if (a === null || b.parts.includes(a)) return b;
    return new OpenNames(a.asked, [a, b]);
  }

  /** Whether the program can have seen which names there are, for the names of one directory. */
  get areListed(): boolean {
    return this.isListed || this.holds > 0;
  }

  /** The program looks a name up. */
  ask(name: string): void {
    const { names } = this.asked;
    if (names.size < MAX_ASKED) names.add(name);
    else if (!names.has(name)) this.list();
  }

  /** The program can see which names there are. */
  list(): void {
    this.visit((names) => {
      const isNew = !names.isListed;
      names.isListed = true;
      return isNew;
    });
  }

  /**
   * The program can see which names there are unless the result is called: for the time in which it is not known
   * whether it treats all names alike.
   */
  hold(): () => void {
    const held = new Set<OpenNames>();
    this.visit((names) => {
      if (held.has(names)) return false;
      held.add(names);
      names.holds++;
      return true;
    });
    return () => {
      for (const names of held) names.holds--;
      held.clear();
    };
  }

  /** Visits the parts as long as the visitor returns `true`. */
  private visit(visitor: (names: OpenNames) => boolean): void {
    const pending: OpenNames[] = [this];
    for (let names = pending.pop(); names !== undefined; names = pending.pop()) {
      if (visitor(names)) pending.push(...names.parts);
    }
  }
}
