/**
 * Arbitrary values for wire types, derived from the structure that the types describe: a new type
 * in the table of operations is tested automatically.
 */
import fc from "fast-check";
import type { AnyWire } from "../../src/index.ts";

const digits = "0123456789abcdfghijklmnpqrsvwxyz";
const name = fc
  .stringMatching(/^[a-z][a-z0-9+._-]{0,12}$/)
  .filter((text) => !text.endsWith(".drv"));
const hashPart = fc
  .array(fc.constantFrom(...digits), { minLength: 32, maxLength: 32 })
  .map((chars) => chars.join(""));
const path = fc.tuple(hashPart, name).map(([hash, text]) => `/nix/store/${hash}-${text}`);
const drv = path.map((text) => `${text}.drv`);
const digest = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const sha256 = digest(32).map((bytes) => ({ algorithm: "sha256" as const, digest: bytes }));
const bytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 })
  .map((codes) => String.fromCharCode(...codes));
const outputs = fc.uniqueArray(name, { minLength: 1, maxLength: 3 }).map((names) => names.sort());
const contentAddress = fc.record({
  method: fc.constantFrom("flat", "nar", "text", "git"),
  hash: sha256,
});
const single = fc.oneof(
  path.map((at) => ({ kind: "opaque", path: at })),
  fc.tuple(drv, name).map(([at, output]) => ({
    kind: "built",
    drv: { kind: "opaque", path: at },
    output,
  })),
);
const gcPaths = fc.oneof(
  fc.constant({ kind: "whole-store" }),
  fc.record({
    kind: fc.constant("specific"),
    paths: fc.uniqueArray(path, { minLength: 1, maxLength: 3 }).map((paths) => paths.sort()),
    deleteReferrers: fc.constant(false),
  }),
);
const derivation = fc.record({
  outputs: fc
    .dictionary(
      name,
      fc.oneof(
        path.map((at) => ({ kind: "input-addressed", path: at })),
        fc.record({ kind: fc.constant("fixed"), method: fc.constant("nar"), hash: sha256, path }),
        fc.record({
          kind: fc.constantFrom("floating", "impure"),
          method: fc.constant("text"),
          algorithm: fc.constant("sha256"),
        }),
        fc.constant({ kind: "deferred" }),
      ),
    )
    .map((entries) => new Map(Object.entries(entries))),
  inputSrcs: fc.uniqueArray(path, { maxLength: 3 }).map((paths) => new Set(paths.sort())),
  system: bytes,
  builder: bytes,
  args: fc.array(bytes, { maxLength: 3 }),
  env: fc.dictionary(name, bytes, { maxKeys: 3 }).map((env) => new Map(Object.entries(env))),
});
const uint = fc.oneof(fc.nat(), fc.maxSafeNat());
const field = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), bytes);
const activity = {
  id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  type: uint,
  fields: fc.array(field, { maxLength: 3 }),
};
const message = fc.oneof(
  fc.record({ kind: fc.constant("next"), text: bytes }),
  fc.record({ kind: fc.constant("read"), count: uint }),
  fc.record({ kind: fc.constant("write"), bytes: digest(5) }),
  fc.constant({ kind: "last" }),
  fc.record({
    kind: fc.constant("error"),
    error: fc.record({ level: uint, message: bytes, traces: fc.array(bytes, { maxLength: 3 }) }),
  }),
  fc.record({
    kind: fc.constant("start-activity"),
    activity: fc.record({ ...activity, level: uint, text: bytes, parent: activity.id }),
  }),
  fc.record({ kind: fc.constant("stop-activity"), id: activity.id }),
  fc.record({ kind: fc.constant("result"), result: fc.record(activity) }),
);
const realisations = fc
  .dictionary(name, path, { maxKeys: 3 })
  .map(
    (entries) =>
      new Map(
        Object.entries(entries).map(([output, outPath]) => [output, { outPath, signatures: [] }]),
      ),
  );

const basics: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  nothing: fc.constant(undefined),
  uint,
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  int: fc.maxSafeInteger(),
  bool: fc.boolean(),
  "verbose build": fc.boolean(),
  string: bytes,
  bytes: digest(5),
  "store path": path,
  "store path or empty": fc.option(path, { nil: undefined }),
  "base name": path.map((text) => text.slice("/nix/store/".length)),
  "NAR hash": sha256,
  "content address or empty": fc.option(contentAddress, { nil: undefined }),
  "derived path": fc.oneof(
    path.map((at) => ({ kind: "opaque", path: at })),
    fc.tuple(single, fc.oneof(outputs, fc.constant("all"))).map(([at, names]) => ({
      kind: "built",
      drv: "path" in at ? { kind: "opaque", path: `${at.path}.drv` } : at,
      outputs: names,
    })),
  ),
  "single derived path": single,
  "build status": fc.constantFrom("built", "no-substituters", "timed-out"),
  "build mode": fc.constantFrom("normal", "repair", "check"),
  "GC action": fc.constantFrom("return-live", "delete-specific"),
  "GC paths": gcPaths,
  "GC paths with a tag": gcPaths,
  "basic derivation": derivation,
  "built outputs as JSON": realisations,
  message,
  // Operations that contain it are tested only with the feature.
  refused: fc.constant(undefined),
};

/** Arbitrary values of a wire type for peers of version 1.`minor` with all features or none. */
export function arbitraryOf(
  wire: AnyWire,
  minor: number,
  hasFeatures: boolean,
): fc.Arbitrary<unknown> {
  const { shape } = wire;
  const of = (item: AnyWire): fc.Arbitrary<unknown> => arbitraryOf(item, minor, hasFeatures);
  switch (shape.kind) {
    case "basic": {
      const found = shape.name.startsWith("obsolete") ? fc.constant(undefined) : basics[shape.name];
      if (found === undefined) throw new Error(`no arbitrary for '${shape.name}'`);
      return found;
    }
    case "list": {
      const item = of(shape.item);
      // Sets of texts are sent sorted.
      return shape.item.shape.kind === "basic" && /path|string/.test(shape.item.shape.name)
        ? fc.uniqueArray(item, { maxLength: 4 }).map((items) => items.sort())
        : fc.array(item, { maxLength: 4 });
    }
    case "optional":
      return fc.option(of(shape.item), { nil: undefined });
    case "map":
      return fc
        .uniqueArray(fc.tuple(of(shape.key), of(shape.value)), {
          maxLength: 4,
          selector: ([key]) => key,
        })
        .map(
          (entries) =>
            new Map(entries.sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1))),
        );
    case "record":
      return fc
        .record(
          Object.fromEntries(
            Object.entries(shape.fields).map(([key, item]) => [key, of(item as AnyWire)]),
          ),
        )
        .map((value) =>
          Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)),
        );
    case "since":
      return minor >= shape.minor ? of(shape.item) : fc.constant(undefined);
    case "feature":
      return of(hasFeatures ? shape.item : shape.otherwise);
  }
}
