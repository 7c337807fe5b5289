/**
 * A server for Git repositories and what they keep in LFS, on 127.0.0.1: `git http-backend` behind Node's
 * HTTP server, and the batch API of git-lfs over the objects that its program has put into the repository.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const MEDIA_TYPE = "application/vnd.git-lfs+json";

/** A running server. */
export interface LfsServer {
  /** Without a slash at its end; repositories are below it. */
  readonly url: string;
  /** The requests for LFS so far: method and path. */
  readonly requests: string[];
  close(): void;
}

/** Serves the repositories in a folder; `REPOSITORY/.git` is at `/REPOSITORY/.git`. */
export async function serveLfs(folder: string): Promise<LfsServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://host").pathname;
    const lfs = /^\/(.*)\/info\/lfs\/objects\/(.*)$/.exec(path);
    if (lfs === null) {
      serveGit(folder, request, response);
      return;
    }
    requests.push(`${request.method} ${path}`);
    const repository = join(folder, lfs[1] as string);
    if (lfs[2] === "batch") void answerBatch(repository, request, response);
    else sendObject(repository, lfs[2] as string, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, close: () => server.close() };
}

function objectPath(repository: string, oid: string): string {
  return join(repository, "lfs/objects", oid.slice(0, 2), oid.slice(2, 4), oid);
}

async function answerBatch(
  repository: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = "";
  for await (const piece of request) body += String(piece);
  const { objects } = JSON.parse(body) as {
    objects: readonly { readonly oid: string; readonly size: number }[];
  };
  const base = `http://${request.headers.host}${request.url?.replace(/batch$/, "")}`;
  const answers = objects.map(({ oid, size }) =>
    existsSync(objectPath(repository, oid))
      ? { oid, size, actions: { download: { href: base + oid } } }
      : { oid, size, error: { code: 404, message: "Object does not exist" } },
  );
  response.setHeader("Content-Type", MEDIA_TYPE);
  response.end(JSON.stringify({ transfer: "basic", objects: answers }));
}

function sendObject(repository: string, oid: string, response: ServerResponse): void {
  response.end(readFileSync(objectPath(repository, oid)));
}

function serveGit(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://host");
  const backend = spawn("git", ["http-backend"], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      PATH_INFO: pathname,
      QUERY_STRING: searchParams.toString(),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"] ?? ""),
      HTTP_GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(backend.stdin);
  const pieces: Buffer[] = [];
  backend.stdout.on("data", (piece: Buffer) => pieces.push(piece));
  backend.on("close", () => {
    const output = Buffer.concat(pieces);
    const end = output.indexOf("\r\n\r\n");
    for (const line of output.subarray(0, end).toString("latin1").split("\r\n")) {
      const [name = "", value = ""] = line.split(/: (.*)/);
      if (name === "Status") response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(output.subarray(end + 4));
  });
}
