/**
 * A server over TLS for tests that stands for all hosts: its certificate is signed by an authority of its
 * own, and the client connects to it whatever host a URL names.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** Responds to requests for `HOST/PATH?QUERY`. */
export type Responder = (request: IncomingMessage, response: ServerResponse, url: string) => void;

/** A running server. */
export interface TestServer {
  readonly port: number;
  /** The certificate of the authority that has signed the server's. */
  readonly certificateFile: string;
  /** What was asked for so far. */
  readonly requests: { readonly url: string; readonly headers: IncomingMessage["headers"] }[];
  respond: Responder;
  close(): Promise<void>;
}

/** Starts a server whose certificate is for some hosts; files go into `folder`. */
export async function startServer(folder: string, hosts: readonly string[]): Promise<TestServer> {
  const run = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  run(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=test authority",
    "-days",
    "2",
  );
  run("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=test");
  const names = hosts.map((host) => `DNS:${host}`).join(",");
  writeFileSync(join(folder, "names.cnf"), `subjectAltName=${names}\n`);
  run(
    ...["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key"],
    ...["-CAcreateserial", "-extfile", "names.cnf", "-days", "2", "-out", "server.pem"],
  );
  const requests: TestServer["requests"] = [];
  const server: Server = createServer(
    {
      key: readFileSync(join(folder, "server.key")),
      cert: readFileSync(join(folder, "server.pem")),
    },
    (request, response) => {
      const url = `${request.headers.host}${request.url}`;
      requests.push({ url, headers: request.headers });
      running.respond(request, response, url);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const running: TestServer = {
    port: (server.address() as AddressInfo).port,
    certificateFile: join(folder, "ca.pem"),
    requests,
    respond: (_request, response) => response.writeHead(404).end(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return running;
}
