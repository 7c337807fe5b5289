/**
 * Rewriting to content-addressed form: objects of a closure get paths that follow from their
 * contents, and refer to each other by these. Source: make-content-addressed.cc of libstore, and
 * HashModuloSink, which hashes an object with its own hash part taken out.
 *
 * An object is read twice to be hashed and once to be added; none is held.
 */
import {
  bytesOf,
  bytesToByteString,
  type ContentAddress,
  DIGEST_PART_LENGTH,
  makeContentAddressedPath,
  namePart,
  type PathInfo,
  storePathBaseName,
} from "@nivis/formats";
import { closureOf, referencesFirst } from "./closure.ts";
import type { ByteStream, StoreHost } from "./host.ts";
import { capability, type RequestOptions, type Store } from "./store.ts";
import { digestOf } from "./stream.ts";

/** What is copied and how it is reported. */
export interface RewriteOptions extends RequestOptions {
  /** Hears of each object, in order. */
  readonly onRewrite?: (from: string, to: string) => void;
}

/** Adds the closure of `paths` to `to` in content-addressed form; returns all new paths by the old ones. */
export async function makeContentAddressed(
  from: Store,
  to: Store,
  paths: Iterable<string>,
  host: StoreHost,
  options: RewriteOptions = {},
): Promise<ReadonlyMap<string, string>> {
  const writer = capability(to, "writer", "addToStore");
  const infos = await closureOf(from, paths, options);
  const renamed = new Map<string, string>();
  for (const path of referencesFirst(infos)) {
    const { references } = infos.get(path) as PathInfo;
    const others = references
      .filter((one) => one !== path)
      .map((one) => renamed.get(one) ?? one)
      .sort();
    const replacements = new Map<string, string>();
    for (const one of references) {
      const replacement = renamed.get(one);
      if (one !== path && replacement !== undefined && replacement !== one) {
        replacements.set(one, replacement);
      }
    }
    const nar = (): ByteStream => rewritten(from.nar(path, options), replacements);
    const self = references.includes(path);
    const oldPart = hashPartOf(path);
    const address: ContentAddress = { method: "nar", hash: await hashModulo(nar(), oldPart, host) };
    const added = makeContentAddressedPath(
      { storeDir: to.storeDir, hashes: host.hashes },
      namePart(storePathBaseName(path)),
      address,
      { others, self },
    );
    options.onRewrite?.(path, added);
    const own = new Map([[oldPart, hashPartOf(added)]]);
    const { hash, size } = await digestOf(rewritten(nar(), own), host.hashes);
    const info: PathInfo = {
      path: added,
      narHash: hash,
      narSize: size,
      references: [...others, ...(self ? [added] : [])].sort(),
      registrationTime: 0,
      ultimate: false,
      signatures: [],
      contentAddress: address,
    };
    await writer.add({ info, nar: () => rewritten(nar(), own) }, options);
    renamed.set(path, added);
  }
  return renamed;
}

function hashPartOf(path: string): string {
  return storePathBaseName(path).slice(0, DIGEST_PART_LENGTH);
}

/** The hash of a stream with `text` taken out: zeros in its place, and the places at the end. */
async function hashModulo(
  stream: ByteStream,
  text: string,
  { hashes }: StoreHost,
): Promise<ContentAddress["hash"]> {
  const places: number[] = [];
  const state = hashes.create("sha256");
  const zeros = new Map([[text, "\0".repeat(text.length)]]);
  const onMatch = (offset: number): void => {
    places.push(offset);
  };
  for await (const piece of rewritten(stream, zeros, onMatch)) state.update(piece);
  for (const place of places) state.update(bytesOf(`|${place}`));
  return { algorithm: "sha256", digest: state.digest() };
}

/** A stream with texts replaced by others of the same lengths. */
export async function* rewritten(
  stream: ByteStream,
  replacements: ReadonlyMap<string, string>,
  onMatch?: (offset: number) => void,
): AsyncGenerator<Uint8Array> {
  if (replacements.size === 0) {
    yield* stream;
    return;
  }
  const overlap = Math.max(...[...replacements.keys()].map((text) => text.length)) - 1;
  let text = "";
  /** The offset of `text` in the stream. */
  let begin = 0;
  const replaceAll = (): void => {
    for (const [old, replacement] of replacements) {
      for (let at = text.indexOf(old); at >= 0; at = text.indexOf(old, at + old.length)) {
        text = text.slice(0, at) + replacement + text.slice(at + old.length);
        onMatch?.(begin + at);
      }
    }
  };
  for await (const piece of stream) {
    text += bytesToByteString(piece);
    replaceAll();
    const ready = text.length - overlap;
    if (ready <= 0) continue;
    yield bytesOf(text.slice(0, ready));
    text = text.slice(ready);
    begin += ready;
  }
  if (text !== "") yield bytesOf(text);
}
