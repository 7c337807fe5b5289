/** The names under which a warm evaluation remembers files, by the keys of their paths (`PathKeys`). */

/** The file that an import of a path loads. */
export function importKey(path: string): string {
  return `import ${path}`;
}

/** The program in a file. */
export function programKey(path: string): string {
  return `program ${path}`;
}
