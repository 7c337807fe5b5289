/**
 * Copying between any two stores: the closure, less what is there already, references first. NARs
 * are streamed from one store to the other; none is ever held.
 */
import type { PathInfo } from "@nivis/formats";
import { closureOf, infosOf, referencesFirst } from "./closure.ts";
import { invalidPath, StoreError } from "./error.ts";
import type { ByteStream } from "./host.ts";
import { type AddOptions, capability, type PathToAdd, type Store } from "./store.ts";
import { watched } from "./stream.ts";

/** How paths are copied. */
export interface CopyOptions extends AddOptions {
  /** Whether what the paths refer to comes along; so unless false. */
  readonly closure?: boolean;
  /** Let the destination fetch from its substituters what it can. */
  readonly substitute?: boolean;
  /** Hears of each path, and of the bytes of its NAR. */
  readonly onPath?: (path: string) => void;
  readonly onBytes?: (path: string, bytes: number) => void;
}

/** What was copied. */
export interface CopyResult {
  /** In the order of copying. */
  readonly copied: readonly string[];
  /** Of the NARs. */
  readonly bytes: number;
}

/** Copies paths from one store to another. */
export async function copyPaths(
  from: Store,
  to: Store,
  paths: Iterable<string>,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const writer = capability(to, "writer", "addToStore");
  if (from.storeDir !== to.storeDir) {
    throw new StoreError(
      "usage",
      `cannot copy between stores with different store directories: '${from.storeDir}' and '${to.storeDir}'`,
    );
  }
  const infos =
    options.closure === false
      ? await validInfos(from, paths, options)
      : await closureOf(from, paths, options);
  const request = {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.substitute === undefined ? {} : { substitute: options.substitute }),
  };
  const valid = await to.validPaths([...infos.keys()].sort(), request);
  for (const path of valid) infos.delete(path);
  let bytes = 0;
  const order = referencesFirst(infos);
  const items = order.map((path): PathToAdd => {
    const info = infos.get(path) as PathInfo;
    return {
      // Whether a path was built in the store itself is nothing to pass on.
      info: { ...info, ultimate: false },
      nar: () => {
        options.onPath?.(path);
        return counted(from.nar(path, request), (count) => {
          bytes += count;
          options.onBytes?.(path, count);
        });
      },
    };
  });
  if (items.length > 0) await writer.addMany(items, options);
  return { copied: order, bytes };
}

async function validInfos(
  store: Store,
  paths: Iterable<string>,
  options: CopyOptions,
): Promise<Map<string, PathInfo>> {
  const infos = new Map<string, PathInfo>();
  for await (const [path, info] of infosOf(store, [...paths], options)) {
    if (info === undefined) throw invalidPath(path);
    infos.set(path, info);
  }
  return infos;
}

function counted(stream: ByteStream, each: (count: number) => void): ByteStream {
  return watched(stream, (piece) => each(piece.length));
}
