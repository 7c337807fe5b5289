/** Evaluation with a cache of compiled files: the same answers, fewer compilations, no trust in bytes. */
import { type BytecodeCache, memoryBytecodeCache } from "@nivis/eval";
import { nodeHashes } from "@nivis/node";
import { describe, expect, test } from "vitest";
import { CompiledFile } from "../../src/cache/compiled-file.ts";
import { Body, Header, LambdaRow, TextCodec } from "../../src/cache/format.ts";
import type { PosIdx } from "../../src/position.ts";
import { evaluate, type Run, type Seen } from "./cached-run.ts";

const seenBy = ({ text, log }: Seen): Pick<Seen, "text" | "log"> => ({ text, log });

/** Every kind of constant, of capture and of formals, and what the traces of errors are made of. */
const EVERYTHING = `
let
  fix = f: let x = f x; in x;
  add = a: b: c: a + b * c;
  /** Has a documentation comment. */
  point = { x, y ? x * 2, z ? throw "no z", ... }@all: all // { inherit x y; };
  set = rec { a = 1; b = a + 1; inherit (nested) deep; nested.deep = { or = 5; }; };
  overridden = rec { __overrides = { p = 2; }; p = 1; q = p; };
  dynamic = { \${"a" + "b"} = 1; \${null} = 2; plain = 3; };
in {
  ints = [ 0 (-1) 2147483647 2147483648 9007199254740993 (-9223372036854775807) ];
  floats = [ 1.5 1.0e308 0.1 ];
  literals = [ true false null [ ] { } "" "\\n\${toString 1}" ''
    indented \${"text"}
  '' "\\x80é" ./relative ./. /absolute/x ~/in-home "__proto__" "builtins.add" ];
  calls = [ (add 1 2 3) (builtins.map (add 1 2) [ 1 2 ]) (fix (self: { n = 1; m = self.n; })).m ];
  formals = [ (point { x = 1; }).y (builtins.functionArgs point) ];
  sets = [ set overridden dynamic (set.nested.deep.or or 1) (set.none.x or "none") (set ? nested.deep) ];
  scopes = with { p = 1; q = 2; }; with { q = 3; }; [ p q ];
  positions = [ __curPos (builtins.unsafeGetAttrPos "b" set) (builtins.unsafeGetAttrPos "ab" dynamic)
    (builtins.unsafeGetAttrPos "y" (builtins.functionArgs point)) ];
  globals = [ builtins.nixVersion builtins.langVersion (builtins ? currentSystem) (derivation ? x) ];
  operators = [ (1 <= 2) (2 > 1) (!true) (- 1) (true -> false) ([ 1 ] ++ [ 2 ]) ({ a = 1; } // { b = 2; } // { c = 3; }) ];
  search = (builtins.tryEval <nowhere>).success;
  imported = import ./other.nix { scale = 2; };
  closures = map (f: f 1) (map (x: y: { inherit x y; }) [ 1 2 3 ]);
}
`;

const FAILURES: Readonly<Record<string, string>> = {
  throw: 'let f = { x }: throw "bad ${x}"; in { a.b = f { x = "y"; }; }',
  selection: 'let a = { b.c = 1; }; n = "d"; in [ a.b.c a.b.${n}.e ]',
  assertion: "let x = 1; in assert x == 1 && (y: y) 2 == 3; x",
  "assertion of equality": "let x = { a = [ 1 2 ]; }; in assert x == { a = [ 1 3 ]; }; x",
  "with a number": "with 1 + 1; nothing",
  "missing argument": "(a: { b, c ? b }: b) 1 { }",
  "unexpected argument": "({ b, ... }@args: ({ c }: c) args) { b = 1; d = 2; }",
  "infinite recursion": "let x = y; y = x + 1; in x",
  type: "let f = a: b: a + b; in f 1 { } ",
  import: '(import ./other.nix { scale = "x"; }).scaled',
  "in a builtin": "builtins.map (x: x.y) [ { y = 1; } { } ]",
};

const OTHER =
  "{ scale, offset ? 1 }: rec { scaled = scale * 10 + offset; list = [ scaled ./here ]; }";

function run(text: string, more: Partial<Run> = {}): Run {
  return {
    files: { "/dir/main.nix": text, "/dir/other.nix": OTHER },
    main: "/dir/main.nix",
    ...more,
  };
}

describe("with a cache", () => {
  test("every form has the same value, and the second run compiles nothing", () => {
    const plain = evaluate(run(EVERYTHING));
    expect(plain.text).toContain("scaled = 21;");
    const cache = memoryBytecodeCache();
    const cold = evaluate(run(EVERYTHING), cache);
    const warm = evaluate(run(EVERYTHING), cache);
    expect(seenBy(cold)).toEqual(seenBy(plain));
    expect(seenBy(warm)).toEqual(seenBy(plain));
    expect(cold.hits).toBe(0);
    expect(warm).toMatchObject({ misses: 0, hits: cold.misses });
  });

  test.each(Object.entries(FAILURES))("an error has the same trace: %s", (_title, text) => {
    const plain = evaluate(run(text));
    expect(plain.text).toContain("error:");
    const cache = memoryBytecodeCache();
    expect(seenBy(evaluate(run(text), cache))).toEqual(seenBy(plain));
    const warm = evaluate(run(text), cache);
    expect(seenBy(warm)).toEqual(seenBy(plain));
    expect(warm.misses).toBe(0);
  });

  test("what the first run did not enter is compiled by the second and there for the third", () => {
    const cache = memoryBytecodeCache();
    const lazy = run(EVERYTHING, { strict: false });
    const plain = evaluate(run(EVERYTHING));
    evaluate(lazy, cache);
    const small = totalSize(cache.entries);
    expect(seenBy(evaluate(run(EVERYTHING), cache))).toEqual(seenBy(plain));
    const large = totalSize(cache.entries);
    expect(large).toBeGreaterThan(small);
    expect(seenBy(evaluate(run(EVERYTHING), cache))).toEqual(seenBy(plain));
    expect(seenBy(evaluate(lazy, cache))).toEqual(seenBy(evaluate(lazy)));
    expect(totalSize(cache.entries)).toBe(large);
  });
});

function totalSize(entries: ReadonlyMap<string, Uint8Array>): number {
  return [...entries.values()].reduce((sum, entry) => sum + entry.length, 0);
}

describe("the key", () => {
  const text = "[ ./x ~/y (1 + 1) ]";
  const variants: readonly [string, Run][] = [
    ["the text", run(`${text} `)],
    ["the directory", { files: { "/else/main.nix": text }, main: "/else/main.nix" }],
    ["the home directory", run(text, { home: "/root" })],
    ["a feature", run(text, { settings: { experimentalFeatures: new Set(["pipe-operators"]) } })],
    ["a lint", run(text, { settings: { lintUrlLiterals: "warn" } })],
  ];

  test.each(variants)("depends on %s", (_title, variant) => {
    const cache = memoryBytecodeCache();
    evaluate(run(text), cache);
    const seen = evaluate(variant, cache);
    expect(seen.hits).toBe(0);
    expect(seenBy(seen)).toEqual(seenBy(evaluate(variant)));
    expect(evaluate(variant, cache).misses).toBe(0);
  });

  test("depends on whether evaluation is pure, which has fewer globals", () => {
    const text = "builtins.currentSystem or 1";
    const cache = memoryBytecodeCache();
    evaluate(run(text), cache);
    // Nothing may be read in pure evaluation, so the files are the evaluator's own.
    const pure = evaluate(run(text, { settings: { pureEval: true } }), cache);
    expect(pure.hits).toBe(0);
  });

  test("does not depend on values of globals, which are looked up", () => {
    const text = "[ builtins.storeDir __storeDir ]";
    const cache = memoryBytecodeCache();
    evaluate(run(text), cache);
    const seen = evaluate(run(text, { settings: { storeDir: "/other/store" } }), cache);
    expect(seen).toMatchObject({ text: '[ "/other/store" "/other/store" ]', hits: 1 });
  });

  test("does not depend on the name of the file, which positions have", () => {
    const cache = memoryBytecodeCache();
    evaluate({ files: { "/dir/a.nix": "__curPos.file" }, main: "/dir/a.nix" }, cache);
    const seen = evaluate({ files: { "/dir/b.nix": "__curPos.file" }, main: "/dir/b.nix" }, cache);
    expect(seen).toMatchObject({ text: '"/dir/b.nix"', hits: 1 });
  });
});

describe("not kept", () => {
  test.each([
    ["a file with a syntax error", run("1 +"), 1],
    ["a file with an undefined variable", run("{ a = 1; }.b or undefined-name"), 1],
    [
      "a file with a warning",
      run("https://example.org/x", { settings: { lintUrlLiterals: "warn" } }),
      1,
    ],
    ["a file with scope of its own", run("scopedImport { y = 1; } ./other.nix"), 1],
  ])("%s", (_title, example, misses) => {
    const cache = memoryBytecodeCache();
    const plain = evaluate(example);
    for (let i = 0; i < 2; i++) expect(seenBy(evaluate(example, cache))).toEqual(seenBy(plain));
    const again = evaluate(example, cache);
    // Of the last example the importing file is kept, the imported one not even looked for.
    expect(again.hits + again.misses).toBe(misses);
    expect(cache.entries.size).toBe(again.hits);
  });
});

describe("an entry that is not what was stored", () => {
  const example = run(
    "let f = { a, b ? a + 1 }: [ a b ]; in f { a = 1; } ++ [ ./x 1.5 { c = 2; }.c ]",
  );
  const plain = evaluate(example);
  const stored = memoryBytecodeCache();
  evaluate(example, stored);
  const [[name, entry]] = [...stored.entries] as [[string, Uint8Array]];
  const key = Uint8Array.from(name, (char) => char.charCodeAt(0));

  function withEntry(bytes: Uint8Array): { readonly seen: Seen; readonly after: Uint8Array } {
    const cache = memoryBytecodeCache();
    cache.entries.set(name, bytes);
    const seen = evaluate(example, cache);
    return { seen, after: cache.entries.get(name) as Uint8Array };
  }

  test("is used as long as it is", () => {
    expect(withEntry(entry.slice()).seen).toMatchObject({ text: plain.text, hits: 1 });
  });

  /** Whether bytes pass for the entry. */
  function opens(bytes: Uint8Array): boolean {
    const tools = { hashes: nodeHashes, text: new TextCodec() };
    const surroundings = {
      base: 1 as PosIdx,
      globals: new Map(),
      accessor: undefined,
      resolve: () => expect.unreachable(),
    };
    return CompiledFile.open(bytes, key, tools, surroundings) !== undefined;
  }

  /** Some of so many things, the first and the last among them. */
  const sample = (count: number): number[] =>
    Array.from({ length: 20 }, (_, i) => Math.floor((i * (count - 1)) / 19));

  test("is discarded and written anew, whichever byte is different", () => {
    expect(opens(entry.slice())).toBe(true);
    const changed = (at: number): Uint8Array => {
      const bytes = entry.slice();
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      return bytes;
    };
    for (let at = 0; at < entry.length; at++) expect(opens(changed(at)), `byte ${at}`).toBe(false);
    for (const at of sample(entry.length)) {
      const { seen, after } = withEntry(changed(at));
      expect(seen, `byte ${at}`).toMatchObject({ text: plain.text, hits: 0, misses: 1 });
      expect(after).toEqual(entry);
    }
  });

  test("is discarded and written anew, wherever it ends", () => {
    const longer = new Uint8Array(entry.length + 4);
    longer.set(entry);
    expect(opens(longer)).toBe(false);
    for (let length = 0; length < entry.length; length++) {
      expect(opens(entry.slice(0, length)), `${length} bytes`).toBe(false);
    }
    for (const length of sample(entry.length)) {
      const { seen, after } = withEntry(entry.slice(0, length));
      expect(seen, `${length} bytes`).toMatchObject({ text: plain.text, hits: 0, misses: 1 });
      expect(after).toEqual(entry);
    }
  });

  test("is compiled anew where it makes no sense, though its checksum is right", () => {
    // Every word that says how long something is or where it lies, made too large.
    const words = new Int32Array(entry.slice().buffer, 0, Math.floor(entry.length / 4));
    const rows = (words[Header.CapturesAt] as number) - Header.Size;
    const places: number[] = [Header.CapturesAt, Header.WordsAt, Header.End];
    for (let row = Header.Size; row < Header.Size + rows; row += LambdaRow.Size) {
      places.push(row + LambdaRow.Description, row + LambdaRow.Body);
      const body = words[row + LambdaRow.Body] as number;
      if (body === 0) continue;
      const at = (words[Header.WordsAt] as number) + body - 1;
      for (const length of [
        Body.CodeLength,
        Body.FixupCount,
        Body.RecipeLength,
        Body.LambdaCount,
      ]) {
        places.push(at + length);
      }
    }
    for (const at of places) {
      if (words[at] === 0) continue;
      const bytes = entry.slice();
      new Int32Array(bytes.buffer, at * 4, 1)[0] = 0x3fff_ffff;
      const checksum = nodeHashes.hash("sha256", bytes.subarray(Header.Key * 4));
      bytes.set(checksum, Header.Checksum * 4);
      expect(withEntry(bytes).seen.text, `word ${at}`).toBe(plain.text);
    }
  });

  test("is discarded if it belongs to another file", () => {
    const cache = memoryBytecodeCache();
    const other = run("[ 2 ]");
    evaluate(other, cache);
    const [foreign] = [...cache.entries.values()] as [Uint8Array];
    expect(withEntry(foreign).seen).toMatchObject({ text: plain.text, hits: 0 });
  });

  test("is discarded if the cache gives bytes in the middle of a buffer", () => {
    const shifted: BytecodeCache = {
      load: () => {
        const bytes = new Uint8Array(entry.length + 1);
        bytes.set(entry, 1);
        return bytes.subarray(1);
      },
      store: () => {},
    };
    expect(evaluate(example, shifted)).toMatchObject({ text: plain.text, hits: 0 });
  });
});
