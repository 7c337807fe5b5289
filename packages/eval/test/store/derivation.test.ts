/** derivationStrict against paths that C++ Nix computed. */

import { describe, expect, test } from "vitest";
import type { EvalContext } from "../../src/context.ts";
import { renderLogMessage } from "../../src/errors/log-message.ts";
import type { LogMessage } from "../../src/io.ts";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";
import type { Attrs } from "../../src/value/attrs.ts";
import { NixFloat, type Slot } from "../../src/value/value.ts";
import { call, contextList, failure, makeContext, set, text } from "./store-context.ts";

type Attributes = Readonly<Record<string, Slot>>;

function derive(ctx: EvalContext, attributes: Attributes): Attrs {
  const base = { name: "t", system: "x86_64-linux", builder: "/bin/sh" };
  return call(ctx, "derivationStrict", set({ ...base, ...attributes })) as Attrs;
}

function deriveFailure(attributes: Attributes, ctx = makeContext()): string {
  const base = { name: "t", system: "x86_64-linux", builder: "/bin/sh" };
  return failure(ctx, "derivationStrict", set({ ...base, ...attributes }));
}

const zeroHash = `sha256-${"A".repeat(43)}=`;
const emptySha512 =
  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

/** Attributes, the output that is looked at, the base names of `drvPath` and of that output. */
const vectors: readonly (readonly [
  string,
  (ctx: EvalContext) => Attributes,
  string,
  string,
  string,
])[] = [
  [
    "nothing but the base",
    () => ({}),
    "out",
    "7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv",
    "dlgx39nxvfzm7nvzmjkk4gdbn22n5nmr-t",
  ],
  [
    "values of all kinds",
    () => ({ a: 1, b: true, c: false, e: null, l: [1, "x", ["y"]], fl: new NixFloat(1.5) }),
    "out",
    "bnzp0v85508arl4wqigb0hlm62xp08gs-t.drv",
    "ff7k8wh0f0f3gr07d8wds4x8w2d5hi4b-t",
  ],
  [
    "ignored nulls",
    () => ({ a: null, b: 1, __ignoreNulls: true }),
    "out",
    "lagnn1802ai6711qr0qi24asg2vi8wa8-t.drv",
    "ib0y6q0sd5a41fn1w9cf5lc38cgbm4lm-t",
  ],
  [
    "escapes in arguments",
    () => ({ args: ["-c", 'echo\n"x"\t\\', 1] }),
    "out",
    "hz8fb40awgnzry7syz1ad2mn9l9sd2ia-t.drv",
    "8905nv9c0d5rijxlxggjir0h9z1a7bss-t",
  ],
  [
    "several outputs",
    () => ({ outputs: ["out", "dev", "bin"] }),
    "out",
    "a9cvv700c8ppmnblj1sfxlqm8pgw54x9-t.drv",
    "n1rjpfq4yr518n7kbrmb9nl2609dn67k-t",
  ],
  [
    "outputs in another order",
    () => ({ outputs: ["dev", "out"] }),
    "dev",
    "6iv10cglz058a722r08rxl6ky2kq4rvl-t.drv",
    "awjf1jvqz0ylvz929y3apfx5rpydy1x3-t-dev",
  ],
  [
    "structured attributes",
    () => ({ __structuredAttrs: true, a: set({ b: [1, null, true] }), outputs: ["out"] }),
    "out",
    "c8y3s53wjc3pfmffg9i5z5c7l559kxwq-t.drv",
    "ifw51pnxkawajqr1b9mjgjcblfg8pzzq-t",
  ],
  [
    "a flat fixed output",
    () => ({ outputHash: zeroHash }),
    "out",
    "vcfgmwfwxx6dnv66jgkan25fyb9ajsdi-t.drv",
    "a9z4naprcd913l1qsinn6nm7q7p2i85z-t",
  ],
  [
    "a recursive fixed output",
    () => ({ outputHash: zeroHash, outputHashMode: "recursive" }),
    "out",
    "1gc32aghddy9apx4bf81cvxgwwiznmc2-t.drv",
    "z9qdmwkvfr1llbnkc26f3qdy3qvf7h0q-t",
  ],
  [
    "a recursive sha1",
    () => ({ outputHash: "0".repeat(40), outputHashAlgo: "sha1", outputHashMode: "recursive" }),
    "out",
    "hi874dsgzbb2gswab40bpq1x2shgwm2p-t.drv",
    "zd5sznww35qkcn9m0cxjpvn3nzswkd80-t",
  ],
  [
    "a flat sha512",
    () => ({ outputHash: emptySha512, outputHashAlgo: "sha512" }),
    "out",
    "x83fxbpidn3s54kypllz9d78gpwdwr50-t.drv",
    "si62avcmfg1jghma7a94as357ccvmri0-t",
  ],
  [
    "an input",
    (ctx) => ({ dep: derive(ctx, { name: "dep", outputs: ["out", "dev"] }).get("out") as Slot }),
    "out",
    "nnfm5w8r4nd819rmnjnnf6xzvbzi0k04-t.drv",
    "g31460qxg2w69i1m2ywvbl6pdg3zbrnx-t",
  ],
  [
    "an input's second output",
    (ctx) => ({ x: derive(ctx, { name: "dep", outputs: ["out", "dev"] }).get("dev") as Slot }),
    "out",
    "3m2b5l4zgn8ic109r3lr2dv7ad9wnbcn-t.drv",
    "9ab5wv9p0hmab39qw34d6pcc8z6r4fdj-t",
  ],
  [
    "a file",
    (ctx) => ({ f: call(ctx, "toFile", "f.txt", "hello") }),
    "out",
    "y35jg1a4ng14gkvl7nbj8vw4wal8clq8-t.drv",
    "sfn748354a9apxwfwnszsv7a1pii2if5-t",
  ],
  [
    "passAsFile",
    () => ({ passAsFile: ["a"], a: "text" }),
    "out",
    "iqp04fb8bh6kp4n6faxj4ph62zskd9qs-t.drv",
    "smpw3bzy9pbjs3vm3jr6y7aj5k3gkxqx-t",
  ],
  [
    "a system with a blank",
    () => ({ system: "x y" }),
    "out",
    "jiazp69ks7lbc3zadc32x9pb8v1gky2b-t.drv",
    "1j5im7p3wlcd7idnq0f1maainki0vzi2-t",
  ],
  [
    // C++ Nix 2.8 with the dependency on disk.
    "a whole closure",
    (ctx) => ({ x: derive(ctx, {}).get("drvPath") as Slot }),
    "out",
    "fc1jw8rcvi9wp963jng89w8d2khp467r-t.drv",
    "im4pc8f6yw3ai2b6d8mx4lx568fah9pb-t",
  ],
];

describe("paths", () => {
  test.each(vectors)("of %s", (_name, attributes, output, drvPath, outPath) => {
    const ctx = makeContext();
    const result = derive(ctx, attributes(ctx));
    expect(text(result.get("drvPath"))).toBe(`/nix/store/${drvPath}`);
    expect(text(result.get(output))).toBe(`/nix/store/${outPath}`);
  });

  test("carry contexts", () => {
    const result = derive(makeContext(), { outputs: ["out", "dev"] });
    const drvPath = text(result.get("drvPath"));
    expect(contextList(result.get("drvPath"))).toEqual([`=${drvPath}`]);
    expect(contextList(result.get("dev"))).toEqual([`!dev!${drvPath}`]);
    expect(result.sortedNames()).toEqual(["dev", "drvPath", "out"]);
  });

  test("change with __structuredAttrs = false but not with __ignoreNulls = false", () => {
    const plain = text(derive(makeContext(), {}).get("out"));
    expect(text(derive(makeContext(), { __ignoreNulls: false }).get("out"))).toBe(plain);
    expect(text(derive(makeContext(), { __structuredAttrs: false }).get("out"))).not.toBe(plain);
  });

  test("of floating outputs are placeholders", () => {
    const settings = { ...DEFAULT_SETTINGS, experimentalFeatures: new Set(["ca-derivations"]) };
    const result = derive(makeContext({ settings }), { __contentAddressed: true });
    expect(text(result.get("out"))).toMatch(/^\/[0-9a-z]{52}$/);
  });
});

describe("errors", () => {
  test.each<readonly [Attributes, string]>([
    [
      { name: "a b" },
      "invalid derivation name: name 'a b' contains illegal character ' '. Please pass a different 'name'.",
    ],
    [
      { name: "t.drv" },
      "derivation names are allowed to end in '.drv' only if they produce a single derivation file",
    ],
    [{ builder: "" }, "required attribute 'builder' missing"],
    [{ system: "" }, "required attribute 'system' missing"],
    [{ outputs: [] }, "derivation cannot have an empty set of outputs"],
    [{ outputs: ["a", "a"] }, "duplicate derivation output 'a'"],
    [{ outputs: "out drvPath" }, "invalid derivation output name 'drvPath'"],
    [
      { outputHash: zeroHash, outputs: ["dev"] },
      "multiple outputs are not supported in fixed-output derivations",
    ],
    [{ outputHashMode: "tree" }, "invalid value 'tree' for 'outputHashMode' attribute"],
    [{ outputHash: "" }, "empty hash requires explicit hash algorithm"],
    [{ a: set({}) }, "cannot coerce a set to a string: { }"],
    [
      { __contentAddressed: true },
      "experimental Nix feature 'ca-derivations' is disabled; add '--extra-experimental-features ca-derivations' to enable it",
    ],
  ])("%#", (attributes, message) => {
    expect(deriveFailure(attributes)).toBe(message);
  });

  test("have the traces of the attribute and of the derivation", () => {
    const ctx = makeContext();
    try {
      derive(ctx, { a: set({}) });
    } catch (error) {
      const { traces } = error as { traces: { message: string; always: boolean }[] };
      expect(traces.map((trace) => [trace.message, trace.always])).toEqual([
        ["", false],
        ["while evaluating attribute 'a' of derivation 't'", false],
        [
          "while evaluating derivation 't'\n  whose name attribute is located at \xc2\xabnone\xc2\xbb:0",
          true,
        ],
      ]);
    }
    expect.assertions(1);
  });

  test("an empty hash is a warning", () => {
    const lines: string[] = [];
    const io = {
      ...makeContext().io,
      log: (message: LogMessage) => void lines.push(renderLogMessage(message, false)),
    };
    derive(makeContext({ io }), { outputHash: "", outputHashAlgo: "sha256" });
    expect(lines).toEqual([`warning: found empty hash, assuming '${zeroHash}'`]);
  });
});

test("ten thousand derivations that depend on each other", () => {
  const ctx = makeContext();
  let previous: Slot = "none";
  for (let i = 0; i < 10_000; i++) previous = derive(ctx, { previous, i }).get("out") as Slot;
  expect(ctx.caches.derivations.size).toBe(10_000);
});

test("placeholders", () => {
  const ctx = makeContext();
  expect(call(ctx, "placeholder", "out")).toBe(
    "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9",
  );
  expect(call(ctx, "placeholder", "dev")).toBe(
    "/02qcpld1y6xhs5gz9bchpxaw0xdhmsp5dv88lh25r2ss44kh8dxz",
  );
});
