/**
 * A daemon that serves any store to clients of the worker protocol: C++ Nix's `nix` and `nix-store`,
 * or ours. Building is forwarded to a store that can build, if there is one.
 *
 * One call of {@link serveClient} serves one connection, request by request. An error inside an
 * operation is reported and the connection goes on, except where the client may still be sending
 * frames or is reading a NAR. What the store says while it works goes to the client. Source: daemon.cc
 * of libstore.
 */
import {
  type Agreement,
  type AnyOperation,
  FormatError,
  FRAME_SIZE,
  marked,
  NarStream,
  OPERATIONS,
  type OperationName,
  type OperationReply,
  type OperationRequest,
  operationName,
  type PathInfo,
  type ProtocolFeature,
  parseHashAlgorithm,
  pathInfo as pathInfoWire,
  printStorePath,
  type ServerMessage,
  serverHandshake,
  serverMessage,
  splitMethodPrefix,
  uncolored,
  WireInput,
} from "@nivis/formats";
import type { Transport } from "../daemon/transport.ts";
import { WireStream } from "../daemon/wire-stream.ts";
import { outputsOfDerivation } from "../derivations.ts";
import { invalidPath, messageOf, StoreError, unsupported } from "../error.ts";
import type { ByteStream, CancelSignal, StoreHost } from "../host.ts";
import { type Builder, capability, type Store, type StoreObserver } from "../store.ts";
import { copyBytes, streamOf } from "../stream.ts";
import { ValidBuilder } from "../valid-builder.ts";

/** What is served, and to whom. */
export interface ServerOptions {
  /** Opens what one client is served; what happens in it is said to the observer. */
  readonly open: (observer: StoreObserver) => Promise<ServedStores>;
  /** Whether the client may do what only trusted users may. */
  readonly trusted: boolean;
  /** The version that clients are told. */
  readonly version: string;
  /** For tests: the newest version and the features that are spoken. */
  readonly minor?: number;
  readonly features?: readonly ProtocolFeature[];
  /** Hears of connections that break, which no client can be told. */
  readonly onError?: (error: unknown) => void;
}

/** What one client is served. Both are closed when it goes away. */
export interface ServedStores {
  readonly store: Store;
  /** Builds; the store itself unless given, and if it can. */
  readonly buildStore?: Store;
}

/** Collects what a store says, for whichever client is served. */
export class ForwardingObserver implements StoreObserver {
  readonly #send: (message: ServerMessage) => void;

  constructor(send: (message: ServerMessage) => void) {
    this.#send = send;
  }

  message(text: string): void {
    this.#send({ kind: "next", text: `${text}\n` });
  }

  startActivity(activity: Parameters<NonNullable<StoreObserver["startActivity"]>>[0]): void {
    this.#send({ kind: "start-activity", activity });
  }

  stopActivity(id: bigint): void {
    this.#send({ kind: "stop-activity", id });
  }

  result(result: Parameters<NonNullable<StoreObserver["result"]>>[0]): void {
    this.#send({ kind: "result", result });
  }
}

const GONE = "client went away";

/** Serves one client until it goes away. */
export async function serveClient(
  transport: Transport,
  host: StoreHost,
  options: ServerOptions,
): Promise<void> {
  const messages = new MessageQueue();
  let stores: ServedStores | undefined;
  let session: Session | undefined;
  try {
    stores = await options.open(new ForwardingObserver((message) => messages.say(message)));
    session = new Session(transport, host, options, stores, messages);
    await session.run();
  } catch (error) {
    // That a client goes away is its right, also in the middle.
    const isGone = error instanceof StoreError && error.message === GONE;
    if (!isGone && session?.isStopped !== true) options.onError?.(error);
  } finally {
    session?.stop();
    transport.close();
    await stores?.buildStore?.close();
    await stores?.store.close();
  }
}

/** Keeps what is said between operations for the next one. */
class MessageQueue {
  readonly #pending: ServerMessage[] = [];
  #send: ((message: ServerMessage) => void) | undefined;

  say(message: ServerMessage): void {
    if (this.#send === undefined) this.#pending.push(message);
    else this.#send(message);
  }

  /** Whether and how messages reach the client now. */
  set listener(send: ((message: ServerMessage) => void) | undefined) {
    this.#send = send;
    if (send !== undefined) for (const message of this.#pending.splice(0)) send(message);
  }
}

/** A signal that we give ourselves. */
class Cancellation implements CancelSignal {
  aborted = false;
  readonly #listeners = new Set<() => void>();

  addEventListener(_: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.#listeners) listener();
  }
}

type Handlers = {
  readonly [Name in OperationName]?: (
    request: OperationRequest<Name>,
  ) => Promise<OperationReply<Name>>;
};

class Session {
  readonly #stream: WireStream;
  readonly #host: StoreHost;
  readonly #options: ServerOptions;
  readonly #signal = new Cancellation();
  #agreed: Agreement | undefined;
  readonly #stores: ServedStores;
  readonly #messages: MessageQueue;

  constructor(
    transport: Transport,
    host: StoreHost,
    options: ServerOptions,
    stores: ServedStores,
    messages: MessageQueue,
  ) {
    this.#stream = new WireStream(transport, GONE, false);
    this.#host = host;
    this.#options = options;
    this.#stores = stores;
    this.#messages = messages;
  }

  get #store(): Store {
    return this.#stores.store;
  }

  #builder(): Builder {
    const store = this.#stores.buildStore ?? this.#store;
    return store.builder?.(this.#store) ?? new ValidBuilder(store, this.#host);
  }

  /** Whether the client is known to have gone. */
  get isStopped(): boolean {
    return this.#signal.aborted;
  }

  /** Gives up whatever runs. */
  stop(): void {
    this.#signal.abort();
  }

  async run(): Promise<void> {
    const { version, trusted, minor, features } = this.#options;
    const stream = this.#stream;
    this.#agreed = await stream.decode(
      serverHandshake(stream.input, stream.output, {
        storeDir: this.#store.storeDir,
        daemonVersion: version,
        trusted,
        ...(minor === undefined ? {} : { minor }),
        ...(features === undefined ? {} : { features }),
      }),
    );
    this.#write({ kind: "last" });
    await stream.flush();
    for (;;) {
      stream.input.beginValue();
      const number = await stream.decode(stream.input.uint());
      if (!(await this.#serve(number))) return;
    }
  }

  /** Serves one request; false if the connection cannot go on. */
  async #serve(number: number): Promise<boolean> {
    const agreed = this.#agreed as Agreement;
    const stream = this.#stream;
    const name = operationName(number);
    if (name === undefined) return this.#refuse(`invalid operation ${number}`);
    const operation: AnyOperation = OPERATIONS[name];
    let request: unknown;
    try {
      request = await stream.decode(operation.request.read(stream.input, agreed));
    } catch (error) {
      if (stream.broken !== undefined) throw error;
      // A request that cannot be read leaves no place to go on from.
      return this.#refuse(messageOf(error));
    }
    this.#messages.listener = (message) => {
      this.#write(message);
      void stream.flush().catch(() => {});
    };
    const frames = operation.payload === "framed" ? stream.frames() : undefined;
    // A client that closes the connection gives up what runs for it.
    if (frames === undefined && stream.input.available === 0) {
      stream.more().catch(() => this.stop());
    }
    try {
      const reply = await this.#perform(name, request, frames);
      this.#messages.listener = undefined;
      this.#write({ kind: "last" });
      operation.reply.write(stream.output, reply as never, agreed);
    } catch (error) {
      this.#messages.listener = undefined;
      if (stream.broken !== undefined) throw error;
      // The client looks for errors between its frames, but what is under way must be read.
      if (frames !== undefined) await drain(frames);
      stream.output.take();
      this.#writeError(error);
    }
    await stream.flush();
    if (operation.payload === "raw-nar-reply") {
      return this.#sendNar((request as { readonly path: string }).path);
    }
    return true;
  }

  /** Reports an error and ends the connection. */
  async #refuse(message: string): Promise<boolean> {
    this.#writeError(new StoreError("usage", message));
    await this.#stream.flush();
    return false;
  }

  #write(message: ServerMessage): void {
    serverMessage.write(this.#stream.output, message, this.#agreed as Agreement);
  }

  #writeError(error: unknown): void {
    const traces = error instanceof StoreError ? error.traces : [];
    this.#write({ kind: "error", error: { level: 0, message: messageOf(error), traces } });
  }

  async #sendNar(path: string): Promise<boolean> {
    try {
      for await (const piece of this.#store.nar(path, { signal: this.#signal })) {
        await this.#stream.send(piece);
      }
      return true;
    } catch (error) {
      // There is no place for an error any more: the stream is cut off.
      this.#options.onError?.(error);
      return false;
    }
  }

  async #perform(
    name: OperationName,
    request: unknown,
    frames: AsyncGenerator<Uint8Array> | undefined,
  ): Promise<unknown> {
    if (frames !== undefined) return this.#performFramed(name, request, frames);
    const handler = this.#handlers[name] as ((request: unknown) => Promise<unknown>) | undefined;
    if (handler === undefined) throw unsupported(name, this.#store.uri);
    return handler(request);
  }

  async #needInfo(path: string): Promise<PathInfo> {
    const info = await this.#store.info(path);
    if (info === undefined) throw invalidPath(path);
    return info;
  }

  #needTrust(what: string): void {
    if (!this.#options.trusted)
      throw new StoreError("usage", marked`you are not privileged to ${uncolored(what)}`);
  }

  /** The operations without frames. */
  readonly #handlers: Handlers = {
    isValidPath: async ({ path }) => (await this.#store.info(path)) !== undefined,
    queryPathInfo: async ({ path }) => this.#store.info(path),
    queryValidPaths: async ({ paths, substitute }) => [
      ...(await this.#store.validPaths(paths, { substitute, signal: this.#signal })),
    ],
    queryAllValidPaths: async () =>
      capability(this.#store, "index", "queryAllValidPaths").allPaths({ signal: this.#signal }),
    queryReferrers: async ({ path }) =>
      capability(this.#store, "index", "queryReferrers").referrers(path),
    queryValidDerivers: async ({ path }) =>
      capability(this.#store, "index", "queryValidDerivers").derivers(path),
    queryDeriver: async ({ path }) => (await this.#needInfo(path)).deriver,
    queryPathFromHashPart: async ({ hashPart }) => this.#store.pathOfHashPart(hashPart),
    queryDerivationOutputs: async ({ path }) => {
      const outputs = await outputsOfDerivation(this.#store, path, this.#host);
      return [...outputs.values()].filter((one) => one !== undefined);
    },
    queryDerivationOutputNames: async ({ path }) => [
      ...(await outputsOfDerivation(this.#store, path, this.#host)).keys(),
    ],
    queryDerivationOutputMap: async ({ path }) => {
      await this.#needInfo(path);
      return outputsOfDerivation(this.#store, path, this.#host);
    },
    querySubstitutablePaths: async ({ paths }) => [
      ...((await this.#store.substitutable?.(paths, { signal: this.#signal }))?.keys() ?? []),
    ],
    querySubstitutablePathInfos: async ({ paths }) =>
      (await this.#store.substitutable?.([...paths.keys()], { signal: this.#signal })) ?? new Map(),
    querySubstitutablePathInfo: async ({ path }) =>
      (await this.#store.substitutable?.([path], { signal: this.#signal }))?.get(path),
    addTextToStore: async ({ name, contents, references }) => {
      const writer = capability(this.#store, "writer", "addToStore");
      const added = await writer.addContent({
        name,
        method: "text",
        algorithm: "sha256",
        references,
        bytes: () => streamOf(contents),
      });
      return added.path;
    },
    addTempRoot: async ({ path }) => {
      await this.#store.roots?.addTempRoot(path);
      return undefined;
    },
    addIndirectRoot: async ({ link }) => {
      const add = this.#store.roots?.addIndirectRoot;
      if (add === undefined) throw unsupported("addIndirectRoot", this.#store.uri);
      await add.call(this.#store.roots, link);
      return undefined;
    },
    findRoots: async () => {
      const roots = await capability(this.#store, "roots", "findRoots").findRoots();
      return this.#options.trusted ? roots : roots.map((root) => ({ ...root, link: "{censored}" }));
    },
    collectGarbage: async ({ action, paths, ignoreLiveness, maxFreed }) => {
      if (ignoreLiveness) {
        throw new StoreError("usage", "you are not allowed to ignore liveness");
      }
      const collector = capability(this.#store, "collector", "collectGarbage");
      return collector.collect({ action, paths, maxFreed, signal: this.#signal });
    },
    syncWithGc: async () => undefined,
    // Settings of the client would have to be passed on with each build; the store keeps its own.
    setOptions: async () => undefined,
    verifyStore: async ({ checkContents, repair }) => {
      if (repair) this.#needTrust("repair paths");
      const verifier = capability(this.#store, "verifier", "verifyStore");
      return verifier.verify({ checkContents, repair, signal: this.#signal });
    },
    optimiseStore: async () => {
      await capability(this.#store, "optimise", "optimiseStore")({ signal: this.#signal });
      return undefined;
    },
    addSignatures: async ({ path, signatures }) => {
      await capability(this.#store, "addSignatures", "addSignatures")(path, signatures);
      return undefined;
    },
    narFromPath: async () => undefined,
    buildPaths: async ({ paths, mode }) => {
      const results = await this.#builder().build(paths, mode, { signal: this.#signal });
      const failed = results.find(({ errorMessage }) => errorMessage !== "");
      if (failed !== undefined) throw new StoreError("build", failed.errorMessage);
      return undefined;
    },
    buildPathsWithResults: async ({ paths, mode }) =>
      this.#builder().build(paths, mode, { signal: this.#signal }),
    buildDerivation: async ({ drvPath, drv, mode }) => {
      this.#needTrust("build input-addressed derivations");
      return this.#builder().buildDerivation(drvPath, drv, mode, { signal: this.#signal });
    },
    ensurePath: async ({ path }) => {
      if ((await this.#store.info(path)) === undefined) {
        await this.#builder().ensure(path, { signal: this.#signal });
      }
      return undefined;
    },
    queryMissing: async ({ paths }) => this.#builder().missing(paths, { signal: this.#signal }),
    queryRealisation: async (id) => this.#store.realisations?.realisation(id),
    registerDrvOutput: async (realisation) => {
      const register = this.#store.realisations?.register;
      if (register === undefined) throw unsupported("registerDrvOutput", this.#store.uri);
      await register.call(this.#store.realisations, realisation);
      return undefined;
    },
  };

  async #performFramed(
    name: OperationName,
    request: unknown,
    frames: AsyncGenerator<Uint8Array>,
  ): Promise<unknown> {
    switch (name) {
      case "addToStore":
        return this.#addToStore(request as OperationRequest<"addToStore">, frames);
      case "addToStoreNar":
        return this.#addToStoreNar(request as OperationRequest<"addToStoreNar">, frames);
      case "addMultipleToStore":
        return this.#addMultiple(request as OperationRequest<"addMultipleToStore">, frames);
      case "addBuildLog": {
        this.#needTrust("add logs");
        const add = this.#store.logs?.addBuildLog;
        if (add === undefined) throw unsupported("addBuildLog", this.#store.uri);
        const { drv } = request as OperationRequest<"addBuildLog">;
        await add.call(this.#store.logs, printStorePath(drv, this.#store.storeDir), frames);
        await drain(frames);
        return undefined;
      }
      default:
        throw unsupported(name, this.#store.uri);
    }
  }

  #addOptions(repair: boolean, dontCheckSigs: boolean) {
    if (repair && !this.#options.trusted) {
      throw new StoreError(
        "usage",
        "repairing is not allowed because you are not in 'trusted-users'",
      );
    }
    return {
      repair,
      checkSignatures: !(dontCheckSigs && this.#options.trusted),
      signal: this.#signal,
    };
  }

  async #addToStore(
    request: OperationRequest<"addToStore">,
    frames: AsyncGenerator<Uint8Array>,
  ): Promise<PathInfo> {
    const writer = capability(this.#store, "writer", "addToStore");
    const options = this.#addOptions(request.repair, false);
    const { method, rest } = splitAddress(request.methodAlgorithm);
    const spool = await this.#spooled(frames);
    try {
      return await writer.addContent(
        {
          name: request.name,
          method,
          algorithm: parseHashAlgorithm(rest),
          references: request.references,
          bytes: () => spool.read(),
        },
        options,
      );
    } finally {
      await spool.dispose();
    }
  }

  /** What is addressed by content is read more than once; small things stay in memory. */
  async #spooled(
    frames: AsyncGenerator<Uint8Array>,
  ): Promise<{ read(): ByteStream; dispose(): Promise<void> }> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const next = await frames.next();
      if (next.done === true) {
        return { read: () => streamOf(...pieces), dispose: async () => {} };
      }
      size += next.value.length;
      pieces.push(copyBytes(next.value));
      if (size > SMALL_OBJECT) break;
    }
    const spool = await this.#host.spool();
    for (const piece of pieces) await spool.write(piece);
    for await (const piece of frames) await spool.write(piece);
    return spool;
  }

  async #addToStoreNar(
    request: OperationRequest<"addToStoreNar">,
    frames: AsyncGenerator<Uint8Array>,
  ): Promise<undefined> {
    const writer = capability(this.#store, "writer", "addToStore");
    const options = this.#addOptions(request.repair, request.dontCheckSigs);
    const { repair: _, dontCheckSigs: __, ...info } = request;
    const kept = { ...info, references: [...info.references].sort() };
    await writer.add({ info: this.#withTrust(kept), nar: () => frames }, options);
    await drain(frames);
    return undefined;
  }

  #withTrust(info: PathInfo): PathInfo {
    return this.#options.trusted ? info : { ...info, ultimate: false };
  }

  async #addMultiple(
    request: OperationRequest<"addMultipleToStore">,
    frames: AsyncGenerator<Uint8Array>,
  ): Promise<undefined> {
    const writer = capability(this.#store, "writer", "addToStore");
    const options = this.#addOptions(request.repair, request.dontCheckSigs);
    const source = new PieceSource(frames);
    const agreed: Agreement = { minor: 16, features: new Set(), storeDir: this.#store.storeDir };
    const count = await source.decode((input) => input.count());
    for (let i = 0; i < count; i++) {
      const info = await source.decode((input) => pathInfoWire.read(input, agreed));
      const nar = source.nar();
      const kept = { ...info, references: [...info.references].sort(), ultimate: false };
      await writer.add({ info: kept, nar: () => nar }, options);
      // A path that was there already leaves its NAR unread.
      await drain(nar);
    }
    await drain(frames);
    return undefined;
  }
}

const SMALL_OBJECT = 1 << 20;

/** Method and algorithm as AddToStore names them: `text:sha256`, `fixed:r:sha256`. */
function splitAddress(text: string): ReturnType<typeof splitMethodPrefix> {
  if (text.startsWith("text:")) return { method: "text", rest: text.slice("text:".length) };
  if (!text.startsWith("fixed:")) {
    throw new FormatError(
      "usage",
      marked`content address method '${text}' is unrecognized; it must begin with 'text:' or 'fixed:'`,
    );
  }
  return splitMethodPrefix(text.slice("fixed:".length));
}

async function drain(stream: AsyncGenerator<Uint8Array>): Promise<void> {
  for (;;) if ((await stream.next()).done === true) return;
}

/** Values and NARs, one behind the other in a stream of pieces. */
class PieceSource {
  readonly #pieces: AsyncGenerator<Uint8Array>;
  readonly #input = new WireInput();

  constructor(pieces: AsyncGenerator<Uint8Array>) {
    this.#pieces = pieces;
  }

  async #more(): Promise<void> {
    const next = await this.#pieces.next();
    if (next.done === true) throw new StoreError("corrupt", "unexpected end-of-file");
    this.#input.push(copyBytes(next.value));
  }

  async decode<T>(read: (input: WireInput) => Generator<number, T, void>): Promise<T> {
    this.#input.beginValue();
    const decoding = read(this.#input);
    for (;;) {
      const step = decoding.next();
      if (step.done === true) return step.value;
      await this.#more();
    }
  }

  /** The NAR that comes next. */
  async *nar(): AsyncGenerator<Uint8Array> {
    const stream = new NarStream();
    while (!stream.done) {
      if (this.#input.available === 0) await this.#more();
      const piece = this.#input.takeSome(FRAME_SIZE);
      stream.push(piece);
      if (!stream.done) {
        yield piece;
        continue;
      }
      const rest = stream.takeRest();
      if (rest.length > 0) this.#putBack(rest);
      yield piece.subarray(0, piece.length - rest.length);
    }
  }

  /** Puts bytes back before those that wait. */
  #putBack(bytes: Uint8Array): void {
    const later: Uint8Array[] = [];
    while (this.#input.available > 0) later.push(this.#input.takeSome(this.#input.available));
    this.#input.push(bytes);
    for (const piece of later) this.#input.push(piece);
  }
}
