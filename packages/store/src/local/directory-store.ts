/**
 * A store in a directory: objects as files, and a registration file that says which of them are
 * valid. For one writer at a time; C++ Nix's database is not touched (see registration.ts for how it
 * learns of what was written).
 *
 * Objects appear under their names only when they are complete: they are written beside, verified,
 * and renamed. Roots are links below `gcroots`, as in C++ Nix; temporary roots last as long as the
 * object. What is registered is valid, whatever else lies in the directory.
 */
import {
  bytesOf,
  bytesToByteString,
  encodeNixBase32,
  marked,
  type PathInfo,
  sortedBytes,
  tryParseStorePath,
} from "@nivis/formats";
import { checkSignature, verifiedNar } from "../admission.ts";
import { closureOf } from "../closure.ts";
import { prepareContent } from "../content.ts";
import { invalidPath, messageOf, StoreError } from "../error.ts";
import type { StoreHost } from "../host.ts";
import type { TrustedKeys } from "../signatures.ts";
import type {
  AddOptions,
  ContentToAdd,
  GcOptions,
  GcResult,
  GcRoot,
  ObjectFiles,
  PathToAdd,
  RequestOptions,
  Store,
  StoreCollector,
  StoreFacts,
  StoreIndex,
  StoreLogs,
  StoreObserver,
  StoreRoots,
  StoreVerifier,
  StoreWriter,
} from "../store.ts";
import { checkCancelled, collect, digestOf } from "../stream.ts";
import { readBuildLog } from "./build-log.ts";
import { DiskFiles } from "./disk-files.ts";
import type { FileSystem } from "./file-system.ts";
import {
  applySupplement,
  formatRegistration,
  formatSupplement,
  parseRegistration,
} from "./registration.ts";
import { narOfFiles, restoreNar } from "./restore.ts";

/** Where a {@link DirectoryStore} is. Paths are absolute. */
export interface DirectoryStoreOptions {
  /** The store directory as store paths name it. */
  readonly storeDir: string;
  /** A directory that takes the place of `/`; empty for none. */
  readonly root: string;
  /** Where objects lie; `storeDir` below the root unless given. */
  readonly realStoreDir?: string;
  /** `/nix/var/nix` below the root unless given. */
  readonly stateDir?: string;
  /** `/nix/var/log/nix` below the root unless given. */
  readonly logDir?: string;
  /** Whose signatures count; without keys none are needed. */
  readonly trustedKeys?: TrustedKeys;
  readonly observer?: StoreObserver;
  /** How the store is shown. */
  readonly uri: string;
  /** Distinguishes temporary names of several processes. */
  readonly uniqueId: string;
}

const REGISTRATION = "nivis.reginfo";
const SUPPLEMENT = "nivis.pathinfo";

/** See the head of this file. */
export class DirectoryStore
  implements Store, StoreWriter, StoreIndex, StoreRoots, StoreCollector, StoreVerifier
{
  readonly uri: string;
  readonly storeDir: string;
  readonly priority = 0;
  readonly wantMassQuery = true;
  readonly logs: StoreLogs;
  readonly #host: StoreHost;
  readonly #files: FileSystem;
  readonly #options: DirectoryStoreOptions;
  readonly #directory: string;
  readonly #state: string;
  readonly #logDir: string;
  readonly #tempRoots = new Set<string>();
  /** Additions that are under way, by path. */
  readonly #adding = new Map<string, Promise<void>>();
  #infos: Promise<Map<string, PathInfo>> | undefined;
  #temporaries = 0;

  constructor(host: StoreHost, files: FileSystem, options: DirectoryStoreOptions) {
    this.#host = host;
    this.#files = files;
    this.#options = options;
    this.storeDir = options.storeDir;
    this.uri = options.uri;
    // Nix: below a root, objects lie in `nix/store` whatever the store directory is called.
    this.#directory =
      options.realStoreDir ??
      (options.root === "" ? options.storeDir : `${options.root}${options.storeDir}`);
    this.#state = options.stateDir ?? `${options.root}/nix/var/nix`;
    this.#logDir = options.logDir ?? `${options.root}/nix/var/log/nix`;
    this.logs = {
      buildLog: (drvPath) => readBuildLog(files, this.#logDir, drvPath, host),
    };
  }

  get writer(): StoreWriter {
    return this;
  }
  get index(): StoreIndex {
    return this;
  }
  get roots(): StoreRoots {
    return this;
  }
  get collector(): StoreCollector {
    return this;
  }
  get verifier(): StoreVerifier {
    return this;
  }

  /** Where a store path is on disk. */
  readonly realPath = (path: string): string => this.#directory + path.slice(this.storeDir.length);

  // Registration

  #registered(): Promise<Map<string, PathInfo>> {
    this.#infos ??= this.#readRegistration();
    return this.#infos;
  }

  async #readRegistration(): Promise<Map<string, PathInfo>> {
    const infos = parseRegistration(await this.#readText(`${this.#state}/${REGISTRATION}`));
    applySupplement(await this.#readText(`${this.#state}/${SUPPLEMENT}`), infos);
    return infos;
  }

  async #readText(path: string): Promise<string> {
    if ((await this.#files.status(path)) === undefined) return "";
    return bytesToByteString(await collect(this.#files.read(path)));
  }

  async #register(infos: readonly PathInfo[]): Promise<void> {
    const registered = await this.#registered();
    await this.#files.makeDirectory(this.#state);
    const supplement = infos.map(formatSupplement).join("");
    // First what only completes an entry, then the entry that makes the path valid.
    if (supplement !== "") {
      await this.#files.append(`${this.#state}/${SUPPLEMENT}`, bytesOf(supplement));
    }
    const entries = infos.filter(({ path }) => !registered.has(path)).map(formatRegistration);
    if (entries.length > 0) {
      await this.#files.append(`${this.#state}/${REGISTRATION}`, bytesOf(entries.join("")));
    }
    for (const info of infos) registered.set(info.path, info);
  }

  /** Writes the registration anew, without `gone`. */
  async #unregister(gone: ReadonlySet<string>): Promise<void> {
    const registered = await this.#registered();
    for (const path of gone) registered.delete(path);
    const infos = [...registered.values()];
    await this.#replace(REGISTRATION, infos.map(formatRegistration).join(""));
    await this.#replace(SUPPLEMENT, infos.map(formatSupplement).join(""));
  }

  async #replace(name: string, text: string): Promise<void> {
    const temporary = `${this.#state}/.${name}-${this.#options.uniqueId}-${this.#temporaries++}`;
    const writer = await this.#files.create(temporary);
    try {
      await writer.write(bytesOf(text));
    } finally {
      await writer.close();
    }
    await this.#files.rename(temporary, `${this.#state}/${name}`);
  }

  async #need(path: string): Promise<PathInfo> {
    const info = (await this.#registered()).get(path);
    if (info === undefined) throw invalidPath(path);
    return info;
  }

  // Reading

  async info(path: string): Promise<PathInfo | undefined> {
    return (await this.#registered()).get(path);
  }

  async validPaths(paths: readonly string[]): Promise<ReadonlySet<string>> {
    const registered = await this.#registered();
    return new Set(paths.filter((path) => registered.has(path)));
  }

  async pathOfHashPart(hashPart: string): Promise<string | undefined> {
    const start = `${this.storeDir}/${hashPart}-`;
    for (const path of (await this.#registered()).keys()) if (path.startsWith(start)) return path;
    return undefined;
  }

  async *nar(path: string): AsyncGenerator<Uint8Array> {
    await this.#need(path);
    yield* narOfFiles(this.#files, this.realPath(path));
  }

  async files(path: string): Promise<ObjectFiles> {
    await this.#need(path);
    return new DiskFiles(this.#files, path, this.realPath(path));
  }

  async facts(): Promise<StoreFacts> {
    return { trusted: true };
  }

  async close(): Promise<void> {
    this.#tempRoots.clear();
  }

  async allPaths(): Promise<readonly string[]> {
    return sortedBytes((await this.#registered()).keys());
  }

  async referrers(path: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (const info of (await this.#registered()).values()) {
      if (info.references.includes(path)) found.push(info.path);
    }
    return found.sort();
  }

  async derivers(path: string): Promise<readonly string[]> {
    const deriver = (await this.info(path))?.deriver;
    return deriver !== undefined && (await this.info(deriver)) !== undefined ? [deriver] : [];
  }

  // Writing

  async add(item: PathToAdd, options: AddOptions = {}): Promise<void> {
    const { path } = item.info;
    // Two that add the same path would remove each other's files.
    const before = this.#adding.get(path);
    const own = (before ?? Promise.resolve()).then(() => this.#add(item, options));
    const settled = own.catch(() => {});
    this.#adding.set(path, settled);
    try {
      await own;
    } finally {
      if (this.#adding.get(path) === settled) this.#adding.delete(path);
    }
  }

  async #add({ info, nar }: PathToAdd, options: AddOptions): Promise<void> {
    checkCancelled(options.signal);
    const registered = await this.#registered();
    this.#tempRoots.add(info.path);
    if (registered.has(info.path) && options.repair !== true) return;
    checkSignature(info, this.storeDir, this.#host, this.#options.trustedKeys, options);
    for (const reference of info.references) {
      if (reference !== info.path && !registered.has(reference)) {
        throw new StoreError(
          "invalid-path",
          marked`cannot register path '${info.path}' because its reference '${reference}' is not valid`,
        );
      }
    }
    await this.#install(info, nar());
    const registrationTime =
      info.registrationTime === 0
        ? Math.floor(this.#host.clock.now() / 1000)
        : info.registrationTime;
    await this.#register([{ ...info, registrationTime }]);
  }

  async #install(info: PathInfo, nar: AsyncIterable<Uint8Array>): Promise<void> {
    const files = this.#files;
    const name = `.nivis-${this.#options.uniqueId}-${this.#temporaries++}`;
    const temporary = `${this.#directory}/${name}`;
    const target = this.realPath(info.path);
    await files.makeDirectory(this.#directory);
    try {
      await restoreNar(files, temporary, verifiedNar(info, nar, this.#host));
      // What lies there without being registered is left over from a crash.
      await files.remove(target);
      await files.rename(temporary, target);
      const status = await files.status(target);
      if (status?.type === "directory") await files.seal(target, status);
    } catch (error) {
      await files.remove(temporary);
      throw error;
    }
  }

  async addMany(items: readonly PathToAdd[], options?: AddOptions): Promise<void> {
    for (const item of items) await this.add(item, options);
  }

  async addContent(content: ContentToAdd, options?: AddOptions): Promise<PathInfo> {
    const item = await prepareContent(content, this.storeDir, this.#host);
    await this.add(item, options);
    return this.#need(item.info.path);
  }

  readonly addSignatures = async (path: string, signatures: readonly string[]): Promise<void> => {
    const info = await this.#need(path);
    const all = [...new Set([...info.signatures, ...signatures])].sort();
    await this.#register([{ ...info, signatures: all }]);
  };

  // Roots and garbage

  async addTempRoot(path: string): Promise<void> {
    this.#tempRoots.add(path);
  }

  async addIndirectRoot(link: string): Promise<void> {
    const name = encodeNixBase32(this.#host.hashes.hash("sha1", link));
    const folder = `${this.#state}/gcroots/auto`;
    await this.#files.makeDirectory(folder);
    const temporary = `${folder}/.${name}-${this.#options.uniqueId}-${this.#temporaries++}`;
    await this.#files.symlink(link, temporary);
    await this.#files.rename(temporary, `${folder}/${name}`);
  }

  async findRoots(): Promise<readonly GcRoot[]> {
    const found: GcRoot[] = [];
    for (const folder of ["gcroots", "profiles"]) {
      await this.#findRootsBelow(`${this.#state}/${folder}`, found);
    }
    const registered = await this.#registered();
    const roots = found.filter(({ path }) => registered.has(path));
    for (const path of sortedBytes(this.#tempRoots)) {
      if (registered.has(path)) roots.push({ link: "{temp}", path });
    }
    return roots;
  }

  async #findRootsBelow(path: string, found: GcRoot[]): Promise<void> {
    const status = await this.#files.status(path);
    if (status?.type === "directory") {
      for (const name of sortedBytes(await this.#files.readDirectory(path))) {
        await this.#findRootsBelow(`${path}/${name}`, found);
      }
    } else if (status?.type === "symlink") {
      const target = await this.#files.readLink(path);
      const direct = this.#storePathOf(target);
      if (direct !== undefined) {
        found.push({ link: path, path: direct });
        return;
      }
      // An indirect root: a link to a link into the store.
      const linked = await this.#files.status(target);
      if (linked?.type !== "symlink") return;
      const indirect = this.#storePathOf(await this.#files.readLink(target));
      if (indirect !== undefined) found.push({ link: target, path: indirect });
    }
  }

  /** The store path that a path is in, by its text. */
  #storePathOf(path: string): string | undefined {
    if (!path.startsWith(`${this.storeDir}/`)) return undefined;
    const end = path.indexOf("/", this.storeDir.length + 1);
    const whole = end < 0 ? path : path.slice(0, end);
    return tryParseStorePath(whole, this.storeDir) === undefined ? undefined : whole;
  }

  async collect(options: GcOptions): Promise<GcResult> {
    const registered = await this.#registered();
    const roots = (await this.findRoots()).map(({ path }) => path);
    const live = new Set((await closureOf(this, roots, options)).keys());
    const { action, paths: wanted = { kind: "whole-store" } as const } = options;
    if (action === "return-live") return { paths: sortedBytes(live), bytesFreed: 0n };
    const dead = this.#deadPaths(registered, live);
    if (action === "return-dead") return { paths: dead, bytesFreed: 0n };
    let doomed = dead;
    if (wanted.kind === "specific") {
      const chosen = new Set(wanted.paths);
      for (const path of chosen) {
        if (!live.has(path)) continue;
        throw new StoreError(
          "remote",
          marked`Cannot delete path '${path}' since it is still alive. To find out why, use:\nnix-store --query --roots and nix-store --query --referrers`,
        );
      }
      doomed = dead.filter((path) => chosen.has(path));
      for (const path of doomed) {
        const referrer = (await this.referrers(path)).find(
          (one) => one !== path && !chosen.has(one),
        );
        if (referrer === undefined) continue;
        throw new StoreError(
          "remote",
          marked`Cannot delete path '${path}' since it is still referred to by '${referrer}'`,
        );
      }
    }
    return this.#delete(doomed, options);
  }

  /** What nobody needs, referrers first. */
  #deadPaths(
    registered: ReadonlyMap<string, PathInfo>,
    live: ReadonlySet<string>,
  ): readonly string[] {
    const order: string[] = [];
    const seen = new Set<string>();
    const referrers = new Map<string, string[]>();
    for (const { path, references } of registered.values()) {
      for (const reference of references) {
        if (reference === path) continue;
        const known = referrers.get(reference);
        if (known === undefined) referrers.set(reference, [path]);
        else known.push(path);
      }
    }
    for (const root of sortedBytes(registered.keys())) {
      if (live.has(root) || seen.has(root)) continue;
      seen.add(root);
      const open = [{ path: root, rest: [...(referrers.get(root) ?? [])] }];
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const next = top.rest.pop();
        if (next === undefined) {
          order.push(top.path);
          open.pop();
        } else if (!seen.has(next)) {
          seen.add(next);
          open.push({ path: next, rest: [...(referrers.get(next) ?? [])] });
        }
      }
    }
    return order;
  }

  async #delete(paths: readonly string[], options: GcOptions): Promise<GcResult> {
    const registered = await this.#registered();
    const gone: string[] = [];
    let bytesFreed = 0n;
    for (const path of paths) {
      checkCancelled(options.signal);
      if (options.maxFreed !== undefined && bytesFreed >= options.maxFreed) break;
      bytesFreed += BigInt(registered.get(path)?.narSize ?? 0);
      gone.push(path);
    }
    // First no longer valid, then no longer there: a crash in between leaves files, not lies.
    await this.#unregister(new Set(gone));
    for (const path of gone) await this.#files.remove(this.realPath(path));
    return { paths: gone, bytesFreed };
  }

  async verify(
    options: { readonly checkContents: boolean; readonly repair: boolean } & RequestOptions,
  ): Promise<boolean> {
    if (options.repair) {
      throw new StoreError("unsupported", marked`repairing store '${this.uri}' is not supported`);
    }
    let failed = false;
    const say = (message: string): void => {
      failed = true;
      this.#options.observer?.message?.(message);
    };
    for (const info of (await this.#registered()).values()) {
      checkCancelled(options.signal);
      const real = this.realPath(info.path);
      if ((await this.#files.status(real)) === undefined) {
        say(`path '${info.path}' disappeared, but it still has valid referrers or is registered`);
        continue;
      }
      if (!options.checkContents) continue;
      try {
        const { hash } = await digestOf(narOfFiles(this.#files, real), this.#host.hashes);
        if (hash.digest.some((byte, i) => byte !== info.narHash.digest[i])) {
          say(
            `path '${info.path}' was modified! its content does not have the hash that was registered`,
          );
        }
      } catch (error) {
        say(`path '${info.path}' cannot be read: ${messageOf(error)}`);
      }
    }
    return failed;
  }
}
