/** `nivis pack`: a tree as one file that browsers read by ranges. A bundle of its own (see scripts/bundles.mjs). */
import { readFileSync, statSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { type Bytes, encodeBase64, encodeUtf8, marked } from "@nivis/formats";
import { nodeHashes, nodeIo, usageError } from "@nivis/node";
import {
  type Packed,
  type PackRequest,
  type PackTable,
  packTree,
  profileOfTrace,
} from "@nivis/pack";
import { type CommonFlags, unexpectedArgument } from "../async-program.ts";
import { withFlakeTree } from "../flakes/flake-targets.ts";
import type { Invocation } from "../invocation.ts";
import { defaultFlags } from "../options/evaluation-options.ts";
import { valueFlag } from "../options/option.ts";
import { type Program, runProgram, type WaitingProgram } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { renderSize } from "../text/size.ts";
import { writeWholeFile } from "../whole-file.ts";
import { runFlakeProgram } from "./flake-commands.ts";
import { positionalsOf } from "./flake-detection.ts";
import { PACK_TOPIC } from "./pack-topic.ts";

interface PackFlags extends CommonFlags {
  directory: string | undefined;
  out: string | undefined;
  readonly traces: string[];
}

/** Runs `nivis pack` and returns the exit code. */
export function startPack(args: readonly string[], terminal: Terminal): number | Promise<number> {
  const [first] = positionalsOf(args, packCommand.options);
  // A directory with a flake is packed as it lies there.
  if (first === undefined || !/^[a-z][a-z0-9+.-]*:/.test(first)) {
    return runProgram(packCommand, args, terminal);
  }
  const ofFlake: WaitingProgram<PackFlags> = {
    ...packCommand,
    run: async (flags, invocation) => {
      const { directory = "", out } = flags;
      if (out === undefined) throw usageError(NO_OUT);
      await withFlakeTree(flags, encodeUtf8(directory), (files) => {
        // A trace of a tree on disk has its paths there, and others those of the tree.
        const place = files.physicalPath?.("/") ?? "/";
        packInto(out, flags, invocation, { files, root: "/", place });
      });
      return 0;
    },
  };
  return runFlakeProgram(ofFlake, args, terminal);
}

const NO_OUT = "give a file for the pack with '--out FILE'";

const packCommand: Program<PackFlags> = {
  ...PACK_TOPIC,
  description: [
    "The file holds all of DIR except '.git' folders: contents, executable bits, symlinks and the hashes of NARs. `packIo` of @nivis/pack reads it from any server of files while it evaluates, and fetches what is needed. The hash that is printed determines the whole tree.",
    "With a reference such as 'github:owner/repo' or 'path:.', the tree of that flake is packed: of a Git repository the tracked files.",
    "Each --trace is a file that --trace-inputs wrote for an evaluation in DIR. What it names lies together at the beginning of the pack, in the order in which it was read.",
  ],
  options: [
    valueFlag<PackFlags>(["--out", "-o"], "FILE", "Where to put the pack", (flags, file) => {
      flags.out = file;
    }),
    valueFlag<PackFlags>(
      ["--trace"],
      "FILE",
      "Order the pack by what an evaluation looked at; may be repeated, the most important first",
      (flags, file) => {
        flags.traces.push(file);
      },
    ),
  ],
  defaults: (invocation) => ({
    ...defaultFlags(invocation),
    directory: undefined,
    out: undefined,
    traces: [],
  }),
  positional: (flags, argument) => {
    if (flags.directory !== undefined) unexpectedArgument(argument);
    flags.directory = argument;
  },
  run: (flags, invocation) => {
    const { directory, out } = flags;
    if (directory === undefined) throw usageError("give the directory to pack");
    if (out === undefined) throw usageError(NO_OUT);
    const place = resolve(directory);
    if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw usageError(marked`'${encodeUtf8(directory)}' is not a directory`);
    }
    const root = encodeUtf8(place);
    packInto(out, flags, invocation, { files: nodeIo(), root, place: root });
  },
};

/** A tree that is packed. */
interface Packing extends Pick<PackRequest, "files" | "root"> {
  /** The path of its root in traces. */
  readonly place: string;
}

function packInto(
  out: string,
  { traces }: PackFlags,
  invocation: Invocation,
  { files, root, place }: Packing,
): void {
  const profiles = traces.map((file) =>
    profileOfTrace(readText(file), place, basename(file, extname(file))),
  );
  const packed = packTree({
    files,
    root,
    profiles,
    skip: (path) => path.endsWith("/.git"),
    hashes: nodeHashes,
    deflate: (bytes) => process.getBuiltinModule("node:zlib").deflateRawSync(bytes, { level: 9 }),
  });
  writePack(out, packed);
  report(out, packed, invocation);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageError(encodeUtf8(`cannot read the trace '${file}': ${messageOf(error)}`));
  }
}

function writePack(out: string, { chunks }: Packed): void {
  try {
    writeWholeFile(out, chunks);
  } catch (error) {
    throw usageError(encodeUtf8(`cannot write '${out}': ${messageOf(error)}`));
  }
}

function report(out: string, { hash, table, nar, chunks }: Packed, invocation: Invocation): void {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const rows: [string, Bytes][] = [
    ["pack", encodeUtf8(out)],
    ["hash", `sha256-${encodeBase64(hash)}`],
    ["NAR hash", `sha256-${encodeBase64(nar.digest)}`],
    [
      "tree",
      `${table.files} files in ${table.directories} directories, ${renderSize(table.bytes)}`,
    ],
    [
      "size",
      `${renderSize(size)}, of which the table ${renderSize((chunks[0] as Uint8Array).length)}`,
    ],
  ];
  for (const [name, bytes] of sizesOf(table)) rows.push([`profile ${name}`, renderSize(bytes)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) {
    invocation.terminal.writeOut(`${name.padEnd(width)}  ${value}\n`);
  }
}

/** The bytes that each profile adds to those before it. */
function sizesOf({ extents, blocks }: PackTable): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  let index = 0;
  for (const { name, blocks: count } of extents) {
    const own = blocks.slice(index, index + count);
    index += count;
    const bytes = own.reduce((sum, { packedLength }) => sum + packedLength, 0);
    if (name !== "") sizes.set(name, (sizes.get(name) ?? 0) + bytes);
  }
  return sizes;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
