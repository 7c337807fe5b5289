/** Downloads: what is repeated, followed, sent to whom, and said when it fails. */
import { describe, expect, test } from "vitest";
import { Downloader, resolveLocation } from "../src/http/download.ts";
import { netrcLogin } from "../src/http/netrc.ts";
import { DEFAULT_FETCH_SETTINGS } from "../src/index.ts";
import { fakeHost, type Reply, type Route } from "./fake-host.ts";

const URL = "https://h/x";

async function get(
  routes: Readonly<Record<string, Route>>,
  options: { headers?: Record<string, string>; etag?: string; netrc?: string } = {},
) {
  const host = fakeHost(routes);
  const settings = { ...DEFAULT_FETCH_SETTINGS, netrc: options.netrc ?? "" };
  const result = await new Downloader(host, settings).fetchBytes({
    url: URL,
    headers: new Map(Object.entries(options.headers ?? {})),
    ...(options.etag === undefined ? {} : { etag: options.etag }),
  });
  return { host, result, text: Buffer.from(result.result ?? []).toString("latin1") };
}

/** Fails a few times, then works. */
function after(times: number, failure: Reply): Route {
  return (_request, count) => (count <= times ? failure : { body: "ok" });
}

function error(routes: Readonly<Record<string, Route>>): Promise<Error> {
  return get(routes).then(
    () => new Error("it worked"),
    (thrown: Error) => thrown,
  );
}

describe("is repeated", () => {
  test.each([
    ["after 500", { status: 500 }, [100, 200]],
    ["after 429", { status: 429 }, [5000, 10_000]],
    [
      "after 503, as the server asks",
      { status: 503, headers: { "retry-after": "60" } },
      [60_000, 60_000],
    ],
    ["after 408", { status: 408 }, [100, 200]],
    ["without a response", { failure: "no route" }, [100, 200]],
    ["when it breaks off", { body: "half of it", cutAfter: 3 }, [100, 200]],
    ["when the length is wrong", { body: "abc", headers: { "content-length": "7" } }, [100, 200]],
  ] as const)("%s", async (_when, failure, sleeps) => {
    const { host, text } = await get({ [URL]: after(2, failure) });
    expect(text).toBe("ok");
    expect(host.sleeps).toEqual(sleeps);
    expect(host.warnings[0]).toMatch(/; retrying in \d+ ms \(attempt 1\/5\)$/);
  });

  test("five times, no more", async () => {
    const host = fakeHost({ [URL]: { status: 500, body: "oops" } });
    const download = new Downloader(host, DEFAULT_FETCH_SETTINGS).fetchBytes({ url: URL });
    await expect(download).rejects.toThrow(
      "unable to download 'https://h/x': HTTP error 500\n\nresponse body:\n\noops",
    );
    expect(host.requests).toHaveLength(5);
  });

  test.each([400, 401, 403, 404, 407, 410, 501, 505, 511])("not after %i", async (status) => {
    const host = fakeHost({ [URL]: { status } });
    const download = new Downloader(host, DEFAULT_FETCH_SETTINGS).fetchBytes({ url: URL });
    await expect(download).rejects.toThrow(`HTTP error ${status}`);
    expect(host.requests).toHaveLength(1);
  });
});

describe("redirects", () => {
  const to = (location: string, headers = {}): Reply => ({
    status: 302,
    headers: { location, ...headers },
  });

  test("are followed, and each may name an immutable URL", async () => {
    const { result, text } = await get({
      [URL]: to("/y", { link: '<https://h/z.tar.gz?rev=1>; rel="immutable"' }),
      "https://h/y": to("https://other/z"),
      "https://other/z": { body: "there", headers: { etag: '"e"' } },
    });
    expect(text).toBe("there");
    expect(result.urls).toEqual([URL, "https://h/y", "https://other/z"]);
    expect(result.immutableUrl).toBe("https://h/z.tar.gz?rev=1");
    expect(result.etag).toBe('"e"');
  });

  test("do not take tokens to other hosts", async () => {
    const { host } = await get(
      { [URL]: to("https://h/y"), "https://h/y": to("https://other/z"), "https://other/z": {} },
      { headers: { authorization: "token secret" } },
    );
    const sent = host.requests.map(({ headers }) => headers.get("authorization"));
    expect(sent).toEqual(["token secret", "token secret", undefined]);
  });

  test("end at schemes that are not those of HTTP, at once", async () => {
    const host = fakeHost({});
    const url = "nope://x";
    await expect(new Downloader(host, DEFAULT_FETCH_SETTINGS).fetchBytes({ url })).rejects.toThrow(
      `unable to download '${url}': Unsupported protocol (1) Protocol "nope" not supported`,
    );
    expect(host.requests).toEqual([]);
  });

  test("end", async () => {
    expect((await error({ [URL]: to(URL) })).message).toBe(
      "unable to download 'https://h/x': too many redirects (more than 10)",
    );
    expect((await error({ [URL]: to("file:///etc/passwd") })).message).toContain(
      "redirects to 'file:///etc/passwd', which is not an HTTP URL",
    );
  });

  test.each([
    ["b", "https://h/a/x", "https://h/a/b"],
    ["../b?c", "https://h/a/x/y", "https://h/a/b?c"],
    ["../../../b", "https://h/a", "https://h/b"],
    ["//i/b", "https://h/a", "https://i/b"],
    ["?q", "https://h/a?p", "https://h/a?q"],
    ["b#f", "https://h", "https://h/b"],
    ["javascript:x", "https://h", undefined],
  ])("%s seen from %s", (location, base, expected) => {
    expect(resolveLocation(location, base)).toBe(expected);
  });
});

test("what has not changed is not sent again", async () => {
  const unchanged = await get({ [URL]: { status: 304 } }, { etag: '"e"' });
  expect(unchanged.host.requests[0]?.headers.get("if-none-match")).toBe('"e"');
  expect(unchanged.result.result).toBeUndefined();
  const same = await get({ [URL]: { headers: { etag: '"e"' }, body: "all" } }, { etag: '"e"' });
  expect(same.result.result).toBeUndefined();
});

test("long errors are shown only if they are pages", async () => {
  const long = "x".repeat(2000);
  expect((await error({ [URL]: { status: 404, body: long } })).message).toBe(
    "unable to download 'https://h/x': HTTP error 404",
  );
  expect((await error({ [URL]: { status: 404, body: `<html>${long}` } })).message).toContain(long);
});

test("a limit of requests comes with a way out", async () => {
  const message = (
    await error({ [URL]: { status: 403, headers: { "x-ratelimit-remaining": "0" } } })
  ).message;
  expect(message).toContain("set as 'access-tokens = h=TOKEN' in nix.conf");
});

describe("netrc", () => {
  const text = `
    # machine commented login no password no
    machine a login la password "p \\"a"
    default login ld password pd
    machine b
      login lb
      password pb`;

  test.each([
    ["a", "la", 'p "a'],
    ["b", "lb", "pb"],
    ["c", "ld", "pd"],
  ])("%s", (host, user, password) => {
    expect(netrcLogin(text, host)).toEqual({ user, password });
  });

  test("without an entry", () => {
    expect(netrcLogin("machine a login x password y", "b")).toBeUndefined();
    expect(netrcLogin("", "b")).toBeUndefined();
  });

  test("is sent to its host", async () => {
    const { host } = await get({ [URL]: {} }, { netrc: "machine h login me password pw" });
    expect(host.requests[0]?.headers.get("authorization")).toBe(
      `Basic ${Buffer.from("me:pw").toString("base64")}`,
    );
  });
});
