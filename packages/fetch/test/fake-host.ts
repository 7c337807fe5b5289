/** Surroundings without a disk and without a network: responses by URL, time that only passes in sleep. */
import { byteStringToBytes, portableHashes } from "@nivis/formats";
import type { FetchHost, HttpRequest, HttpResponse } from "../src/index.ts";
import { HttpFailure } from "../src/index.ts";

/** What a server does with a request. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Breaks off after so many bytes of the body. */
  readonly cutAfter?: number;
  /** There is no response at all. */
  readonly failure?: string;
}

/** What answers a request: a reply, or what makes one. */
export type Route = Reply | ((request: HttpRequest, count: number) => Reply);

/** A host with what it was asked and said. */
export interface FakeHost extends FetchHost {
  readonly requests: HttpRequest[];
  readonly warnings: string[];
  /** What was said to begin. */
  readonly steps: string[];
  readonly sleeps: number[];
  /** Seconds since 1970; may be set. */
  time: number;
}

/** Makes a host. */
export function fakeHost(routes: Readonly<Record<string, Route>>): FakeHost {
  const requests: HttpRequest[] = [];
  const warnings: string[] = [];
  const steps: string[] = [];
  const sleeps: number[] = [];
  const counts = new Map<string, number>();
  const host: FakeHost = {
    requests,
    warnings,
    steps,
    sleeps,
    time: 1_700_000_000,
    hashes: portableHashes,
    reporter: {
      warn: (message) => warnings.push(message),
      begin: (message) => {
        steps.push(message);
        return () => {};
      },
    },
    http: {
      send: async (request): Promise<HttpResponse> => {
        requests.push(request);
        const count = (counts.get(request.url) ?? 0) + 1;
        counts.set(request.url, count);
        const route = routes[request.url] ?? { status: 404, body: "not found" };
        const reply = typeof route === "function" ? route(request, count) : route;
        if (reply.failure !== undefined) throw new HttpFailure(reply.failure, true);
        return responseOf(reply);
      },
    },
    now: () => host.time,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
      host.time += milliseconds / 1000;
    },
    random: () => 1,
    environment: () => undefined,
  };
  return host;
}

function responseOf({ status = 200, headers = {}, body = "", cutAfter }: Reply): HttpResponse {
  const bytes = typeof body === "string" ? byteStringToBytes(body) : body;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    if (cutAfter === undefined) {
      yield bytes;
      return;
    }
    yield bytes.subarray(0, cutAfter);
    throw new HttpFailure("the connection was cut off", true);
  }
  return {
    status,
    headers: new Map(Object.entries(headers)),
    body: pieces(),
    cancel: () => {},
  };
}
