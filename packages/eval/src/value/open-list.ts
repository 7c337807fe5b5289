/**
 * Open lists: the names of an open set (`open-names.ts`) as a list, or the results of a function for each of
 * them, on the way from `attrNames` and `attrValues` to code that treats all elements alike.
 *
 * `removeAttrs set (filter p (attrNames set))` is how programs filter sets. It need not show which names there
 * are, if `p` gives the same answer for all names that nothing else in the evaluation distinguishes. `filter` and
 * `removeAttrs` therefore take an open list as what it is ({@link openListOf}); everybody else takes it for an
 * array, and any look into that reports that the names were listed.
 */
import type { Attrs } from "./attrs.ts";
import type { OpenNames } from "./open-names.ts";
import type { NixList, NixPath, Slot } from "./value.ts";

const OPEN = Symbol("open list");

/** A directory that was listed. */
export interface ListedDirectory {
  readonly path: NixPath;
  readonly names: OpenNames;
  /** The result of `readDir`: the types by name. */
  readonly types: Attrs;
}

/** How something is made of each entry of a directory, those included that are not there. */
export interface MadeOfEntries {
  readonly directory: ListedDirectory;
  /** A function of the name, and of the type as well if `takesType`; `undefined` for the types themselves. */
  readonly f: Slot | undefined;
  readonly takesType: boolean;
}

/** A list with elements for names, and the directories whose other entries would be among the names. */
export class OpenList {
  constructor(
    /** Not empty. */
    readonly items: NixList,
    readonly names: OpenNames,
    /** The name that the first element is for. */
    readonly first: string,
    /** For the names of one directory: that. */
    readonly directory: ListedDirectory | undefined = undefined,
    /** How the elements are made; `undefined` if they are the names. */
    readonly made: MadeOfEntries | undefined = undefined,
  ) {}
}

/** Returns an open list as a list. */
export function listOfOpen(open: OpenList): NixList {
  const { items, names } = open;
  const listed = <Result>(result: Result): Result => {
    names.list();
    return result;
  };
  return new Proxy(items as unknown[], {
    get: (target, key) => (key === OPEN ? open : listed(Reflect.get(target, key) as unknown)),
    has: (target, key) => listed(Reflect.has(target, key)),
    ownKeys: (target) => listed(Reflect.ownKeys(target)),
    getOwnPropertyDescriptor: (target, key) =>
      listed(Reflect.getOwnPropertyDescriptor(target, key)),
  }) as NixList;
}

/** Returns what is behind a list, if it is open. */
export function openListOf(list: NixList): OpenList | undefined {
  return (list as unknown as Readonly<Record<typeof OPEN, OpenList | undefined>>)[OPEN];
}

/** Whether the elements of a list are made of the entries of a directory by a function. */
export function isMadeOfEntries(list: NixList): boolean {
  return openListOf(list)?.made?.f !== undefined;
}

/** Whether a list that the program can learn this of has no elements; an open one has some. */
export function isEmptyList(list: NixList): boolean {
  const open = openListOf(list);
  if (open === undefined) return list.length === 0;
  open.names.ask(open.first);
  return false;
}
