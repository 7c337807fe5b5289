/**
 * The browser of the tests, Debian's Chromium driven by playwright-core, and a server of files that knows
 * ranges and counts bytes. Without Chromium the tests are skipped; `.ci/run` installs it.
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** Where Chromium is; `undefined` if it is not installed. */
export const CHROMIUM = [
  process.env["NIVIS_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));

/** Starts the browser. */
export function openBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("there is no Chromium here");
  // Chromium's sandbox refuses to run as root, as which continuous integration runs.
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** How a {@link FileServer} serves. */
export interface ServeOptions {
  /** Files by the path of their URL, besides those of the folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whether ranges are served. Defaults to true. */
  readonly ranges?: boolean;
  /** Headers of each response. Defaults to none. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server of the files in a folder. */
export class FileServer {
  readonly #server: Server;
  /** The requests by path, in order. */
  readonly requests: string[] = [];
  /** The bytes of bodies that were sent. */
  bytes = 0;

  private constructor(folder: string, { files = {}, ranges = true, headers = {} }: ServeOptions) {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://host").pathname);
      this.requests.push(path);
      const named = path.endsWith("/") ? `${path}index.html` : path;
      const file = files[path] ?? join(folder, normalize(named));
      if (!existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
      }
      const { size } = statSync(file);
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
      const isPart = ranges && range !== null;
      const start = isPart ? Number(range[1]) : 0;
      const end = isPart ? Math.min(Number(range[2]), size - 1) : size - 1;
      this.bytes += end - start + 1;
      response.writeHead(isPart ? 206 : 200, {
        "content-type": TYPES[extname(file)] ?? "application/octet-stream",
        "content-length": end - start + 1,
        ...(isPart ? { "content-range": `bytes ${start}-${end}/${size}` } : {}),
        ...headers,
      });
      createReadStream(file, { start, end }).pipe(response);
    });
  }

  static async start(folder: string, options: ServeOptions = {}): Promise<FileServer> {
    const server = new FileServer(folder, options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  /** The address, without a slash at its end; also after the server was closed. */
  url = "";

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
