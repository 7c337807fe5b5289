/**
 * Open lists: the names of an open set (`open-names.ts`) as a list, on the way from `attrNames` to code that
 * treats all names alike.
 *
 * `removeAttrs set (filter p (attrNames set))` is how programs filter sets. It need not show which names there
 * are, if `p` gives the same answer for all names that nothing else in the evaluation distinguishes. `filter` and
 * `removeAttrs` therefore take an open list as what it is ({@link openListOf}); everybody else takes it for an
 * array, and any look into that reports that the names were listed.
 */
import type { OpenNames } from "./open-names.ts";
import type { NixList } from "./value.ts";

const OPEN = Symbol("open list");

/** Names, and the directories whose other entries would be among them. */
export class OpenList {
  constructor(
    /** Not empty. */
    readonly items: NixList,
    readonly names: OpenNames,
  ) {}
}

/** Returns an open list as a list. */
export function listOfOpen(items: NixList, names: OpenNames): NixList {
  const open = new OpenList(items, names);
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

/** Whether a list has no elements; an open one has some. */
export function isEmptyList(list: NixList): boolean {
  return openListOf(list) === undefined && list.length === 0;
}
