/** The file `nix-cache-info`: `Key: value` lines about a whole cache. */

/** What a cache says of itself. */
export interface CacheInfo {
  readonly storeDir?: string;
  readonly wantMassQuery?: boolean;
  readonly priority?: number;
}

/** Reads a `nix-cache-info`; unknown keys and lines without a colon are skipped. */
export function parseCacheInfo(text: string): CacheInfo {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon >= 0) values.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  const storeDir = values.get("StoreDir");
  const massQuery = values.get("WantMassQuery");
  const priority = Number.parseInt(values.get("Priority") ?? "", 10);
  return {
    ...(storeDir === undefined ? {} : { storeDir }),
    ...(massQuery === undefined ? {} : { wantMassQuery: massQuery === "1" }),
    ...(Number.isNaN(priority) ? {} : { priority }),
  };
}

/** Writes what {@link parseCacheInfo} reads. */
export function formatCacheInfo({ storeDir, wantMassQuery, priority }: CacheInfo): string {
  return [
    ...(storeDir === undefined ? [] : [`StoreDir: ${storeDir}\n`]),
    ...(wantMassQuery === undefined ? [] : [`WantMassQuery: ${wantMassQuery ? 1 : 0}\n`]),
    ...(priority === undefined ? [] : [`Priority: ${priority}\n`]),
  ].join("");
}
