/**
 * The library's host in Node, Deno and Bun: the files and the environment of this machine, the hash
 * functions of OpenSSL, and fetchers in a thread of their own.
 */
import type { FileUrl, NixHost, WorldOptions } from "@nivis/embed";
import {
  DeferredFetcher,
  type EvaluationFetcher,
  type LogMessage,
  plainWarning,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { BlockingFetcher, cacheDirectory, fromHostPath, nodeHashes, nodeIo } from "@nivis/node";

/** Returns the host of sessions on this machine. */
export function nodeHost(): NixHost {
  return {
    io: () => nodeIo(),
    hashes: nodeHashes,
    path: pathOf,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    fetcher: openFetcher,
  };
}

function pathOf(path: string | FileUrl): string {
  if (typeof path === "string") return fromHostPath(path);
  if (path.protocol !== "file:") throw new TypeError(`${path.href} is not a file: URL`);
  return decodeURIComponent(path.pathname);
}

/** The features that a flake or a fetcher may need; the program's own are those of its session. */
const FEATURES = "flakes fetch-tree nix-command git-hashing parse-toml-timestamps";

/** Fetchers that start with the first fetch; a session with files of its own has none. */
function openFetcher({ files, io, env, onLog }: WorldOptions): EvaluationFetcher | undefined {
  if (files !== undefined || io !== undefined) return undefined;
  const world = nodeIo();
  const log = (message: LogMessage): void => {
    if (onLog === undefined) world.log(message);
    else onLog({ severity: message.severity, text: decodeUtf8(message.text) });
  };
  return new DeferredFetcher(
    () =>
      new BlockingFetcher({
        start: {
          environment: { ...(env ?? process.env) },
          settings: [{ name: "experimental-features", value: FEATURES }],
          cacheDirectory: cacheDirectory(world),
        },
        warn: (message) => log(plainWarning(message)),
      }),
  );
}
