/** The commands of `nivis`, in the order of its help. */
import { evaluateInstallables } from "../evaluated-installables.ts";
import type { EvaluationFlags } from "../options/evaluation-options.ts";
import type { HelpTopic } from "../options/help.ts";
import { type Program, runProgram, runWaitingProgram, type WaitingProgram } from "../program.ts";
import { buildCommand } from "./build.ts";
import { cacheCommand, startCache } from "./cache.ts";
import { type Command, splitArguments } from "./command.ts";
import { configCommand } from "./config.ts";
import { startDap } from "./dap.ts";
import { DAP_TOPIC } from "./dap-topic.ts";
import { startDebuggedEval } from "./debug-eval.ts";
import { developCommand, printDevEnvCommand } from "./develop.ts";
import { startDiff } from "./diff.ts";
import { DIFF_TOPIC } from "./diff-topic.ts";
import { disassembleCommand } from "./disassemble.ts";
import { editCommand } from "./edit.ts";
import { evalCommand } from "./eval.ts";
import { startExplain } from "./explain.ts";
import { EXPLAIN_TOPIC } from "./explain-topic.ts";
import { startExplore } from "./explore.ts";
import { EXPLORE_TOPIC } from "./explore-topic.ts";
import { startFlakeCommand } from "./flake-commands.ts";
import { isInFlake, namesFlakes } from "./flake-detection.ts";
import { FLAKE_TOPICS, type FlakeTopic } from "./flake-topics.ts";
import { fmtCommand } from "./fmt.ts";
import { instantiateCommand } from "./instantiate.ts";
import { startJobCommand } from "./job-commands.ts";
import { JOB_TOPICS, type JobTopic } from "./job-topics.ts";
import { lintCommand } from "./lint.ts";
import { startLsp } from "./lsp.ts";
import { LSP_TOPIC } from "./lsp-topic.ts";
import { startPack } from "./pack.ts";
import { PACK_TOPIC } from "./pack-topic.ts";
import { parseCommand } from "./parse.ts";
import { startProfile } from "./profile.ts";
import { PROFILE_TOPIC } from "./profile-topic.ts";
import { startRepl } from "./repl.ts";
import { REPL_TOPIC } from "./repl-topic.ts";
import { runCommand } from "./run.ts";
import { startServer } from "./server.ts";
import { SERVER_TOPIC } from "./server-topic.ts";
import { shellCommand } from "./shell.ts";
import { startStoreCommand } from "./store-commands.ts";
import { STORE_TOPICS, type StoreTopic } from "./store-topics.ts";
import { traceCommand } from "./trace.ts";
import { startTypes } from "./types.ts";
import { TYPES_TOPIC } from "./types-topic.ts";
import { startWatch, WATCH_TOPIC } from "./watch.ts";

/** What the help says of a program, for the command `word`. */
function topicOf(word: string, { name, summary, usage, examples }: HelpTopic) {
  return { word, name, summary, usage, examples };
}

function command<Flags extends EvaluationFlags>(word: string, program: Program<Flags>): Command {
  return {
    ...topicOf(word, program),
    start: (args, terminal) => runProgram(program, args, terminal),
  };
}

/**
 * A command whose arguments end at one of some words; what follows belongs to another program. Arguments
 * that name flakes are left to the bundle for them.
 */
function buildingCommand<Flags extends EvaluationFlags>(
  word: string,
  programFor: (rest: readonly string[]) => WaitingProgram<Flags>,
  ends: readonly string[] = [],
): Command {
  const program = programFor([]);
  return {
    ...topicOf(word, program),
    start: (args, terminal) => {
      const { own, rest } = splitArguments(args, ends);
      if (namesFlakes(own, program.options)) return startFlakeCommand(word, args, terminal);
      return runWaitingProgram(programFor(rest), own, terminal);
    },
  };
}

/** A command on stores, which is loaded when it is called. */
function ofStores(topic: StoreTopic): Command {
  return {
    ...topic,
    start: (args, terminal) => startStoreCommand(topic.word, args, terminal, evaluateInstallables),
  };
}

/** A command about flakes, which is loaded when it is called. */
function ofFlakes(topic: FlakeTopic): Command {
  return { ...topic, start: (args, terminal) => startFlakeCommand(topic.word, args, terminal) };
}

/** A command about jobs, which is loaded when it is called. */
function ofJobs(topic: JobTopic): Command {
  return { ...topic, start: (args, terminal) => startJobCommand(topic.word, args, terminal) };
}

/** The commands of `nivis`, in the order of its help. */
export const commands: readonly Command[] = [
  {
    ...topicOf("eval", evalCommand),
    start: (args, terminal) =>
      args.includes("--debugger")
        ? startDebuggedEval(args, terminal)
        : namesFlakes(args, evalCommand.options)
          ? startFlakeCommand("eval", args, terminal)
          : runProgram(evalCommand, args, terminal),
  },
  command("instantiate", instantiateCommand),
  buildingCommand("build", () => buildCommand),
  {
    ...topicOf("repl", REPL_TOPIC),
    start: (args, terminal) => startRepl(args, terminal, false),
  },
  { ...topicOf("dap", DAP_TOPIC), start: startDap },
  buildingCommand("run", runCommand, ["--"]),
  buildingCommand("shell", shellCommand, ["-c", "--command"]),
  buildingCommand("develop", developCommand, ["-c", "--command"]),
  buildingCommand("print-dev-env", () => printDevEnvCommand),
  ...JOB_TOPICS.map(ofJobs),
  { ...WATCH_TOPIC, word: "watch", start: startWatch },
  command("parse", parseCommand),
  command("lint", lintCommand),
  {
    ...topicOf("fmt", fmtCommand),
    start: (args, terminal) =>
      args.length === 0 && isInFlake()
        ? startFlakeCommand("fmt", args, terminal)
        : runProgram(fmtCommand, args, terminal),
  },
  command("edit", editCommand),
  { ...SERVER_TOPIC, start: startServer },
  { ...LSP_TOPIC, start: startLsp },
  command("disassemble", disassembleCommand),
  command("trace", traceCommand),
  { ...topicOf("profile", PROFILE_TOPIC), start: startProfile },
  { ...topicOf("diff", DIFF_TOPIC), start: startDiff },
  { ...topicOf("explain", EXPLAIN_TOPIC), start: startExplain },
  { ...topicOf("explore", EXPLORE_TOPIC), start: startExplore },
  { ...topicOf("cache", cacheCommand), start: startCache },
  command("config", configCommand),
  { ...PACK_TOPIC, word: "pack", start: startPack },
  { ...TYPES_TOPIC, word: "types", start: startTypes },
  ...FLAKE_TOPICS.map(ofFlakes),
  ...STORE_TOPICS.map(ofStores),
];
