/**
 * Answers what an evaluation asks of its stores (`requests.ts`), over the asynchronous stores of
 * `@nivis/store`. Runs in the thread that holds the connections, and in tests without one.
 */
import { closeSync } from "node:fs";
import type { ClosureCopy, ClosureRequest } from "@nivis/eval";
import {
  type BuildMode,
  bytesToByteString,
  type ContentAddress,
  type DerivedPath,
  formatDerivedPath,
  formatHash,
  isBuildSuccess,
  type KeyedBuildResult,
  marked,
  namePart,
  narBytes,
  narTreeSource,
  type PathInfo,
  parseSingleDerivedPath,
  storePathBaseName,
} from "@nivis/formats";
import {
  type AddOptions,
  type ByteStream,
  buildExitCode,
  type CancelSignal,
  capability,
  checkCancelled,
  copyPaths,
  type FileSystem,
  isContentAddressed,
  type Missing,
  makeContentAddressed,
  narOfFiles,
  outputsOfDerivation,
  type PathToAdd,
  referencesFirst,
  type SpooledFiles,
  type Store,
  StoreError,
  type StoreWriter,
  spoolFiles,
  streamOf,
} from "@nivis/store";
import { nodeFileSystem } from "../node-file-system.ts";
import { nodeStoreHost } from "../node-store-host.ts";
import type { TeeLogger } from "../progress/build-logger.ts";
import { makeRoot } from "../root-link.ts";
import { readSpooledNar } from "./nar-spool.ts";
import type { NewObject, RequestedOutput, StoreAnswers, StoreRequest } from "./requests.ts";

/** So few and so small files are sent without asking whether they are there. */
const FEW_OBJECTS = 4;
const SMALL_FILE = 16 * 1024;

type NewFile = Extract<NewObject, { readonly kind: "file" }>;

/** See the head of this file. */
export class EvaluationServer {
  readonly #evalStore: Store;
  readonly #buildStore: Store;

  readonly #logger: TeeLogger | undefined;

  readonly #openSource: (url: string) => Promise<Store>;

  /** Objects whose files were read, by their paths. */
  readonly #objects = new Map<string, Promise<SpooledFiles>>();

  /** @param openSource - opens a store that paths are copied from */
  constructor(
    evalStore: Store,
    buildStore: Store,
    openSource: (url: string) => Promise<Store>,
    logger?: TeeLogger,
  ) {
    this.#openSource = openSource;
    this.#evalStore = evalStore;
    this.#buildStore = buildStore;
    this.#logger = logger;
  }

  /** The answer to one question. Throws a {@link StoreError}. */
  async answer(
    request: StoreRequest,
    signal?: CancelSignal,
  ): Promise<StoreAnswers[StoreRequest["ask"]]> {
    const store = this.#evalStore;
    switch (request.ask) {
      case "valid":
        return (await store.validPaths([request.path])).has(request.path);
      case "references":
        return (await store.info(request.path))?.references;
      case "hash": {
        const info = await store.info(request.path);
        return info === undefined ? undefined : formatHash(info.narHash, "sri", true);
      }
      case "derivation":
        return this.#derivation(request.path);
      case "list":
        return (await this.#object(request.path)).listing;
      case "read":
        return textOf((await this.#object(request.path)).files.readFile(request.file));
      case "write":
        await this.#write(request.objects, signal);
        return undefined;
      case "build":
        return this.#build(request.wanted);
      case "closure":
        return this.#closure(request);
      case "substitute":
        return this.#substitute(request.path);
      case "missing":
        return this.#missing(request.wanted);
      case "realise":
        return this.#realise(request.wanted, request.mode, signal);
      case "outputs":
        return this.#outputs(request.drvPath);
      case "root":
        return makeRoot(this.#buildStore, request.path, request.link);
      case "print":
        for (const line of request.lines) this.#logger?.print(request.level, line);
        return undefined;
      case "close":
        await this.#close();
        return undefined;
    }
  }

  async #derivation(path: string): Promise<string | undefined> {
    const store = this.#evalStore;
    if (!(await store.validPaths([path])).has(path)) return undefined;
    return textOf((await store.files(path)).readFile("/"));
  }

  /** The files of an object that is not on this machine; its NAR is fetched once. */
  #object(path: string): Promise<SpooledFiles> {
    const known = this.#objects.get(path);
    if (known !== undefined) return known;
    const object = spoolFiles(path, this.#evalStore.nar(path), nodeStoreHost);
    this.#objects.set(path, object);
    // It may be there later.
    object.catch(() => this.#objects.delete(path));
    return object;
  }

  async #close(): Promise<void> {
    const store = this.#evalStore;
    await store.close();
    if (this.#buildStore !== store) await this.#buildStore.close();
    const objects = await Promise.allSettled(this.#objects.values());
    this.#objects.clear();
    for (const object of objects) if (object.status === "fulfilled") await object.value.dispose();
  }

  async #write(objects: readonly NewObject[], signal: CancelSignal | undefined): Promise<void> {
    checkCancelled(signal);
    const store = this.#evalStore;
    const options = signal === undefined ? {} : { signal };
    const writer = capability(store, "writer", "addToStore");
    if (objects.length <= FEW_OBJECTS && objects.every(isSmallFile)) {
      // The store looks by itself whether they are there.
      for (const object of objects) await addFile(writer, object, options);
      return;
    }
    try {
      const paths = objects.map(({ path }) => path);
      const valid = await store.validPaths(paths, options);
      const missing = objects.filter(({ path }) => !valid.has(path)).map(pathToAdd);
      if (missing.length > 0) await writer.addMany(missing, options);
    } finally {
      for (const object of objects) {
        if (object.kind === "source" && "narFile" in object.from) closeSync(object.from.narFile);
      }
    }
  }

  async #build(wanted: readonly RequestedOutput[]): Promise<readonly string[]> {
    const [evalStore, buildStore] = [this.#evalStore, this.#buildStore];
    const makeBuilder = capability(buildStore, "builder", "buildPaths");
    const derivations = wanted.map(({ drvPath }) => derivationOf(drvPath, evalStore.storeDir));
    const paths = wanted.map(
      ({ output }, i): DerivedPath => ({
        kind: "built",
        drv: derivations[i] as ReturnType<typeof derivationOf>,
        outputs: [output],
      }),
    );
    const results = await makeBuilder(evalStore).build(paths);
    const failed = results.filter(({ status }) => !isBuildSuccess(status));
    if (failed[0] !== undefined) {
      const error = new StoreError("build", failed[0].errorMessage);
      // Nix: other stores report a message only.
      if (isOwnStore(buildStore)) error.exitCode = buildExitCode(failed);
      throw error;
    }
    const built: string[] = [];
    for (const { drvPath, output } of wanted) {
      const found = results
        .map(({ path, builtOutputs }) =>
          path.kind === "built" && printed(path.drv) === drvPath
            ? builtOutputs.get(output)?.outPath
            : undefined,
        )
        .find((path) => path !== undefined);
      const path =
        found ?? (await outputsOfDerivation(buildStore, drvPath, nodeStoreHost)).get(output);
      if (path === undefined) {
        throw new StoreError(
          "build",
          marked`derivation '${drvPath}' does not have output '${output}'`,
        );
      }
      built.push(path);
    }
    if (evalStore !== buildStore) await this.#copy(buildStore, evalStore, built);
    return built;
  }

  async #copy(from: Store, to: Store, paths: readonly string[]): Promise<void> {
    const observer = this.#logger;
    await copyPaths(from, to, paths, observer === undefined ? {} : { observer });
  }

  #builder() {
    return capability(this.#buildStore, "builder", "buildPaths")(this.#evalStore);
  }

  async #missing(wanted: readonly DerivedPath[]): Promise<Missing> {
    const store = this.#buildStore;
    const missing = await this.#builder().missing(wanted);
    const infos = new Map<string, PathInfo>();
    const found = await Promise.all(missing.willBuild.map((path) => store.info(path)));
    for (const info of found) if (info !== undefined) infos.set(info.path, info);
    return { ...missing, willBuild: referencesFirst(infos) };
  }

  async #realise(
    wanted: readonly DerivedPath[],
    mode: BuildMode,
    signal: CancelSignal | undefined,
  ): Promise<readonly KeyedBuildResult[]> {
    const options = signal === undefined ? {} : { signal };
    const results = await this.#builder().build(wanted, mode, options);
    const byPath = new Map(results.map((result) => [formatDerivedPath(result.path), result]));
    // The store may return results in another order, or none for what it never came to.
    return wanted.flatMap((path) => byPath.get(formatDerivedPath(path)) ?? []);
  }

  #outputs(drvPath: string): Promise<ReadonlyMap<string, string | undefined>> {
    return outputsOfDerivation(this.#evalStore, drvPath, nodeStoreHost);
  }

  /** Copies a closure from a binary cache, as it is or in content-addressed form. */
  async #closure({ from, path, rewrite }: ClosureRequest): Promise<ClosureCopy> {
    const store = this.#evalStore;
    let copied = path;
    if (rewrite || !(await store.validPaths([path])).has(path)) {
      const source = await this.#openSource(from);
      try {
        if (rewrite) {
          const renamed = await makeContentAddressed(source, store, [path], nodeStoreHost);
          copied = renamed.get(path) ?? path;
        } else await this.#copy(source, store, [path]);
      } finally {
        await source.close();
      }
    }
    const info = await store.info(copied);
    if (info === undefined)
      throw new StoreError("invalid-path", marked`path '${copied}' is not valid`);
    const isAddressed = isContentAddressed(info, store.storeDir, nodeStoreHost);
    return { path: copied, isContentAddressed: isAddressed };
  }

  async #substitute(path: string): Promise<boolean> {
    const store = this.#evalStore;
    if ((await store.validPaths([path])).has(path)) return true;
    if (store.builder === undefined) return false;
    await store.builder(store).ensure(path);
    return true;
  }
}

/** The derivation of a context element: `out!/nix/store/….drv` is an output of another. */
function derivationOf(drvPath: string, storeDir: string) {
  return parseSingleDerivedPath(drvPath.split("!").reverse().join("^"), storeDir);
}

/** Whether a store is that of this machine without a daemon, below any root. */
function isOwnStore({ uri }: Store): boolean {
  return /^local(?:$|[:?])/.test(uri);
}

function printed(path: ReturnType<typeof derivationOf>): string {
  return path.kind === "opaque" ? path.path : `${path.output}!${printed(path.drv)}`;
}

async function textOf(bytes: ByteStream): Promise<string> {
  let text = "";
  for await (const piece of bytes) text += bytesToByteString(piece);
  return text;
}

function isSmallFile(object: NewObject): object is NewFile {
  return object.kind === "file" && object.contents.length < SMALL_FILE;
}

/** Adds a file by its contents. */
async function addFile(
  writer: StoreWriter,
  { path, method, contents, references }: NewFile,
  options: AddOptions,
): Promise<void> {
  const added = await writer.addContent(
    {
      name: namePart(storePathBaseName(path)),
      method,
      algorithm: "sha256",
      references,
      bytes: () => streamOf(contents),
    },
    options,
  );
  if (added.path !== path) {
    throw new StoreError("corrupt", marked`the store made '${added.path}' of what is '${path}'`);
  }
}

/** A new object with what stores have to know of it. */
function pathToAdd(object: NewObject): PathToAdd {
  const { path, references } = object;
  if (object.kind === "file") {
    const { contents, method } = object;
    const nar = narBytes(narTreeSource, { type: "regular", executable: false, contents });
    const digest = nodeStoreHost.hashes.hash("sha256", nar);
    const address: ContentAddress = {
      method,
      hash: { algorithm: "sha256", digest: nodeStoreHost.hashes.hash("sha256", contents) },
    };
    return {
      info: pathInfo(path, digest, nar.length, references, address),
      nar: () => streamOf(nar),
    };
  }
  const { from, narDigest, narSize } = object;
  const address: ContentAddress = {
    method: "nar",
    hash: { algorithm: "sha256", digest: narDigest },
  };
  const info = pathInfo(path, narDigest, narSize, references, address);
  if ("nar" in from) return { info, nar: () => streamOf(from.nar) };
  if ("narFile" in from) return { info, nar: () => readSpooledNar(from.narFile, narSize) };
  return { info, nar: () => narOfFiles(keptFiles(from.kept), from.root) };
}

function pathInfo(
  path: string,
  narDigest: Uint8Array,
  narSize: number,
  references: readonly string[],
  contentAddress: ContentAddress,
): PathInfo {
  return {
    path,
    narHash: { algorithm: "sha256", digest: narDigest },
    narSize,
    references: [...references].sort(),
    registrationTime: 0,
    ultimate: false,
    signatures: [],
    contentAddress,
  };
}

/** The files of this machine as a filter left them. */
function keptFiles(kept: ReadonlyMap<string, readonly string[]> | undefined): FileSystem {
  if (kept === undefined) return nodeFileSystem;
  return {
    ...nodeFileSystem,
    readDirectory: async (path) => kept.get(path) ?? nodeFileSystem.readDirectory(path),
  };
}
