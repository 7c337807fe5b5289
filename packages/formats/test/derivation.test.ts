/** Output and `.drv` paths, checked against ones that C++ Nix 2.8 computed. */
import { describe, expect, test } from "vitest";
import {
  DEFAULT_STORE_DIR,
  type Derivation,
  type DerivationInput,
  type DerivationOutput,
  derivationType,
  FormatError,
  finishDerivation,
  formatDerivation,
  type HashModuloContext,
  KnownInput,
  makeFixedOutputPath,
  makeTextPath,
  type NixHash,
  outputPathName,
  outputPlaceholder,
  parseDerivation,
  parseHash,
  portableHashes,
  unknownDerivationPlaceholder,
  unknownOutputPlaceholder,
} from "../src/index.ts";

function newContext(): HashModuloContext {
  return {
    storeDir: DEFAULT_STORE_DIR,
    hashes: portableHashes,
    cache: new Map(),
    readDerivation: (path) => {
      throw new Error(`no derivation ${path}`);
    },
  };
}

interface Options {
  name?: string;
  env?: Record<string, string>;
  outputs?: string[];
  args?: string[];
  system?: string;
  structuredAttrs?: string;
  inputDrvs?: [string, string[]][];
  inputSrcs?: string[];
  fixed?: { hash: NixHash; method: "flat" | "nar" };
  floating?: boolean;
}

/**
 * The derivation that `derivation { name; system; builder = "/bin/sh"; … }` passes to the hashing.
 */
function derivation(options: Options): Derivation {
  const name = options.name ?? "t";
  const system = options.system ?? "x86_64-linux";
  const outputNames = options.outputs ?? ["out"];
  const env = new Map(Object.entries(options.env ?? {}));
  if (options.structuredAttrs === undefined) {
    for (const [key, value] of Object.entries({ name, system, builder: "/bin/sh" }))
      env.set(key, value);
  }
  const outputs = new Map<string, DerivationOutput>();
  for (const output of outputNames) outputs.set(output, { kind: "deferred" });
  if (options.fixed !== undefined) {
    const { hash, method } = options.fixed;
    const path = makeFixedOutputPath(newContext(), name, method, hash);
    outputs.set("out", { kind: "fixed", method, hash, path });
    env.set("out", path);
  }
  if (options.floating) {
    for (const output of outputNames) {
      outputs.set(output, { kind: "floating", method: "nar", algorithm: "sha256" });
      env.set(output, outputPlaceholder(portableHashes, output));
    }
  }
  const drv: Derivation = {
    name,
    outputs,
    inputDrvs: new Map(
      (options.inputDrvs ?? []).map(([path, names]): [string, DerivationInput] => [
        path,
        { outputs: new Set(names) },
      ]),
    ),
    inputSrcs: new Set(options.inputSrcs),
    system,
    builder: "/bin/sh",
    args: options.args ?? [],
    env,
  };
  if (options.structuredAttrs !== undefined) drv.structuredAttrs = options.structuredAttrs;
  return drv;
}

function pathOf(output: DerivationOutput | undefined): string {
  if (output?.kind === "input-addressed" || output?.kind === "fixed") return output.path;
  throw new Error(`no path for ${output?.kind}`);
}

function check(
  options: Options,
  drvPath: string,
  outPath: string,
  output = "out",
  context = newContext(),
): string {
  const drv = derivation(options);
  const finished = finishDerivation(drv, context);
  expect(finished.drvPath).toBe(`/nix/store/${drvPath}`);
  expect(pathOf(finished.outputs.get(output))).toBe(`/nix/store/${outPath}`);
  const parsed = parseDerivation(finished.text, drv.name, context);
  expect(formatDerivation(parsed)).toBe(finished.text);
  expect(parsed).toEqual(drv);
  return finished.drvPath;
}

const zeros = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const zeroSha256: NixHash = { algorithm: "sha256", digest: new Uint8Array(32) };

describe("paths of derivations", () => {
  test("of the smallest derivation", () => {
    check({}, "7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv", "dlgx39nxvfzm7nvzmjkk4gdbn22n5nmr-t");
  });
  test("with variables of every kind", () => {
    check(
      { env: { a: "1", b: "1", c: "", e: "", l: "1 x y", fl: "1.500000" } },
      "bnzp0v85508arl4wqigb0hlm62xp08gs-t.drv",
      "ff7k8wh0f0f3gr07d8wds4x8w2d5hi4b-t",
    );
  });
  test("with arguments that need escapes", () => {
    check(
      { args: ["-c", 'echo\n"x"\t\\', "1"] },
      "hz8fb40awgnzry7syz1ad2mn9l9sd2ia-t.drv",
      "8905nv9c0d5rijxlxggjir0h9z1a7bss-t",
    );
  });
  test("with several outputs", () => {
    check(
      { outputs: ["out", "dev", "bin"], env: { outputs: "out dev bin" } },
      "a9cvv700c8ppmnblj1sfxlqm8pgw54x9-t.drv",
      "n1rjpfq4yr518n7kbrmb9nl2609dn67k-t",
    );
    check(
      { outputs: ["dev", "out"], env: { outputs: "dev out" } },
      "6iv10cglz058a722r08rxl6ky2kq4rvl-t.drv",
      "awjf1jvqz0ylvz929y3apfx5rpydy1x3-t-dev",
      "dev",
    );
  });
  test("with structured attributes", () => {
    check(
      {
        structuredAttrs:
          '{"a":{"b":[1,null,true]},"builder":"/bin/sh","name":"t","outputs":["out"],"system":"x86_64-linux"}',
      },
      "c8y3s53wjc3pfmffg9i5z5c7l559kxwq-t.drv",
      "ifw51pnxkawajqr1b9mjgjcblfg8pzzq-t",
    );
  });
  test("with a fixed output", () => {
    check(
      { fixed: { hash: zeroSha256, method: "flat" }, env: { outputHash: zeros } },
      "vcfgmwfwxx6dnv66jgkan25fyb9ajsdi-t.drv",
      "a9z4naprcd913l1qsinn6nm7q7p2i85z-t",
    );
    check(
      {
        fixed: { hash: zeroSha256, method: "nar" },
        env: { outputHash: zeros, outputHashMode: "recursive" },
      },
      "1gc32aghddy9apx4bf81cvxgwwiznmc2-t.drv",
      "z9qdmwkvfr1llbnkc26f3qdy3qvf7h0q-t",
    );
    check(
      {
        fixed: { hash: { algorithm: "sha1", digest: new Uint8Array(20) }, method: "nar" },
        env: { outputHash: "0".repeat(40), outputHashAlgo: "sha1", outputHashMode: "recursive" },
      },
      "hi874dsgzbb2gswab40bpq1x2shgwm2p-t.drv",
      "zd5sznww35qkcn9m0cxjpvn3nzswkd80-t",
    );
  });
  test("with an unusual system", () => {
    check(
      { system: "x y" },
      "jiazp69ks7lbc3zadc32x9pb8v1gky2b-t.drv",
      "1j5im7p3wlcd7idnq0f1maainki0vzi2-t",
    );
  });
  test("with a source file", () => {
    const file = makeTextPath(newContext(), "f.txt", "hello", []);
    expect(file).toBe("/nix/store/2zgm6g4x91yavq1nyf217ahv0hr592j2-f.txt");
    expect(makeTextPath(newContext(), "g", `see ${file}`, [file])).toBe(
      "/nix/store/49wzrq4g65irp42g96ca6ifs8d6yizv9-g",
    );
    check(
      { env: { f: file }, inputSrcs: [file] },
      "y35jg1a4ng14gkvl7nbj8vw4wal8clq8-t.drv",
      "sfn748354a9apxwfwnszsv7a1pii2if5-t",
    );
  });
  test("with an input derivation", () => {
    const context = newContext();
    const dep = finishDerivation(
      derivation({ name: "dep", outputs: ["out", "dev"], env: { outputs: "out dev" } }),
      context,
    );
    check(
      { env: { dep: pathOf(dep.outputs.get("out")) }, inputDrvs: [[dep.drvPath, ["out"]]] },
      "nnfm5w8r4nd819rmnjnnf6xzvbzi0k04-t.drv",
      "g31460qxg2w69i1m2ywvbl6pdg3zbrnx-t",
      "out",
      context,
    );
    check(
      { env: { x: pathOf(dep.outputs.get("dev")) }, inputDrvs: [[dep.drvPath, ["dev"]]] },
      "3m2b5l4zgn8ic109r3lr2dv7ad9wnbcn-t.drv",
      "9ab5wv9p0hmab39qw34d6pcc8z6r4fdj-t",
      "out",
      context,
    );
  });
});

describe("placeholders", () => {
  test("of own outputs", () => {
    expect(outputPlaceholder(portableHashes, "out")).toBe(
      "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9",
    );
    expect(outputPlaceholder(portableHashes, "dev")).toBe(
      "/02qcpld1y6xhs5gz9bchpxaw0xdhmsp5dv88lh25r2ss44kh8dxz",
    );
  });
  test("of unknown outputs", () => {
    // Recorded from C++ Nix 2.8 with `ca-derivations`.
    const context = newContext();
    const ca = finishDerivation(
      derivation({
        name: "ca",
        floating: true,
        outputs: ["out", "dev"],
        env: { outputs: "out dev", outputHashMode: "recursive", outputHashAlgo: "sha256" },
      }),
      context,
    );
    expect(ca.drvPath).toBe("/nix/store/809hd68vvfpi7cnll3ilvwg5qng30ymh-ca.drv");
    const of = (drvPath: string, output: string) =>
      unknownOutputPlaceholder(portableHashes, drvPath.slice("/nix/store/".length), output);
    const out = of(ca.drvPath, "out");
    expect(out.text).toBe("/0175br9dnq4yrfgdm65nfy660im9l7d7swg83l51hkjl9ib1pb9g");
    expect(of(ca.drvPath, "dev").text).toBe(
      "/0n40qcrmrsv91dsw86nd9mn7gi2jhyjka78s63b7h9cjnz66cfvh",
    );
    const user = finishDerivation(
      derivation({ name: "user", env: { c: out.text }, inputDrvs: [[ca.drvPath, ["out"]]] }),
      context,
    );
    expect(user.outputs.get("out")).toEqual({ kind: "deferred" });
    expect(user.drvPath).toBe("/nix/store/8c8iqimpgpfka0z96zb5pvj4zmf8bm26-user.drv");
    expect(of(user.drvPath, "out").text).toBe(
      "/1ckj94crgzkcipkf6d8vjysjm5cw80i4akx92h7c7qrff8278xs0",
    );
    const nested = unknownDerivationPlaceholder(portableHashes, out, "out");
    expect(nested.text).toMatch(/^\/[0-9a-z]{52}$/);
    expect(unknownDerivationPlaceholder(portableHashes, out, "dev").text).not.toBe(nested.text);
  });
  test("name outputs after the derivation", () => {
    expect(outputPathName("foo", "out")).toBe("foo");
    expect(outputPathName("foo", "dev")).toBe("foo-dev");
  });
});

describe("hashes modulo", () => {
  const fixed = (context: HashModuloContext, url: string) =>
    finishDerivation(
      derivation({
        name: "f",
        fixed: { hash: zeroSha256, method: "flat" },
        env: { url, outputHash: zeros },
      }),
      context,
    );

  test("do not depend on the source of a fixed output", () => {
    const context = newContext();
    const use = (url: string) => {
      const f = fixed(context, url);
      return finishDerivation(
        derivation({ env: { f: pathOf(f.outputs.get("out")) }, inputDrvs: [[f.drvPath, ["out"]]] }),
        context,
      );
    };
    const a = use("http://a");
    const b = use("http://b");
    expect(a.outputs.get("out")).toEqual(b.outputs.get("out"));
    expect(a.drvPath).not.toBe(b.drvPath);
  });

  test("unite the outputs of inputs with the same hash", () => {
    // `x` and `y` differ only in their fixed-output source, so they have the same hash modulo;
    // `top` uses `out` of one and `dev` of the other. Paths recorded from C++ Nix 2.8.
    const context = newContext();
    const dep = (url: string) => {
      const f = fixed(context, url);
      return finishDerivation(
        derivation({
          name: "dep",
          outputs: ["out", "dev"],
          env: { outputs: "out dev", f: pathOf(f.outputs.get("out")) },
          inputDrvs: [[f.drvPath, ["out"]]],
        }),
        context,
      );
    };
    const x = dep("http://a");
    const y = dep("http://b");
    const top = finishDerivation(
      derivation({
        name: "top",
        env: { x: pathOf(x.outputs.get("out")), y: pathOf(y.outputs.get("dev")) },
        inputDrvs: [
          [x.drvPath, ["out"]],
          [y.drvPath, ["dev"]],
        ],
      }),
      context,
    );
    expect([top.drvPath, pathOf(top.outputs.get("out"))]).toEqual([
      "/nix/store/wc1ilz00c46mq68h08pm8cch6j759rx3-top.drv",
      "/nix/store/00kgwj2s16fpkvq51k54r45hz7783a8w-top",
    ]);
  });

  test("are the same for known inputs", () => {
    const context = newContext();
    const make = (name: string, outputs: readonly string[]) =>
      finishDerivation(derivation({ name, outputs: [...outputs] }), context).drvPath;
    const hexOf = (path: string): string => {
      const modulo = context.cache.get(path)?.modulo;
      return modulo?.kind === "hash" ? modulo.hex : "";
    };
    // More inputs than insertion sort handles, every other one with two outputs.
    const paths = Array.from({ length: 30 }, (_, i) => make(`i${i}`, ["out", "dev"]));
    for (const [count, others] of [
      [1, 0],
      [2, 0],
      [5, 0],
      [30, 0],
      [5, 1],
      [5, 3],
    ] as const) {
      const used = paths.slice(0, count);
      const outputsOf = (i: number) => (i % 2 === 0 ? ["out"] : ["out", "dev"]);
      const plain = derivation({ inputDrvs: used.map((path, i) => [path, outputsOf(i)]) });
      const known = derivation({});
      for (const [i, path] of used.entries()) {
        const input = new KnownInput(path, ["out"], hexOf(path));
        if (i < others) known.inputDrvs.set(path, { outputs: new Set(outputsOf(i)) });
        else known.inputDrvs.set(path, i % 2 === 0 ? input : input.with("dev"));
      }
      expect(finishDerivation(known, context)).toEqual(finishDerivation(plain, context));
    }
  });

  test("unite the outputs of known inputs with the same hash", () => {
    const context = newContext();
    const [a, b] = [fixed(context, "a").drvPath, fixed(context, "b").drvPath];
    expect(a).not.toBe(b);
    const known = derivation({});
    for (const path of [a, b]) {
      const modulo = context.cache.get(path)?.modulo;
      const hex = modulo?.kind === "fixed" ? (modulo.outputs.get("out") as string) : "";
      known.inputDrvs.set(path, new KnownInput(path, ["out"], hex));
    }
    const plain = derivation({
      inputDrvs: [
        [a, ["out"]],
        [b, ["out"]],
      ],
    });
    expect(finishDerivation(known, context)).toEqual(finishDerivation(plain, context));
  });

  test("stay deferred behind a floating output", () => {
    const context = newContext();
    const ca = finishDerivation(derivation({ name: "ca", floating: true }), context);
    const user = finishDerivation(
      derivation({ name: "user", inputDrvs: [[ca.drvPath, ["out"]]] }),
      context,
    );
    expect(user.outputs.get("out")).toEqual({ kind: "deferred" });
    expect(context.cache.get(user.drvPath)?.modulo).toEqual({ kind: "deferred" });
    expect(user.text).toContain('[("out","","","")]');
    expect(ca.text).toContain('[("out","","r:sha256","")]');
  });

  test("are computed from unknown derivations, however long the chain", () => {
    const length = 20_000;
    const known = newContext();
    const texts = new Map<string, string>();
    let previous: ReturnType<typeof finishDerivation> | undefined;
    for (let i = 0; i < length; i++) {
      const inputDrvs: [string, string[]][] =
        previous === undefined ? [] : [[previous.drvPath, ["out"]]];
      previous = finishDerivation(derivation({ inputDrvs, env: { i: String(i) } }), known);
      texts.set(previous.drvPath, previous.text);
    }
    const last = previous as NonNullable<typeof previous>;
    const fresh: HashModuloContext = {
      ...newContext(),
      readDerivation: (path) => parseDerivation(texts.get(path) as string, "t", known),
    };
    const user = finishDerivation(derivation({ inputDrvs: [[last.drvPath, ["out"]]] }), fresh);
    expect(user).toEqual(
      finishDerivation(derivation({ inputDrvs: [[last.drvPath, ["out"]]] }), known),
    );
    expect(fresh.cache.size).toBe(length + 1);
  });

  test("require the output to exist", () => {
    const context = newContext();
    const f = fixed(context, "u");
    const user = derivation({ inputDrvs: [[f.drvPath, ["dev"]]] });
    expect(() => finishDerivation(user, context)).toThrow(
      "no hash for output 'dev' of derivation 't'",
    );
  });
});

describe("types of derivations", () => {
  const type = (outputs: [string, DerivationOutput][]) =>
    derivationType({ outputs: new Map(outputs) });
  const fixed: DerivationOutput = {
    kind: "fixed",
    method: "flat",
    hash: zeroSha256,
    path: "/nix/store/x",
  };
  test("are those of all outputs", () => {
    expect(type([["out", { kind: "deferred" }]])).toBe("deferred");
    expect(type([["out", fixed]])).toBe("fixed");
  });
  test("must not be mixed", () => {
    expect(() => type([])).toThrow("must have at least one output");
    expect(() =>
      type([
        ["a", { kind: "deferred" }],
        ["out", fixed],
      ]),
    ).toThrow("can't mix derivation output types");
    expect(() => type([["dev", fixed]])).toThrow('single fixed output must be named "out"');
    expect(() =>
      type([
        ["out", fixed],
        ["out2", fixed],
      ]),
    ).toThrow("only one fixed output is allowed for now");
    expect(() =>
      type([
        ["a", { kind: "floating", method: "nar", algorithm: "sha1" }],
        ["b", { kind: "floating", method: "nar", algorithm: "sha256" }],
      ]),
    ).toThrow("all floating outputs must use the same hash algorithm");
  });
});

describe("reading ATerms", () => {
  const parse = (text: string) => parseDerivation(text, "t", newContext());
  const fails = (text: string, message: string) => {
    expect(() => parse(text)).toThrow(FormatError);
    expect(() => parse(text)).toThrow(message);
  };
  const body = '[("out","","","")],[],[],"s","b",[],[]';
  test("reports what was expected", () => {
    fails("", "expected string 'D'");
    fails("Dx", "derivation does not start with 'Derive' or 'DrvWithVersion'");
    fails(`Derive${body})`, "expected string 'erive('");
    fails('Derive([("out"', "expected string ','");
    fails('Derive([("out', "unterminated string in derivation");
    fails(`Derive(${body}`, "expected string ')'");
    fails('DrvWithVersion("x",', "Unknown derivation ATerm format version 'x'");
    fails('Derive([("out","/tmp/x","","")]', "path '/tmp/x' is not in the Nix store");
    fails(
      `Derive(${body.replace("[],[]", '[("/nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv",[])],[]')})`,
      "inputDrvs entry for '/nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv' specifies no outputs",
    );
    fails(
      `Derive(${body.replace('"","",""', '"/nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t","sha1","' + "0".repeat(40) + '"')})`,
      "derivation output 'out' has path '/nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t', which does not match its content address",
    );
  });
  test("decodes escapes at the ends of strings", () => {
    const drv = parse(`Derive(${body.replace('"b"', '"\\\\\\"\\n\\x\\\\"')})`);
    expect(drv.builder).toBe('\\"\nx\\');
  });
  test("keeps structured attributes in normal form", () => {
    const environment = '[("__json","{\\"b\\":1e0, \\"a\\":[]}")]';
    const drv = parse(`Derive([("out","","","")],[],[],"s","b",[],${environment})`);
    expect(drv.structuredAttrs).toBe('{"a":[],"b":1.0}');
    expect(drv.env.size).toBe(0);
  });
  test("keeps dynamic inputs", () => {
    const path = "/nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv";
    const text = `DrvWithVersion("xp-dyn-drv",[("out","","","")],[("${path}",(["a"],[("out",["b","c"])]))],[],"s","b",[],[])`;
    expect(formatDerivation(parse(text))).toBe(text);
  });
  test("reports experimental features", () => {
    const used: string[] = [];
    const parseWith = (text: string) =>
      parseDerivation(text, "t", { ...newContext(), require: (feature) => used.push(feature) });
    parseWith(`Derive(${body.replace('"","",""', '"","r:sha256",""')})`);
    parseWith(`Derive(${body.replace('"","",""', '"","text:sha256","impure"')})`);
    expect(used).toEqual(["ca-derivations", "dynamic-derivations", "impure-derivations"]);
  });
  test("rejects a variable __json", () => {
    expect(() => formatDerivation(derivation({ env: { __json: "{}" } }))).toThrow(
      "Cannot have an environment variable",
    );
  });
  test("knows the sha512 vector", () => {
    check(
      {
        fixed: { hash: parseHash(emptySha512, "sha512"), method: "flat" },
        env: { outputHash: emptySha512, outputHashAlgo: "sha512" },
      },
      "x83fxbpidn3s54kypllz9d78gpwdwr50-t.drv",
      "si62avcmfg1jghma7a94as357ccvmri0-t",
    );
  });
});

const emptySha512 =
  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
