/**
 * ExplorerServer: the explorer as a page and its questions as JSON, for a browser on this machine. The
 * address contains a token, so that only who was shown it can ask; requests that come from pages of other
 * origins, or that name another host, are refused.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import {
  explorerPage,
  type HeapExplorer,
  NoSuchThing,
  OBJECT_KINDS,
  type ObjectKind,
  type PageRequest,
} from "@nivis/debugger";
import { EvalError } from "@nivis/eval";
import { decodeUtf8, encodeUtf8, marked } from "@nivis/formats";

/** A question: its answer may take some work, which is done in slices. */
type Question = (explorer: HeapExplorer, parameters: Parameters) => unknown;

/** The parameters of a request. */
class Parameters {
  readonly #search: URLSearchParams;

  constructor(search: URLSearchParams) {
    this.#search = search;
  }

  text(name: string): string | undefined {
    const value = this.#search.get(name);
    return value === null || value === "" ? undefined : encodeUtf8(value);
  }

  number(name: string): number | undefined {
    const value = this.#search.get(name);
    if (value === null || value === "") return undefined;
    if (!/^\d{1,10}$/.test(value)) throw new NoSuchThing(`'${name}' must be a number`);
    return Number(value);
  }

  get page(): PageRequest {
    return { from: this.number("from"), limit: this.number("limit") };
  }

  get id(): number {
    return this.number("id") ?? 0;
  }

  get kind(): ObjectKind | undefined {
    const name = this.text("kind");
    return OBJECT_KINDS.find((kind) => kind === name);
  }
}

/** The questions by the last part of their address. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  overview: (explorer) => ({ ...explorer.overview(), allKinds: OBJECT_KINDS }),
  roots: (explorer, { page }) => explorer.roots(page),
  files: (explorer, parameters) => explorer.files(parameters.text("text"), parameters.page),
  units: (explorer, parameters) =>
    explorer.units(parameters.text("file"), parameters.text("text"), parameters.page),
  unit: (explorer, { id }) => explorer.unit(id),
  objects: (explorer, parameters) =>
    explorer.objects(
      {
        kind: parameters.kind,
        unit: parameters.number("unit"),
        text: parameters.text("text"),
      },
      parameters.page,
    ),
  largest: (explorer, parameters) =>
    explorer.largest(parameters.text("by") === "own" ? "shallow" : "retained", parameters.page),
  object: (explorer, { id }) => explorer.object(id),
  references: (explorer, { id, page }) => explorer.references(id, page),
  holders: (explorer, { id, page }) => explorer.holders(id, page),
  path: (explorer, { id }) => explorer.path(id),
};

/** The page may load nothing from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Milliseconds of work between two chances for other requests. */
const SLICE_MILLISECONDS = 20;

/** What a request gets. */
interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** See the head of this file. */
export class ExplorerServer {
  readonly #server: Server;
  readonly #token: string;
  readonly #title: string;
  #explorer: HeapExplorer;
  /** Settled when the requests before are answered: one at a time, so that no work is done twice. */
  #previous: Promise<void> = Promise.resolve();

  private constructor(explorer: HeapExplorer, title: string) {
    this.#explorer = explorer;
    this.#title = title;
    const { randomBytes } = process.getBuiltinModule("node:crypto");
    const { createServer } = process.getBuiltinModule("node:http");
    this.#token = randomBytes(16).toString("hex");
    this.#server = createServer((request, response) => this.#receive(request, response));
  }

  /** Listens on a port of this machine; 0 takes any free one. */
  static async start(
    explorer: HeapExplorer,
    { port, title }: { readonly port: number; readonly title: string },
  ): Promise<ExplorerServer> {
    const server = new ExplorerServer(explorer, title);
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", (error) => {
        reject(
          new EvalError("io", marked`cannot listen on port ${port}: ${encodeUtf8(error.message)}`),
        );
      });
      server.#server.listen(port, "127.0.0.1", resolve);
    });
    return server;
  }

  /** The address of the page, which is secret. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/${this.#token}/`;
  }

  get #port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Shows another heap from now on. */
  show(explorer: HeapExplorer): void {
    this.#explorer = explorer;
  }

  /** Ends all connections. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    response.on("error", () => {});
    const page = this.#pageFor(request);
    if (page !== undefined) send(response, page);
    else this.#previous = this.#previous.then(() => this.#answer(request, response));
  }

  /** The page or the refusal that a request gets; `undefined` for a question. */
  #pageFor(request: IncomingMessage): Reply | undefined {
    if (!this.#isOurs(request)) return refusal(403, "only pages of this address may ask");
    if (request.method !== "GET") return refusal(405, "only GET is served");
    const { token, section, name } = partsOf(request);
    if (!this.#isToken(token)) return refusal(404, "nothing is here");
    if (section === "") {
      return { status: 200, type: "text/html; charset=utf-8", body: explorerPage(this.#title) };
    }
    const isQuestion = section === "api" && Object.hasOwn(QUESTIONS, name);
    return isQuestion ? undefined : refusal(404, "nothing is here");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (status: number, value: unknown): void =>
      send(response, { status, type: "application/json", body: JSON.stringify(value, decoded) });
    const { name, search } = partsOf(request);
    try {
      const made = (QUESTIONS[name] as Question)(this.#explorer, new Parameters(search));
      const result = isWork(made) ? await workFor(response, made) : made;
      if (!response.destroyed) json(200, result);
    } catch (error) {
      if (error instanceof NoSuchThing) json(404, { error: error.message });
      else json(500, { error: `a bug in Nivis: ${(error as Error).message}` });
    }
  }

  /** Whether a request names this server as its host and comes from no other page. */
  #isOurs({ headers }: IncomingMessage): boolean {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (!hosts.includes(headers.host ?? "")) return false;
    const { origin } = headers;
    if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) return false;
    const site = headers["sec-fetch-site"];
    return site === undefined || site === "same-origin" || site === "none";
  }

  #isToken(text: string): boolean {
    const { timingSafeEqual } = process.getBuiltinModule("node:crypto");
    return (
      text.length === this.#token.length &&
      timingSafeEqual(Buffer.from(text), Buffer.from(this.#token))
    );
  }
}

function refusal(status: number, reason: string): Reply {
  return { status, type: "text/plain; charset=utf-8", body: `${reason}\n` };
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, {
    "content-type": type,
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
  });
  response.end(body);
}

/** The parts of `/TOKEN/SECTION/NAME?SEARCH`. */
function partsOf({ url = "/" }: IncomingMessage) {
  const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
  const [, token = "", section, name = ""] = pathname.split("/");
  return { token, section, name, search: searchParams };
}

function isWork(value: unknown): value is Generator<unknown, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "next" in value &&
    typeof value.next === "function"
  );
}

/** Does some work in slices; gives up when the client has gone. */
async function workFor(
  response: ServerResponse,
  work: Generator<unknown, unknown>,
): Promise<unknown> {
  for (;;) {
    const end = performance.now() + SLICE_MILLISECONDS;
    while (performance.now() < end) {
      const step = work.next();
      if (step.done === true) return step.value;
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (response.destroyed) return undefined;
  }
}

/** JSON has characters, and the explorer's texts are bytes. */
function decoded(_: string, value: unknown): unknown {
  return typeof value === "string" ? decodeUtf8(value) : value;
}
