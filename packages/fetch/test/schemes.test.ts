/** The schemes that need a network only, over made-up servers: what is asked, found out and refused. */
import {
  decodeUtf8,
  type FetcherInput,
  type InputAttr,
  inputFromAttrs,
  marked,
  parseFlakeRef,
} from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { Fetcher, type FetchSettings } from "../src/index.ts";
import { accessToken } from "../src/schemes/forge.ts";
import { fakeHost, type Route } from "./fake-host.ts";
import { tarArchive } from "./tar-builder.ts";

const REV = "0123456789abcdef0123456789abcdef01234567";
const ARCHIVE = tarArchive([{ name: "pkg/flake.nix", contents: "{ }", modified: 1234 }]);

function setUp(routes: Readonly<Record<string, Route>>, settings: Partial<FetchSettings> = {}) {
  const host = fakeHost(routes);
  return { host, fetcher: new Fetcher(host, { settings }) };
}

function input(text: string, isFlake = true): FetcherInput {
  return parseFlakeRef(text, { isFlake }).input;
}

function attrs(one: FetcherInput): Record<string, InputAttr> {
  return Object.fromEntries(one.attrs);
}

describe("forges", () => {
  test.each([
    [
      "github:o/r",
      "https://api.github.com/repos/o/r/commits/HEAD",
      `{"sha":"${REV}","commit":{"tree":{"sha":"${REV}"}}}`,
      `https://github.com/o/r/archive/${REV}.tar.gz`,
    ],
    [
      "github:o/r/main?host=ghe.example",
      "https://ghe.example/api/v3/repos/o/r/commits/main",
      `{"sha":"${REV}"}`,
      `https://ghe.example/api/v3/repos/o/r/tarball/${REV}`,
    ],
    [
      "gitlab:o%2Fgroup/r/main",
      "https://gitlab.com/api/v4/projects/o/group%2Fr/repository/commits?ref_name=main",
      `[{"id":"${REV}"}]`,
      `https://gitlab.com/api/v4/projects/o/group%2Fr/repository/archive.tar.gz?sha=${REV}`,
    ],
  ])("%s", async (text, question, answer, archive) => {
    const { host, fetcher } = setUp({ [question]: { body: answer }, [archive]: { body: ARCHIVE } });
    const { locked, tree, narHash, fingerprint } = await fetcher.fetch(input(text));
    expect(host.requests.map(({ url }) => url)).toEqual([question, archive]);
    expect(attrs(locked)).toMatchObject({ rev: REV, lastModified: 1234, __final: true });
    expect(attrs(locked)).not.toHaveProperty("ref");
    expect(attrs(locked)).not.toHaveProperty("narHash");
    expect(tree.readFile("/flake.nix")).toBe("{ }");
    expect(await narHash()).toMatch(/^sha256-/);
    expect(fingerprint).toMatch(new RegExp(`:${REV}$`));
    expect(decodeUtf8(tree.display("/flake.nix"))).toMatch(/^«.*»\/flake\.nix$/);
  });

  test("sourcehut", async () => {
    const { fetcher } = setUp({
      "https://git.sr.ht/~o/r/HEAD": { body: "ref: refs/heads/trunk\n" },
      "https://git.sr.ht/~o/r/info/refs": {
        body: `${"f".repeat(40)}\trefs/heads/x\n${REV}\trefs/heads/trunk\n`,
      },
      [`https://git.sr.ht/~o/r/archive/${REV}.tar.gz`]: { body: ARCHIVE },
    });
    expect(attrs((await fetcher.fetch(input("sourcehut:~o/r"))).locked)).toMatchObject({
      rev: REV,
    });
    await expect(fetcher.fetch(input("sourcehut:~o/r/no"))).rejects.toThrow(
      "in 'sourcehut:~o/r/no', couldn't find ref 'no'",
    );
  });

  test("a commit is downloaded once, whoever has it", async () => {
    const { host, fetcher } = setUp({
      [`https://github.com/o/r/archive/${REV}.tar.gz`]: { body: ARCHIVE },
    });
    await fetcher.fetch(input(`github:o/r/${REV}`));
    await fetcher.fetch(input(`github:fork/r/${REV}`));
    expect(host.requests).toHaveLength(1);
  });

  test("tokens go to whom they are for", async () => {
    const tokens = new Map([
      ["github.com", "all"],
      ["github.com/o", "org"],
      ["gitlab.com", "PAT:secret"],
    ]);
    const { host, fetcher } = setUp(
      {
        "https://api.github.com/repos/o/r/commits/HEAD": { body: `{"sha":"${REV}"}` },
        [`https://api.github.com/repos/o/r/tarball/${REV}`]: { body: ARCHIVE },
        [`https://gitlab.com/api/v4/projects/o%2Fr/repository/archive.tar.gz?sha=${"a".repeat(40)}`]:
          { body: ARCHIVE },
      },
      { accessTokens: tokens },
    );
    await fetcher.fetch(input("github:o/r"));
    await fetcher.fetch(input(`gitlab:o/r/${"a".repeat(40)}`));
    expect(host.requests.map(({ headers }) => headers.get("authorization"))).toEqual([
      "token org",
      "token org",
      undefined,
    ]);
    expect(host.requests[2]?.headers.get("private-token")).toBe("secret");
    expect(accessToken(tokens, "github.com", "other", "r")).toBe("all");
    expect(accessToken(tokens, "github.com", "o2", "r")).toBe("all");
    expect(accessToken(tokens, "example.com", "o", "r")).toBeUndefined();
  });

  test("a forge that cannot be reached is answered from the cache", async () => {
    let isDown = false;
    const url = "https://api.github.com/repos/o/r/commits/HEAD";
    const { host, fetcher } = setUp({
      [url]: () => (isDown ? { status: 404 } : { body: `{"sha":"${REV}"}` }),
      [`https://github.com/o/r/archive/${REV}.tar.gz`]: { body: ARCHIVE },
    });
    await fetcher.fetch(input("github:o/r"));
    isDown = true;
    host.time += 10_000;
    // Without a disk nothing is kept, so the failure is one.
    await expect(fetcher.fetch(input("github:o/r"))).rejects.toThrow("HTTP error 404");
  });

  test.each([
    ["not JSON", "<html>", "the server sent something for"],
    ["no commit", '{"sha":"master"}', "does not name a commit"],
    ["null", "null", "does not name a commit"],
  ])("%s is refused", async (_what, body, message) => {
    const { fetcher } = setUp({ "https://api.github.com/repos/o/r/commits/HEAD": { body } });
    const error = await fetcher.fetch(input("github:o/r")).catch((thrown) => thrown);
    expect(error.message).toContain(message);
    expect(error.notes).toEqual([
      { text: marked`while fetching the input '${"github:o/r"}'`, place: undefined },
    ]);
  });

  test("GitLab's empty list", async () => {
    const url = "https://gitlab.com/api/v4/projects/o%2Fr/repository/commits?ref_name=HEAD";
    const { fetcher } = setUp({ [url]: { body: "[]" } });
    await expect(fetcher.fetch(input("gitlab:o/r"))).rejects.toThrow(
      "No commits returned by GitLab API -- does the git ref really exist?",
    );
  });
});

describe("tarballs", () => {
  const URL = "https://h/x.tar.gz";

  test("are locked by their hash, with the newest time", async () => {
    const { fetcher } = setUp({ [URL]: { body: ARCHIVE } });
    const { locked, narHash } = await fetcher.fetch(input(URL));
    expect(attrs(locked)).toEqual({
      type: "tarball",
      url: URL,
      lastModified: 1234,
      narHash: await narHash(),
      __final: true,
    });
  });

  test("are locked to the immutable URL", async () => {
    const link = `<https://h/y.tar.gz?rev=${REV}&revCount=7&lastModified=9>; rel="immutable"`;
    const { fetcher } = setUp({ [URL]: { body: ARCHIVE, headers: { link } } });
    const { locked } = await fetcher.fetch(input(URL));
    expect(attrs(locked)).toMatchObject({
      url: "https://h/y.tar.gz",
      rev: REV,
      revCount: 7,
      lastModified: 9,
    });
  });

  test("are asked about again after an hour, by their tag", async () => {
    const { host, fetcher } = setUp({
      [URL]: (request) =>
        request.headers.get("if-none-match") === '"1"'
          ? { status: 304 }
          : { body: ARCHIVE, headers: { etag: '"1"' } },
    });
    const first = await fetcher.fetch(input(URL));
    await fetcher.fetch(input(URL));
    expect(host.requests).toHaveLength(1);
    host.time += 3601;
    const again = await fetcher.fetch(input(URL));
    expect(host.requests).toHaveLength(2);
    expect(attrs(again.locked)).toEqual(attrs(first.locked));
  });

  test("with another hash are refused with exit code 102", async () => {
    const { fetcher } = setUp({ [URL]: { body: ARCHIVE } });
    const zeros = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const error = await fetcher.fetch(input(`${URL}?narHash=`)).catch((thrown) => thrown);
    expect(error.message).toMatch(
      new RegExp(`^NAR hash mismatch in input '.*', expected '${zeros}' but got 'sha256-`),
    );
    expect(error.exitCode).toBe(102);
  });

  test("of lock files come from the cache by their hash", async () => {
    const { host, fetcher } = setUp({ [URL]: { body: ARCHIVE } });
    const { locked } = await fetcher.fetch(input(URL));
    const again = await fetcher.fetch(locked);
    expect(host.requests).toHaveLength(1);
    expect(again.tree.readFile("/flake.nix")).toBe("{ }");
  });

  test("that are pages are refused with a name", async () => {
    const { fetcher } = setUp({ [URL]: { body: `<html>${" ".repeat(999)}` } });
    await expect(fetcher.fetch(input(URL))).rejects.toThrow(
      "Failed to open archive (Unrecognized archive format)",
    );
  });

  // The texts are those of C++ Nix 2.36.
  test("that cannot be downloaded fail as archives, or by themselves if they are zip archives", async () => {
    const gone = "https://example.org/gone.tar.gz";
    const { fetcher } = setUp({ [gone]: { status: 404, body: "not\nfound\n" } });
    const failure = (url: string): string => `unable to download '${url}': HTTP error 404`;
    await expect(fetcher.fetch(input(gone))).rejects.toThrow(
      `Failed to open archive (Source threw exception: error: ${failure(gone)}\n\n       response body:\n\n       not\n       found)`,
    );
    const zip = "https://example.org/gone.ZIP";
    await expect(fetcher.fetch(input(zip))).rejects.toThrow(
      new RegExp(`^${failure(zip)}\n\nresponse body`.replaceAll(".", "\\.")),
    );
  });
});

test("a file is a tree that is a file", async () => {
  const { fetcher } = setUp({ "https://h/x.txt": { body: "hello" } });
  const { locked, tree } = await fetcher.fetch(input("https://h/x.txt", false));
  expect(tree.fileType("/")).toBe("regular");
  expect(tree.readFile("/")).toBe("hello");
  // What `nix hash path` says of a file with these contents.
  expect(locked.attrs.get("narHash")).toBe("sha256-CkMIecJm+LV/QJKg+TXPP6zUi7zN5XYNR0jKQFFx6Wk=");
});

test.each([
  [new Map([["type", "new-thing"]]), 'cannot fetch unsupported input \'{"type":"new-thing"}\''],
  [
    new Map([
      ["type", "indirect"],
      ["id", "nixpkgs"],
    ]),
    "indirect input 'flake:nixpkgs' cannot be fetched directly",
  ],
  [
    new Map([
      ["type", "path"],
      ["path", "./x"],
    ]),
    "cannot fetch input 'path:./x' because it uses a relative path",
  ],
  [
    new Map([
      ["type", "path"],
      ["path", "/x"],
    ]),
    "a path on disk needs a disk, and there is none here",
  ],
])("%o is refused", async (given, message) => {
  const { fetcher } = setUp({});
  const fetching = async () => fetcher.fetch(inputFromAttrs(given));
  await expect(fetching()).rejects.toThrow(message);
});

test("an archive of a forge is unpacked under the name of its input", async () => {
  const { host, fetcher } = setUp({});
  const rev = "a".repeat(40);
  await expect(fetcher.fetch(parseFlakeRef(`github:o/r/${rev}`).input)).rejects.toThrow(
    "Failed to open archive (Source threw exception: error: unable to download",
  );
  expect(host.steps).toEqual([`unpacking 'github:o/r/${rev}' into the Git cache`]);
});
