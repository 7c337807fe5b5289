/** The fetching builtins over a fetcher that has a few trees in memory. */

import {
  Evaluation,
  type EvaluationFetcher,
  type FetchedTree,
  MemoryAccessor,
  memoryIo,
  narSourceOf,
  PromisedFetcher,
  type SettingsInput,
  type Store,
} from "@nivis/eval";
import {
  type FetcherInput,
  hashNar,
  inputFromAttrs,
  portableHashes,
  withInputAttrs,
} from "@nivis/formats";
import { describe, expect, it } from "vitest";

const FILES = new MemoryAccessor(
  { "/default.nix": "{ s = toString ./.; i = import ./sub/x.nix; }", "/sub/x.nix": "42" },
  { prefix: "<origin>" },
);

function narHash(): string {
  const tree = { root: "/", kept: undefined, flat: false, nar: undefined };
  const { digest } = hashNar(narSourceOf(FILES, tree), "/", portableHashes);
  return `sha256-${Buffer.from(digest).toString("base64")}`;
}

class FakeFetcher implements EvaluationFetcher {
  readonly asked: string[] = [];

  fetchTree(input: FetcherInput): FetchedTree {
    this.asked.push(String(input.attrs.get("url") ?? input.attrs.get("path")));
    const rev = "0123456789012345678901234567890123456789";
    return {
      tree: FILES,
      locked: withInputAttrs(input, { rev, lastModified: 86_400, __final: true }),
      narHash: narHash(),
      lazyAttrs: ["revCount"],
    };
  }

  lazyAttr(): number {
    this.asked.push("revCount");
    return 7;
  }

  fetchFile(url: string): string {
    return `contents of ${url}`;
  }

  lookUp(): { input: FetcherInput; directory: undefined } {
    const attrs = new Map([
      ["type", "git"],
      ["url", "file:///found"],
    ]);
    return { input: inputFromAttrs(attrs), directory: undefined };
  }

  resolveReference(): { input: FetcherInput; directory: undefined } {
    return this.lookUp();
  }

  lockFlake(): never {
    throw new Error("these tests lock no flake");
  }

  lockFlakeAt(): never {
    throw new Error("these tests lock no flake");
  }

  forget(): void {}
}

function open(settings: SettingsInput = {}, store?: Store, files: Record<string, string> = {}) {
  const fetcher = new FakeFetcher();
  const evaluation = new Evaluation({
    io: memoryIo({ files }),
    settings: { experimentalFeatures: new Set(["flakes", "fetch-tree"]), ...settings },
    fetcher,
    ...(store === undefined ? {} : { store }),
  });
  return { evaluation, fetcher };
}

function json(evaluation: Evaluation, text: string): unknown {
  return JSON.parse(evaluation.toJson(evaluation.loadText(text)));
}

describe("fetched trees", () => {
  it("are read at their store path and evaluated there", () => {
    const { evaluation } = open();
    const value = json(evaluation, 'import (builtins.fetchGit "file:///r")') as { s: string };
    expect(value).toEqual({ s: expect.stringMatching(/^\/nix\/store\/.*-source$/), i: 42 });
    expect(json(evaluation, '(builtins.fetchGit "file:///r").outPath')).toBe(value.s);
  });

  it("have the attributes of fetchGit; the count of commits is not computed unless used", () => {
    const { evaluation, fetcher } = open();
    expect(json(evaluation, 'builtins.attrNames (builtins.fetchGit "file:///r")')).toEqual([
      ...["lastModified", "lastModifiedDate", "narHash", "outPath", "rev", "revCount"],
      ...["shortRev", "submodules"],
    ]);
    expect(fetcher.asked).toEqual(["file:///r"]);
    const picked = 'let r = builtins.fetchGit "file:///r"; in [ r.revCount r.lastModifiedDate ]';
    expect(json(evaluation, picked)).toEqual([7, "19700102000000"]);
  });

  it("have attributes where the fetcher was called, also in translated code", () => {
    const text = `let
      line = tree: (builtins.unsafeGetAttrPos "rev" tree).line;
      f = url:
        line (builtins.fetchGit url);
    in {
      called = line (builtins.fetchGit "file:///r");
      often = builtins.foldl' (lines: i: if builtins.elem i lines then lines else lines ++ [ i ]) [ ] (
        builtins.genList (_: f "file:///r") 3000
      );
    }`;
    const { evaluation } = open({}, undefined, { "/pos.nix": text });
    expect(json(evaluation, "import /pos.nix")).toEqual({ called: 6, often: [4] });
  });

  it("are shown with their origin in pure evaluation only", () => {
    const { evaluation } = open({ pureEval: true });
    const missing = `import ((builtins.fetchTree { type = "git"; url = "file:///r"; rev = "0123456789012345678901234567890123456789"; }).outPath + "/gone")`;
    expect(() => evaluation.evaluate(missing)).toThrow("path '<origin>/gone' does not exist");
    const impure = open().evaluation;
    expect(() => impure.evaluate(missing)).toThrow(/path '\/nix\/store\/.*-source\/gone' does not/);
  });

  it("must have the hash that the input states", () => {
    const { evaluation } = open();
    const wrong = `sha256-${"A".repeat(43)}=`;
    const text = `builtins.fetchTree { type = "git"; url = "file:///r"; narHash = "${wrong}"; }`;
    // Nix: the two hashes are the wrong way round.
    expect(() => evaluation.evaluate(text)).toThrow(
      `NAR hash mismatch in input 'git+file:///r?shallow=1', expected '${narHash()}' but got '${wrong}'`,
    );
  });

  it("are copied to the store when a derivation depends on them, and not before", () => {
    const added: string[] = [];
    const store: Store = {
      capabilities: { reads: true, writes: true },
      storeDir: "/nix/store",
      isValidPath: (path) => added.includes(path),
      references: () => undefined,
      readDerivation: () => undefined,
      addText: () => {},
      addSource: (path) => void added.push(path),
      addDerivation: () => {},
    };
    const { evaluation } = open({ readOnlyMode: false }, store);
    const path = json(evaluation, 'toString (import (builtins.fetchGit "file:///r")).s') as string;
    expect(added).toEqual([]);
    json(
      evaluation,
      '(derivation { name = "d"; system = "s"; builder = "b"; src = builtins.fetchGit "file:///r"; }).drvPath',
    );
    expect(added).toEqual([path]);
  });

  it("can be single files, which fetchurl puts at a flat path", () => {
    const { evaluation } = open();
    const text = 'builtins.readFile (builtins.fetchurl "https://host/some.txt")';
    expect(json(evaluation, text)).toBe("contents of https://host/some.txt");
    const zero = "0".repeat(52);
    expect(() =>
      evaluation.evaluate(`builtins.fetchurl { url = "https://host/x"; sha256 = "${zero}"; }`),
    ).toThrow(
      /^hash mismatch in file downloaded from 'https:\/\/host\/x':\n {2}specified: sha256:0/,
    );
  });

  it("wait for promises in asynchronous evaluation, and are fetched once", async () => {
    const inner = new FakeFetcher();
    const fetcher = new PromisedFetcher({
      fetchTree: async (input) => inner.fetchTree(input),
      lazyAttr: async () => inner.lazyAttr(),
      fetchFile: async (url) => inner.fetchFile(url),
      lookUp: async () => inner.lookUp(),
      resolveReference: async () => inner.lookUp(),
      lockFlake: async () => inner.lockFlake(),
      lockFlakeAt: async () => inner.lockFlakeAt(),
      forget: () => {},
    });
    const evaluation = new Evaluation({ io: memoryIo(), fetcher });
    const text =
      'let r = builtins.fetchGit "file:///r"; in r.revCount + (import r).i + (import (builtins.fetchGit "file:///r")).i';
    expect(await evaluation.forceAsync(evaluation.loadText(text))).toBe(91);
    expect(inner.asked).toEqual(["file:///r", "revCount"]);
    expect(() => evaluation.evaluate('builtins.fetchurl "https://host/y"')).toThrow(
      "the evaluation would have to wait for 'https://host/y'",
    );
  });
});

describe("without a fetcher", () => {
  it("fetches nothing, but knows the path of what has a hash", () => {
    const evaluation = new Evaluation({ io: memoryIo() });
    expect(() => evaluation.evaluate('builtins.fetchGit "file:///r"')).toThrow(
      "fetchGit needs fetchers, and this evaluation has none",
    );
    const hash = "0".repeat(52);
    const text = `builtins.fetchTarball { url = "https://host/x.tar"; sha256 = "${hash}"; }`;
    expect(json(evaluation, text)).toMatch(/^\/nix\/store\/.*-source$/);
  });
});
