/**
 * A long sweep over what stores read from others: NARs that are unpacked, narinfo files, and messages of
 * the worker protocol. Valid ones are made from a seed and then damaged: hostile lengths, names and
 * depths, flipped and dropped bytes, ends in the middle. Not part of the tests:
 *
 *     npm run fuzz:stores -- [ROUNDS] [SEED]
 *
 * Each round must end in a value or in an error of the format. Nothing may be written outside of the
 * directory that a NAR is unpacked to, and memory must stay bounded.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Agreement,
  type AnyOperation,
  type AnyWire,
  FormatError,
  formatNarInfo,
  type NarInfo,
  NarStream,
  type NarTree,
  narBytes,
  narTreeSource,
  OPERATION_NAMES,
  OPERATIONS,
  parseNarInfo,
  serverMessage,
  WireInput,
  WireOutput,
} from "@nivis/formats";
import { restoreNar, StoreError, streamOf } from "@nivis/store";
import { Random } from "@nivis/testkit";
import fc from "fast-check";
import { arbitraryOf } from "../../formats/test/worker-protocol/arbitrary.ts";
import { nodeFileSystem } from "../src/stores/node-file-system.ts";

const rounds = Number(process.argv[2] ?? 20_000);
const seed = Number(process.argv[3] ?? 1);
const random = new Random(seed);
const STORE_DIR = "/nix/store";
/** MiB above the start that a sweep may take, garbage included. */
const MEMORY_LIMIT = 400;
/** Every so many NARs one is unpacked to the disk. */
const UNPACK_EVERY = 20;

const NAMES = [
  "a",
  "b",
  "A",
  "..",
  ".",
  "",
  "a/b",
  "../escape",
  "/etc/escape",
  "nul\0nul",
  "a\\b",
  "\xff\xfe",
  "x".repeat(300),
  "casé",
  "case",
  "CASE",
  "con",
  "~",
  "$HOME",
  "-rf",
  "\n",
  " ",
  "a~nix~case~hack~1",
];
const TARGETS = [
  "a",
  "..",
  "/",
  "../../../escape",
  "/tmp/escape",
  "x".repeat(5000),
  "nul\0nul",
  "",
];
const LENGTHS = [
  0n,
  1n,
  7n,
  8n,
  255n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n,
  2n ** 64n - 1n,
];

const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;

function tree(depth: number): NarTree {
  const kind = random.below(depth > 5 ? 2 : 3);
  if (kind === 0) {
    return {
      type: "regular",
      executable: random.below(2) === 0,
      contents: "c".repeat(random.below(200)),
    };
  }
  if (kind === 1) return { type: "symlink", target: pick(TARGETS) };
  const entries = new Map<string, NarTree>();
  for (let i = random.below(5); i > 0; i--) entries.set(pick(NAMES), tree(depth + 1));
  return { type: "directory", entries };
}

/** The beginning of a directory in a directory, and so on: too deep for any store. */
function deepNar(): Uint8Array {
  const output = new WireOutput();
  output.string("nix-archive-1");
  for (let i = 0; i < 5000; i++) {
    for (const word of ["(", "type", "directory", "entry", "(", "name", "d", "node"]) {
      output.string(word);
    }
  }
  return output.take();
}

/** Damages bytes in up to three places, or not at all. */
function damaged(bytes: Uint8Array): Uint8Array {
  let result = new Uint8Array(bytes);
  for (let i = random.below(4); i > 0 && result.length > 0; i--) {
    const at = random.below(result.length);
    switch (random.below(5)) {
      case 0:
        result[at] = random.below(256);
        break;
      case 1:
        result = result.subarray(0, at);
        break;
      case 2:
        result = new Uint8Array([
          ...result.subarray(0, at),
          ...result.subarray(at + random.below(16)),
        ]);
        break;
      case 3: {
        // A length, or what would be one if everything before it were right.
        const word = at - (at % 8);
        if (word + 8 <= result.length) {
          new DataView(result.buffer, result.byteOffset).setBigUint64(word, pick(LENGTHS), true);
        }
        break;
      }
      default:
        result = new Uint8Array([
          ...result.subarray(0, at),
          ...bytes.subarray(random.below(bytes.length)),
        ]);
    }
  }
  return result;
}

/** Bytes in pieces of random sizes. */
function pieces(bytes: Uint8Array): Uint8Array[] {
  const cut: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(random.below(3) === 0 ? 5 : 500);
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}

const counts = { read: 0, refused: 0, unpacked: 0 };

function expectFormatError(error: unknown, what: string, input: unknown): void {
  if (error instanceof FormatError || error instanceof StoreError) {
    counts.refused++;
    return;
  }
  process.stderr.write(`${what}: ${String(error)}\nseed ${seed}, input ${JSON.stringify(input)}\n`);
  throw error;
}

const outer = mkdtempSync(join(tmpdir(), "nivis-fuzz-"));
const guarded = join(outer, "guarded");
const outside = join(outer, "outside");
mkdirSync(guarded);
writeFileSync(outside, "untouched");

async function fuzzNar(round: number): Promise<void> {
  const bytes = round % 997 === 0 ? deepNar() : damaged(narBytes(narTreeSource, tree(0)));
  try {
    const stream = new NarStream();
    for (const piece of pieces(bytes)) {
      for (const event of stream.push(piece)) {
        if ("name" in event && /^\.{1,2}$|[/\0]/.test(event.name)) {
          throw new Error(`the name ${JSON.stringify(event.name)} came through`);
        }
      }
    }
    stream.finish();
    counts.read++;
  } catch (error) {
    expectFormatError(error, "NAR", Buffer.from(bytes).toString("base64"));
  }
  if (round % UNPACK_EVERY !== 0) return;
  const target = join(guarded, `r${round}`);
  try {
    await restoreNar(nodeFileSystem, target, streamOf(...pieces(bytes)));
    counts.unpacked++;
  } catch (error) {
    expectFormatError(error, "unpacking", Buffer.from(bytes).toString("base64"));
  }
  const beside = readdirSync(guarded).filter((name) => name !== `r${round}`);
  if (beside.length > 0 || readdirSync(outer).length !== 2) throw new Error("written outside");
  if (readFileSync(outside, "utf8") !== "untouched") throw new Error("a file outside was changed");
  rmSync(target, { recursive: true, force: true });
}

const INFO: NarInfo = {
  storePath: `${STORE_DIR}/${"a".repeat(32)}-name`,
  url: "nar/x.nar.xz",
  compression: "xz",
  fileSize: 100,
  fileHash: { algorithm: "sha256", digest: new Uint8Array(32) },
  narHash: { algorithm: "sha256", digest: new Uint8Array(32) },
  narSize: 1000,
  references: new Set([`${STORE_DIR}/${"b".repeat(32)}-other`]),
  signatures: ["key-1:AAAA"],
};
const INFO_BYTES = Buffer.from(formatNarInfo(INFO), "latin1");

function fuzzNarInfo(): void {
  const text = Buffer.from(damaged(INFO_BYTES)).toString("latin1");
  try {
    const info = parseNarInfo(text, "x.narinfo", STORE_DIR);
    if (!info.storePath.startsWith(`${STORE_DIR}/`)) throw new Error(`path ${info.storePath}`);
    counts.read++;
  } catch (error) {
    expectFormatError(error, "narinfo", text);
  }
}

const AGREED: Agreement = { minor: 38, features: new Set(), storeDir: STORE_DIR };

/** Valid messages of all kinds that this protocol has. */
const messages = OPERATION_NAMES.flatMap((name) =>
  (["request", "reply"] as const).flatMap((side) => {
    const wire: AnyWire = (OPERATIONS[name] as AnyOperation)[side];
    const values = fc.sample(arbitraryOf(wire, AGREED.minor, false), { numRuns: 8, seed });
    return values.flatMap((value) => {
      const output = new WireOutput();
      try {
        wire.write(output, value, AGREED);
      } catch (error) {
        // Some operations need a feature.
        if (error instanceof FormatError) return [];
        throw error;
      }
      return [{ what: `${side} of ${name}`, bytes: output.take(), wire }];
    });
  }),
);

function fuzzMessage(): void {
  const { what, bytes, wire } = pick(messages);
  const given = damaged(bytes);
  const input = new WireInput();
  const decoder =
    random.below(5) === 0 ? serverMessage.read(input, AGREED) : wire.read(input, AGREED);
  try {
    const rest = pieces(given);
    for (;;) {
      const step = decoder.next();
      if (step.done === true) break;
      const piece = rest.shift();
      // A message that ends in the middle is waited for; the connection ends.
      if (piece === undefined) break;
      input.push(piece);
    }
    counts.read++;
  } catch (error) {
    expectFormatError(error, what, Buffer.from(given).toString("base64"));
  }
}

const atStart = process.memoryUsage.rss();
let most = atStart;
const started = performance.now();
try {
  for (let round = 0; round < rounds; round++) {
    const kind = random.below(3);
    if (kind === 0) await fuzzNar(round);
    else if (kind === 1) fuzzNarInfo();
    else fuzzMessage();
    if (round % 500 === 0) most = Math.max(most, process.memoryUsage.rss());
  }
} finally {
  rmSync(outer, { recursive: true, force: true });
}
const grown = (most - atStart) / 2 ** 20;
process.stdout.write(
  `${rounds} rounds from seed ${seed} in ${((performance.now() - started) / 1000).toFixed(0)} s: ${messages.length} messages; ${counts.read} read, ${counts.refused} refused, ${counts.unpacked} unpacked, nothing outside; at most ${grown.toFixed(0)} MiB above the start\n`,
);
if (grown > MEMORY_LIMIT) throw new Error(`more than ${MEMORY_LIMIT} MiB`);
