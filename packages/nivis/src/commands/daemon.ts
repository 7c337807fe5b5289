/**
 * `nivis daemon`: serves a store to clients of the worker protocol, C++ Nix's among them: on a
 * socket, or with `--stdio` to one client on the standard streams.
 */
import { encodeUtf8 } from "@nivis/formats";
import { listenOnSocket, openStore, serveOnStandardStreams } from "@nivis/node";
import { messageOf, type ServerOptions } from "@nivis/store";
import { absolutePath, takeArgument } from "../options/installable.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../options/store-options.ts";
import type { StoreProgram } from "../store-program.ts";
import { NIX_VERSION, VERSION } from "../version.ts";
import { storeTopic } from "./store-topics.ts";

interface DaemonDraft extends StoreDraft {
  stdio: boolean;
  socket: string | undefined;
  buildStore: string | undefined;
  trusted: boolean;
}

/** See the head of this file. */
export const daemonCommand: StoreProgram<DaemonDraft> = {
  ...storeTopic("daemon"),
  description: [
    "Reads, queries and additions are served from --store, which must not be auto; builds are forwarded to --build-store, or to the store itself if it can build.",
  ],
  options: [
    flag<DaemonDraft>(["--stdio"], "Serve one client on the standard streams", (draft) => {
      draft.stdio = true;
    }),
    valueFlag<DaemonDraft>(["--socket"], "PATH", "Listen on the socket PATH", (draft, text) => {
      draft.socket = encodeUtf8(text);
    }),
    valueFlag<DaemonDraft>(["--build-store"], "STORE", "Build in STORE", (draft, text) => {
      draft.buildStore = encodeUtf8(text);
    }),
    flag<DaemonDraft>(["--untrusted"], "Let clients do only what everybody may", (draft) => {
      draft.trusted = false;
    }),
  ],
  start: () => ({
    ...emptyStoreDraft(),
    stdio: false,
    socket: undefined,
    buildStore: undefined,
    trusted: true,
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    const { store, socket, buildStore, stdio } = draft;
    if (draft.arguments.length > 0) throw usageError("nivis daemon takes no arguments");
    if (store === undefined)
      throw usageError("flag '--store' is required: the store that is served");
    if (stdio === (socket !== undefined)) throw usageError("give either --socket or --stdio");
    const shared = await session.storeOptions();
    const options: ServerOptions = {
      open: async (observer) => ({
        store: await openStore(store, { ...shared, observer }),
        ...(buildStore === undefined
          ? {}
          : { buildStore: await openStore(buildStore, { ...shared, observer }) }),
      }),
      trusted: draft.trusted,
      version: `${NIX_VERSION}.0 (Nivis ${VERSION})`,
      onError: (error) => session.error(messageOf(error)),
    };
    if (socket === undefined) {
      await serveOnStandardStreams(options);
      return 0;
    }
    const listener = await listenOnSocket(absolutePath(socket, session), options);
    session.notice(`serving store '${store}' on '${socket}'`);
    await new Promise<void>((resolve) => {
      session.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await listener.close();
    return 0;
  },
};
