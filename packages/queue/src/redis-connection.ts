/** Connections to Redis from what users write: `redis://HOST:PORT/DB`, `rediss://…`, `unix:///PATH`. */
import { Redis } from "ioredis";

/** An error that the user can do something about. */
export class QueueError extends Error {
  override readonly name = "QueueError";
}

/** The oldest version with all commands that are used. */
const OLDEST = [6, 2];

/** Opens a connection; throws a {@link QueueError} for what is not a URL of Redis. */
export function openRedis(url: string): Redis {
  // Blocking commands of BullMQ must never be given up.
  const options = { maxRetriesPerRequest: null, lazyConnect: true };
  if (url.startsWith("unix://"))
    return new Redis({ ...options, path: url.slice("unix://".length) });
  if (/^rediss?:\/\/[^/]/.test(url)) return new Redis(url, options);
  throw new QueueError(
    `'${url}' is not the URL of a Redis server: redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH`,
  );
}

/** Connects, and checks that the server can be used; warns of settings that lose data. */
export async function connect(redis: Redis, warn: (message: string) => void): Promise<void> {
  const failure = new Promise<never>((_, reject) => {
    redis.once("error", (error: Error) => reject(error));
  });
  try {
    await Promise.race([redis.connect(), failure]);
  } catch (error) {
    redis.disconnect();
    throw new QueueError(`cannot connect to the Redis server: ${messageOf(error)}`);
  }
  // Later losses of the connection are mended by ioredis.
  redis.on("error", () => {});
  const info = await redis.info();
  const version = /^(?:valkey|redis)_version:([0-9.]+)/m.exec(info)?.[1] ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < (OLDEST[0] as number) || (major === OLDEST[0] && minor < (OLDEST[1] as number))) {
    throw new QueueError(`the Redis server has version ${version}; 6.2 or newer is needed`);
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "noeviction";
  if (policy !== "noeviction") {
    warn(
      `the Redis server evicts keys (maxmemory-policy ${policy}), which loses attributes; set it to noeviction`,
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || String(error.name) : String(error);
}
