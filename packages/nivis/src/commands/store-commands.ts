/** The commands on stores. Loaded on demand (see scripts/bundles.mjs). */
import type { EvaluateInstallables } from "../evaluated-installables.ts";
import type { Terminal } from "../terminal.ts";
import type { Command } from "./command.ts";
import { copyCommand } from "./copy.ts";
import { daemonCommand } from "./daemon.ts";
import { derivationAddCommand } from "./derivation/add.ts";
import { derivationShowCommand } from "./derivation/show.ts";
import { group, groupOf, storeCommand } from "./group.ts";
import { hashConvertCommand } from "./hash/convert.ts";
import { hashFileCommand, hashPathCommand } from "./hash/path.ts";
import { hashToFormatCommand } from "./hash/to-format.ts";
import { keyConvertCommand } from "./key/convert-secret-to-public.ts";
import { keyGenerateSecretCommand } from "./key/generate-secret.ts";
import { logCommand } from "./log.ts";
import { narCatCommand } from "./nar/cat.ts";
import { narLsCommand } from "./nar/ls.ts";
import { narPackCommand } from "./nar/pack.ts";
import { pathInfoCommand } from "./path-info.ts";
import { storeAddCommand } from "./store/add.ts";
import { buildTraceDeleteCommand, buildTraceInfoCommand } from "./store/build-trace.ts";
import { storeCatCommand } from "./store/cat.ts";
import { storeCopyLogCommand } from "./store/copy-log.ts";
import { storeCopySigsCommand } from "./store/copy-sigs.ts";
import { storeDeleteCommand } from "./store/delete.ts";
import { storeDiffClosuresCommand } from "./store/diff-closures.ts";
import { storeDumpPathCommand } from "./store/dump-path.ts";
import { storeGcCommand } from "./store/gc.ts";
import { storeInfoCommand } from "./store/info.ts";
import { storeLsCommand } from "./store/ls.ts";
import { storeMakeContentAddressedCommand } from "./store/make-content-addressed.ts";
import { storeOptimiseCommand } from "./store/optimise.ts";
import { storePathFromHashPartCommand } from "./store/path-from-hash-part.ts";
import { storePrefetchFileCommand } from "./store/prefetch-file.ts";
import { storeRepairCommand } from "./store/repair.ts";
import { storeSignCommand } from "./store/sign.ts";
import { storeVerifyCommand } from "./store/verify.ts";
import { whyDependsCommand } from "./why-depends.ts";

/** A group within the group `store`. */
const BUILD_TRACE_TOPIC = {
  word: "build-trace",
  name: "nivis store build-trace",
  summary: "work with what outputs of derivations became",
  usage: "COMMAND [FLAG]... [ARGUMENT]...",
  examples: buildTraceInfoCommand.examples,
};

const STORE_COMMANDS: readonly Command[] = [
  storeCommand("path-info", pathInfoCommand),
  storeCommand("copy", copyCommand),
  group("store", [
    storeCommand("add", storeAddCommand),
    storeCommand("ls", storeLsCommand),
    storeCommand("cat", storeCatCommand),
    storeCommand("dump-path", storeDumpPathCommand),
    storeCommand("info", storeInfoCommand),
    storeCommand("verify", storeVerifyCommand),
    storeCommand("sign", storeSignCommand),
    storeCommand("gc", storeGcCommand),
    storeCommand("delete", storeDeleteCommand),
    storeCommand("path-from-hash-part", storePathFromHashPartCommand),
    storeCommand("prefetch-file", storePrefetchFileCommand),
    storeCommand("copy-sigs", storeCopySigsCommand),
    storeCommand("copy-log", storeCopyLogCommand),
    storeCommand("make-content-addressed", storeMakeContentAddressedCommand),
    storeCommand("diff-closures", storeDiffClosuresCommand),
    storeCommand("optimise", storeOptimiseCommand),
    storeCommand("repair", storeRepairCommand),
    groupOf(BUILD_TRACE_TOPIC, [
      storeCommand("info", buildTraceInfoCommand),
      storeCommand("delete", buildTraceDeleteCommand),
    ]),
  ]),
  group("derivation", [
    storeCommand("show", derivationShowCommand),
    storeCommand("add", derivationAddCommand),
  ]),
  storeCommand("log", logCommand),
  storeCommand("why-depends", whyDependsCommand),
  group("hash", [
    storeCommand("path", hashPathCommand),
    storeCommand("file", hashFileCommand),
    storeCommand("convert", hashConvertCommand),
    storeCommand("to-base16", hashToFormatCommand("to-base16", "base16")),
    storeCommand("to-base32", hashToFormatCommand("to-base32", "nix32")),
    storeCommand("to-base64", hashToFormatCommand("to-base64", "base64")),
    storeCommand("to-sri", hashToFormatCommand("to-sri", "sri")),
  ]),
  group("nar", [
    storeCommand("ls", narLsCommand),
    storeCommand("cat", narCatCommand),
    storeCommand("pack", narPackCommand),
  ]),
  group("key", [
    storeCommand("generate-secret", keyGenerateSecretCommand),
    storeCommand("convert-secret-to-public", keyConvertCommand),
  ]),
  storeCommand("daemon", daemonCommand),
];

/** Runs the command or group with this word and returns the exit code. */
export async function startStoreCommand(
  word: string,
  args: readonly string[],
  terminal: Terminal,
  evaluate?: EvaluateInstallables,
): Promise<number> {
  const found = STORE_COMMANDS.find((command) => command.word === word) as Command;
  return found.start(args, terminal, evaluate);
}
