/**
 * Copying between any two stores: the closure, less what is there already, references first. NARs
 * are streamed from one store to the other; none is ever held.
 */
import {
  ACTIVITY_TYPES,
  type DrvOutput,
  marked,
  type PathInfo,
  RESULT_TYPES,
  VERBOSITIES,
} from "@nivis/formats";
import { closureOf, infosOf, referencesFirst } from "./closure.ts";
import { invalidPath, StoreError } from "./error.ts";
import type { ByteStream, StoreHost } from "./host.ts";
import { OutputQuery } from "./output-query.ts";
import {
  type AddOptions,
  capability,
  type PathToAdd,
  type RequestOptions,
  type Store,
  type StoreObserver,
} from "./store.ts";

/** How paths are copied. */
export interface CopyOptions extends AddOptions {
  /** Whether what the paths refer to comes along; so unless false. */
  readonly closure?: boolean;
  /** Let the destination fetch from its substituters what it can. */
  readonly substitute?: boolean;
  /** Hears of the copy as one activity, and of each path as one below it. */
  readonly observer?: StoreObserver;
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
      marked`cannot copy between stores with different store directories: '${from.storeDir}' and '${to.storeDir}'`,
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
  const order = referencesFirst(infos);
  if (order.length === 0) return { copied: [], bytes: 0 };
  const progress = new CopyProgress(from, to, [...infos.values()], options.observer);
  const items = order.map((path): PathToAdd => {
    const info = infos.get(path) as PathInfo;
    return {
      // Whether a path was built in the store itself is nothing to pass on.
      info: { ...info, ultimate: false },
      nar: () => progress.follow(info, from.nar(path, request)),
    };
  });
  try {
    await writer.addMany(items, options);
  } finally {
    progress.end();
  }
  return { copied: order, bytes: progress.bytes };
}

/** The stores that have no place in their names. */
const THIS_MACHINE = /^(?:local|daemon|(?:local|unix):\/\/)(?:\?|$)/;
/** Ids of our activities, which those of daemons do not reach. */
const FIRST_ID = 2n ** 62n;
const INFO = VERBOSITIES.indexOf("info");

/** Reports a copy as C++ Nix does: the sums of paths and bytes, and each path while it is copied. */
class CopyProgress {
  /** Bytes of NARs that were read. */
  bytes = 0;
  readonly #from: Store;
  readonly #to: Store;
  readonly #count: number;
  readonly #observer: StoreObserver;
  #lastId = FIRST_ID;
  #running = 0;
  #done = 0;
  #failed = 0;

  constructor(from: Store, to: Store, infos: readonly PathInfo[], observer: StoreObserver = {}) {
    this.#from = from;
    this.#to = to;
    this.#count = infos.length;
    this.#observer = observer;
    const text = `copying ${infos.length} paths`;
    this.#start(FIRST_ID, ACTIVITY_TYPES.copyPaths, text, [], 0n);
    const size = infos.reduce((sum, { narSize }) => sum + narSize, 0);
    this.#result(FIRST_ID, RESULT_TYPES.setExpected, [ACTIVITY_TYPES.copyPath, size]);
    this.#showSums();
  }

  /** Passes a NAR on and reports how far it is. */
  async *follow({ path, narSize }: PathInfo, nar: ByteStream): AsyncGenerator<Uint8Array> {
    const id = ++this.#lastId;
    const [from, to] = [this.#from.uri, this.#to.uri];
    const text = copyText(path, from, to);
    this.#start(id, ACTIVITY_TYPES.copyPath, text, [path, from, to], FIRST_ID);
    this.#running++;
    this.#showSums();
    let read = 0;
    let isWhole = false;
    try {
      for await (const piece of nar) {
        read += piece.length;
        this.bytes += piece.length;
        this.#result(id, RESULT_TYPES.progress, [read, narSize, 0, 0]);
        yield piece;
      }
      isWhole = true;
    } finally {
      this.#running--;
      if (isWhole) this.#done++;
      else this.#failed++;
      this.#observer.stopActivity?.(id);
      this.#showSums();
    }
  }

  end(): void {
    this.#observer.stopActivity?.(FIRST_ID);
  }

  #start(id: bigint, type: number, text: string, fields: readonly string[], parent: bigint): void {
    this.#observer.startActivity?.({ id, level: INFO, type, text, fields, parent });
  }

  #result(id: bigint, type: number, fields: readonly number[]): void {
    this.#observer.result?.({ id, type, fields: fields.map(BigInt) });
  }

  #showSums(): void {
    const sums = [this.#done, this.#count, this.#running, this.#failed];
    this.#result(FIRST_ID, RESULT_TYPES.progress, sums);
  }
}

/** Nix: the store of this machine is not named (makeCopyPathMessage in store-api.cc). */
function copyText(path: string, from: string, to: string): string {
  if (THIS_MACHINE.test(from)) return `copying path '${path}' to '${to}'`;
  if (THIS_MACHINE.test(to)) return `copying path '${path}' from '${from}'`;
  return `copying path '${path}' from '${from}' to '${to}'`;
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

/**
 * Copies what a store remembers of outputs whose paths do not follow from their derivations, so
 * that the other store finds them without building.
 */
export async function copyRealisations(
  from: Store,
  to: Store,
  outputs: Iterable<DrvOutput>,
  host: StoreHost,
  options: RequestOptions = {},
): Promise<void> {
  const register = to.realisations?.register?.bind(to.realisations);
  if (from.realisations === undefined || register === undefined) return;
  const query = new OutputQuery(from, host, options);
  for (const { drvPath, outputName } of outputs) await query.output(drvPath, outputName);
  for (const realisation of query.realisations.values()) await register(realisation, options);
}
